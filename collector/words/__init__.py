"""The words of findings and of the board in three languages: data in *.ftl (Fluent), and figures."""

"""The words of findings and of the board: data in *.ftl (Fluent), and figures."""

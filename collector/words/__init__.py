"""The words of findings in Kazakh, Russian and English: data in *.ftl (Fluent), and figures."""

"""The collector's verbs on the command line: `esep collector` and `esep registry`."""

"""The collector's verbs on the command line: `esep collector`, `esep registry`, `esep curtail`."""

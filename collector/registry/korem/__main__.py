"""Reads a PDF from standard input and writes what stands on its pages."""

from collector.registry.korem.pages import main

main()

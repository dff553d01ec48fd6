"""Reads a PDF from standard input and writes what stands on its pages."""

from collector.registry.korem.extraction import main

main()

"""Registers of winners: who bought how much in which hour, by columns that a file names."""

from collector.registry.winners.mapping import WinnersMapping, read_mapping
from collector.registry.winners.reading import read_winners

__all__ = ["WinnersMapping", "read_mapping", "read_winners"]

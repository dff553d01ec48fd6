"""The words of the domain. No I/O."""

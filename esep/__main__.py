"""`python -m esep`."""

from esep.main import main

main()

"""Why a register of winners is not taken."""


class WinnersError(ValueError):
    """The text says where, what is wrong, and what would be right."""

"""Why a file of results is not taken."""


class ResultError(ValueError):
    """The text says where, what is wrong, and what would be right."""

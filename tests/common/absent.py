"""A part that the tests use is not on this machine."""

import os
from typing import NoReturn

import pytest


def absent(text: str) -> NoReturn:
    """Skip the test; where CI=true it fails, so that no part is missing there unseen."""
    if os.environ.get("CI") == "true":
        pytest.fail(text)
    pytest.skip(text)

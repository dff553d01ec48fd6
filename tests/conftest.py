import pytest
import structlog


@pytest.fixture(autouse=True)
def logs_of_its_own() -> None:
    """A command run within the process of the tests sets the log of the process; each test finds
    it as it is before any command.
    """
    structlog.reset_defaults()

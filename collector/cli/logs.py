"""Facts as JSON lines on standard output; or beside what a verb itself says."""

import sys

import structlog


def to_stdout() -> None:
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        logger_factory=structlog.WriteLoggerFactory(file=sys.stdout),
    )


def to_stderr() -> None:
    """For verbs whose standard output is their answer."""
    structlog.configure(logger_factory=lambda *_: structlog.PrintLogger(sys.stderr))

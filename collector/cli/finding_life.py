"""`esep collector explain`, `dispute`, `uphold`, `close`: what persons do with a finding."""

import hashlib
from pathlib import Path
from typing import Annotated

import typer

from collector.checks import record
from collector.checks.life import TRANSITIONS, Act, LifeError, Verb
from collector.cli.arguments import Directory, fail, open_directory
from collector.cli.service import now_ms
from collector.model.records import Policy
from collector.registry.store import Registry

_Number = Annotated[int, typer.Argument(help="of the finding")]
_Person = Annotated[str, typer.Option("--by", help="the full name of who says so")]
_Reason = Annotated[str, typer.Option(help="why")]
_Reference = Annotated[str | None, typer.Option(help="number and date of the letter or act")]
_Document = Annotated[Path | None, typer.Option(help="its file: the SHA-256 is kept")]


def explain(
    directory: Directory,
    number: _Number,
    by: _Person,
    reason: _Reason,
    reference: _Reference = None,
    document: _Document = None,
) -> None:
    """For the licensee: how it came. May be added to."""
    _do(Verb.EXPLAIN, directory, number, by, reason, reference, document)


def dispute(
    directory: Directory,
    number: _Number,
    by: _Person,
    reason: _Reason,
    reference: _Reference = None,
    document: _Document = None,
) -> None:
    """For the licensee: that it is not so. Within dispute_days of the policy, by a letter."""
    _do(Verb.DISPUTE, directory, number, by, reason, reference, document)


def uphold(
    directory: Directory,
    number: _Number,
    by: _Person,
    reason: _Reason,
    reference: _Reference = None,
    document: _Document = None,
) -> None:
    """For the operator: it stands. Not by who spoke for the licensee."""
    _do(Verb.UPHOLD, directory, number, by, reason, reference, document)


def close(
    directory: Directory,
    number: _Number,
    by: _Person,
    reason: _Reason,
    reference: _Reference = None,
    document: _Document = None,
) -> None:
    """For the operator: nothing is left to do. Seen again, it is open again."""
    _do(Verb.CLOSE, directory, number, by, reason, reference, document)


def _do(
    verb: Verb,
    directory: Path,
    number: int,
    person: str,
    reason: str,
    reference: str | None,
    document: Path | None,
) -> None:
    try:
        digest = None if document is None else hashlib.sha256(document.read_bytes()).digest()
    except OSError as error:
        raise fail(f"--document {document}: {error.strerror}; nothing was kept") from None
    engine = open_directory(directory)
    policy = Registry(engine).view().all(Policy).get("policy")
    days = None if policy is None else policy.dispute_days
    now = now_ms()
    act = Act(verb, person, reason, now, reference, digest)
    try:
        with engine.begin() as connection:
            state = record.act(connection, number, act, days, now)
    except LifeError as error:
        raise fail(f"{error}. Nothing was kept") from None
    typer.echo(f"finding {number} is {state}, by {person} for the {TRANSITIONS[verb].party}")

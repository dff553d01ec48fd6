"""Registry files: TOML with one table a kind, taken whole or not at all."""

import hashlib
import tomllib
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from collector.evidence.downlink import read_enrolment
from collector.evidence.errors import EvidenceError
from collector.model.records import KINDS, Record


class FileError(ValueError):
    """A file cannot be taken; the text says where, what, and what would be right."""


def read_records(path: Path) -> tuple[list[Record], bytes]:
    """The records of a registry file and the SHA-256 of its bytes; raises FileError."""
    try:
        content = path.read_bytes()
        document = tomllib.loads(content.decode())
    except OSError as error:
        raise FileError(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise FileError(
            f"{path}: is not UTF-8 text (byte {error.start}); save it as UTF-8"
        ) from None
    except tomllib.TOMLDecodeError as error:
        raise FileError(f"{path}: is not TOML: {error}") from None
    records: list[Record] = []
    problems: list[str] = []
    for kind, entries in document.items():
        if kind not in KINDS:
            problems.append(f"[{kind}]: no such kind; the kinds are {', '.join(KINDS)}")
            continue
        for number, entry in enumerate(entries if isinstance(entries, list) else [entries], 1):
            try:
                if kind == "gateway" and "enrolment" in entry:
                    entry = _enrolled(entry)  # noqa: PLW2901
                records.append(KINDS[kind].model_validate(entry))
            except ValidationError as error:
                problems += _explain(kind, number, error)
            except (EvidenceError, ValueError) as error:
                problems.append(f"  {kind} {number}, enrolment: {error}")
    if problems:
        raise FileError("\n".join([f"{path}: nothing was taken:", *problems]))
    return records, hashlib.sha256(content).digest()


def _enrolled(entry: dict[str, Any]) -> dict[str, Any]:
    """A gateway's entry with the key its enrolment proves possession of."""
    key, _ = read_enrolment(bytes.fromhex(entry["enrolment"]))
    rest = {name: value for name, value in entry.items() if name != "enrolment"}
    point = {"x": key.raw[:32].hex(), "y": key.raw[32:].hex()}
    return rest | {"id": key.kid.hex(), "keys": [point]}


def _explain(kind: str, number: int, error: ValidationError) -> list[str]:
    def line(detail: Any) -> str:
        where = ".".join(str(part) for part in detail["loc"]) or "the whole entry"
        given = "" if detail["type"] == "missing" else f" (given: {detail['input']!r})"
        return f"  {kind} {number}, {where}: {detail['msg']}{given}"

    return [line(detail) for detail in error.errors()]

"""Registry files: TOML with one table a kind, taken whole or not at all."""

import hashlib
import tomllib
from collections import Counter
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from collector.evidence.downlink import read_enrolment
from collector.evidence.errors import EvidenceError
from collector.model.records import KINDS, Gateway, Record
from collector.registry.references import problems
from collector.registry.rotation import keep_later_keys
from collector.registry.store import Registry


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
    wrong: list[str] = []
    for kind, entries in document.items():
        if kind not in KINDS:
            wrong.append(f"  [{kind}]: no such kind; the kinds are {', '.join(KINDS)}")
            continue
        for number, entry in enumerate(entries if isinstance(entries, list) else [entries], 1):
            try:
                records.append(KINDS[kind].model_validate(_enrolled(kind, entry)))
            except ValidationError as error:
                wrong += _explain(kind, number, error)
            except (EvidenceError, ValueError) as error:
                wrong.append(f"  {kind} {number}, enrolment: {error}")
    named = Counter((record.kind, record.key) for record in records)
    wrong += [
        f"  {kind} {key}: it stands {count} times; once would be right"
        for (kind, key), count in named.items()
        if count > 1
    ]
    if wrong:
        raise FileError("\n".join([f"{path}: nothing was taken:", *wrong]))
    return records, hashlib.sha256(content).digest()


def import_file(registry: Registry, path: Path, now_ms: int) -> tuple[int, bytes]:
    """Take a registry file: all of it when it fits the register, else nothing.

    Returns the number of records and the SHA-256 of the file; raises FileError.
    """
    records, document = read_records(path)
    known = registry.view()
    records = [
        keep_later_keys(known.all(Gateway).get(record.key), record)
        if isinstance(record, Gateway)
        else record
        for record in records
    ]
    found = problems(known.with_records(records), records)
    if found:
        raise FileError("\n".join([f"{path}: nothing was taken:", *map(str, found)]))
    return registry.record(records, document, now_ms), document


def _enrolled(kind: str, entry: Any) -> Any:
    """A gateway's entry with the key its enrolment proves possession of; others as they are."""
    if kind != Gateway.kind or not isinstance(entry, dict) or "enrolment" not in entry:
        return entry
    for name in ("id", "keys"):
        if name in entry:
            raise ValueError(f"{name} follows from the enrolment; give one or the other")
    if not isinstance(entry["enrolment"], str):
        raise ValueError("it is a text of hex digits, as the gateway printed it")
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

"""Where meter profiles are kept, and how their files are read."""

import json
import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

METERS = Path(__file__).resolve().parents[2] / "hardware" / "meters"


class NotTomlError(ValueError):
    """A file that cannot be read; says at which line and column."""


def profile_names() -> list[str]:
    return sorted(file.stem for file in METERS.glob("*.toml"))


@cache
def profile_schema() -> Mapping[str, Any]:
    schema: dict[str, Any] = json.loads(
        (METERS / "profile.schema.json").read_text(encoding="utf-8")
    )
    return schema


def toml_document(content: bytes) -> dict[str, Any]:
    """Raises NotTomlError. A byte order mark, as some editors write one, is nothing."""
    try:
        return tomllib.loads(content.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        before = content[: error.start]
        line = before.count(b"\n") + 1
        column = len(before) - (before.rfind(b"\n") + 1) + 1
        raise NotTomlError(
            f"not UTF-8 (at line {line}, column {column}): save the file as UTF-8"
        ) from None
    except tomllib.TOMLDecodeError as error:
        raise NotTomlError(f"not TOML: {_placed(str(error), content)}") from None
    except ValueError:
        raise NotTomlError("a number in it is too long to be one: shorten it") from None


def _placed(message: str, content: bytes) -> str:
    """The parser says "at end of document" where a line is meant, too."""
    lines = content.decode().rstrip("\n").split("\n")
    end = f"at line {len(lines)}, column {len(lines[-1]) + 1}, the end of the file"
    return message.replace("at end of document", end)

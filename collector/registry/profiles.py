"""The meter profiles under hardware/meters, judged by their schema."""

import json
import tomllib
from functools import cache
from pathlib import Path

import jsonschema

from collector.model.profile import Profile

METERS = Path(__file__).resolve().parents[2] / "hardware" / "meters"


class ProfileError(ValueError):
    """A profile file is not as its schema says."""


@cache
def load_profile(name: str) -> Profile:
    """The profile of that name; raises ProfileError."""
    return Profile.parse(read_profile(name))


def read_profile(name: str) -> bytes:
    """The bytes of a profile file that its schema accepts; raises ProfileError."""
    path = METERS / f"{name}.toml"
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        known = ", ".join(sorted(file.stem for file in METERS.glob("*.toml")))
        raise ProfileError(f"there is no meter profile {name!r}; there are: {known}") from None
    schema = json.loads((METERS / "profile.schema.json").read_text())
    try:
        jsonschema.validate(tomllib.loads(content.decode()), schema)
    except (jsonschema.ValidationError, tomllib.TOMLDecodeError) as error:
        message = getattr(error, "message", str(error))
        where = getattr(error, "json_path", "$")
        raise ProfileError(f"{path.name}, {where}: {message}") from error
    return content

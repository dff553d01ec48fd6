"""The meter profiles under hardware/meters, judged by their schema."""

import json
import tomllib
from functools import cache
from pathlib import Path

from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match

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
    try:
        document = tomllib.loads(content.decode())
    except ValueError as error:
        raise ProfileError(f"{path.name}: is not TOML: {error}") from error
    wrong = best_match(_schema().iter_errors(document))
    if wrong is not None:
        raise ProfileError(f"{path.name}, {wrong.json_path}: {wrong.message}")
    return content


@cache
def _schema() -> Draft202012Validator:
    return Draft202012Validator(json.loads((METERS / "profile.schema.json").read_text()))

"""The meter profiles under hardware/meters that their rules find nothing wrong with."""

from collections.abc import Iterable
from functools import cache

from collector.model.profile import Profile
from collector.model.profile_files import (
    METERS,
    NotTomlError,
    profile_names,
    profile_schema,
    toml_document,
)
from collector.model.profile_rules import faults
from collector.model.records import Meter

_NAMED = 3


class ProfileError(ValueError):
    """A profile file is not there, or not as its rules say."""


@cache
def load_profile(name: str) -> Profile:
    """The profile of that name; raises ProfileError."""
    return Profile.parse(read_profile(name))


def unconfirmed(meters: Iterable[Meter]) -> list[str]:
    """A line for each profile that they are read by and that is not proven."""
    serials: dict[str, list[str]] = {}
    for meter in meters:
        if not load_profile(meter.profile).confirmed:
            serials.setdefault(meter.profile, []).append(meter.serial)
    return [
        f"warning: profile {name} is unconfirmed, and reads {', '.join(serials[name])}:"
        " `esep device profile list --why` says what nobody has read"
        for name in sorted(serials)
    ]


def read_profile(name: str) -> bytes:
    """The bytes of a profile file without faults; raises ProfileError."""
    path = METERS / f"{name}.toml"
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        known = ", ".join(profile_names())
        raise ProfileError(f"there is no meter profile {name!r}; there are: {known}") from None
    if wrong := _wrong(name, content):
        raise ProfileError(wrong)
    return content


@cache
def _wrong(name: str, content: bytes) -> str | None:
    """What is wrong with it, once for each content: a fleet's gateways have few profiles."""
    try:
        found = faults(toml_document(content), profile_schema(), name)
    except NotTomlError as error:
        return f"{name}.toml: {error}"
    if not found:
        return None
    first = "; ".join(f"{fault.place}: {fault.wrong}" for fault in found[:_NAMED])
    more = f"; and {len(found) - _NAMED} more" if len(found) > _NAMED else ""
    check = f"esep device profile check {name}"
    return f"{name}.toml: {first}{more}. `{check}` says what would be right"

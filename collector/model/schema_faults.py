"""What a schema has against a profile, in a technician's words."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from fractions import Fraction
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError


@dataclass(frozen=True)
class Fault:
    """`right` says what to write instead."""

    place: str
    wrong: str
    right: str

    def __str__(self) -> str:
        return f"{self.place}: {self.wrong}; {self.right}"


Path = tuple[str | int, ...]


@dataclass(frozen=True)
class _Complaint:
    """A schema's own words: the keyword, its value, what was given, and where."""

    keyword: str
    wanted: Any
    given: Any
    path: Path
    fields: tuple[str, ...]
    """The fields of the table at `path`, where the keyword is about them."""
    conditional: bool
    message: str

    @classmethod
    def of(cls, error: ValidationError) -> "_Complaint":
        schema: Any = error.schema
        return cls(
            str(error.validator),
            error.validator_value,
            error.instance,
            tuple(error.absolute_path),
            tuple(schema.get("properties", ())),
            bool({"then", "else"} & set(error.absolute_schema_path)),
            error.message,
        )

    @property
    def owner(self) -> Path:
        """The table whose fields are at fault."""
        about_fields = self.keyword in ("required", "additionalProperties", "not")
        return self.path if about_fields else self.path[:-1]

    @property
    def field(self) -> str:
        """The last name on the way to it."""
        return next((step for step in reversed(self.path) if isinstance(step, str)), "")

    @property
    def missing(self) -> list[str]:
        if self.keyword != "required":
            return []
        return [field for field in self.wanted if field not in self.given]

    @property
    def unknown(self) -> list[str]:
        if self.keyword != "additionalProperties":
            return []
        return sorted(set(self.given) - set(self.fields))

    @property
    def decides(self) -> bool:
        """Whether what it is about says what else the table must have."""
        return not self.conditional and bool({self.field, *self.missing} & _DECIDING)


_DECIDING = {"name", "unit", "type", "status"}
"""Fields that say what else an entry must have: while one is wrong, the rest cannot be judged."""

_KINDS = {
    "string": "text in quotes",
    "integer": "a whole number, without quotes",
    "boolean": "true or false, without quotes",
    "array": "a list in [ ]",
    "object": "a table of fields",
}
_NEEDED = {
    "unconfirmed": 'status is "unconfirmed": say what was not read, and why',
    "obis": "give the OBIS code of README.md's table",
    "registers": "say how many registers the text takes",
    "conflict": "name what the sources disagree about",
    "identity": "give a list; identity = [] if the instrument has no such registers",
    "quirks": "give a list; quirks = [] if there are none",
}
_TOO_MUCH = {
    "unconfirmed": 'remove it, or write status = "unconfirmed"',
    "coding": "remove it: only power_factor has one",
    "modulus": "remove it: only energies start again from zero",
    "exponent": "remove it: an exponent is not scaled by another",
    "obis": "remove it: an exponent has no OBIS code",
    "registers": "remove it: the type says how many; only ascii has registers",
}
_RATIONAL = (
    'write a whole number or a fraction of two, greater than zero, of at most 18 digits: "1000" or'
    ' "1/10"'
)
_PATTERNS = {
    "scale": _RATIONAL,
    "quantum": _RATIONAL,
    "name": "write vendor-model, in small letters, digits and hyphens, as the file is named",
    "url": "write an address that begins with https://",
    "obis": "write a code such as 1-0:1.8.0",
    "no_value": 'write 4 hexadecimal digits for each register, in small letters: "7fff"',
}
_FRACTIONS = ("scale", "quantum")
_DIGITS, _LONGEST = 18, 40
_MANY_ZEROS = re.compile(r"[eE][+-]?[0-9]{3}")
_PREFIXES = {"k": 1000, "M": 1_000_000}
_CONSTANTS = {
    "interval": "remove it: only energies, and the exponents that scale them, make an interval",
}


def schema_faults(document: Mapping[str, Any], schema: Mapping[str, Any]) -> list[Fault]:
    """`document` has its defaults merged already."""
    errors = [_Complaint.of(each) for each in Draft202012Validator(schema).iter_errors(document)]
    undecided = {error.owner for error in errors if error.decides}
    judged = [error for error in errors if not (error.conditional and error.owner in undecided)]
    meant = {
        (*error.path, near)
        for error in judged
        for field in error.unknown
        for near in _near(field, error.fields)
    }
    found: dict[Fault, None] = {}
    inherited: set[tuple[str, str]] = set()
    for error in sorted(judged, key=lambda error: _order(error.path)):
        for wrong, right, field in _TRANSLATORS.get(error.keyword, _other)(error):
            path = (*error.path, field) if field else error.path
            if error.keyword == "required" and path in meant:
                continue
            same = wrong, str(path[-1:])
            if path[:2] == ("registers", "default"):
                inherited.add(same)
            elif path[:1] == ("registers",) and same in inherited:
                continue
            found[Fault(place(path, document), wrong, right)] = None
    return list(found)


def place(path: Path, document: Any) -> str:
    """Where a technician finds it: entries of a list by number, from 1, and by their name."""
    words: list[str] = []
    here = document
    for step in path:
        try:
            here = here[step]
        except (KeyError, IndexError, TypeError):
            here = None
        if isinstance(step, int):
            words[-1] += f" {step + 1}"
            if isinstance(here, dict) and isinstance(here.get("name"), str):
                words[-1] += f" ({here['name']})"
        else:
            words.append(step)
    if words[:1] == ["registers"] and len(path) > 2:
        del words[0]
    return ", ".join(words) or "the file"


def did_you_mean(given: object, allowed: Iterable[str]) -> str:
    near = _near(given, allowed)
    return f"did you mean {near[0]}? " if near else ""


def _near(given: object, allowed: Iterable[str]) -> list[str]:
    by_small = {word.lower(): word for word in allowed}
    near = get_close_matches(str(given).lower(), by_small, n=1, cutoff=0.6)
    return [by_small[word] for word in near]


def _order(path: Path) -> tuple[bool, list[tuple[int, str]]]:
    """As a reader meets them; what `default` gives before the entries that take it."""
    steps = [(step, "") if isinstance(step, int) else (-1, step) for step in path]
    return path[:2] != ("registers", "default"), steps


Told = Iterator[tuple[str, str, str | None]]
"""What is wrong, what would be right, and the field of the table where it is about one."""


def _missing(error: _Complaint) -> Told:
    for field in error.missing:
        yield "is missing", _NEEDED.get(field, f"add {field} = …"), field


def _additional(error: _Complaint) -> Told:
    for field in error.unknown:
        right = f"{did_you_mean(field, error.fields)}{_allowed(error.fields)}"
        yield "is no known field", right, field


def _unwanted(error: _Complaint) -> Told:
    groups = error.wanted.get("anyOf", [error.wanted])
    for field in [field for group in groups for field in group["required"]]:
        if isinstance(error.given, dict) and field in error.given:
            yield "does not belong here", _TOO_MUCH.get(field, "remove it"), field


def _wrong_word(error: _Complaint) -> Told:
    allowed = [str(word) for word in error.wanted]
    if isinstance(error.given, str) and error.given in allowed:
        yield f"{_shown(error.given)} is in quotes", "write it without", None
        return
    hint = did_you_mean(error.given, allowed) if isinstance(error.given, str) else ""
    if error.field == "unit" and str(error.given)[:1] in _PREFIXES and error.given[1:] in allowed:
        times = _PREFIXES[error.given[0]]
        hint = f"write {error.given[1:]}, and a scale {times} times as great; "
    yield f"{_shown(error.given)} is not known", f"{hint}{_allowed(allowed)}", None


def _constant(error: _Complaint) -> Told:
    right = _CONSTANTS.get(error.field, f"write {error.field} = {_shown(error.wanted)}")
    yield f"{_shown(error.given)} is not possible here", right, None


def _pattern(error: _Complaint) -> Told:
    right = _PATTERNS.get(error.field, f"it must match {error.wanted}")
    if error.field in _FRACTIONS and (exact := _fraction(error.given)):
        right = f'write "{exact}"'
    yield f"{_shown(error.given)} is not in the form it must have", right, None


def _kind(error: _Complaint) -> Told:
    if error.field in _FRACTIONS and (exact := _fraction(error.given)):
        yield f"{_shown(error.given)} is not in quotes", f'write "{exact}"', None
        return
    kind = _KINDS.get(error.wanted, error.wanted)
    yield f"{_shown(error.given)} is not {kind}", f"write {kind}", None


def _limit(error: _Complaint) -> Told:
    what = f"at {'least' if error.keyword.startswith('min') else 'most'} {error.wanted}"
    if error.keyword.endswith("Items"):
        yield f"the number of entries is {len(error.given)}", f"give {what}", None
    else:
        yield f"{_shown(error.given)} is out of range", f"write {what}", None


def _empty(_error: _Complaint) -> Told:
    yield "is empty", "write something, or remove it where it may be left out", None


def _repeated(error: _Complaint) -> Told:
    yield f"{_shown(error.given)} names something twice", "name each once", None


def _other(error: _Complaint) -> Told:
    yield error.message, "see README.md beside the profiles", None


_TRANSLATORS: dict[str, Callable[[_Complaint], Told]] = {
    "required": _missing,
    "additionalProperties": _additional,
    "not": _unwanted,
    "enum": _wrong_word,
    "const": _constant,
    "pattern": _pattern,
    "type": _kind,
    "minimum": _limit,
    "maximum": _limit,
    "minItems": _limit,
    "maxItems": _limit,
    "minLength": _empty,
    "uniqueItems": _repeated,
}


def _allowed(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"one of: {', '.join(words)}"


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    text = f'"{value}"' if isinstance(value, str) else str(value)
    return text if len(text) <= 60 else f"{text[:57]}…"


def _fraction(value: Any) -> Fraction | None:
    """What somebody meant who wrote 0.1 or 1000 for a fraction in quotes."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    text = str(value).strip().replace(",", ".")
    if len(text) > _LONGEST or _MANY_ZEROS.search(text):
        return None
    try:
        exact = Fraction(text)
    except (ValueError, ZeroDivisionError):
        return None
    return exact if exact > 0 and max(exact.as_integer_ratio()) < 10**_DIGITS else None

"""Translations: Fluent files of each language, read once."""

from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any

from fluent.runtime import FluentBundle, FluentResource
from fluent.runtime.types import FluentType
from fluent.syntax.ast import Junk

from collector.words.figures import STYLES

LANGUAGES = tuple(STYLES)
DEFAULT = "en"
NAMES = {"kk": "Қазақша", "ru": "Русский", "en": "English"}
"""What each language calls itself, in the order in which they are offered."""
FILES = ("{}.ftl", "board.{}.ftl", "orders.{}.ftl")
"""Findings, their pages and certificates; the board; what the board says of orders."""
_LOCALES = {"en": "en-ZA"}
"""Where it is not the language: English with its thousands apart by spaces, as SI has them."""


class WordsError(ValueError):
    """A file of words is wrong: where, and how."""


class _None(FluentType):
    """A placeholder without a value: a dash, and what texts select by `[none]`."""

    __hash__ = FluentType.__hash__

    def __eq__(self, other: object) -> bool:
        return other == "none"

    def format(self, locale: Any) -> str:  # noqa: ARG002 - a dash in any
        return "—"


NONE = _None()


def text(language: str, name: str, values: Mapping[str, Any] | None = None) -> str:
    """A text by its name, `name.attribute` for one of its attributes.

    Raises WordsError when there is none, or when it names what has no value.
    """
    name, _, attribute = name.partition(".")
    bundle = _bundle(language)
    if not bundle.has_message(name):
        raise WordsError(f"collector/words/*{language}.ftl has no text {name}")
    message = bundle.get_message(name)
    pattern = message.attributes.get(attribute) if attribute else message.value
    if pattern is None:
        raise WordsError(f"collector/words/*{language}.ftl: {name} has no {attribute or 'text'}")
    written, errors = bundle.format_pattern(pattern, dict(values or {}))
    if errors:
        raise WordsError(f"collector/words/*{language}.ftl: {name}: {errors[0]}")
    return str(written)


def has(language: str, name: str) -> bool:
    return _bundle(language).has_message(name)


def source(language: str) -> str:
    """The files of a language, one after the other."""
    room = resources.files("collector.words")
    return "\n".join(room.joinpath(name.format(language)).read_text("utf-8") for name in FILES)


def accepted(header: str | None) -> str:
    """The language of ours that an Accept-Language header likes best (RFC 9110, 12.5.4)."""
    best, likes = DEFAULT, 0.0
    for entry in (header or "").split(","):
        tag, _, weight = entry.strip().partition(";")
        language = tag.strip().lower().partition("-")[0]
        like = _weight(weight)
        if language in LANGUAGES and like > likes:
            best, likes = language, like
    return best


def _weight(text: str) -> float:
    name, _, value = text.strip().partition("=")
    try:
        return float(value) if name.strip() == "q" else 1.0
    except ValueError:
        return 0.0


@cache
def _bundle(language: str) -> FluentBundle:
    resource = FluentResource(source(language))
    for entry in resource.body:
        if isinstance(entry, Junk):
            raise WordsError(f"collector/words/*{language}.ftl: not understood: {entry.content}")
    bundle = FluentBundle([_LOCALES.get(language, language)], use_isolating=False)
    bundle.add_resource(resource)
    return bundle

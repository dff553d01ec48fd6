"""A finding in words: its details, written as the language writes them, in its text."""

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

from collector.checks.codes import Code
from collector.checks.findings import Finding
from collector.checks.placeholders import DETAILS, Kind
from collector.model.instant import clock_text
from collector.words.figures import STYLES, Style
from collector.words.languages import NONE, has, text


def message(code: Code) -> str:
    """Its name in the files of words."""
    return code.replace(".", "-")


def title(language: str, code: Code) -> str:
    return text(language, f"{message(code)}.title")


def action(language: str, code: Code) -> str:
    """What a dispatcher looks at."""
    return text(language, f"{message(code)}.action")


def finding_text(language: str, finding: Finding) -> str:
    """What was found. Details that an older program kept without a name have no value."""
    return text(language, message(finding.code), written(language, finding))


def written(language: str, finding: Finding) -> dict[str, Any]:
    """Each placeholder as it stands in the text."""
    return {
        name: _written(language, kind, name, finding.details.get(name))
        for name, kind in DETAILS[finding.code].items()
    }


def listed(language: str, finding: Finding) -> dict[str, str]:
    """Each detail by itself: a margin of nothing is a figure, what is not known a dash."""
    known = {
        name: STYLES[language].energy(Fraction(0))
        for name, kind in DETAILS[finding.code].items()
        if kind is Kind.MARGIN and finding.details.get(name) is not None
    }
    figures = written(language, finding)
    return {
        name: known.get(name, "—") if value is NONE else str(value)
        for name, value in figures.items()
    }


def _written(language: str, kind: Kind, name: str, value: Any) -> Any:
    if value in (None, "", []) or (kind in _NONE_AT_ZERO and Fraction(value) == 0):
        return NONE
    if kind in (Kind.TERMS, Kind.BREAKS):
        terms = value if kind is Kind.TERMS else [entry[1] for entry in value]
        words = [_term(language, name, term) for term in terms]
        if kind is Kind.TERMS:
            return "; ".join(words)
        pairs = zip(value, words, strict=True)
        return "; ".join(
            f"{word} ({meter}, {clock_text(at_ms)})" for (meter, _, at_ms), word in pairs
        )
    return _FIGURES[kind](STYLES[language], value)


def _term(language: str, name: str, term: str) -> str:
    """One that another program's version kept is shown as it is."""
    return text(language, f"{name}-{term}") if has(language, f"{name}-{term}") else str(term)


_NONE_AT_ZERO = (Kind.MOMENT, Kind.MARGIN)


_FIGURES: Mapping[Kind, Callable[[Style, Any], Any]] = {
    Kind.ENERGY: lambda style, value: style.energy(Fraction(value)),
    Kind.MARGIN: lambda style, value: style.energy(Fraction(value)),
    Kind.REGISTER: lambda style, value: style.register(Fraction(value)),
    Kind.POWER: lambda style, value: style.power(Fraction(value)),
    Kind.MOMENT: lambda style, value: style.moment(value),
    Kind.CLOCK: lambda _, value: clock_text(value),
    Kind.SECONDS: lambda style, value: style.seconds(value),
    Kind.COUNT: lambda _, value: int(value),
    Kind.DECIMAL: lambda style, value: style.number(value),
    Kind.RATIO: lambda style, value: style.ratio(Fraction(value)),
    Kind.TEXT: lambda _, value: str(value),
    Kind.NAMES: lambda _, value: ", ".join(map(str, value)),
    Kind.PAIRS: lambda _, value: ", ".join(name for name, _ in value),
}

"""Every code, severity, state and step has its words in Kazakh, Russian and English."""

import re
from fractions import Fraction
from typing import Any

import pytest
from collector_world import NOW_MS
from fluent.runtime import FluentResource
from fluent.syntax.ast import Junk, Message, VariableReference
from fluent.syntax.visitor import Visitor

from collector.checks.codes import Code, Severity
from collector.checks.findings import Finding
from collector.checks.grey.score import read_thresholds
from collector.checks.life import Party, State, Verb
from collector.checks.placeholders import DETAILS, Kind
from collector.model.continuity import Verdict
from collector.model.health import Ailment
from collector.model.records import OrderReason, Situation
from collector.words.figures import STYLES
from collector.words.languages import LANGUAGES, WordsError, accepted, source, text
from collector.words.of_findings import action, finding_text, listed, message, title

THIN = "\N{NARROW NO-BREAK SPACE}"
KAZAKH = set("әғқңөұүһіӘҒҚҢӨҰҮҺІ")
VALUES: dict[Kind, Any] = {
    Kind.ENERGY: "20600",
    Kind.MARGIN: "1000/3",
    Kind.REGISTER: "9999999/1000",
    Kind.POWER: "-1870000",
    Kind.MOMENT: NOW_MS,
    Kind.CLOCK: NOW_MS + 20_000,
    Kind.SECONDS: 61.5,
    Kind.COUNT: 10_000,
    Kind.DECIMAL: -1.5,
    Kind.RATIO: "100",
    Kind.TEXT: "telemetry",
    Kind.NAMES: ["feeder", "feeder-2"],
    Kind.BREAKS: [["feeder", Verdict.RESET, NOW_MS]],
    Kind.PAIRS: [["site-1", NOW_MS], ["site-2", 0]],
}
TERMS = {
    "ailments": [*Ailment],
    "missing": ["accuracy_class", "state_register"],
    "marks": [mark.code for mark in read_thresholds().marks],
    "order_reason": [*OrderReason],
    "situation": [*Situation],
    "lacks": ["none", "reason", "early", "ended"],
}
"""Every word of each list of words that are translated."""
ABSENT: tuple[Any, ...] = (None, "", [])


class _Names(Visitor):
    def __init__(self) -> None:
        self.found: set[str] = set()

    def visit_VariableReference(self, node: VariableReference) -> None:  # noqa: N802
        self.found.add(node.id.name)


def messages(language: str) -> dict[str, Message]:
    body = FluentResource(source(language)).body
    return {entry.id.name: entry for entry in body if isinstance(entry, Message)}


def names_in(node: Any) -> set[str]:
    visitor = _Names()
    visitor.visit(node)
    return visitor.found


def finding(code: Code, **changes: Any) -> Finding:
    details = {
        name: TERMS[name] if kind is Kind.TERMS else VALUES[kind]
        for name, kind in DETAILS[code].items()
    }
    return Finding(code, "subject", NOW_MS, NOW_MS, details | changes)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_file_of_words_is_understood_and_says_nothing_twice(language: str) -> None:
    body = FluentResource(source(language)).body
    assert [entry.content for entry in body if isinstance(entry, Junk)] == []
    names = [entry.id.name for entry in body if isinstance(entry, Message)]
    assert sorted(names) == sorted(set(names))


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_word_is_there(language: str) -> None:
    """Whoever adds a code adds its text, `.title` and `.action` to each file of collector/words."""
    known = messages(language)
    wanted = {
        *(f"severity-{each}" for each in Severity),
        *(f"state-{each}" for each in State),
        *(f"verb-{each}" for each in Verb),
        *(f"party-{each}" for each in Party),
        *(f"{name}-{each}" for name, terms in TERMS.items() for each in terms),
        *(message(code) for code in Code),
    }
    assert wanted - known.keys() == set()
    lacking = [
        f"{message(code)}.{name}"
        for code in Code
        for name in ("title", "action")
        if name not in {attribute.id.name for attribute in known[message(code)].attributes}
    ]
    assert lacking == []


def test_the_languages_say_the_same_things() -> None:
    english = messages("en")
    for language in LANGUAGES:
        assert messages(language).keys() == english.keys()
        for name, entry in messages(language).items():
            assert names_in(entry) == names_in(english[name]), f"{language}: {name}"


@pytest.mark.parametrize("code", Code)
def test_a_text_names_only_what_the_details_hold(code: Code) -> None:
    assert code in DETAILS, "placeholders.DETAILS lacks what its details hold"
    for language in LANGUAGES:
        unknown = names_in(messages(language)[message(code)]) - DETAILS[code].keys()
        assert unknown == set(), f"{language}: {message(code)}"


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("code", Code)
def test_a_finding_is_said_whatever_is_absent(code: Code, language: str) -> None:
    """Of an older program's findings any detail may be missing."""
    whole = finding_text(language, finding(code))
    assert "{" not in whole
    assert "none" not in whole.split()
    for name in DETAILS[code]:
        for absent in ABSENT:
            assert finding_text(language, finding(code, **{name: absent}))
    assert finding_text(language, Finding(code, "subject", 0, 0, {}))
    assert title(language, code)
    assert action(language, code)


@pytest.mark.parametrize("code", Code)
def test_each_language_is_in_its_own_letters(code: Code) -> None:
    """A text that was left in English, or in Russian where it should be Kazakh, is seen."""
    said = {
        language: " ".join(
            [title(language, code), action(language, code), finding_text(language, finding(code))]
        )
        for language in LANGUAGES
    }
    assert not re.search("[а-яё]", said["en"], re.IGNORECASE)
    assert re.search("[а-я]", title("ru", code))
    assert not KAZAKH & set(said["ru"])
    assert KAZAKH & set(said["kk"])


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_breaks_a_period_has_words(language: str) -> None:
    for verdict in (
        Verdict.RESET,
        Verdict.JUMP,
        Verdict.SWAP,
        Verdict.RATIO_CHANGED,
        Verdict.EXCHANGED,
    ):
        assert text(language, f"breaks-{verdict}")


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", f"period 2026-11-23 14:00:00–14:00:20 closed with 20{THIN}600 Wh of 20{THIN}000 Wh"),
        (
            "ru",
            (
                f"период 23.11.2026 14:00:00–14:00:20 закрыт: потреблено 20{THIN}600 Вт·ч"
                f" при лимите 20{THIN}000 Вт·ч"
            ),
        ),
        (
            "kk",
            (
                f"23.11.2026 14:00:00–14:00:20 кезеңі жабылды: 20{THIN}000 Вт·сағ лимитінде"
                f" 20{THIN}600 Вт·сағ тұтынылды"
            ),
        ),
    ],
)
def test_figures_are_as_the_language_writes_them(language: str, said: str) -> None:
    plain = finding(Code.BREACH, allowed_wh="20000", tolerance_wh="0", examples=[])
    assert finding_text(language, plain) == said


def test_a_figure_of_nothing_is_a_figure_and_what_is_not_known_a_dash() -> None:
    figures = listed("en", finding(Code.BREACH, tolerance_wh="0", gross_wh=None))
    assert (figures["tolerance_wh"], figures["gross_wh"]) == ("0 Wh", "—")


@pytest.mark.parametrize(
    ("count", "said"),
    [(1, "1 имя потока"), (3, "3 имени потока"), (5, "5 имён потока"), (21, "21 имя потока")],
)
def test_russian_counts_as_russian_does(count: int, said: str) -> None:
    assert finding_text("ru", finding(Code.FORK, count=count)).startswith(said)


def test_numbers() -> None:
    english, russian = STYLES["en"], STYLES["ru"]
    assert english.power(Fraction(1_870_500)) == "1.870 MW"  # half to even
    assert russian.power(Fraction(-1_870_000)) == "−1,870 МВт"
    assert english.whole(-1_234_567) == f"−1{THIN}234{THIN}567"
    assert english.register(Fraction(10**7)) == f"10{THIN}000{THIN}000 Wh"
    assert russian.seconds(61.5) == "61,5 с"
    assert english.moment(NOW_MS) == "2026-11-23 14:00:00"


@pytest.mark.parametrize(
    ("header", "language"),
    [
        (None, "en"),
        ("", "en"),
        ("kk-KZ,kk;q=0.9,ru;q=0.8", "kk"),
        ("de, RU;q=0.5, en;q=0.4", "ru"),
        ("en;q=0.1, kk;q=0.2", "kk"),
        ("ru;q=0, fr", "en"),
        ("ru;q=nonsense, kk;q=0.1", "kk"),
        (";;;,,,=", "en"),
    ],
)
def test_the_language_is_the_browsers(header: str | None, language: str) -> None:
    assert accepted(header) == language


def test_a_term_of_another_program_is_shown_as_it_is() -> None:
    assert finding_text("ru", finding(Code.AILING, ailments=["of_tomorrow"])) == "of_tomorrow"


def test_what_is_not_there_is_named() -> None:
    with pytest.raises(WordsError, match=r"ru\.ftl has no text nothing"):
        text("ru", "nothing")
    with pytest.raises(WordsError, match=r"en\.ftl: page-do has no title"):
        text("en", "page-do.title")
    with pytest.raises(WordsError, match=r"en\.ftl: page-finding: Unknown external: number"):
        text("en", "page-finding")

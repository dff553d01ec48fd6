"""The board in Kazakh, Russian and English: every word of it, and which language is chosen."""

import ast
import inspect
import re
from collections.abc import Iterable, Iterator
from html.parser import HTMLParser
from importlib import resources
from pathlib import Path
from string import ascii_letters
from textwrap import dedent

import every_state
import httpx
import pytest
from control_room import ControlRoom, empty
from every_state import BREAKS
from fastapi import FastAPI
from fastapi.testclient import TestClient
from fluent.runtime import FluentResource
from fluent.syntax.ast import Message
from jinja2 import nodes
from test_web_page import events, served

from collector.checks.allocation import PeriodOutcome
from collector.checks.codes import Code, Severity
from collector.checks.life import Party, State, Verb
from collector.checks.meters import IdentityState
from collector.checks.rollouts import Step as ReleaseStep
from collector.evidence.errors import Reason
from collector.evidence.frame import INTERLOCKS, Stream
from collector.ledger.chain import Fault
from collector.model.health import Ailment
from collector.model.order import DropCause, DropResult, Step
from collector.model.plausibility import DoubtCode
from collector.model.records import ESCALATION, NoticeChannel, OrderReason, Remedy
from collector.orders import move, rules
from collector.orders.permit.schedule_store import LOADS, PERMITS
from collector.web import render, wording
from collector.web.app import create_app
from collector.web.live import Live
from collector.web.view_model import Board, Condition, LicenceState, StageState
from collector.words.languages import FILES, LANGUAGES, has, text
from collector.words.languages import NAMES as NAMES_OF_LANGUAGES

TEMPLATES = sorted(path.name for path in (render.ROOM / "templates").iterdir())
FAMILIES: dict[str, Iterable[str]] = {
    "ailments": Ailment,
    "breaks": BREAKS,
    "chain_fault": Fault,
    "condition": Condition,
    "doubt": DoubtCode,
    "drop": DropResult,
    "drop_cause": DropCause,
    "identity": IdentityState,
    "interlock": INTERLOCKS,
    "licence_state": LicenceState,
    "limiter_load": LOADS,
    "limiter_permit": PERMITS,
    "meter_point": ("delivery", "generation", "floor"),
    "notice_channel": NoticeChannel,
    "order_reason": OrderReason,
    "order_rule": [rule.reason for rule in (*rules.RULES.values(), rules.RENEWAL)],
    "order_step": Step,
    "outcome": PeriodOutcome,
    "party": Party,
    "refused": Reason,
    "release": [step.name.lower() for step in ReleaseStep],
    "severity": Severity,
    "stage_state": StageState,
    "state": State,
    "stream": [stream.name.lower() for stream in Stream],
    "verb": Verb,
}
"""Every value that a family of words must have."""
LETTERS = set(ascii_letters)
RULES = [f"{rule.reason}/{rule.version}" for rule in (*rules.RULES.values(), rules.RENEWAL)]
NAMES = {"Esep", "English", "I", "II", "UTC", "clock", "ppm"}
"""What is written in Latin letters in every language: names, and units that have no other;
`clock` is where live.js puts a time.
"""


def failures() -> set[str]:
    """Why an order came to nothing, as this program says it: the sentences in its code."""
    trees = [ast.parse(dedent(inspect.getsource(part))) for part in (rules.void, move.Move)]
    walked = [node for tree in trees for node in ast.walk(tree)]
    documented = [node.value for node in walked if isinstance(node, ast.Expr)]
    said = {
        node.value
        for node in walked
        if isinstance(node, ast.Constant) and node not in documented
        if isinstance(node.value, str) and " " in node.value
    }
    expiring = {row.situation.value for row in ESCALATION if row.remedy is Remedy.EXPIRE}
    return {each.replace(" ", "_") for each in said | expiring}


FAMILIES["order_failure"] = failures()


class Text(HTMLParser):
    """What of a page a person reads or hears."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.said: list[str] = []
        self._tags: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._tags.append(tag)
        self.said += [
            str(value) for name, value in attrs if name in ("title", "aria-label", "data-words")
        ]

    def handle_data(self, data: str) -> None:
        if self._tags[-1:] != ["code"]:
            self.said.append(data)


def words_of(html: str) -> list[str]:
    return [word for part in Text(html).said for word in re.findall(r"[^\W\d_]+", part)]


def parsed(template: str) -> nodes.Template:
    return render.pages("en").parse((render.ROOM / "templates" / template).read_text("utf-8"))


def constants(node: nodes.Node) -> list[str]:
    own = [node] if isinstance(node, nodes.Const) else []
    return [each.value for each in (*own, *node.find_all(nodes.Const))]


def named_by(template: str) -> Iterator[str]:
    """The texts that a template asks for, those of its families among them."""
    for call in parsed(template).find_all(nodes.Call):
        match call.node, call.args:
            case nodes.Name(name="term"), [family, _]:
                yield from members(*constants(family))
            case nodes.Name(name="word"), [nodes.Concat(nodes=[family, _])]:
                yield from members(constants(family)[0].removesuffix("-"))
            case nodes.Name(name="word"), [nodes.CondExpr(expr1=one, expr2=other)]:
                assert other is not None
                yield from (*constants(one), *constants(other))
            case nodes.Name(name="word"), [name]:
                yield from constants(name)


def members(family: str) -> list[str]:
    return [f"{family}-{each}" for each in FAMILIES[family]]


def named_by_code() -> set[str]:
    """What `Wording` says beside the templates."""
    source = inspect.getsource(wording)
    families = {
        name for family in re.findall(r"""f["'](\w+)-\{""", source) for name in members(family)
    }
    return families | set(re.findall(r"""word\(["']([\w-]+)["']""", source))


def in_board_files(language: str) -> set[str]:
    room = resources.files("collector.words")
    files = [name.format(language) for name in FILES if name != "{}.ftl"]
    bodies = [FluentResource(room.joinpath(name).read_text("utf-8")).body for name in files]
    return {entry.id.name for body in bodies for entry in body if isinstance(entry, Message)}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_of_the_templates_is_there_and_none_is_left_over(language: str) -> None:
    named = {name for template in TEMPLATES for name in named_by(template)} | named_by_code()
    assert {name for name in named if not has(language, name)} == set()
    assert in_board_files(language) - named == set()


@pytest.mark.parametrize("template", TEMPLATES)
def test_no_word_stands_in_a_template_itself(template: str) -> None:
    plain = "".join(each.data for each in parsed(template).find_all(nodes.TemplateData))
    assert set(words_of(plain)) <= {"Esep"}


@pytest.mark.parametrize("language", ["ru", "kk"])
def test_no_english_is_left_on_a_board_that_tells_everything(language: str) -> None:
    html = render.page(every_state.board(), language)
    for identifier in sorted((*Code, *RULES), key=len, reverse=True):
        html = html.replace(identifier, "")
    found = {word for word in words_of(html) if LETTERS & set(word)}
    assert found - NAMES == set()


def test_a_rule_is_said_in_english_as_in_the_documents() -> None:
    for rule in (*rules.RULES.values(), rules.RENEWAL):
        assert text("en", f"order_rule-{rule.reason}") == rule.text


@pytest.mark.parametrize(
    ("asked", "header", "language", "said"),
    [
        ("", None, "en", "Mining without a licence"),
        ("", "de, fr;q=0.5", "en", "Mining without a licence"),
        ("", "kk-KZ, ru;q=0.5", "kk", "Лицензиясыз майнинг"),
        ("", "ru", "ru", "Майнинг без лицензии"),
        ("?lang=ru", "kk", "ru", "Майнинг без лицензии"),
        ("?lang=xx", "kk", "kk", "Лицензиясыз майнинг"),
    ],
)
def test_the_language_is_asked_for_or_the_browsers(
    app: FastAPI, asked: str, header: str | None, language: str, said: str
) -> None:
    headers = {} if header is None else {"Accept-Language": header}
    response = TestClient(app).get(f"/{asked}", headers=headers)
    assert f'<html lang="{language}">' in response.text
    assert said in response.text
    assert response.headers["Content-Language"] == language
    assert response.headers["Vary"] == "Accept-Language"


def test_each_language_is_a_link_and_stays_on_the_way_to_the_findings(app: FastAPI) -> None:
    client = TestClient(app)
    html = client.get("/?lang=kk").text
    for language, name in NAMES_OF_LANGUAGES.items():
        assert re.search(rf'<a href="/\?lang={language}"[^>]*>{name}</a>', html)
    assert '<a href="/?lang=kk" lang="kk" hreflang="kk" aria-current="true">' in html
    assert 'href="/findings?lang=kk"' in html
    assert 'href="/?lang=kk"' in client.get("/findings?lang=kk").text


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_alarm_of_no_news_is_in_the_page_with_room_for_its_time(
    app: FastAPI, language: str
) -> None:
    html = TestClient(app).get(f"/?lang={language}").text
    [words] = re.findall(r'id="lost" role="alert" data-words="([^"]+)"', html)
    assert words.count("{clock}") == 1


def test_the_empty_board_says_in_each_language_what_to_do(tmp_path: Path) -> None:
    room = empty(tmp_path)
    app = create_app(room.engine, room.registry, room.series, room.statuses)
    for language in LANGUAGES:
        html = TestClient(app).get(f"/?lang={language}").text
        assert text(language, "board-empty") in html
        assert "<code>esep registry import</code>" in html


def test_the_state_has_its_findings_in_english_and_nothing_for_the_page_alone(
    app: FastAPI,
) -> None:
    client = TestClient(app)
    [finding, *_] = client.get("/api/state?lang=ru", headers={"Accept-Language": "kk"}).json()[
        "findings"
    ]
    assert finding["text"].startswith("licence ended")
    assert "kept" not in finding
    parts = client.get("/openapi.json").json()["components"]["schemas"]
    assert "kept" not in parts["FindingPart"]["properties"]
    assert "told" not in parts["GatewayPart"]["properties"]


def test_streams_of_two_languages_at_once(room: ControlRoom, app: FastAPI) -> None:
    with (
        served(app) as url,
        httpx.stream("GET", f"{url}/live?lang=kk", timeout=10) as kazakh,
        httpx.stream("GET", f"{url}/live", headers={"Accept-Language": "ru"}) as russian,
    ):
        assert kazakh.headers["Content-Language"] == "kk"
        assert russian.headers["Content-Language"] == "ru"
        in_kazakh, in_russian = events(kazakh), events(russian)
        assert "Лицензиясыз майнинг" in next(in_kazakh)[1]
        assert "Майнинг без лицензии" in next(in_russian)[1]
        room.hear("ekibastuz-1", age_ms=0, online=False)
        assert "байланыс жоқ" in next(data for name, data in in_kazakh if name == "board")
        assert "нет связи" in next(data for name, data in in_russian if name == "board")


def test_the_board_is_read_once_for_all_and_made_once_for_each_language_that_is_watched() -> None:
    read: list[Board] = []
    made: list[str] = []

    def look() -> Board:
        read.append(every_state.board())
        return read[-1]

    def make(_board: Board, language: str) -> str:
        made.append(language)
        return language

    live = Live(look, make)
    assert [live.fragment(each) for each in ("ru", "kk", "ru", "kk")] == ["ru", "kk", "ru", "kk"]
    assert len(read) == 1
    assert made == ["ru", "kk"]

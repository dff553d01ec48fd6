"""The pages of findings, as a dispatcher's browser gets them."""

import re

import pytest
from control_room import EVIL_NAME, NOW_MS, ControlRoom
from fastapi import FastAPI
from fastapi.testclient import TestClient
from httpx import Response
from markupsafe import escape

from collector.checks import findings, record
from collector.checks.codes import Code
from collector.checks.findings import Finding
from collector.checks.life import Act, Verb


@pytest.fixture
def client(app: FastAPI) -> TestClient:
    return TestClient(app)


def text_of(response: Response, status: int = 200) -> str:
    assert response.status_code == status
    plain = response.text.replace("\N{NARROW NO-BREAK SPACE}", " ").replace(
        "\N{NO-BREAK SPACE}", " "
    )
    return " ".join(plain.split())


def numbers(html: str) -> list[int]:
    return [int(number) for number in re.findall(r'<a href="/findings/(\d+)\?', html)]


def number_of(room: ControlRoom, code: Code) -> int:
    with room.engine.begin() as connection:
        return record.search(connection, record.Asked(code=code), 1)[0].number


@pytest.mark.parametrize(
    ("asked", "header", "language", "said"),
    [
        ("", None, "en", "load without a licence"),
        ("", "kk-KZ, ru;q=0.5", "kk", "лицензиясыз жүктеме"),
        ("", "ru", "ru", "нагрузка без лицензии"),
        ("?lang=ru", "kk", "ru", "нагрузка без лицензии"),
        ("?lang=xx", "kk", "kk", "лицензиясыз жүктеме"),
    ],
)
def test_the_language_is_asked_for_or_the_browsers(
    client: TestClient, asked: str, header: str | None, language: str, said: str
) -> None:
    headers = {} if header is None else {"Accept-Language": header}
    response = client.get(f"/findings{asked}", headers=headers)
    html = text_of(response)
    assert f'<html lang="{language}">' in html
    assert said in html
    assert response.headers["Content-Language"] == language


def test_filters_narrow_the_list_and_stay_in_the_form(
    room: ControlRoom, client: TestClient
) -> None:
    everything = numbers(text_of(client.get("/findings")))
    unlicensed = number_of(room, Code.UNLICENSED_LOAD)
    html = text_of(client.get("/findings?code=licence.unlicensed_load&site=temirtau-3&lang=ru"))
    assert numbers(html) == [unlicensed]
    assert '<option value="licence.unlicensed_load" selected>' in html
    assert 'name="site" value="temirtau-3"' in html
    assert numbers(text_of(client.get("/findings?licensee=140840000928"))) == [
        number for number in everything if number != unlicensed
    ]
    assert numbers(text_of(client.get("/findings?since=2027-01-01"))) == []
    assert numbers(text_of(client.get("/findings?state=closed"))) == []
    assert numbers(text_of(client.get("/findings?state=unsettled"))) == everything


@pytest.mark.parametrize("wrong", ["code=nothing", "state=lost", "since=yesterday"])
def test_an_address_that_is_not_understood_is_told(client: TestClient, wrong: str) -> None:
    html = text_of(client.get(f"/findings?{wrong}"), 400)
    assert f"{wrong.partition('=')[2]}: not understood" in html


@pytest.mark.parametrize("number", ["999999", "9" * 40])
def test_a_finding_that_is_not_there(client: TestClient, number: str) -> None:
    assert "Замечания с таким номером нет." in text_of(
        client.get(f"/findings/{number}?lang=ru"), 404
    )


def test_one_has_its_figures_evidence_and_life(room: ControlRoom, client: TestClient) -> None:
    number = number_of(room, Code.BREACH)
    explain = Act(Verb.EXPLAIN, EVIL_NAME, "<b>the reserve</b>", NOW_MS, "letter 17", bytes(32))
    with room.engine.begin() as connection:
        record.act(connection, number, explain, None, NOW_MS)
    html = text_of(client.get(f"/findings/{number}?lang=ru"))
    for said in (
        f"Замечание № {number}: превышение лимита",
        "потреблено 20 555 Вт·ч при лимите 20 000 Вт·ч",
        "дано пояснение",
        "0000000000000000/1/billing/1",
        "00" * 32,
        str(escape(EVIL_NAME)),
        str(escape("<b>the reserve</b>")),
    ):
        assert said in html, said
    assert "<script>alert" not in html
    assert " style=" not in html


def test_every_code_has_a_page_in_every_language(room: ControlRoom, client: TestClient) -> None:
    """Also of an older program's findings, that lack details."""
    with room.engine.begin() as connection:
        made = [Finding(code, "of an older program", 1, 2, {}) for code in Code]
        for each in made:
            findings.keep(connection, each)
        known = [findings.number_of(connection, each) for each in made]
    for language in ("en", "ru", "kk"):
        text_of(client.get(f"/findings?lang={language}"))
        for number in known:
            text_of(client.get(f"/findings/{number}?lang={language}"))


def test_the_board_leads_to_them(client: TestClient) -> None:
    assert '<a href="/findings?lang=en">Findings</a>' in client.get("/").text

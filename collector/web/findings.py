"""The pages of findings: a list with filters, and all about one. In three languages."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.responses import HTMLResponse
from jinja2 import Environment
from pydantic import BaseModel
from sqlalchemy import Connection, Engine

from collector.checks import evidence, members, record, rounds, steps
from collector.checks.codes import Code
from collector.checks.life import LifeError, State
from collector.checks.record import Asked, Kept
from collector.checks.rounds import Rounds
from collector.model.delivery import day_start_ms
from collector.registry.store import Registry
from collector.storage import reading
from collector.web.language import Language, headers
from collector.words import languages, of_findings

_SHOWN = 100
_MEMBERS = 50
_UNSETTLED = "unsettled"
"""Of a filter: every state but closed."""


class Filter(BaseModel):
    """As it stands in the address; what is empty is not asked for."""

    code: str = ""
    state: str = ""
    site: str = ""
    licensee: str = ""
    since: str = ""


class FilterError(ValueError):
    """What in the address is not understood."""


@dataclass(frozen=True)
class Shown:
    """A finding in one language."""

    kept: Kept
    title: str
    text: str
    is_present: bool


def routes(
    engine: Engine,
    registry: Registry,
    pages: Callable[[str], Environment],
    now_ms: Callable[[], int],
) -> APIRouter:
    """`/findings` and `/findings/NUMBER`; `pages` has the templates of a language."""
    router = APIRouter(include_in_schema=False)

    def page(name: str, language: str, status: int = 200, **parts: Any) -> HTMLResponse:
        html = pages(language).get_template(name).render(**parts)
        return HTMLResponse(html, status, headers(language))

    @router.get("/findings")
    def several(asked: Annotated[Filter, Query()], language: Language) -> HTMLResponse:
        try:
            wanted = _asked(asked, registry)
        except FilterError as error:
            states = ", ".join(State)
            wrong = languages.text(language, "page-wrong", {"value": str(error), "states": states})
            return page("lost.html", language, 400, here="/findings", text=wrong)
        with reading(engine) as connection:
            found = record.search(connection, wanted, _SHOWN + 1)
            last = rounds.read(connection, now_ms())
        return page(
            "finding_list.html",
            language,
            here="/findings",
            found=[_shown(kept, language, last) for kept in found[:_SHOWN]],
            are_more=len(found) > _SHOWN,
            filter=asked,
            codes={code: of_findings.title(language, code) for code in Code},
            states=list(State),
            unsettled=_UNSETTLED,
        )

    @router.get("/findings/{number}")
    def one(number: int, language: Language) -> HTMLResponse:
        with reading(engine) as connection:
            try:
                kept = record.one(connection, number)
            except LifeError:
                text = languages.text(language, "page-unknown")
                return page("lost.html", language, 404, here="/findings", text=text)
            return page(
                "finding.html",
                language,
                here=f"/findings/{number}",
                **_whole(connection, kept, language, rounds.read(connection, now_ms())),
            )

    return router


def _asked(asked: Filter, registry: Registry) -> Asked:
    """Raise FilterError."""
    try:
        code = Code(asked.code) if asked.code else None
    except ValueError:
        raise FilterError(asked.code) from None
    try:
        since_ms = day_start_ms(date.fromisoformat(asked.since)) if asked.since else None
    except ValueError:
        raise FilterError(asked.since) from None
    licensee = asked.licensee.strip() or None
    return Asked(
        code=code,
        states=_states(asked.state),
        site=asked.site.strip() or None,
        licensee=licensee,
        licensee_sites=record.sites_of(registry.view(), licensee),
        since_ms=since_ms,
    )


def _states(name: str) -> tuple[State, ...]:
    if name == _UNSETTLED:
        return tuple(state for state in State if state is not State.CLOSED)
    try:
        return (State(name),) if name else ()
    except ValueError:
        raise FilterError(name) from None


def _shown(kept: Kept, language: str, last: Rounds) -> Shown:
    found = kept.finding
    return Shown(
        kept=kept,
        title=of_findings.title(language, found.code),
        text=of_findings.finding_text(language, found),
        is_present=last.show(found),
    )


def _whole(connection: Connection, kept: Kept, language: str, last: Rounds) -> Mapping[str, Any]:
    found, left = members.of(connection, kept.number, _MEMBERS)
    return {
        "one": _shown(kept, language, last),
        "action": of_findings.action(language, kept.finding.code),
        "steps": steps.of(connection, kept.number),
        "members": found,
        "members_left": left,
        "frames": evidence.frames(connection, evidence.positions(kept.finding)),
        "versions": evidence.versions(connection, kept.finding),
        "details": of_findings.listed(language, kept.finding),
    }

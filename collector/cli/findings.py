"""`esep collector findings` and `finding`: what was found, and all about one of it."""

import json
from datetime import datetime
from typing import Annotated, Any

import typer
from sqlalchemy import Connection

from collector.checks import evidence, members, record, rounds, steps
from collector.checks.codes import Code
from collector.checks.life import LifeError, State
from collector.checks.record import Asked, Kept
from collector.checks.rounds import Rounds
from collector.cli.arguments import AsJson, Directory, fail, open_directory
from collector.cli.intervals import moment_of
from collector.cli.report import moment
from collector.cli.service import now_ms
from collector.registry.store import Registry
from collector.storage import reading
from collector.words import of_findings
from collector.words.figures import STYLES
from collector.words.languages import DEFAULT, LANGUAGES, text

_UNSETTLED = tuple(state for state in State if state is not State.CLOSED)
_MEMBERS = 20

Lang = Annotated[str, typer.Option("--lang", help=f"of the texts: {', '.join(LANGUAGES)}")]


def findings(
    directory: Directory,
    is_open: Annotated[bool, typer.Option("--open", help="those that are not closed")] = False,
    code: Annotated[str | None, typer.Option(help="of this code")] = None,
    site: Annotated[str | None, typer.Option(help="that speak of this site")] = None,
    licensee: Annotated[str | None, typer.Option(help="of this BIN, and of his sites")] = None,
    since: Annotated[
        str | None, typer.Option(help="seen since: day in Astana, or time with its offset")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="at most so many")] = 100,
    lang: Lang = DEFAULT,
    as_json: AsJson = False,
) -> None:
    """What was found, what was seen last first."""
    _check_language(lang)
    engine = open_directory(directory)
    view = Registry(engine).view()
    asked = Asked(
        code=_code(code),
        states=_UNSETTLED if is_open else (),
        site=site,
        licensee=licensee,
        licensee_sites=record.sites_of(view, licensee),
        since_ms=None if since is None else moment_of(since),
    )
    with reading(engine) as connection:
        found = record.search(connection, asked, limit + 1)
        last = rounds.read(connection, now_ms())
    shown = found[:limit]
    if as_json:
        typer.echo(json.dumps([_plain(kept, lang, last) for kept in shown], indent=2))
    else:
        for kept in shown:
            typer.echo(_line(kept, lang, is_present=last.show(kept.finding)))
    if len(found) > limit:
        typer.echo(f"the newest {limit} are shown: narrow the search, or give --limit", err=True)


def finding(
    directory: Directory, number: int, lang: Lang = DEFAULT, as_json: AsJson = False
) -> None:
    """All about one: its figures, its life, the frames and versions that it rests on."""
    _check_language(lang)
    with reading(open_directory(directory)) as connection:
        try:
            kept = record.one(connection, number)
        except LifeError as error:
            raise fail(str(error)) from None
        whole = _whole(connection, kept, lang)
    if as_json:
        typer.echo(json.dumps(whole, indent=2))
    else:
        _show(kept, whole, lang)


def _check_language(language: str) -> None:
    if language not in LANGUAGES:
        raise fail(f"--lang {language}: it is one of {', '.join(LANGUAGES)}")


def _code(name: str | None) -> Code | None:
    if name is None:
        return None
    try:
        return Code(name)
    except ValueError:
        near = [code for code in Code if code.startswith(name.split(".")[0] + ".")] or list(Code)
        raise fail(f"--code {name}: there is no such code; there are {', '.join(near)}") from None


def _plain(kept: Kept, language: str, last: Rounds) -> dict[str, Any]:
    found = kept.finding
    return {
        "finding": kept.number,
        "code": found.code,
        "severity": found.severity,
        "state": kept.state,
        "subject": found.subject,
        "sites": list(found.sites),
        "first": moment(found.first_ms),
        "last": moment(found.last_ms),
        "present": last.show(found),
        "times": kept.times,
        "opened": None if kept.opened_ms is None else moment(kept.opened_ms),
        "text": of_findings.finding_text(language, found),
    }


def _whole(connection: Connection, kept: Kept, language: str) -> dict[str, Any]:
    found, left = members.of(connection, kept.number, _MEMBERS)
    return _plain(kept, language, rounds.read(connection, now_ms())) | {
        "details": dict(kept.finding.details),
        "steps": [
            {
                "verb": step.act.verb,
                "state": step.state,
                "party": step.party,
                "person": step.act.person,
                "at": moment(step.act.at_ms),
                "reason": step.act.reason,
                "reference": step.act.reference,
                "document_sha256": None if step.act.document is None else step.act.document.hex(),
            }
            for step in steps.of(connection, kept.number)
        ],
        "members": [
            {
                "subject": each.subject,
                "first": moment(each.first_ms),
                "last": None if each.last_ms is None else moment(each.last_ms),
                "details": json.loads(each.body),
            }
            for each in found
        ],
        "members_more": left,
        "frames": [
            {
                "position": each.position,
                "frame": each.name,
                "received": None if each.received_ms is None else moment(each.received_ms),
            }
            for each in evidence.frames(connection, evidence.positions(kept.finding))
        ],
        "versions": [
            {
                "kind": each.kind,
                "version": each.number,
                "key": each.key,
                "recorded": None if each.recorded_ms is None else moment(each.recorded_ms),
            }
            for each in evidence.versions(connection, kept.finding)
        ],
    }


def _line(kept: Kept, language: str, *, is_present: bool) -> str:
    found, style = kept.finding, STYLES[language]
    seen = style.moment(found.first_ms)
    if found.last_ms != found.first_ms:
        seen += f" – {style.moment(found.last_ms)}"
    if is_present:
        seen += f" ({text(language, 'page-now')})"
    return (
        f"{kept.number} {text(language, f'severity-{found.severity}')}"
        f" {text(language, f'state-{kept.state}')} {found.code} {found.subject} {seen}:"
        f" {of_findings.finding_text(language, found)}"
    )


def _show(kept: Kept, whole: dict[str, Any], language: str) -> None:
    def word(name: str, **values: Any) -> str:
        return text(language, f"page-{name}", values)

    def local(instant: str | None) -> str | None:
        """In Astana, as the language writes it; --json has UTC."""
        at = None if instant is None else datetime.fromisoformat(instant)
        return None if at is None else STYLES[language].moment(round(at.timestamp() * 1000))

    typer.echo(_line(kept, language, is_present=whole["present"]))
    typer.echo(f"{word('do')}: {of_findings.action(language, kept.finding.code)}")
    if kept.times > 1:
        typer.echo(word("times", count=kept.times))
    typer.echo(f"{word('life')}:")
    typer.echo(f"  {local(whole['opened']) or '—'} {word('opened')}")
    for step in whole["steps"]:
        said = [f"  {local(step['at'])} {text(language, 'verb-' + step['verb'])}: {step['person']}"]
        said.append(f"({text(language, 'party-' + step['party'])}): {step['reason']}")
        said += [f"[{step['reference']}]"] if step["reference"] else []
        said += [f"SHA-256 {step['document_sha256']}"] if step["document_sha256"] else []
        typer.echo(" ".join(said))
    if whole["members"]:
        typer.echo(f"{word('members')}:")
        for each in whole["members"]:
            typer.echo(
                f"  {each['subject']} {local(each['first'])} –"
                f" {local(each['last']) or word('still')}"
            )
        if whole["members_more"]:
            typer.echo(f"  {word('members-more', count=whole['members_more'])}")
    typer.echo(f"{word('evidence')}:")
    for each in whole["frames"]:
        name = each["frame"] or word("no-frame")
        typer.echo(f"  #{each['position']} {name} {local(each['received']) or ''}".rstrip())
    for each in whole["versions"]:
        recorded = f" {word('recorded')} {local(each['recorded'])}" if each["recorded"] else ""
        named = f" {each['key']}" if each["key"] else ""
        typer.echo(f"  {each['kind']}{named} #{each['version']}{recorded}")
    if not whole["frames"] and not whole["versions"]:
        typer.echo(f"  {word('no-evidence')}")
    typer.echo(f"{word('details')}: {json.dumps(whole['details'], ensure_ascii=False)}")

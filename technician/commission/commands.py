"""`esep device commission`: the guided procedure, and each of its steps as a plain command."""

import json
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console as Screen

from technician.asking import given
from technician.base_image import read_file
from technician.commission import signing
from technician.commission.act_pdf import write_sheet
from technician.commission.case import Attempt, Case
from technician.commission.checks import attempt
from technician.commission.procedure import LANGUAGES, SHIPPED, Step
from technician.commission.visit import Visit, asked_of
from technician.console import Console
from technician.faults import BagError, Code
from technician.ports import the_port

app = typer.Typer(no_args_is_help=True, help="Commissioning: checks, act, signatures.")

Folder = Annotated[Path, typer.Argument(help="of this commissioning; everything is kept in it")]
Order = Annotated[Path | None, typer.Option(help="the work order")]
Root = Annotated[Path | None, typer.Option(help="root.pub of the operator")]
Own = Annotated[Path, typer.Option("--procedure", help="the operator's, if it is another one")]
Port = Annotated[str | None, typer.Option(help="where the board is; else it is looked for")]
AsJson = Annotated[bool, typer.Option("--json", help="machine-readable output")]
Language = Annotated[str, typer.Option(help=", ".join(LANGUAGES))]
_MARKS = {True: "✓", False: "✗", None: "?"}
_STYLES = {True: "green", False: "bold red", None: "yellow"}


@app.command()
def begin(
    folder: Folder,
    order: Order = None,
    root: Root = None,
    procedure: Own = SHIPPED,
    as_json: AsJson = False,
) -> None:
    """Begin a commissioning in a folder; one that is there goes on."""
    ask = sys.stdin.isatty() and not as_json
    with _said(as_json=as_json) as say:
        case = _begun(folder, order, root, procedure, ask=ask)
        say(_status(case), lambda: _show(case, "en"))


@app.command()
def status(folder: Folder, language: Language = "en", as_json: AsJson = False) -> None:
    """Which steps passed, which are open, and why."""
    with _said(as_json=as_json) as say:
        case = Case(folder)
        say(_status(case), lambda: _show(case, language))


@app.command()
def step(
    folder: Folder,
    name: Annotated[str, typer.Argument(metavar="STEP")],
    answer: Annotated[
        list[str] | None, typer.Option(help="QUESTION=TEXT, or QUESTION/METER=TEXT")
    ] = None,
    port: Port = None,
    as_json: AsJson = False,
) -> None:
    """Do one step. Exit code 1 when it did not pass."""
    with _said(as_json=as_json) as say:
        case = Case(folder)
        answers = dict(each.partition("=")[::2] for each in answer or ())
        made = _done(case, case.procedure.step(name), answers, port)
        say(made.as_json(), lambda: _tell(Screen(), made))
        if made.passed is not True:
            raise typer.Exit(1)


@app.command()
def sign(
    folder: Folder,
    key: Annotated[Path | None, typer.Option(help="your own key, PEM")] = None,
    certificate: Annotated[Path | None, typer.Option(help="the root's, for this key")] = None,
    port: Port = None,
    as_json: AsJson = False,
) -> None:
    """Sign the act; with the last signature that is asked for the gateway binds it.

    The passphrase is asked for, or read as a line of standard input.
    """
    ask = sys.stdin.isatty() and not as_json
    with _said(as_json=as_json) as say:
        found = _signed(Case(folder), key, certificate, port, ask=ask)
        say(found, lambda: _tell_signed(found))


@app.command()
def sheet(
    act: Annotated[Path, typer.Argument(help="act.json")],
    out: Annotated[Path, typer.Option(help="a new file, PDF")],
    root: Annotated[Path, typer.Option(help="root.pub of the operator")],
    language: Language = "en",
    as_json: AsJson = False,
) -> None:
    """Print an act whose every signature holds, as PDF."""
    with _said(as_json=as_json) as say:
        if out.exists():
            raise BagError(Code.FILE_EXISTS, f"{out} is there already")
        write_sheet(read_file(act), read_file(root), language, out)
        say({"ok": True, "file": str(out)}, lambda: typer.echo(out))


@app.command()
def guide(
    folder: Folder,
    order: Order = None,
    root: Root = None,
    procedure: Own = SHIPPED,
    port: Port = None,
    language: Language = "en",
) -> None:
    """One thing at a time, until the act is signed; stopped anywhere it goes on there."""
    with _said(as_json=False):
        case = _begun(folder, order, root, procedure, ask=True)
        screen = Screen()
        while case.statement is None and case.missing():
            for each in case.open_steps():
                _guided(case, each, port, language, screen)
            if case.missing() and not typer.confirm("Again, what is open?", default=True):
                raise BagError(Code.NOT_COMMISSIONED, _names(case.missing()))
        screen.print("Every required step passed.")
        _tell_signed(_signed(case, None, None, port, ask=True))


def _guided(case: Case, step: Step, port: str | None, language: str, screen: Screen) -> None:
    screen.rule(step.title.of(language))
    if step.do is not None:
        screen.print(step.do.of(language))
        typer.prompt("Enter, when it is so", default="", show_default=False)
    while True:
        try:
            made = _done(case, step, _Asking(case, step, language), port)
        except BagError as error:
            screen.print(str(error), style="bold red", markup=False)
            if error.code in (Code.NOT_YET, Code.SIGNED_ALREADY):
                return
        else:
            _tell(screen, made)
            if made.passed:
                return
        if not typer.confirm("Again?", default=True):
            return


class _Asking(Mapping[str, str]):
    """Asks when a check wants to know: what is compared is read before and after."""

    def __init__(self, case: Case, step: Step, language: str) -> None:
        self._asks = {key: each.ask.of(language) for key, each in asked_of(case, step)}

    def __getitem__(self, key: str) -> str:
        _, _, of = key.partition("/")
        ask = self._asks[key]
        return str(typer.prompt(f"{of}: {ask}" if of else ask, default="", show_default=False))

    def __iter__(self) -> Iterator[str]:
        return iter(self._asks)

    def __len__(self) -> int:
        return len(self._asks)


def _begun(
    folder: Path, order: Path | None, root: Path | None, procedure: Path, *, ask: bool
) -> Case:
    if (folder / "procedure.toml").exists():
        return Case(folder)
    files = [
        read_file(Path(given(order, "--order", "the work order", ask=ask))),
        read_file(Path(given(root, "--root", "the operator's root.pub", ask=ask))),
        read_file(procedure),
    ]
    return Case.begin(folder, *files)


def _done(case: Case, step: Step, answers: Mapping[str, str], port: str | None) -> Attempt:
    known = {key for key, _ in asked_of(case, step)}
    if strange := answers.keys() - known:
        raise BagError(Code.UNKNOWN_STEP, f"{step.id} asks nothing like {', '.join(strange)}")
    return attempt(Visit(case, step, answers, lambda: Console(port or the_port())), _now_ms())


def _signed(
    case: Case, key: Path | None, certificate: Path | None, port: str | None, *, ask: bool
) -> dict[str, Any]:
    who = None
    if not (case.statement is not None and _is_enough(case)) or key is not None:
        at = Path(given(key, "--key", "your own key, PEM", ask=ask))
        vouched = Path(given(certificate, "--certificate", "the root's for it", ask=ask))
        secret = None if ask else sys.stdin.readline().rstrip("\n")
        mine, word = signing.load_key(at, secret), read_file(vouched)
        signing.check_certificate(word, mine, case.root)
        who = signing.sign(case, mine, word, _now_ms()).name
    missing = case.procedure.rules.signatures - len(signing.signatures(case))
    found: dict[str, Any] = {"ok": True, "signed_by": who, "signatures_missing": max(0, missing)}
    if missing <= 0:
        found["act"] = str(signing.bind(case, lambda: Console(port or the_port())))
    return found


def _is_enough(case: Case) -> bool:
    return len(signing.signatures(case)) >= case.procedure.rules.signatures


def _tell_signed(found: dict[str, Any]) -> None:
    if found["signed_by"]:
        typer.echo(f"signed by {found['signed_by']}")
    if "act" in found:
        typer.echo(f"COMMISSIONED: {found['act']}. The gateway tells it to the collector.")
    else:
        typer.echo(f"{found['signatures_missing']} more must sign: the same command, another key")


def _status(case: Case) -> dict[str, Any]:
    attempts = case.attempts()
    required = {step.id for step in case.missing()}
    return {
        "ok": True,
        "steps": [
            {
                "id": step.id,
                "passed": last.passed if (last := case.last(step.id)) else None,
                "attempts": sum(each.step == step.id for each in attempts),
                "missing": step.id in required,
            }
            for step in case.procedure.steps
        ],
        "signatures": len(signing.signatures(case)),
        "signatures_required": case.procedure.rules.signatures,
        "commissioned": (case.folder / "act.json").exists(),
    }


def _show(case: Case, language: str) -> None:
    screen = Screen()
    for step in case.procedure.steps:
        last = case.last(step.id)
        if last is None:
            screen.print(f"  {step.id}: {step.title.of(language)}", markup=False)
        else:
            _tell(screen, last)


def _tell(screen: Screen, made: Attempt) -> None:
    for each in made.outcomes:
        mark = _MARKS[each.passed]
        text = f"{mark} {made.step}: {each.why}"
        screen.print(text, style=_STYLES[each.passed], markup=False, highlight=False)
        if each.cure:
            screen.print(f"    {each.cure}", markup=False, highlight=False)


def _names(steps: list[Step]) -> str:
    return "required, and not passed: " + ", ".join(step.id for step in steps)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


class _said(AbstractContextManager[Callable[[Any, Callable[[], Any]], None]]):  # noqa: N801
    """Gives `say(json, in words)`; a BagError becomes its words or JSON, and its exit code."""

    def __init__(self, *, as_json: bool) -> None:
        self._as_json = as_json

    def __enter__(self) -> Callable[[Any, Callable[[], Any]], None]:
        def say(found: Any, in_words: Callable[[], Any]) -> None:
            if self._as_json:
                typer.echo(json.dumps(found, indent=2, ensure_ascii=False))
            else:
                in_words()

        return say

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        if isinstance(error, BagError):
            if self._as_json:
                typer.echo(json.dumps({"ok": False, "error": error.as_json()}, indent=2))
            else:
                typer.echo(str(error), err=True)
            raise typer.Exit(error.exit_code) from None

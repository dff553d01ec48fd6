"""`esep device provision`: from a flashed board to a gateway, step by step, at any pace.

A folder holds the papers of one gateway, and is all that is remembered: who comes back names it
again. None of the papers is a secret.
"""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, TypeVar

import typer
from rich.console import Console as Terminal

from collector.evidence.downlink import read_enrolment
from collector.evidence.keys import PublicKey
from collector.evidence.work_order import Enrolled, Reply, WorkOrder
from technician.asking import given
from technician.base_image import read_file
from technician.faults import BagError, Code
from technician.label import write_label
from technician.papers import board_of, read_enrolled, read_order, read_reply, read_root
from technician.ports import the_port
from technician.provision import AsJson, Port, Root, board_setting, lay_down, make_keys

Judged = TypeVar("Judged")
ROOT, ORDER, ENROLMENT = "root.pub", "order.cose", "enrolment.json"
LABEL, REPLY, DONE = "label.pdf", "reply.json", "done.json"
_STEPS = 5


class Guide:
    """Asks, and has a step done again until it is; without a terminal the first fault ends it."""

    def __init__(self, folder: Path, *, ask: bool, quiet: bool) -> None:
        self.folder = folder
        self.ask = ask
        self._terminal = Terminal(stderr=True, quiet=quiet, highlight=False)
        self._step = 0

    def begin(self, what: str) -> None:
        self._step += 1
        self._terminal.print(f"[bold]{self._step} of {_STEPS}  {what}[/bold]")

    def say(self, text: str) -> None:
        self._terminal.print(f"  {text}", soft_wrap=True, markup=False)

    def paper(
        self, name: str, where: Path | None, what: str, judge: Callable[[Path], Judged]
    ) -> Judged:
        """A paper of the folder; one that comes from elsewhere is copied in once it is judged."""
        kept = self.folder / name
        while True:
            asked = where is None and not kept.exists()
            source = kept
            if where is not None or asked:
                source = Path(given(where, f"--{kept.stem}", what, ask=self.ask)).expanduser()
            try:
                judged = judge(source)
                if source != kept:
                    _write(kept, read_file(source))
            except BagError as error:
                if not asked:
                    raise
                self.say(str(error))
            else:
                return judged

    def at_board(self, act: Callable[[], Judged]) -> Judged:
        while True:
            try:
                return act()
            except BagError as error:
                if not self.ask or error.exit_code != 1:
                    raise
                self.say(str(error))
            typer.prompt("put it right, then press Enter", default="", show_default=False)


def provision(
    folder: Annotated[Path | None, typer.Argument(help="of this gateway's papers")] = None,
    order: Annotated[Path | None, typer.Option(help="the work order")] = None,
    root: Root = None,
    reply: Annotated[Path | None, typer.Option(help="the collector's reply")] = None,
    ssid: Annotated[str | None, typer.Option(help="of the site's Wi-Fi")] = None,
    port: Port = None,
    as_json: AsJson = False,
) -> None:
    """Make a gateway of a flashed board, one step after another. Run again it goes on."""
    ask = sys.stdin.isatty() and not as_json
    try:
        named = Path(given(folder, "FOLDER", "folder for this gateway's papers", ask=ask))
        guide = Guide(named.expanduser(), ask=ask, quiet=as_json)
        made = _steps(guide, (root, order, reply), ssid, port)
    except BagError as error:
        if as_json:
            typer.echo(json.dumps({"ok": False, "error": error.as_json()}, indent=2))
        else:
            typer.echo(str(error), err=True)
        raise typer.Exit(error.exit_code) from None
    if as_json:
        typer.echo(json.dumps({"ok": True, "gateway": made.gateway}, indent=2))
        return
    typer.echo(f"gateway {made.gateway} has all it needs, and starts.")


def _steps(
    guide: Guide,
    papers: tuple[Path | None, Path | None, Path | None],
    ssid: str | None,
    port: str | None,
) -> Enrolled:
    folder, (root, order, reply) = guide.folder, papers
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BagError(Code.NO_FILE, f"{folder}: {error.strerror}") from None
    guide.begin("The work order")
    operator = guide.paper(ROOT, root, "the operator's root.pub", read_root)
    work, content = guide.paper(
        ORDER, order, "the work order", lambda path: _order(path, operator, folder / ENROLMENT)
    )
    guide.say(f"for a board {work.board}. Whenever you stop: esep device provision {folder}")

    guide.begin("Its keys")
    made = _keys(guide, work, content, operator, (ssid, port))
    guide.say(f"gateway {made.gateway}")

    guide.begin("The label")
    if not (folder / LABEL).exists():
        write_label(read_enrolment(made.enrolment)[0].thumbprint, folder / LABEL)
    guide.say(f"{folder / LABEL}, 70 x 35 mm: onto the housing before the next board is opened")

    guide.begin("The collector's reply")
    answer = _reply(guide, reply, operator, made)

    guide.begin("All of it onto the board")
    if (folder / DONE).exists():
        guide.say("done before; by another reply or onto another board: esep device install")
    else:
        guide.at_board(lambda: lay_down(port or the_port(), work, content, answer, operator))
        _write(folder / DONE, json.dumps({"gateway": made.gateway}).encode())
    return made


def _order(path: Path, operator: PublicKey, enrolment: Path) -> tuple[WorkOrder, bytes]:
    content = read_file(path)
    work = read_order(content, operator)
    board_of(work)
    if enrolment.exists() and read_enrolled(enrolment).order != content:
        what = f"{enrolment} is by another order: take another folder"
        raise BagError(Code.ORDER_REFUSED, what)
    return work, content


def _keys(
    guide: Guide,
    work: WorkOrder,
    order: bytes,
    operator: PublicKey,
    way: tuple[str | None, str | None],
) -> Enrolled:
    kept, (ssid, port) = guide.folder / ENROLMENT, way
    if kept.exists():
        return read_enrolled(kept)
    setting = board_setting(board_of(work), ssid, ask=guide.ask)
    made = guide.at_board(lambda: make_keys(port or the_port(), setting, operator, order))
    _write(kept, made.file())
    return made


def _reply(guide: Guide, reply: Path | None, operator: PublicKey, made: Enrolled) -> Reply:
    """Asked for when it is not there yet: it may come another day."""

    def judge(path: Path) -> Reply:
        answer = read_reply(path, operator)
        if answer.gateway != made.gateway:
            what = f"{path} is for {answer.gateway}; this is {made.gateway}"
            raise BagError(Code.OTHER_GATEWAY, what)
        return answer

    if reply is not None or (guide.folder / REPLY).exists():
        return guide.paper(REPLY, reply, "its reply", judge)
    guide.say(f"{guide.folder / ENROLMENT} goes to the collector, by network or in a pocket:")
    guide.say(f"  esep registry enrol DIR {ENROLMENT} --out {REPLY}")
    while guide.ask:
        answer = typer.prompt("its reply (Enter: later)", default="", show_default=False).strip()
        if not answer:
            break
        try:
            return guide.paper(REPLY, Path(answer).expanduser(), "its reply", judge)
        except BagError as error:
            guide.say(str(error))
    raise BagError(Code.NO_REPLY, f"there is no {guide.folder / REPLY} yet")


def _write(path: Path, content: bytes) -> None:
    """Whole or not at all."""
    part = path.with_name(path.name + ".part")
    try:
        part.write_bytes(content)
        part.replace(path)
    except OSError as error:
        raise BagError(Code.NO_FILE, f"{path}: {error.strerror}") from None

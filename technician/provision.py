"""`esep device enrol`, `install`: a flashed board becomes a gateway, in two steps.

First it makes its keys, and a file goes to the collector; then the collector's reply comes back.
The laptop keeps no secret: a key never leaves the board, the Wi-Fi's password is asked for.
"""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.x509.oid import NameOID

from collector.evidence.errors import EvidenceError
from collector.evidence.keys import PublicKey
from collector.evidence.work_order import Enrolled, Reply, WorkOrder
from technician.asking import given
from technician.base_image import read_file
from technician.boards import Board
from technician.console import Console
from technician.faults import BagError, Code
from technician.outcome import failed
from technician.papers import board_of, read_order, read_reply, read_root
from technician.ports import the_port

Port = Annotated[str | None, typer.Option(help="where the board is; else it is looked for")]
Root = Annotated[Path | None, typer.Option(help="root.pub of the operator")]
AsJson = Annotated[bool, typer.Option("--json", help="machine-readable output")]


def enrol(
    order: Annotated[Path | None, typer.Option(help="the work order")] = None,
    root: Root = None,
    out: Annotated[Path | None, typer.Option(help="a new file, for the collector")] = None,
    ssid: Annotated[str | None, typer.Option(help="of the site's Wi-Fi")] = None,
    port: Port = None,
    as_json: AsJson = False,
) -> None:
    """Have a board make its keys, and write what the collector must know of them."""
    ask = sys.stdin.isatty() and not as_json
    try:
        operator = read_root(Path(given(root, "--root", "the operator's root.pub", ask=ask)))
        content = read_file(Path(given(order, "--order", "the work order", ask=ask)))
        work = read_order(content, operator)
        board = board_of(work)
        to = Path(given(out, "--out", "write the enrolment to which new file", ask=ask))
        if to.exists():
            raise BagError(Code.FILE_EXISTS, f"{to} is there already")
        setting = board_setting(board, ssid, ask=ask)
        made = make_keys(port or the_port(), setting, operator, content)
        to.write_bytes(made.file())
    except BagError as error:
        raise failed(error, as_json=as_json) from None
    if as_json:
        typer.echo(json.dumps({"ok": True, "gateway": made.gateway, "file": str(to)}, indent=2))
        return
    typer.echo(f"gateway {made.gateway}, a {work.board}. Bring {to} to the collector:")
    typer.echo(f"  esep registry enrol DIR {to.name} --out reply.json")


def install(
    reply: Annotated[Path | None, typer.Argument(help="the collector's reply")] = None,
    order: Annotated[Path | None, typer.Option(help="the work order")] = None,
    root: Root = None,
    port: Port = None,
    as_json: AsJson = False,
) -> None:
    """Give a board the collector's reply: certificate, configuration, the way to the broker."""
    ask = sys.stdin.isatty() and not as_json
    try:
        operator = read_root(Path(given(root, "--root", "the operator's root.pub", ask=ask)))
        content = read_file(Path(given(order, "--order", "the work order", ask=ask)))
        work = read_order(content, operator)
        answer = read_reply(
            Path(given(reply, "the reply", "the collector's reply", ask=ask)), operator
        )
        laid = lay_down(port or the_port(), work, content, answer, operator)
    except BagError as error:
        raise failed(error, as_json=as_json) from None
    if as_json:
        said = {"ok": True, "gateway": answer.gateway, "laid_bytes": _sizes(laid)}
        typer.echo(json.dumps(said, indent=2))
        return
    typer.echo(f"gateway {answer.gateway} has all it needs, and starts.")


def make_keys(port: str, setting: bytes, operator: PublicKey, order: bytes) -> Enrolled:
    """`setting`: board.json. Raises BagError; done again it is the same gateway."""
    with Console(port) as console:
        console.lay("board.json", setting)
        console.lay("root.pub", operator.raw)
        return enrolled(console, order)


def lay_down(
    port: str, work: WorkOrder, order: bytes, answer: Reply, operator: PublicKey
) -> dict[str, bytes]:
    """What was laid down, with which the board starts anew. Raises BagError."""
    with Console(port) as console:
        laid = settings(work, answer, enrolled(console, order), operator)
        for name, file in laid.items():
            console.lay(name, file)
        console.reset()
    return laid


def enrolled(console: Console, order: bytes) -> Enrolled:
    """The board's own proofs, judged here. It makes keys once: asked again it has the same ones."""
    offered, asked = console.run("enrol"), console.run("request")
    try:
        said = offered["enrolment"], asked["request"], asked["proof"]
        made = Enrolled(order, *map(bytes.fromhex, said))
        gateway = made.gateway
    except EvidenceError as error:
        raise BagError(Code.BOARD_REFUSED, f"its enrolment: {error.reason}: {error}") from None
    request = x509.load_der_x509_csr(made.request)
    (name,) = request.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    if not request.is_signature_valid or {name.value, offered["gateway"]} != {gateway}:
        raise BagError(Code.BOARD_REFUSED, "its request is not signed, or not in its own name")
    return made


def settings(
    work: WorkOrder, answer: Reply, made: Enrolled, operator: PublicKey
) -> dict[str, bytes]:
    """What is laid down, by name. Raises BagError when the reply is not this board's."""
    if answer.gateway != made.gateway:
        raise BagError(
            Code.OTHER_GATEWAY, f"the reply is for {answer.gateway}; this is {made.gateway}"
        )
    found = {
        "root.pub": operator.raw,
        "network.json": work.network.encode(),
        "configuration.cose": answer.configuration,
    }
    if work.authority:
        found |= {"ca.der": work.authority, "client.der": _certificate(work, answer, made)}
    return found


def _certificate(work: WorkOrder, answer: Reply, made: Enrolled) -> bytes:
    try:
        certificate = x509.load_der_x509_certificate(answer.certificate)
        certificate.verify_directly_issued_by(x509.load_der_x509_certificate(work.authority))
    except (ValueError, TypeError, InvalidSignature) as error:
        raise BagError(Code.REPLY_REFUSED, f"its certificate: {error or 'forged'}") from None
    if certificate.public_key() != x509.load_der_x509_csr(made.request).public_key():
        raise BagError(Code.OTHER_GATEWAY, "the certificate is for another key than the board's")
    return answer.certificate


def board_setting(board: Board, ssid: str | None, *, ask: bool) -> bytes:
    """The password is asked for without being shown, or read as a line of standard input."""
    if not board.is_wifi:
        return board.setting()
    name = given(ssid, "--ssid", "name of the site's Wi-Fi", ask=ask)
    password = (
        typer.prompt("its password", hide_input=True) if ask else sys.stdin.readline().rstrip("\n")
    )
    if not password:
        raise BagError(Code.NOT_ASKED, "the Wi-Fi's password is missing on standard input")
    return board.setting(name, password)


def _sizes(files: dict[str, bytes]) -> dict[str, int]:
    return {name: len(content) for name, content in files.items()}

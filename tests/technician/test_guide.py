"""The guided way from a flashed board to a gateway, in a real terminal, by a clumsy technician."""

import base64
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pexpect
import pytest
from office import Office, first_start, signed
from pty_board import MICROPYTHON, PtyBoard
from typer.testing import CliRunner

from technician.cli import app

PASSWORD = "кілт so: 9"  # noqa: S105
PATIENCE_S = 90
Guided = Callable[..., "pexpect.spawn[str]"]


@pytest.fixture
def wifi(office: Office, tmp_path: Path) -> Office:
    made = Office(office.directory, tmp_path / "wifi.cose")
    signed(made, tmp_path / "plan.toml", "esp32-4mb-wifi")
    return made


@pytest.fixture
def laptop(tmp_path: Path) -> Path:
    """All that a laptop keeps."""
    home = tmp_path / "laptop"
    home.mkdir()
    return home


@pytest.fixture
def guided(laptop: Path) -> Iterator[Guided]:
    started = []

    def start(board: PtyBoard, folder: Path, *more: object) -> "pexpect.spawn[str]":
        words = ["-m", "esep", "device", "provision", folder, "--port", board.port, *more]
        child = pexpect.spawn(
            sys.executable,
            list(map(str, words)),
            cwd=str(laptop),
            env={**os.environ, "HOME": str(laptop), "TERM": "xterm", "PYTHONPATH": str(Path.cwd())},
            encoding="utf-8",
            timeout=PATIENCE_S,
            dimensions=(30, 100),
        )
        child.delaybeforesend = None
        started.append(child)
        return child

    yield start
    for child in started:
        child.close(force=True)


def ended(child: "pexpect.spawn[str]") -> int | None:
    child.expect(pexpect.EOF)
    child.close()
    status: int | None = child.exitstatus
    return status


def test_step_by_step_with_the_cable_pulled_in_each(
    wifi: Office,
    guided: Guided,
    laptop: Path,
    start_board: Callable[[], PtyBoard],
    image: Path,
) -> None:
    board, papers = start_board(), laptop / "papers"
    child = guided(board, papers)
    child.expect("root.pub: ")
    child.sendline("nowhere.pub")
    child.expect("no_file")
    child.expect("root.pub: ")
    child.sendline(str(wifi.root))
    child.expect("the work order: ")
    child.sendline(str(wifi.order))
    child.expect("name of the site's Wi-Fi: ")
    child.sendline("site")
    child.expect("its password: ")
    board.pulled_after = 300  # while settings are laid down
    child.sendline(PASSWORD)
    child.expect("cable: ")
    child.expect("press Enter")
    child.sendline("")  # without having plugged it in
    child.expect("port_gone")
    child.expect("press Enter")
    board.plug_in(pulled_after=1700)  # while it tells of its keys
    child.sendline("")
    child.expect("cable: ")
    child.expect("press Enter")
    board.plug_in()
    child.sendline("")
    child.expect(r"label\.pdf")
    child.expect("its reply")
    child.sendline("")  # there is no network here: another day
    assert ended(child) == 3
    assert "no_reply" in str(child.before)

    done = wifi.registry("enrol", papers / "enrolment.json", "--out", laptop / "reply.json")
    assert done.exit_code == 0, done.output
    child = guided(board, papers)
    child.expect("its reply")
    child.sendline("papers/enrolment.json")  # the wrong one
    child.expect("reply_refused")
    child.expect("its reply")
    board.pulled_after = 3000  # while the configuration is laid down
    child.sendline("reply.json")
    child.expect("cable: ")
    child.expect("press Enter")
    child.sendintr()  # and home he goes
    assert ended(child) == 1

    board.plug_in()
    child = guided(board, papers)
    while child.expect(["has all it needs, and starts", "press Enter"]):
        child.sendline("")  # on a busy machine the board may miss a word
    assert ended(child) == 0
    board.stop()
    first_start(board, image)
    assert_no_secret(laptop, board)


def setting(board: PtyBoard, name: str) -> bytes:
    """As it lies in the board's own flash."""
    code = "exec(open('mount.py').read()); from board import Board; "
    code += f"print(Board().read_setting({name!r}).hex())"
    done = subprocess.run(
        [MICROPYTHON, "-X", "heapsize=2m", "-c", code],
        cwd=board.folder,
        env={**os.environ, "ESEP_BOARD": str(board.board)},
        capture_output=True,
        text=True,
        check=True,
    )
    return bytes.fromhex(done.stdout)


def assert_no_secret(laptop: Path, board: PtyBoard) -> None:
    """What only the board may hold is nowhere on the laptop, in no spelling."""
    secrets = [PASSWORD.encode(), json.dumps(PASSWORD).encode()]
    for name in ("identity.key", "client-key.der"):
        record = setting(board, name)
        secrets += [record[at : at + 16] for at in range(len(record) - 15)]
    # a record also holds what is public: the id, the public key
    public = json.loads((laptop / "papers" / "enrolment.json").read_text())
    told = b"".join(bytes.fromhex(public[part]) for part in ("enrolment", "request"))
    secrets = [each for each in secrets if each not in told and len(set(each)) > 4]
    assert len(secrets) > 20
    kept = [file.read_bytes() for file in laptop.rglob("*") if file.is_file()]
    assert kept
    for secret in secrets:
        for spelt in (secret, secret.hex().encode(), base64.b64encode(secret).rstrip(b"=")[:-1]):
            assert not any(spelt in content for content in kept)


def test_without_a_terminal_each_run_goes_as_far_as_it_can(
    office: Office, wifi: Office, start_board: Callable[[], PtyBoard], tmp_path: Path
) -> None:
    board, other, papers = start_board(), start_board(), tmp_path / "papers"

    def provision(at: PtyBoard, *more: object) -> tuple[int, Any]:
        words = ["provision", papers, "--port", at.port, "--json", *more]
        done = CliRunner().invoke(app, list(map(str, words)))
        return done.exit_code, json.loads(done.stdout)

    exit_code, told = provision(board)
    assert (exit_code, told["error"]["code"]) == (2, "not_asked")
    board.pulled_after = 900
    given = ["--root", office.root, "--order", office.order]
    exit_code, told = provision(board, *given)
    assert (exit_code, told["error"]["code"]) == (1, "cable")
    board.plug_in()
    exit_code, told = provision(board)
    assert (exit_code, told["error"]["code"]) == (3, "no_reply")
    before = sorted((file.name, file.stat().st_mtime_ns) for file in papers.iterdir())
    assert [name for name, _ in before] == [
        "enrolment.json", "label.pdf", "label.png", "order.cose", "root.pub",
    ]  # fmt: skip
    assert provision(board)[0] == 3
    assert sorted((file.name, file.stat().st_mtime_ns) for file in papers.iterdir()) == before

    exit_code, told = provision(board, "--order", wifi.order)  # of another board
    assert (exit_code, told["error"]["code"]) == (2, "order_refused")

    done = office.registry("enrol", papers / "enrolment.json", "--out", papers / "reply.json")
    assert done.exit_code == 0, done.output
    exit_code, told = provision(other)
    assert (exit_code, told["error"]["code"]) == (1, "other_gateway")
    assert not (other.folder / "configuration.cose").exists()
    exit_code, told = provision(board)
    assert (exit_code, told["ok"]) == (0, True)
    board.stop()
    assert provision(board)[0] == 0  # what is done is not done again

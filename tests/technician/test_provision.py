"""A bare board becomes a gateway: work order, keys on the board, register, reply, the first start.

With the real MicroPython at a pty, by mpremote's protocol, and a collector's directory.
"""

import json
import os
import pty
import subprocess
import sys
import tty
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from office import Office, first_start, signed
from pty_board import MICROPYTHON, PtyBoard
from typer.testing import CliRunner, Result

from technician.cli import app


def device(verb: str, office: Office, board: PtyBoard, *arguments: object) -> Result:
    words = [verb, "--order", office.order, "--root", office.root, "--port", board.port, *arguments]
    return CliRunner().invoke(app, list(map(str, words)))


def said(result: Result) -> Any:
    return json.loads(result.stdout)


def code(result: Result) -> str:
    found: str = said(result)["error"]["code"]
    return found


def enrolled(office: Office, board: PtyBoard, out: Path) -> str:
    done = device("enrol", office, board, "--out", out, "--json")
    assert done.exit_code == 0, done.output
    gateway: str = said(done)["gateway"]
    return gateway


def test_a_bare_board_becomes_a_gateway_that_starts(
    office: Office, start_board: Callable[[], PtyBoard], image: Path, tmp_path: Path
) -> None:
    board = start_board()
    gateway = enrolled(office, board, tmp_path / "enrolment.json")
    # No secret is on the laptop: neither key is in what it has.
    for file in tmp_path.glob("*.json"):
        assert json.loads(file.read_text()).keys() <= {
            "format", "gateway", "order", "enrolment", "request", "proof",
        }  # fmt: skip
    done = office.registry("enrol", tmp_path / "enrolment.json", "--out", tmp_path / "reply.json")
    assert done.exit_code == 0, done.output
    assert gateway in office.registry("show", "site", "--json").stdout
    done = device("install", office, board, tmp_path / "reply.json", "--json")
    assert done.exit_code == 0, done.output
    assert set(said(done)["laid_bytes"]) == {
        "root.pub", "network.json", "configuration.cose", "ca.der", "client.der",
    }  # fmt: skip
    board.stop()
    first_start(board, image)


def test_enrolled_again_it_is_the_same_gateway_and_nothing_changes(
    office: Office, start_board: Callable[[], PtyBoard], tmp_path: Path
) -> None:
    board = start_board()
    files = [tmp_path / f"{n}.json" for n in (1, 2)]
    assert len({enrolled(office, board, file) for file in files}) == 1
    first, second = (x509.load_der_x509_csr(bytes.fromhex(said_in(f)["request"])) for f in files)
    assert first.public_key() == second.public_key()


def said_in(file: Path) -> Any:
    return json.loads(file.read_text())


def test_a_cable_that_is_pulled_leaves_nothing_half_done(
    office: Office, start_board: Callable[[], PtyBoard], tmp_path: Path
) -> None:
    board = start_board()
    board.pulled_after = 400
    out = tmp_path / "enrolment.json"
    done = device("enrol", office, board, "--out", out, "--json")
    assert done.exit_code == 1
    assert code(done) == "cable"
    assert not out.exists()
    board.plug_in()
    enrolled(office, board, out)


def test_a_reply_for_another_board_is_refused(
    office: Office, start_board: Callable[[], PtyBoard], tmp_path: Path
) -> None:
    board, other = start_board(), start_board()
    enrolled(office, board, tmp_path / "one.json")
    done = office.registry("enrol", tmp_path / "one.json", "--out", tmp_path / "reply.json")
    assert done.exit_code == 0, done.output
    refused = device("install", office, other, tmp_path / "reply.json", "--json")
    assert refused.exit_code == 1
    assert code(refused) == "other_gateway"
    assert not (other.folder / "configuration.cose").exists()


def test_an_order_is_for_one_board_and_a_reply_that_was_lost_is_made_again(
    office: Office, start_board: Callable[[], PtyBoard], tmp_path: Path
) -> None:
    files = [tmp_path / "one.json", tmp_path / "two.json"]
    for file in files:
        enrolled(office, start_board(), file)
    for reply in ("reply.json", "again.json"):
        assert office.registry("enrol", files[0], "--out", tmp_path / reply).exit_code == 0
    done = office.registry("enrol", files[1], "--out", tmp_path / "none.json")
    assert done.exit_code == 2
    assert "An order is for one board" in done.output


def test_what_was_changed_on_the_way_is_refused(
    office: Office, start_board: Callable[[], PtyBoard], tmp_path: Path
) -> None:
    board = start_board()
    enrolled(office, board, tmp_path / "one.json")
    document = said_in(tmp_path / "one.json")
    for name in ("order", "enrolment", "request", "proof"):
        changed = tmp_path / f"{name}.json"
        text = document[name]
        changed.write_text(
            json.dumps(document | {name: text[:-2] + f"{int(text[-2:], 16) ^ 1:02x}"})
        )
        done = office.registry("enrol", changed, "--out", tmp_path / "none.json")
        assert done.exit_code == 2, name
        assert not (tmp_path / "none.json").exists()
    enrolled(office, start_board(), tmp_path / "other.json")
    swapped = document | {"request": said_in(tmp_path / "other.json")["request"]}
    (tmp_path / "swapped.json").write_text(json.dumps(swapped))
    done = office.registry("enrol", tmp_path / "swapped.json", "--out", tmp_path / "none.json")
    assert "bad_signature" in done.output
    assert document["gateway"] not in office.registry("show", "gateway", "--json").stdout
    stranger = Office(office.directory, tmp_path / "changed.cose")
    content = bytearray(office.order.read_bytes())
    content[-1] ^= 1
    stranger.order.write_bytes(bytes(content))
    refused = device("enrol", stranger, board, "--out", tmp_path / "x.json", "--json")
    assert (refused.exit_code, code(refused)) == (2, "order_refused")


def test_a_board_that_cannot_says_why(
    office: Office, start_board: Callable[[], PtyBoard], tmp_path: Path
) -> None:
    board = start_board()
    (board.folder / "identity.key").write_bytes(b"damaged")
    refused = device("enrol", office, board, "--out", tmp_path / "x.json", "--json")
    assert (refused.exit_code, code(refused)) == (1, "board_refused")
    assert "identity record damaged" in said(refused)["error"]["what"]


def test_the_wifis_password_goes_to_the_board_and_nowhere_else(
    office: Office, start_board: Callable[[], PtyBoard], tmp_path: Path
) -> None:
    wifi = Office(office.directory, tmp_path / "wifi.cose")
    signed(wifi, tmp_path / "plan.toml", "esp32-4mb-wifi")
    board = start_board()
    words = ["enrol", "--order", wifi.order, "--root", wifi.root, "--port", board.port]
    words += ["--out", tmp_path / "one.json", "--ssid", "site", "--json"]
    done = CliRunner().invoke(app, list(map(str, words)), input="a secret\n")
    assert done.exit_code == 0, done.output
    network = json.loads((board.folder / "board.json").read_text())["network"]
    assert network == {"kind": "wifi", "ssid": "site", "password": "a secret"}
    assert "a secret" not in done.output + (tmp_path / "one.json").read_text()


def test_a_port_at_which_nobody_answers_is_said(
    office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("technician.console._PROMPT_S", 0)
    monkeypatch.setattr("technician.console._SILENCE_S", 0.2)
    near, far = pty.openpty()
    tty.setraw(far)
    words = ["enrol", "--order", office.order, "--root", office.root, "--port", os.ttyname(far)]
    done = CliRunner().invoke(app, [*map(str, words), "--out", str(tmp_path / "x"), "--json"])
    os.close(near)
    os.close(far)
    assert (done.exit_code, code(done)) == (1, "no_console")


def test_mpremote_itself_finds_the_same_board(start_board: Callable[[], PtyBoard]) -> None:
    board = start_board()
    mpremote = MICROPYTHON.with_name("mpremote")
    words = ["connect", board.port, "resume", "exec", "import enrol; enrol.main()"]
    done = subprocess.run(
        [sys.executable, str(mpremote), *words], capture_output=True, text=True, check=True
    )
    assert len(json.loads(done.stdout)["gateway"]) == 16

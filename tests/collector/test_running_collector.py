"""The collector as a process, on a real broker: alive, ready, measured, and silent on secrets."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from cli_world import run, with_keys
from collector_world import NOW_MS, POLICY, World
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from evidence_world import REPOSITORY
from tls_world import PATIENCE_S, Broker, Holder

DOCUMENT = REPOSITORY / "docs" / "metrics.md"


class Running:
    """`esep collector run` with pages; what it says is in `log`."""

    def __init__(self, home: Path, broker: Broker, me: Holder) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.log = home / "run.log"
        command = [sys.executable, "-m", "esep", "collector", "run", str(home)]
        command += ["--broker", f"127.0.0.1:{broker.port}", "--http", f"127.0.0.1:{self.port}"]
        command += ["--ca", str(home / "ca" / "ca.pem")]
        command += ["--certificate", str(me.certificate), "--key", str(me.key_file)]
        with self.log.open("wb") as file:
            self.process = subprocess.Popen(command, cwd=REPOSITORY, stdout=file, stderr=file)

    def get(self, path: str) -> httpx.Response:
        return httpx.get(f"http://127.0.0.1:{self.port}{path}", timeout=PATIENCE_S)

    def await_that(self, holds: Callable[[], bool]) -> None:
        until = time.monotonic() + PATIENCE_S
        while True:
            try:
                if holds():
                    return
            except httpx.TransportError:
                pass
            assert time.monotonic() < until, self.log.read_text()
            assert self.process.poll() is None, self.log.read_text()
            time.sleep(0.05)

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(PATIENCE_S) == 0

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def facts(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.log.read_text().splitlines()]


class Place:
    """A directory with an authority, the collector's certificate, and a broker."""

    def __init__(self, world: World, home: Path) -> None:
        self.world, self.home = world, home
        with_keys(world, home)
        policy = POLICY.model_copy(update={"disk_free_mib": 0})
        world.registry.record([policy], bytes(32), NOW_MS)
        run("ca", "init", home)
        self.me = Holder(home, home, "esep-collector")
        self.broker = Broker(home, home)


@pytest.fixture
def place(world: World, tmp_path: Path) -> Iterator[Place]:
    made = Place(world, tmp_path)
    try:
        yield made
    finally:
        made.broker.close()


@pytest.fixture
def running(place: Place) -> Iterator[Running]:
    process = Running(place.home, place.broker, place.me)
    try:
        yield process
    finally:
        process.close()


def samples(text: str) -> dict[str, str]:
    return dict(line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))


def test_it_is_alive_ready_and_measured(place: Place, running: Running) -> None:
    running.await_that(lambda: running.get("/readyz").status_code == 200)
    assert running.get("/healthz").text == "ok"
    measured = samples(running.get("/metrics").text)
    assert measured["esep_broker_connected"] == "1.0"
    assert measured["esep_ready"] == "1.0"
    assert measured["esep_ledger_position"] == "0.0"
    assert {'esep_certificate_end_seconds{certificate="broker"}'} <= measured.keys()
    Holder(place.home, place.home, "ff" * 8)
    place.broker.process.terminate()
    running.await_that(lambda: running.get("/readyz").status_code == 503)
    assert running.get("/readyz").text == "the broker is not connected"
    assert running.get("/healthz").status_code == 200
    running.stop()


def test_nothing_secret_is_in_its_log(place: Place, running: Running) -> None:
    """Of any private key, in any form that it is written in; also when something fails."""
    running.await_that(lambda: running.get("/readyz").status_code == 200)
    (place.home / "checkpoints").mkdir(exist_ok=True)
    place.broker.process.terminate()
    running.await_that(lambda: "broker.lost" in running.log.read_text())
    running.stop()
    said = running.log.read_text()
    keys = [*(place.home / "keys").glob("*.pem"), place.home / "ca" / "ca.key", place.me.key_file]
    assert len(keys) == 6
    for path in keys:
        key = load_pem_private_key(path.read_bytes(), None)
        secret = key.private_numbers().private_value  # type: ignore[union-attr]
        forms = [str(secret), f"{secret:x}", repr(secret.to_bytes(32))[2:-1]]
        body = "".join(path.read_text().splitlines()[1:-1])
        forms += [body[at : at + 20] for at in range(0, len(body) - 20, 4)][8:]  # beyond the header
        assert not any(form in said for form in forms)
    assert "PRIVATE KEY" not in said
    assert {fact["event"] for fact in running.facts()} >= {"collector.started", "broker.lost"}


@pytest.mark.parametrize("which", ["orders", "configuration", "client"])
def test_a_key_that_others_can_read_is_refused_at_the_start(place: Place, which: str) -> None:
    path = place.me.key_file if which == "client" else place.home / "keys" / f"{which}.pem"
    os.chmod(path, 0o644)  # noqa: PTH101
    process = Running(place.home, place.broker, place.me)
    try:
        assert process.process.wait(PATIENCE_S) == 2
    finally:
        process.close()
    assert f"{path} is readable by others: chmod 600" in process.log.read_text()


def test_each_figure_is_in_the_documents(place: Place, running: Running) -> None:
    """Those of the process by prometheus-client's own names."""
    source = (REPOSITORY / "collector" / "web" / "metrics.py").read_text()
    made = {
        f"esep_{name}" + ("_total" if kind == "counter" else "")
        for kind, name in re.findall(r'_(gauge|counter)\(\s*"(\w+)"', source)
    }
    documented = set(re.findall(r"^\| `(esep_\w+)", DOCUMENT.read_text(), re.MULTILINE))
    assert made == documented
    running.await_that(lambda: running.get("/readyz").status_code == 200)
    text = running.get("/metrics").text
    shown = set(re.findall(r"^# TYPE (esep_\w+)", text, re.MULTILINE))
    never = {"esep_checkpoint_frames", "esep_checkpoint_age_seconds", "esep_clock_ahead_seconds"}
    assert shown == made - never
    assert "process_resident_memory_bytes" in text
    running.stop()

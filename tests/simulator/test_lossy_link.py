"""A line between two network namespaces delays, loses, carries TCP, and leaves nothing behind."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from absent import absent

from simulator.link import Link, LinkError

DELAY_S, LOSS, PACKETS = 0.1, 0.2, 400
needs_root = pytest.mark.usefixtures("root")


@pytest.fixture
def root() -> None:
    if os.geteuid() != 0:
        absent("network namespaces need root")


ECHO = """
import socket, sys
udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
udp.bind((sys.argv[1], 7))
print("ready", flush=True)
while True:
    data, whence = udp.recvfrom(100)
    udp.sendto(data, whence)
"""
ASK = f"""
import json, socket, sys, time
udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
udp.settimeout(1.5)
sent, came = {{}}, {{}}
for number in range({PACKETS}):
    sent[number] = time.monotonic()
    udp.sendto(str(number).encode(), (sys.argv[1], 7))
    time.sleep(0.001)
try:
    while True:
        number = int(udp.recv(100))
        came[number] = time.monotonic() - sent[number]
except TimeoutError:
    print(json.dumps([len(came), min(came.values()), list(came)]))
"""
SERVE = """
import socket, sys
with socket.create_server((sys.argv[1], 8)) as server:
    print("ready", flush=True)
    line, _ = server.accept()
    size = 0
    while data := line.recv(65536):
        size += len(data)
    print(size, flush=True)
"""
SEND = """
import socket, sys
with socket.create_connection((sys.argv[1], 8), timeout=20) as line:
    line.sendall(bytes(50_000))
"""


def commands() -> list[str]:
    """Of every process."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            found.append(path.read_text())
    return found


@pytest.fixture
def link() -> Iterator[Link]:
    with Link(DELAY_S, LOSS, seed=3) as made:
        yield made


def served(link: Link, program: str) -> subprocess.Popen[str]:
    command = [*link.office.inside, sys.executable, "-c", program, link.office.host]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert server.stdout is not None
    assert server.stdout.readline() == "ready\n"
    return server


def asked(link: Link, program: str) -> str:
    command = [*link.field.inside, sys.executable, "-c", program, link.office.host]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout


@needs_root
def test_packets_are_late_by_both_ways_and_lost_on_both(link: Link) -> None:
    server = served(link, ECHO)
    try:
        came, least_s, order = json.loads(asked(link, ASK))
    finally:
        server.kill()
        server.wait()
    assert least_s >= 2 * DELAY_S
    expected = PACKETS * (1 - LOSS) ** 2  # 256, of a binomial whose deviation is 10
    assert abs(came - expected) < 50
    assert order == sorted(order)


@needs_root
def test_what_is_lost_tcp_sends_again(link: Link) -> None:
    server = served(link, SERVE)
    asked(link, SEND)
    assert server.communicate(timeout=60)[0] == "50000\n"


@needs_root
def test_nothing_is_left_behind_also_of_one_who_was_killed() -> None:
    folder = Path("/var/run/netns")
    program = (
        "import os, signal; from simulator.link import Link; Link(0.1, 0, 1).__enter__();"
        " os.kill(os.getpid(), signal.SIGKILL)"
    )
    killed = subprocess.Popen([sys.executable, "-c", program])
    killed.wait()
    name = f"esep-office-{killed.pid}"
    assert (folder / name).exists()
    until_s = time.monotonic() + 10
    while any(name in command for command in commands()):
        assert time.monotonic() < until_s, "its forwarder still runs"
        time.sleep(0.01)
    with Link(DELAY_S, LOSS, 1) as made:
        mine = {made.office.namespace, made.field.namespace}
        there = {path.name for path in folder.iterdir() if path.name.startswith("esep-")}
        assert mine <= there
        assert not {name for name in there if name.endswith(f"-{killed.pid}")}
    assert not {path.name for path in folder.iterdir()} & mine


def test_without_root_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    with pytest.raises(LinkError, match="run it as root"), Link(0.1, 0, 1):
        pass

"""A long, lossy line between two network namespaces: for measurements where there is no netem.

`with Link(...) as link:` gives two namespaces, `office` and `field`; what runs in them by
`link.office.inside` reaches the other by `link.office.host`. The forwarder is a process of its own,
`python -m simulator.link OFFICE FIELD DELAY_S LOSS SEED`, between a TUN device in each.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import re
import selectors
import signal
import struct
import subprocess
import sys
import time
from collections import deque
from dataclasses import dataclass
from pathlib import Path
from random import Random
from types import TracebackType

_DEVICE = "esep0"
_TUNSETIFF = 0x400454CA
_TUN_WITHOUT_HEADER = 0x0001 | 0x1000
_CLONE_NEWNET = 0x40000000
_PR_SET_PDEATHSIG = 1
_LARGEST = 2048
_WAITING = 100_000
"""Packets on their way in one direction; what comes then is lost too."""
_QUEUE = "10000"


class LinkError(RuntimeError):
    """There can be no such line here; the text says why."""


@dataclass(frozen=True)
class End:
    """`inside`: what a command in this namespace begins with."""

    namespace: str
    host: str

    @property
    def inside(self) -> tuple[str, ...]:
        return ("ip", "netns", "exec", self.namespace)


class Link:
    """`delay_s` and `loss` are each way's; packets keep their order. Needs CAP_NET_ADMIN."""

    def __init__(self, delay_s: float, loss: float, seed: int) -> None:
        self._line = (delay_s, loss, seed)
        self.office = End(f"esep-office-{os.getpid()}", "10.213.0.1")
        self.field = End(f"esep-field-{os.getpid()}", "10.213.0.2")
        self._forwarder: subprocess.Popen[str] | None = None

    def __enter__(self) -> Link:
        if os.geteuid() != 0 or not Path("/dev/net/tun").exists():
            raise LinkError(
                "a line with delay and loss is made of network namespaces and TUN devices: that"
                " needs root and /dev/net/tun. Nothing was changed; run it as root"
            )
        _remove_abandoned()
        try:
            self._open()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the forwarder and take the namespaces away; what runs in them is cut off."""
        if self._forwarder is not None:
            self._forwarder.kill()
            self._forwarder.wait()
            self._forwarder = None
        for end in (self.office, self.field):
            _ip("netns", "delete", end.namespace, is_needed=False)

    def _open(self) -> None:
        delay_s, loss, seed = self._line
        ends = (self.office, self.field)
        for end in ends:
            _ip("netns", "add", end.namespace)
        names = [end.namespace for end in ends]
        command = [sys.executable, "-m", "simulator.link", *names, str(delay_s), str(loss)]
        self._forwarder = subprocess.Popen(  # noqa: S603
            [*command, str(seed)], stdout=subprocess.PIPE, text=True
        )
        assert self._forwarder.stdout is not None  # noqa: S101
        if self._forwarder.stdout.readline() != "ready\n":
            raise LinkError("the forwarder did not start: see what it said above")
        for end in ends:
            _ip("-n", end.namespace, "link", "set", "lo", "up")
            _ip("-n", end.namespace, "address", "add", f"{end.host}/24", "dev", _DEVICE)
            _ip("-n", end.namespace, "link", "set", _DEVICE, "txqueuelen", _QUEUE, "up")


def _ip(*arguments: str, is_needed: bool = True) -> None:
    command = ["ip", *arguments]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    except FileNotFoundError:
        raise LinkError("the program `ip` is missing; on Debian: apt install iproute2") from None
    if is_needed and done.returncode:
        raise LinkError(f"{' '.join(command)}: {done.stderr.strip()}")


def _remove_abandoned() -> None:
    """Namespaces of processes that were killed."""
    folder = Path("/var/run/netns")
    for path in folder.iterdir() if folder.is_dir() else ():
        known = re.fullmatch(r"esep-(?:office|field)-(\d+)", path.name)
        if known and not Path("/proc", known[1]).exists():
            _ip("netns", "delete", path.name, is_needed=False)


class _Way:
    """Packets in one direction, each with when it is due."""

    def __init__(self, source: int, target: int, delay_s: float, loss: float, rng: Random) -> None:
        self._source, self._target = source, target
        self._delay_s, self._loss, self._rng = delay_s, loss, rng
        self._waiting: deque[tuple[float, bytes]] = deque()

    def take(self, now_s: float) -> None:
        while True:
            try:
                packet = os.read(self._source, _LARGEST)
            except BlockingIOError:
                return
            if self._rng.random() >= self._loss and len(self._waiting) < _WAITING:
                self._waiting.append((now_s + self._delay_s, packet))

    def give(self, now_s: float) -> None:
        while self._waiting and self._waiting[0][0] <= now_s:
            try:
                os.write(self._target, self._waiting.popleft()[1])
            except OSError:  # its device is full, or down: lost
                continue

    @property
    def due_s(self) -> float | None:
        return self._waiting[0][0] if self._waiting else None


def _forward(office: str, field: str, delay_s: float, loss: float, seed: int) -> None:
    there, here = (_device(name) for name in (office, field))
    up = _Way(here, there, delay_s, loss, Random(f"{seed} up"))  # noqa: S311
    down = _Way(there, here, delay_s, loss, Random(f"{seed} down"))  # noqa: S311
    selector = selectors.DefaultSelector()
    selector.register(there, selectors.EVENT_READ, down)
    selector.register(here, selectors.EVENT_READ, up)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    while True:
        due = [way.due_s for way in (up, down) if way.due_s is not None]
        wait_s = max(0.0, min(due) - time.monotonic()) if due else None
        for key, _ in selector.select(wait_s):
            key.data.take(time.monotonic())
        for way in (up, down):
            way.give(time.monotonic())


def _device(namespace: str) -> int:
    """A TUN device in a namespace, as a file that need not be there."""
    libc = ctypes.CDLL(None, use_errno=True)
    with Path("/proc/self/ns/net").open() as mine:
        with Path("/var/run/netns", namespace).open() as its:
            _enter(libc, its.fileno())
        device = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
        wanted = struct.pack("16sH22x", _DEVICE.encode(), _TUN_WITHOUT_HEADER)
        fcntl.ioctl(device, _TUNSETIFF, wanted)
        _enter(libc, mine.fileno())
    return device


def _enter(libc: ctypes.CDLL, namespace: int) -> None:
    if libc.setns(namespace, _CLONE_NEWNET):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


if __name__ == "__main__":
    # who started it ends it, also by being killed
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    _forward(sys.argv[1], sys.argv[2], float(sys.argv[3]), float(sys.argv[4]), int(sys.argv[5]))

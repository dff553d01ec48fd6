"""The collector's disk is full: what cannot be kept is not acknowledged, and nothing is lost."""

import resource
import sys

import pytest
from installation.proof import close_and_prove
from installation.world import Installation

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="only Linux changes the limits of another process"
)

_ONE_PAGE = 4096
_WITHOUT_KEEPING = 12
"""Frames from the gateways: more of them than a batch of the collector has here."""


def _limit_files(installation: Installation, size: int) -> None:
    """No file of the collector can be written beyond `size`, as if there were no room."""
    pid, kind = installation.collector.pid, resource.RLIMIT_FSIZE
    _, most = resource.prlimit(pid, kind)
    resource.prlimit(pid, kind, (size, most))


def _fill(installation: Installation) -> None:
    """And wait until the collector has noticed."""
    mark = installation.take_facts()
    _limit_files(installation, _ONE_PAGE)
    failed = installation.await_fact("collector.failed", after=mark, part="intake")
    assert "make room" in failed["advice"]


def test_full_disk(installation: Installation) -> None:
    _fill(installation)
    held, mark = len(installation.entries()), len(installation.watcher.messages)
    for _ in range(_WITHOUT_KEEPING):
        mark = _next_frame(installation, mark)
    assert installation.collector.is_running
    assert len(installation.entries()) == held

    _limit_files(installation, resource.RLIM_INFINITY)
    installation.await_receipts()
    assert len(installation.entries()) >= held + _WITHOUT_KEEPING

    _fill(installation)
    installation.stop_collector()
    mark = installation.take_facts()
    installation.start_collector(None)
    installation.await_fact("broker.connected", after=mark)
    close_and_prove(installation)


def _next_frame(installation: Installation, after: int) -> int:
    """Wait for a frame on the wire since `after`; where to look for the one after it."""
    frame = installation.await_frame(after=after)
    payloads = [payload for _, payload in installation.watcher.messages]
    return payloads.index(frame, after) + 1

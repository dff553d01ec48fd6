"""Admission in processes beside this one: what verifies signatures is busy with nothing else."""

import multiprocessing
import queue
import signal
import threading
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path

import structlog

from collector.evidence.errors import EvidenceError, Reason
from collector.intake.admission import Admission, Delivery
from collector.intake.garbage import collect_seldom
from collector.intake.judging import Here, Verdict
from collector.ledger.ledger import Admitted
from collector.registry.keys import GatewayKeys
from collector.registry.store import Registry
from collector.storage import open_database

log = structlog.get_logger()

_AHEAD = 2
"""Batches a process: one that it judges, and one that it finds when it is done."""
_TEXT = 200
"""So that two answers always fit into the line, and nobody waits for the other to read."""
_Sent = tuple[str, bytes, int]
_Given = tuple[tuple[bytes, int, int, int], bool] | tuple[str, str]


class Processes:
    """A `Judge`: batches go to the processes in turn. One that dies is replaced, and is asked
    again what it has not answered. They end when this process does, however it ends.
    """

    def __init__(self, directory: Path, number: int) -> None:
        self.room = _AHEAD * number
        self._judges = [_Process(directory) for _ in range(number)]
        self._begun: deque[tuple[int, Sequence[Delivery]]] = deque()
        self._turn = 0

    @property
    def pids(self) -> list[int]:
        return [judge.pid for judge in self._judges]

    def close(self) -> None:
        for judge in self._judges:
            judge.close()

    def begin(self, deliveries: Sequence[Delivery]) -> None:
        self._begun.append((self._turn, deliveries))
        self._judges[self._turn].ask(deliveries)
        self._turn = (self._turn + 1) % len(self._judges)

    def end(self) -> list[Verdict]:
        which, deliveries = self._begun[0]
        try:
            given = self._judges[which].answer()
        except (EOFError, OSError):
            log.error("intake.judge_lost", advice="it is replaced, and nothing is lost")
            waiting = [batch for judge, batch in self._begun if judge == which]
            self._judges[which].begin_again(waiting)
            given = self._judges[which].answer()
        self._begun.popleft()
        return [_verdict(each, of) for each, of in zip(given, deliveries, strict=False)]


class _Process:
    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._start()

    def _start(self) -> None:
        context = multiprocessing.get_context("spawn")
        self._line, theirs = context.Pipe()
        self._process: BaseProcess = context.Process(
            target=_judge, args=(theirs, self._directory), daemon=True
        )
        self._process.start()
        theirs.close()  # so that it ends when this end is closed

    def ask(self, deliveries: Sequence[Delivery]) -> None:
        with suppress(OSError):  # told by the answer that does not come
            self._line.send([(each.topic, each.head, each.size) for each in deliveries])

    def answer(self) -> list[_Given]:
        answer: list[_Given] = self._line.recv()
        return answer

    @property
    def pid(self) -> int:
        return self._process.pid or 0

    def close(self) -> None:
        self._line.close()
        self._process.join()

    def begin_again(self, waiting: Sequence[Sequence[Delivery]]) -> None:
        self.close()
        self._start()
        for deliveries in waiting:
            self.ask(deliveries)


def _judge(line: Connection, directory: Path) -> None:
    """Until the other end is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # from a terminal it comes to all at once
    keys = GatewayKeys(Registry(open_database(directory)))
    judge = Here(Admission(keys.is_known, keys.key_of), keys.renew)
    collect_seldom()
    waiting: queue.SimpleQueue[list[_Sent] | None] = queue.SimpleQueue()
    threading.Thread(target=_receive, args=(line, waiting), daemon=True).start()
    while (asked := waiting.get()) is not None:
        judge.begin([Delivery(topic, head, size, b"") for topic, head, size in asked])
        line.send([_given(verdict) for verdict in judge.end()])


def _receive(line: Connection, waiting: "queue.SimpleQueue[list[_Sent] | None]") -> None:
    """While others are judged: who sends the next batch does not wait for that."""
    with suppress(EOFError, OSError):
        while True:
            waiting.put(line.recv())
    waiting.put(None)


def _given(verdict: Verdict) -> _Given:
    if isinstance(verdict, EvidenceError):
        return str(verdict.reason), str(verdict)[:_TEXT]
    return verdict.name, verdict.has_key_event


def _verdict(given: _Given, delivery: Delivery) -> Verdict:
    what, more = given
    if isinstance(what, str):
        return EvidenceError(Reason(what), str(more))
    return Admitted(delivery.head, delivery.sha256, what, bool(more))

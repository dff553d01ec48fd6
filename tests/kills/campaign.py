"""A collector's directory, its broker and its fleet; and what must hold of them at any time."""

import multiprocessing
import time
from collections.abc import Callable
from decimal import Decimal
from multiprocessing.process import BaseProcess
from pathlib import Path
from random import Random

import fatal
from collector_world import POLICY, TestGateway, site_records
from fleet import Fleet
from plant.broker import Broker
from sqlalchemy import Connection, distinct, func, select

from collector.evidence.downlink import Role, read_checkpoint
from collector.evidence.frame import Stream
from collector.evidence.merkle import Frontier
from collector.ledger import checkpoints
from collector.ledger.ledger import Ledger
from collector.model.records import Authority, Market, Policy
from collector.registry.configuration import compile_configuration
from collector.registry.configurations import Configurations
from collector.registry.keyring import Keyring, create_keyring
from collector.registry.store import Registry
from collector.series.embedded import EmbeddedSeries
from collector.storage import open_database, reading
from collector.storage.tables import chain, follower, frame, snapshot

PATIENCE_S = 60
_TICK_S = 0.05
_FOLLOWERS = {"chain", "series", "intervals", "orders"}
_MARKET = Market(label="kills", period_s=3600, interval_s=1)
_BACK_MS = 80_000_000  # frames tell of the last day
_POLICY = {"receipt_s": Decimal("0.2"), "checkpoint_s": Decimal("0.3")}
_forks = multiprocessing.get_context("forkserver")
_forks.set_forkserver_preload(["fatal"])


class Installation:
    def __init__(self, directory: Path) -> None:
        self.directory = directory / "collector"
        self.log = directory / "collector.log"
        self.directory.mkdir()
        self.broker = Broker(directory)
        create_keyring(self.directory, directory / "root.pem")
        self._engine = open_database(self.directory, create=True)
        gateway = TestGateway()
        issued_ms = time.time_ns() // 1_000_000
        records = [
            each for each in site_records(gateway, _MARKET) if not isinstance(each, Authority)
        ]
        changed = [each for each in records if not isinstance(each, Policy)]
        policy = POLICY.model_copy(update=_POLICY)
        Registry(self._engine).record([*changed, policy], bytes(32), issued_ms)
        keyring = Keyring(self.directory)
        signer = keyring.signer(Role.CONFIGURATION)
        view = Registry(self._engine).view()
        message = compile_configuration(view, gateway.id.hex(), issued_ms, signer)
        configurations = Configurations(self._engine, keyring.root)
        gateway.configuration = configurations.store(message, issued_ms)
        self._started: list[BaseProcess] = []
        self.fleet = Fleet(self.broker.port, [gateway], issued_ms - _BACK_MS, self._held)

    def close(self) -> None:
        self.fleet.close()
        self.broker.kill()
        self._engine.dispose()

    def start(self, step: str | None = None, count: int = 1) -> BaseProcess:
        arguments = ["run", str(self.directory), "--broker", f"127.0.0.1:{self.broker.port}"]
        process = _forks.Process(target=fatal.run, args=(arguments, self.log, step, count))
        process.start()
        self._started.append(process)
        return process

    def end_collectors(self) -> None:
        for process in self._started:
            process.kill()
            process.join()
        self._started.clear()

    def work_until(self, done: Callable[[], bool], what: str) -> None:
        """The fleet goes on making frames."""
        self._until(done, what, self.fleet.work)

    def work_for(self, frames: int) -> None:
        end = self.fleet.made + frames
        self.work_until(lambda: self.fleet.made >= end, f"{frames} frames")

    def settle(self) -> None:
        """Until every frame has its receipt, and every follower is at the ledger's end."""
        self._drain(lambda: self.fleet.pending, "receipts", self.fleet.resend)
        self._drain(lambda: sum(self.behind().values()), "followers", lambda: None)

    def _drain(self, left: Callable[[], int], what: str, meanwhile: Callable[[], None]) -> None:
        """However long it takes, as long as there is always less."""
        while (now := left()) > 0:

            def is_less(before: int = now) -> bool:
                return left() < before

            self._until(is_less, f"progress of {what}", meanwhile)

    def _until(self, done: Callable[[], bool], what: str, meanwhile: Callable[[], None]) -> None:
        until = time.monotonic() + PATIENCE_S
        while not done():
            assert time.monotonic() < until, f"no {what} in {PATIENCE_S} s; see {self.log}"
            meanwhile()
            time.sleep(_TICK_S)

    def behind(self) -> dict[str, int]:
        """By how many frames each follower is not at the ledger's head."""
        with reading(self._engine) as connection:
            head = _count(connection)
            at = dict(connection.execute(select(follower.c.name, follower.c.position)).all())
        return {name: head - at.get(name, 0) for name in _FOLLOWERS}

    def prove(self) -> None:
        """Nothing lost, doubled or skipped, and no receipt was ahead of the ledger."""
        made = self.fleet.made
        with reading(self._engine) as connection:
            names = func.count(distinct(frame.c.stream * 10**9 + frame.c.seq))
            assert _count(connection) == made
            assert connection.scalar(select(names)) == made
            assert connection.scalar(select(func.max(frame.c.position))) == made, "no holes"
            chains = connection.execute(select(chain.c.upto, chain.c.highest)).all()
            assert {tuple(each) for each in chains} == {(made // 2, made // 2)}
            boundaries = select(func.count(distinct(snapshot.c.at_ms)))
            assert connection.scalar(boundaries) == made // 2
        series = EmbeddedSeries(self.directory)
        assert series.points() == made // 2
        series.close()
        assert self.fleet.receipts_ahead == []
        self._prove_checkpoints()

    def _prove_checkpoints(self) -> None:
        """Each has the root of the frames that it counts."""
        root, frontier = Keyring(self.directory).root, Frontier()
        signed = {
            size: read_checkpoint(message, root)[1]
            for size, message in checkpoints.stored(self._engine)
        }
        roots = {}
        for entry in Ledger(self._engine).entries():
            frontier.append(entry.raw)
            if frontier.size in signed:
                roots[frontier.size] = frontier.root()
        assert signed
        assert signed == roots

    def _held(self, gateway: bytes, stream: Stream, upto: int) -> int:
        query = select(func.count(distinct(frame.c.seq))).where(
            frame.c.gateway == gateway, frame.c.stream == int(stream), frame.c.seq <= upto
        )
        with reading(self._engine) as connection:
            return connection.scalar(query) or 0


def _count(connection: Connection) -> int:
    return connection.scalar(select(func.count()).select_from(frame)) or 0


def a_kill(seed: int) -> tuple[str, int]:
    """The step at which a seed kills, and at which of its times. Steps come in turn."""
    random = Random(seed)
    return fatal.NAMES[seed % len(fatal.NAMES)], random.choice((1, 1, 2, 3, 5))

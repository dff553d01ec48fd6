"""How this gateway is, as one line of JSON, while it is stopped. Nothing is changed or signed.

Each part is looked at by itself: one that fails says {"why": why}, and the others go on; what
cannot be looked at without it is null.
"""

import asyncio
import gc
import json

import at_hand
from board import Board
from gateway import VERSION, configuration, identity, provisioned, software
from gateway.brokers import Brokers
from gateway.clock import Clock
from gateway.connection import connect
from gateway.journal import BILLING, TELEMETRY, Journal
from gateway.records import EXCEPTION, NO_ANSWER

_WATCHDOG_MS = 60_000
_CONNECT_MS = 5_000
_STARTS_CELL = "starts"


class _Nobody:
    """In place of a key that is not there."""

    def is_in(self, content):
        return False


class _Look:
    def __init__(self):
        self._board = Board()
        self._watchdog = self._board.watchdog(_WATCHDOG_MS)
        self._clock = Clock(self._board)
        self._journal: Journal | None = None
        self._key: identity.Identity | None = None
        self._configuration: configuration.Configuration | None = None

    def application(self):
        slots = self._board.slots()
        return {
            "version": VERSION,
            "interpreter": software.interpreter(),
            "free_bytes": gc.mem_free(),
            "slot_state": slots.state if slots else None,
            "hardware": self._board.hardware_id(),
        }

    def settings(self):
        settings = self._board.settings()
        return {
            "faults": [str(what) for what in settings.faults],
            "waits": self._board.staging().waiting() is not None,
        }

    def clock(self):
        return {"now_ms": self._clock.now_ms(), "known": self._clock.known()}

    def journal(self):
        self._journal = journal = Journal(self._board.flash())
        starts = journal.get_cell(_STARTS_CELL)
        return {
            "pending": [journal.pending(stream) for stream in (BILLING, TELEMETRY)],
            "erasures": journal.erasures(),
            "pressure": journal.pressure(),
            "fresh": journal.fresh,
            "dropped": [journal.dropped(stream) is not None for stream in (BILLING, TELEMETRY)],
            "failed_starts": starts[0] if starts else 0,
            "refused": configuration.refused(journal)[1],
        }

    def key(self):
        board = self._board
        self._key = key = identity.restore(
            lambda: board.read_setting("identity.key"), None, lambda: False
        )
        if key is None:
            return None
        return {
            "gateway": key.gateway.hex(),
            "key": key.kid.hex() if key.kid else None,
            "epoch": key.epoch,
            "retired": key.retired,
        }

    def network(self):
        board = self._board
        settings = provisioned.network(board, self._key or _Nobody())
        brokers = Brokers(settings)
        found = []
        for _ in settings.get("brokers") or [settings]:
            self._watchdog.feed()
            found.append([brokers.name(), _why_not(brokers.current())])
            brokers.turn()
        return {
            "up": board.network_up(),
            "signal_dbm": board.signal_dbm(),
            "brokers": found,
            "certificates": {
                name: (board.read_setting(name) or b"").hex()
                for name in [(settings.get("tls") or {}).get(which) for which in ("ca", "cert")]
                if name
            },
        }

    def configuration(self):
        if self._key is None or self._journal is None:
            return None
        found = self._configuration = asyncio.run(
            at_hand.load(self._board, self._journal, self._clock, self._key.gateway)
        )
        return {"version": found.version, "hash": found.hash.hex(), "stages": len(found.stages)}

    def meters(self):
        """[slot, serial number, quantities that were answered, of how many, what it refuses]"""
        config = self._configuration
        if config is None:
            return None
        found = []
        for each, meter, driver in at_hand.meters(self._board, config, self._clock):
            self._watchdog.feed()
            slot, _, packed, _ = meter.record(asyncio.run(meter.read(False)))
            wanted = len(each[12])
            missing = [code for code in packed or () if code in (NO_ANSWER, EXCEPTION)]
            found.append([slot, each[1], wanted - len(missing), wanted, driver.fault])
            gc.collect()
        return found


def main():
    look = _Look()
    found = {}
    for part, take in (
        ("application", look.application),
        ("settings", look.settings),
        ("clock", look.clock),
        ("journal", look.journal),
        ("key", look.key),
        ("network", look.network),
        ("configuration", look.configuration),
        ("meters", look.meters),
    ):
        try:
            found[part] = take()
        except Exception as error:
            found[part] = {"why": provisioned.told(error)}
        gc.collect()
    print(json.dumps(found))


def _why_not(broker):
    """Why no connection comes about, or None."""
    try:
        asyncio.run(_connected(broker))
        return None
    except OSError as error:
        return str(error)


async def _connected(broker):
    stream = await connect(broker["host"], broker["port"], _CONNECT_MS)
    stream.close()

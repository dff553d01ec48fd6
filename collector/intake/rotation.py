"""A `key` event extends the register in the commit that makes its frame durable."""

import structlog
from sqlalchemy import Connection, Engine

from collector.evidence.chains import events
from collector.evidence.errors import EvidenceError
from collector.evidence.frame import EventCode, Stream, read_frame
from collector.ledger.flags import Flag, keep_flag
from collector.ledger.ledger import Admitted, frame_named
from collector.registry.rotation import KeyNotTakenError, with_next_key
from collector.registry.store import Registry

log = structlog.get_logger()


class Rotation:
    def __init__(self, engine: Engine) -> None:
        self._registry = Registry(engine)

    def take(self, connection: Connection, admitted: Admitted, now_ms: int) -> None:
        """Extend the register by the frame's `key` events, or flag the frame.

        To be called once the frame is in the ledger, within the same transaction: it holds the
        writer's lock, so that nobody else changes the register meanwhile.
        """
        view = self._registry.view()
        message, frame = read_frame(admitted.raw)
        kid = message.kid
        for event in events(frame, EventCode.KEY):
            try:
                gateway = with_next_key(view, frame, kid, event)
            except (KeyNotTakenError, EvidenceError) as error:
                self._flag(connection, admitted, str(error))
                continue
            if gateway is None:
                continue
            self._registry.record_in(connection, [gateway], admitted.hash, now_ms)
            view = view.with_records([gateway])
            log.info("gateway.key", gateway=gateway.id, old=kid.hex(), keys=len(gateway.keys))

    @staticmethod
    def _flag(connection: Connection, admitted: Admitted, text: str) -> None:
        gateway, epoch, stream, seq = admitted.name
        for position, digest in frame_named(connection, gateway, epoch, Stream(stream), seq):
            if digest == admitted.hash:
                keep_flag(connection, position, Flag.KEY_NOT_TAKEN, text)

"""When frames were first handed to the broker: a receipt that covers one is no older than that."""

from micropython import const

from gateway.journal import BILLING, TELEMETRY

_KEPT_MS = const(120_000)
_APART_MS = const(3_000)


class Sent:
    """Frames made since the start. Not every one is noted, but every few seconds one is."""

    def __init__(self, journal, clock):
        self._clock = clock
        self._newest = {}
        for stream in (BILLING, TELEMETRY):
            self._newest[stream] = (journal.last(stream) or (0, 0))[:2]
        self._noted: list = []  # (stream, epoch, seq, uptime), the newest last

    def note(self, stream: int, epoch: int, seq: int) -> None:
        """To be called before a frame is handed to the broker, as often as it is."""
        if (epoch, seq) <= self._newest[stream]:
            return
        self._newest[stream] = (epoch, seq)
        now = self._clock.uptime_ms()
        while self._noted and now - self._noted[0][3] > _KEPT_MS:
            self._noted.pop(0)
        if not self._noted or now - self._noted[-1][3] >= _APART_MS:
            self._noted.append((stream, epoch, seq, now))

    def age_ms(self, stream: int, epoch: int, upto: int, held):
        """The greatest age of a receipt that says this of a stream, or None: it may be any."""
        for noted_stream, noted_epoch, seq, at in reversed(self._noted):
            if (noted_stream, noted_epoch) == (stream, epoch) and (
                seq <= upto or any(first <= seq <= last for first, last in held)
            ):
                return self._clock.uptime_ms() - at
        return None

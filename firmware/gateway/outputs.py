"""What a stage has beside a coil and its contact: pulses, soft stop, cooling, interlocks.

Imported when needed: many stages have none of it.
"""

from micropython import const

_HOUR_MS = const(3_600_000)
_PULSE = const(1)
_PERSON = const(1)
# As in the table of `stages`.
_DUE = const(3)
_OFFER = const(4)
_CONTACT_OPEN = const(5)
_LOCAL = const(1)
_LOCKED_OUT = const(2)
_TRIPPED = const(4)
_OPENED_BY_OTHER = const(8)


def take(config: dict, board, output):
    """Of a stage of the configuration; `output` is that which opens it."""
    return _Equipment(config, board, output)


class _Equipment:
    def __init__(self, config: dict, board, output):
        actuator = config.get(5) or (0, 0, 0, 0)
        self._by_person = actuator[1] == _PERSON
        self._pulse_ms: int = actuator[2]
        self._per_hour: int = actuator[3]
        self._output = output
        # Uptimes of the last hour's.
        self._pulses: list | None = [] if actuator[0] == _PULSE else None
        self._run_down_ms = self._run_on_ms = 0
        self._soft_stop = self._cooling = self._permission = None
        if 6 in config:
            self._soft_stop = board.output(config[6][0])
            self._run_down_ms = config[6][1]
        if 7 in config:
            self._cooling = board.output(config[7][0])
            self._run_on_ms = config[7][1]
        if 9 in config:
            self._permission = board.output(config[9])
        self._inputs = [
            None if number is None else board.contact(number)
            for number in config.get(8) or (None, None, None, None)
        ]
        selector, _, _, reset = self._inputs
        self._latches = self._pulses is not None or selector is not None or reset is not None
        self._seen = -1
        if self._pulses is not None:
            output.energise(False)

    def map(self, what: int):
        """An input of a stage, as it is with this; None: it says nothing."""
        if what == _DUE:
            return _OFFER if self._by_person else _DUE
        return _CONTACT_OPEN if self._latches else None

    def stop(self) -> int:
        """Ask the miners to stop. How many ms they have for it."""
        if self._soft_stop:
            self._soft_stop.energise(False)
        return self._run_down_ms

    def run(self) -> None:
        """The miners may run."""
        if self._soft_stop:
            self._soft_stop.energise(True)

    def energise(self, closed: bool) -> None:
        if self._pulses is None:
            self._output.energise(closed)
        if self._permission:
            self._permission.energise(closed)

    def energised(self, contact) -> bool:
        if self._soft_stop and not self._soft_stop.energised():
            return False
        return contact.closed() if self._pulses is not None else self._output.energised()

    def open(self, uptime_ms: int, confirm_ms: int) -> None:
        """Open by a pulse, ever more rarely, and not more often in an hour than the coil bears."""
        pulses = self._pulses
        if pulses is None:
            return
        while pulses and uptime_ms - pulses[0] >= _HOUR_MS:
            pulses.pop(0)
        if pulses and uptime_ms < pulses[-1] + (self._pulse_ms + confirm_ms << len(pulses) - 1):
            return
        if len(pulses) < self._per_hour:
            pulses.append(uptime_ms)
            self._output.energise(True)

    def tick(self, uptime_ms: int, open_for_ms) -> None:
        """End a pulse. Let the cooling run, but when it was open for long enough.

        `open_for_ms` is None while it is not open.
        """
        pulses = self._pulses
        if pulses and self._output.energised() and uptime_ms >= pulses[-1] + self._pulse_ms:
            self._output.energise(False)
        if self._cooling:
            cools = open_for_ms is None or open_for_ms < self._run_on_ms
            if cools != self._cooling.energised():
                self._cooling.energise(cools)

    def check(self, before: int, is_closed, is_start: bool = False) -> int:
        """The interlocks now, where they were `before`; an input counts when it was seen twice.

        A wire that is broken says LOCAL, for REMOTE is what the selector's input says.
        """
        seen = 0
        for bit, source in enumerate(self._inputs):
            if source and source.closed() == bool(bit):
                seen |= 1 << bit
        is_settled = is_start or seen == self._seen
        self._seen = seen
        if not is_settled:
            return before
        after = seen & (_LOCAL | _LOCKED_OUT | _TRIPPED) | before & _OPENED_BY_OTHER
        is_reset = seen & _OPENED_BY_OTHER  # the fourth input: somebody presses the button
        is_taken_back = before & _LOCAL and not after & _LOCAL
        is_closed_by_hand = is_closed and self._pulses is not None
        if is_reset or is_taken_back or is_closed_by_hand:
            after &= ~_OPENED_BY_OTHER
        if self._latches and after & _LOCKED_OUT:
            after |= _OPENED_BY_OTHER  # that a lock is taken off closes nothing
        return after

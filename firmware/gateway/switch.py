"""One curtailable stage: what it does about each input, as a table, and its times.

Only *open* is ever re-asserted. Nothing closes but by a permit whose turn has come, while no
interlock is set. docs/stages.md shows the table and its diagram.
"""

from micropython import const

# The states, as the table names them.
CLOSED = const(0)
STOPPING = const(1)  # the miners are asked to stop before their supply is cut
OPENING = const(2)
OPEN = const(3)
WAITING = const(4)  # for its turn, or for interlocks
CLOSING = const(5)
OFFERED = const(6)  # a person may close it
BARRED = const(7)  # selector in LOCAL, or locked out: nothing is done from here

# The inputs, a column each.
ORDER = const(0)
PERMIT = const(1)
STOPPED = const(2)
DUE = const(3)
OFFER = const(4)
CONTACT_OPEN = const(5)
CONTACT_CLOSED = const(6)
LATE = const(7)
BLOCK = const(8)
BAR = const(9)
LOCK = const(10)
FREE = const(11)
_INPUTS = const(12)
_CELL_BYTES = const(3)
_HINDERED_AGAIN_MS = const(1_000)

# The next state, and what is done or told:
#   s asks the miners to stop    o opens    a opens again    c closes    f lets a person close
#   d leaves its output as if open    x does, and latches `opened_by_other`
#   O opened    N not opened    R restored    M not restored    ! hindered, are told
_TABLE = (
    # ORDER PERMIT STOPPED DUE OFFER OPEN CLOSED LATE BLOCK BAR LOCK FREE
    b"1s .. .. .. .. 4x .. .. .. 7. .. .. "  # CLOSED
    b"1. 4. 2o .. .. 2o .. .. .. 7! .. .. "  # STOPPING
    b"2o 4. .. .. .. 3O .. 3N .. 7! .. .. "  # OPENING
    b"2o 4. .. .. .. .. 3a .. .. 7. .. .. "  # OPEN
    b"1s .. .. 5c 6f .. .. .. 4! 7! .. .. "  # WAITING
    b"1s .. .. .. .. .. 0R 0M 4d 7! .. .. "  # CLOSING
    b"1s .. .. .. .. .. 0R .. 4d 7! .. .. "  # OFFERED
    b"7! 7! .. .. .. 7d .. .. .. .. 7d 4. "  # BARRED
)
_NOTHING = const(0x2E)
_ZERO = const(0x30)
_STOP = const(0x73)
_OPEN_IT = const(0x6F)
_OPEN_AGAIN = const(0x61)
_CLOSE_IT = const(0x63)
_LET_CLOSE = const(0x66)
_DROP = const(0x64)
_LATCH = const(0x78)
OPENED = const(0x4F)
NOT_OPENED = const(0x4E)
RESTORED = const(0x52)
NOT_RESTORED = const(0x4D)
HINDERED = const(0x21)

# Interlocks, a bit each, and their words in the order of the bits.
LOCAL = const(1)
LOCKED_OUT = const(2)
TRIPPED = const(4)
OPENED_BY_OTHER = const(8)
BARS = const(3)
_WORDS = ("local", "locked_out", "tripped", "opened_by_other")

DEFAULT_RAMP = (10_000, 1_000)  # random offset, step between stages; ms


def words(interlocks: int) -> list:
    return [word for bit, word in enumerate(_WORDS) if interlocks >> bit & 1]


class Stage:
    """Times are of the clock's uptime, but `until_ms`, which is Unix time.

    `equipment` is None where there is a coil and nothing else.
    """

    def __init__(self, config: dict, output, contact, equipment=None):
        self.id = config[0]
        self.output = output
        self.contact = contact
        self.equipment = equipment
        self.min_off_ms = config[2]
        self.confirm_ms = config[4]
        self.state = CLOSED
        self.interlocks = 0
        self.told = 0  # a result that nobody was told yet
        self.cause = "boot"  # of the contact's next change in the direction that is wanted
        self.order = None  # [order-id, counter] of the command that moved it last
        self.ordered = False  # an order holds it open
        self.limits = 0  # the owners beside orders that do, a bit each
        self.until_ms: int | None = None
        self.ramp = DEFAULT_RAMP
        self.opened_at = 0
        self.due_at = 0
        self.late_at = 0
        self.closed: bool | None = None  # the contact, settled
        self._seen: bool | None = None
        self._seen_ms = 0

    def feed(self, what: int, uptime_ms: int) -> None:
        """Take one input. What it leads to is done now, and what is to be told is in `told`."""
        at = (self.state * _INPUTS + what) * _CELL_BYTES
        if _TABLE[at] == _NOTHING:
            return
        self.state = _TABLE[at] - _ZERO
        act = _TABLE[at + 1]
        if act == _STOP:
            self._stop(uptime_ms)
        elif act == _OPEN_IT:
            self._open(uptime_ms)
        elif act == _OPEN_AGAIN:
            if self.equipment:
                self.equipment.pulse(uptime_ms, self.confirm_ms)
        elif act in (_CLOSE_IT, _LET_CLOSE):
            if self.equipment:
                self.equipment.run()
            self._allow(True)
            self.late_at = uptime_ms + self.confirm_ms
        elif act in (_DROP, _LATCH):
            self._allow(False)
            if act == _LATCH:
                self.interlocks |= OPENED_BY_OTHER
                self.order = None
        elif act != _NOTHING:
            self.told = act

    def _stop(self, uptime_ms):
        self.late_at = uptime_ms
        if self.equipment and self.closed:
            self.late_at += self.equipment.stop()
        if self.late_at == uptime_ms:
            self.feed(STOPPED, uptime_ms)

    def _open(self, uptime_ms):
        if self.output.energised() or self.closed:
            self.opened_at = uptime_ms
        self._allow(False)
        if self.equipment and self.contact.closed():
            self.equipment.pulse(uptime_ms, self.confirm_ms)
        self.late_at = uptime_ms + self.confirm_ms

    def _allow(self, closed):
        """What holds the stage open, or lets it be closed: a coil, a release, or a permission."""
        if self.equipment:
            self.equipment.allow(closed)
        else:
            self.output.energise(closed)

    def is_allowed(self) -> bool:
        """Whether nothing of the gateway's keeps it from being closed."""
        return (
            self.equipment.is_allowed(self.contact) if self.equipment else self.output.energised()
        )

    def contact_change(self, now_ms: int):
        """(closed, since_ms, cause) when the contact has settled in a new position, else None."""
        closed = self.contact.closed()
        if closed != self._seen:
            self._seen = closed
            self._seen_ms = now_ms
            return None
        if closed == self.closed:
            return None
        first = self.closed is None
        self.closed = closed
        if first:
            return closed, self._seen_ms, "boot"
        cause = "local"
        if self.state != BARRED and closed == (self.state in (CLOSED, CLOSING, OFFERED)):
            cause, self.cause = self.cause, "local"
        return closed, self._seen_ms, cause

    def contact_input(self):
        """The contact's settled position as an input, None while it is not known or says nothing.

        Without equipment that could clear the latch, a contact that others opened is only told.
        """
        if self.closed is None:
            return None
        if self.closed:
            return CONTACT_CLOSED
        if self.state == CLOSED and not (self.equipment and self.equipment.latches):
            return None
        return CONTACT_OPEN

    def is_due(self, uptime_ms: int) -> bool:
        """Whether its turn has come, and a pulse that opens it has had its effect."""
        if self.state != WAITING or uptime_ms < self.due_at:
            return False
        return self.closed is False or uptime_ms >= self.late_at

    def due_input(self, uptime_ms: int) -> int:
        """When its turn has come; with interlocks it comes again."""
        if self.interlocks:
            self.due_at = uptime_ms + _HINDERED_AGAIN_MS
            return BLOCK
        return OFFER if self.equipment and self.equipment.by_person else DUE

    def is_free(self) -> bool:
        """Whether nobody holds it open."""
        return not (self.ordered or self.limits)

    def is_held(self) -> bool:
        return self.state in (STOPPING, OPENING, OPEN)

    def is_returning(self) -> bool:
        return self.state in (WAITING, CLOSING, OFFERED)

    def is_off(self) -> bool:
        return self.state not in (CLOSED, STOPPING, CLOSING, OFFERED)

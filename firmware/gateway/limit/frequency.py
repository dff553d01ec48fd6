"""Slow reduction while a certified relay finds the frequency low, as a table (docs/limiter.md).

It is not under-frequency load shedding: it does not arrest the nadir.
"""

from micropython import const

from gateway.limit.limiter import RAMP

# The states.
_WELL = const(0)
_LOW = const(1)  # not for long enough yet
_REDUCED = const(2)  # stages are open
_RESTORING = const(3)  # well again, not for long enough yet
_UNTRUE = const(4)  # the relay says both or neither: a wire is broken, or shorted
_REDUCED_UNTRUE = const(5)  # the same while stages are open

# The inputs.
_SAYS_WELL = const(0)
_SAYS_LOW = const(1)
_SAYS_NEITHER = const(2)
_DUE = const(3)  # it was so for as long as is asked for

# What is done.
_NOTHING = const(0)
_OPEN = const(1)
_RELEASE = const(2)
_TELL = const(3)

# state × 4 + input: next state × 4 + what is done. What is not listed changes nothing.
_TABLE = {
    _WELL << 2 | _SAYS_LOW: _LOW << 2 | _NOTHING,
    _WELL << 2 | _SAYS_NEITHER: _UNTRUE << 2 | _NOTHING,
    _LOW << 2 | _SAYS_WELL: _WELL << 2 | _NOTHING,
    _LOW << 2 | _SAYS_NEITHER: _UNTRUE << 2 | _NOTHING,
    _LOW << 2 | _DUE: _REDUCED << 2 | _OPEN,
    _REDUCED << 2 | _SAYS_WELL: _RESTORING << 2 | _NOTHING,
    _REDUCED << 2 | _SAYS_NEITHER: _REDUCED_UNTRUE << 2 | _NOTHING,
    _RESTORING << 2 | _SAYS_LOW: _REDUCED << 2 | _NOTHING,
    _RESTORING << 2 | _SAYS_NEITHER: _REDUCED_UNTRUE << 2 | _NOTHING,
    _RESTORING << 2 | _DUE: _WELL << 2 | _RELEASE,
    _UNTRUE << 2 | _SAYS_WELL: _WELL << 2 | _NOTHING,
    _UNTRUE << 2 | _SAYS_LOW: _LOW << 2 | _NOTHING,
    _UNTRUE << 2 | _DUE: _UNTRUE << 2 | _TELL,
    _REDUCED_UNTRUE << 2 | _SAYS_WELL: _RESTORING << 2 | _NOTHING,
    _REDUCED_UNTRUE << 2 | _SAYS_LOW: _REDUCED << 2 | _NOTHING,
    _REDUCED_UNTRUE << 2 | _DUE: _REDUCED_UNTRUE << 2 | _TELL,
}
_UNTRUE_MS = const(5_000)  # a relay that turns over says neither for a moment


def after(state: int, what: int) -> tuple:
    """(the next state, what is done)"""
    found = _TABLE.get(state << 2 | what, state << 2)
    return found >> 2, found & 3


class Reduction:
    """`owner`: its bit as an owner of open stages (stages.py). `contacts(numbers)`: inputs of the
    board, or None.
    """

    def __init__(self, stages, owner: int, contacts):
        self._stages = stages
        self._owner = owner
        self._find = contacts
        self._terms: list = []
        self._order = None
        self._acts = True  # what an earlier start left open was done
        self._contacts = None
        self.state = _WELL
        self._since = 0  # uptime, in this state
        self._is_told = False

    def judge(self, uptime_ms: int, terms, order) -> list:
        """To be called about every second: what is to be told, as (cause, acts, stages).

        `terms`: `reduction` of docs/wire-format.cddl, None: none; by `order` stages move.
        """
        told: list = []
        self._order = order
        if not terms or terms != self._terms:
            told += self._begin(terms)
        if not terms:
            return told
        told += self._feed(self._says(), uptime_ms)
        if uptime_ms - self._since >= self._lasts_ms():
            told += self._feed(_DUE, uptime_ms)
        return told

    def _begin(self, terms):
        """Under other terms what was open stays so where they say it too."""
        acted, self._terms = self._acts, terms or []
        self._is_told = False
        self._acts = bool(terms and terms[0])
        self._contacts = self._find(terms[1]) if terms else None
        stay = terms[4] if self._acts else ()
        held = self._stages.limited(self._owner)
        ended = [stage_id for stage_id in held if stage_id not in stay]
        self.state = _REDUCED if len(held) > len(ended) else _WELL
        if not ended:
            return []
        self._stages.unlimit(ended, self._owner, RAMP, self._order)
        return [("ended", acted, ended)]

    def _says(self):
        if self._contacts is None:
            return _SAYS_NEITHER
        well, low = [contact.closed() for contact in self._contacts]
        if well == low:
            return _SAYS_NEITHER
        return _SAYS_WELL if well else _SAYS_LOW

    def _lasts_ms(self):
        if self.state == _LOW:
            return self._terms[2]
        return self._terms[3] if self.state == _RESTORING else _UNTRUE_MS

    def _feed(self, what, uptime_ms):
        before = self.state
        self.state, act = after(before, what)
        told: list = []
        if self.state != before:
            self._since = uptime_ms
            if self._is_told:
                told.append(("relay_mended", self._acts, []))
            self._is_told = False
        ids = self._terms[4]
        if act == _OPEN:
            if self._acts:
                self._stages.limit(ids, self._owner, self._order)
            told.append(("low_frequency", self._acts, ids))
        elif act == _RELEASE:
            if self._acts:
                self._stages.unlimit(ids, self._owner, RAMP, self._order)
            told.append(("frequency_restored", self._acts, ids))
        elif act == _TELL and not self._is_told:
            self._is_told = True
            told.append(("relay_untrue", self._acts, []))
        return told

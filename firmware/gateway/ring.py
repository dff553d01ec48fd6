"""The frames of one stream in a ring of flash segments. Power may fail at any byte.

Within a segment the epoch is the same; blocks are erased before they are reached. The newest
segment ends where its entries do. If anything but erased flash follows in that block, a write was
cut, and the next frame goes into a new segment; but where an entry was finished and is spoilt, its
frame may be known outside: then the counter is lost. What does not read back as it was written is
written into the next good segment.
"""

import hashlib

from gateway.entries import ENTRY_BYTES, Entries
from gateway.segments import HEADER_BYTES, Segments


class JournalFull(Exception):
    """No room, and the oldest frames may not be dropped."""


class Ring:
    def __init__(self, region, blocks: int, magic: bytes, gone, may_drop: bool) -> None:
        """`magic`: four bytes that no other ring's segments begin with.

        `gone(epoch, first, last)` is called of frames that cannot be read, and before some without
        receipt are erased for room: unless they may be dropped, `append` raises JournalFull.
        """
        self._region = region
        self.segments = Segments(region, blocks, magic)
        self._entries = Entries(region, self.segments)
        self._gone = gone
        self._may_drop = may_drop
        self._tail = self.segments.bytes  # where the next entry goes in the active segment
        self._near = (0, 0, 0)  # segment, seq and address of the entry that was found last
        self.last: tuple | None = None  # (epoch, seq, SHA-256) of the newest frame
        self.lost = False  # that frame, or one after it, was finished and is spoilt
        self._mount()

    # ---- frames ----------------------------------------------------------------------------

    def append(self, epoch: int, seq: int, message: bytes) -> int:
        """Durable on return: bytes taken. Raises JournalFull, ValueError when not the next."""
        table = self.segments
        if not self._follows(epoch, seq):
            raise ValueError("not the next frame")
        size = self._entries.size(message)
        if self._tail + size > table.bytes or table.epoch[table.active] != epoch:
            self._open(epoch, seq)
        while not self._write(seq, message, size):
            table.give_up(table.active)
            self._open(epoch, seq)
        table.count[table.active] += 1
        table.pending[table.active] += 1
        self.last = (epoch, seq, hashlib.sha256(message).digest())
        self.lost = False
        return size

    def receipt(self, epoch: int, upto: int, held) -> None:
        """Marks the frames 1…upto and those in the ranges `held` ((first, last), …)."""
        table = self.segments
        ranges = [(1, upto)] + [(first, last) for first, last in held]
        for segment in table.oldest_first():
            if table.pending[segment] and table.epoch[segment] == epoch:
                self._receipt_segment(segment, ranges)

    def pending(self) -> int:
        return sum(self.segments.pending)

    def pending_epoch(self):
        """The epoch of the oldest frame without receipt, or None."""
        for segment in self.segments.oldest_first():
            if self.segments.pending[segment]:
                return self.segments.epoch[segment]
        return None

    def next_pending(self, epoch: int, seq: int):
        """(seq, message) of the first frame after `seq` without receipt, or None."""
        pending = self.segments.pending
        for segment in self.segments.oldest_first():
            if not pending[segment] or not self._reaches(segment, epoch, seq + 1):
                continue
            for entry_seq, address, waiting in self._walk(segment, seq + 1):
                if waiting:
                    message = self._entries.message(segment, address)
                    if message is not None:
                        self._near = (segment, entry_seq, address)
                        return entry_seq, message
                    # Flash has gone bad: it can never be sent.
                    self._gone(epoch, entry_seq, entry_seq)
                    self._entries.settle(address)
                    pending[segment] -= 1
        return None

    def find(self, epoch: int, seq: int):
        """The message, as long as it is still in flash, or None."""
        found = self._locate(epoch, seq)
        return found and self._entries.message(*found)

    def digest(self, epoch: int, seq: int):
        """SHA-256 of a frame, as long as it is in flash and can be read, or None."""
        if not self.lost and self.last and self.last[:2] == (epoch, seq):
            return self.last[2]
        found = self._locate(epoch, seq)
        if found and self._entries.is_intact(*found):
            return self._entries.sha256(found[1])
        return None

    def ends(self, before: int) -> list:
        """[epoch, seq, SHA-256] of the newest frame that can be read, of each epoch before that
        which has frames without receipt.
        """
        table = self.segments
        ends: dict = {}
        for segment in table.oldest_first():
            epoch = table.epoch[segment]
            if epoch < before and (epoch in ends or table.pending[segment]):
                ends[epoch] = self._end(segment) or ends.get(epoch)
        return [end for end in ends.values() if end]

    def frames(self):
        """Yields (message, whether it has no receipt) of every frame in flash, oldest first."""
        table = self.segments
        for segment in table.oldest_first():
            for _, address, waiting in self._walk(segment):
                message = self._entries.message(segment, address)
                if message is not None:
                    yield message, waiting and table.pending[segment] > 0

    def room(self) -> int:
        """Bytes that can be appended before a frame without receipt is in the way."""
        return self.segments.bytes - self._tail + self.segments.room()

    # ---- entries ---------------------------------------------------------------------------

    def _follows(self, epoch: int, seq: int) -> bool:
        if self.last is None or epoch > self.last[0]:
            return seq == 1
        return epoch == self.last[0] and seq == self.last[1] + 1

    def _open(self, epoch: int, first: int) -> None:
        """Makes the next good segment the active one, and forgets what lies before its end."""
        table = self.segments
        passed = 1
        for distance in range(1, table.number):
            if table.is_bad(distance):
                continue
            while passed <= distance:
                self._forget(table.after_active(passed))
                passed += 1
            if table.open(distance, epoch, first, self.last):
                self._tail = HEADER_BYTES
                return
        raise JournalFull

    def _forget(self, segment: int) -> None:
        """Its frames, if they have a receipt or may be dropped."""
        table = self.segments
        if table.pending[segment]:
            if not self._may_drop:
                raise JournalFull
            lost = [seq for seq, _, waiting in self._walk(segment) if waiting]
            if lost:
                self._gone(table.epoch[segment], lost[0], lost[-1])
        if self._near[0] == segment:
            self._near = (0, 0, 0)
        table.forget(segment)

    def _write(self, seq: int, message: bytes, size: int) -> bool:
        """An entry at the tail. False when the flash does not take it."""
        region, table = self._region, self.segments
        base = table.base(table.active)
        address = base + self._tail
        self._tail = table.bytes  # closed, should a write fail
        block = address + -address % region.block_bytes
        # Also where the next header will be: a start must see whether there is one.
        while block < min(address + size + ENTRY_BYTES, base + table.bytes):
            region.erase(block)
            block += region.block_bytes
        if not self._entries.write(table.active, address, seq, message):
            return False
        self._tail = address + size - base
        return True

    def _reaches(self, segment: int, epoch: int, seq: int) -> bool:
        """Whether the segment has frames of the epoch from `seq` on."""
        table = self.segments
        return table.epoch[segment] == epoch and seq < table.first[segment] + table.count[segment]

    def _walk(self, segment: int, seq: int = 0):
        """(seq, address, pending) of each entry from `seq` on."""
        table = self.segments
        at = table.first[segment]
        end = at + table.count[segment]
        address = table.base(segment) + HEADER_BYTES
        if self._near[0] == segment and at <= self._near[1] <= seq:
            _, at, address = self._near
        while at < end:
            step = self._entries.step(address, at)
            if step is None:  # flash gone bad: what follows cannot be found
                self._cut(segment, at)
                return
            if at >= seq:
                yield at, address, step[0]
            address = step[1]
            at += 1

    def _cut(self, segment: int, seq: int) -> None:
        """What the segment held from this frame on is gone, and nobody waits for it."""
        table = self.segments
        if not table.pending[segment]:
            return
        first = table.first[segment]
        self._gone(table.epoch[segment], seq, first + table.count[segment] - 1)
        table.count[segment] = seq - first
        self._near = (0, 0, 0)
        table.pending[segment] = sum(waiting for _, _, waiting in self._walk(segment))
        if segment == table.active:
            self._tail = table.bytes

    def _locate(self, epoch: int, seq: int):
        """(segment, address) of a frame that is in flash, or None."""
        for segment in self.segments.oldest_first():
            if self._reaches(segment, epoch, seq) and seq >= self.segments.first[segment]:
                for _, address, _ in self._walk(segment, seq):
                    self._near = (segment, seq, address)
                    return segment, address
        return None

    def _end(self, segment: int):
        """As `ends`, of the segment's epoch as far as it."""
        table = self.segments
        epoch, first = table.epoch[segment], table.first[segment]
        for back in range(1, table.count[segment] + 1):
            seq = first + table.count[segment] - back
            digest = self.digest(epoch, seq)
            if digest:
                return [epoch, seq, digest]
        return None

    def _receipt_segment(self, segment: int, ranges: list) -> None:
        table = self.segments
        first = table.first[segment]
        last = first + table.count[segment] - 1
        if segment != table.active and any(a <= first and last <= b for a, b in ranges):
            table.receipt(segment)
        elif any(a <= last and first <= b for a, b in ranges):
            for seq, address, waiting in self._walk(segment):
                if waiting and any(a <= seq <= b for a, b in ranges):
                    table.pending[segment] -= self._entries.settle(address)

    # ---- mount -----------------------------------------------------------------------------

    def _mount(self) -> None:
        table = self.segments
        if not table.serial:
            return
        self.last = table.before(table.active)
        following = None
        for segment in reversed(list(table.oldest_first())):
            before = None
            if (
                following is not None
                and following == (segment + 1) % table.number
                and table.receipted(segment)
            ):
                before = table.before(following)
            if before and before[0] == table.epoch[segment]:  # it needs no reading
                table.count[segment] = before[1] + 1 - table.first[segment]
            else:
                self._scan(segment, following)
            following = segment
        spoilt = table.spoilt_after_active()
        if spoilt is not None and self._entries.is_finished(table.base(spoilt) + HEADER_BYTES):
            self.lost = True

    def _scan(self, segment: int, following) -> None:
        """Counts the entries; for the active segment also finds its end and last frame.

        What flash did not take well is also in the segment that follows, and counts there.
        """
        table = self.segments
        before = None if following is None else table.before(following)
        until = before[1] if before and before[0] == table.epoch[segment] else 0xFFFFFFFF
        count, pending, last, end = self._entries.walk(segment, until)
        is_cut = (
            segment == table.active
            and last is not None
            and not self._entries.is_finished(last)
            and not self._entries.is_intact(segment, last)
        )
        if is_cut:  # the others are proven when they are read
            count -= 1
            pending -= 1
            end = last
        table.count[segment] = count
        if not table.receipted(segment):
            table.pending[segment] = pending
        if segment == table.active:
            self._find_tail(count, end, is_cut)
        elif before:
            self._miss(segment, following, before)

    def _find_tail(self, count: int, end: int, is_cut: bool) -> None:
        """`end` is where the entries of the active segment do, or one that was cut short begins."""
        table, region = self.segments, self._region
        segment = table.active
        seq = table.first[segment] + count - 1
        for _, last, _ in self._walk(segment, seq) if count else ():
            self.last = (table.epoch[segment], seq, self._entries.sha256(last))
            self.lost = not self._entries.is_intact(segment, last)
            self._entries.finish(last)
        if end + ENTRY_BYTES < table.base(segment) + table.bytes and self._entries.is_finished(end):
            self.lost = True
        elif not is_cut and region.is_blank(end, -end % region.block_bytes):
            self._tail = end - table.base(segment)

    def _miss(self, segment: int, following: int, before: tuple) -> None:
        """Tells of frames between two segments that cannot be found, of which `before` is the last.

        At each start, until what is left of the first segment has its receipts.
        """
        table = self.segments
        spoilt = table.spoilt_between(segment, following)
        first = before[1] + 1
        if before[0] == table.epoch[segment]:
            first = table.first[segment] + table.count[segment]
        elif spoilt and before[0] > table.epoch[segment]:
            first = 1
        is_told = all(map(table.is_disowned, spoilt)) if spoilt else table.receipted(segment)
        if first <= before[1] and not is_told:
            self._gone(before[0], first, before[1])
        for other in spoilt:
            table.disown(other)

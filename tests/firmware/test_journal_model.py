"""A dumb model runs beside the journal, on flash that wears out and under power that fails."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

EXAMPLES = int(os.environ.get("ESEP_EXAMPLES", "50"))
BILLING, TELEMETRY = 0, 1
SEGMENT_BYTES, SEGMENTS = 8192, 4
CELLS = ("counter", "stages", "receipt")

streams = st.sampled_from((BILLING, TELEMETRY))
sizes = st.sampled_from((40, 300, 1000, 3000, 4096))
bits = st.integers(0, 7)
values = st.integers(0, 1)
frames = st.tuples(st.just("frame"), streams, sizes)
steps = st.one_of(
    frames,
    frames,
    st.tuples(st.just("receipts"), st.integers(0, 4)),
    st.tuples(st.just("cell"), st.sampled_from(CELLS), st.integers(1, 900)),
    st.tuples(st.just("tell")),
)


class Journal(RuleBasedStateMachine):
    """The device checks the journal against the model after each step."""

    def start(self) -> Any:
        raise NotImplementedError

    @initialize()
    def begin(self) -> None:
        self.device = self.start()
        self.ask = self.device.ask
        self.broken: tuple[set[int], set[int]] = (set(), set())
        self.broken_cells: set[int] = set()

    def teardown(self) -> None:
        self.device.close()

    @rule(step=steps)
    def work(self, step: tuple[Any, ...]) -> None:
        self.ask("do", *step)

    @rule(stream=streams, size=sizes, count=st.integers(2, 12))
    def work_on(self, stream: int, size: int, count: int) -> None:
        for _ in range(count):
            self.ask("do", "frame", stream, size)

    @rule(stream=streams, behind=st.integers(0, 9), length=st.integers(1, 5), data=st.data())
    def receipt(self, stream: int, behind: int, length: int, data: st.DataObject) -> None:
        newest = self.ask("newest", stream)
        upto = max(0, newest - behind)
        first = data.draw(st.integers(upto + 1, upto + 10))
        self.ask("do", "receipt", stream, 1, upto, [[first, first + length]])

    @rule()
    def restart(self) -> None:
        self.ask("do", "restart")

    @rule()
    def epoch(self) -> None:
        self.ask("do", "epoch")

    @rule(
        step=steps,
        operation=st.integers(0, 6),
        kept=st.sampled_from((0, 300, 700, 999, -500)),
        scattered=st.booleans(),
    )
    def power_cut(self, step: tuple[Any, ...], operation: int, kept: int, scattered: bool) -> None:
        self.ask("cut", operation, abs(kept) if scattered else kept, scattered, *step)

    @precondition(lambda self: len(self.broken[BILLING] | self.broken[TELEMETRY]) < SEGMENTS)
    @rule(
        ring=streams,
        segment=st.integers(0, SEGMENTS - 1),
        offset=st.integers(0, SEGMENT_BYTES - 1) | st.integers(0, 80),
        bit=bits,
        value=values,
    )
    def bit_gets_stuck(self, ring: int, segment: int, offset: int, bit: int, value: int) -> None:
        if len(self.broken[ring] | {segment}) <= SEGMENTS - 2:
            self.broken[ring].add(segment)
            self.ask("stick", ring, segment, offset, bit, value)

    @rule(block=st.integers(0, 3), offset=st.integers(0, 4095), bit=bits, value=values)
    def bit_of_a_cell_gets_stuck(self, block: int, offset: int, bit: int, value: int) -> None:
        if len(self.broken_cells | {block}) <= 2:
            self.broken_cells.add(block)
            self.ask("stick_cell", block, offset, bit, value)


def test_is_as_a_dumb_model_of_it(start_device: Callable[..., Any], tmp_path: Path) -> None:
    class OnFlash(Journal):
        def start(self) -> Any:
            return start_device("journal_steps", str(tmp_path / "flash"))

    run_state_machine_as_test(
        OnFlash,
        settings=settings(max_examples=EXAMPLES, stateful_step_count=40, deadline=None),
    )

"""A gateway whose flash is again what it was before: what it makes after that is not lost."""

import pytest
from installation.world import Installation

from collector.evidence.chains import ends_named, events
from collector.evidence.cose import message_hash
from collector.evidence.frame import EventCode, Stream, read_frame


def begins_an_epoch(topic: str, payload: bytes) -> bool:
    return topic.endswith("/frame") and read_frame(payload)[1].epoch == 2


@pytest.mark.parametrize("away", [0, 12], ids=["at once", "when it has made more than it lost"])
def test_after_a_flash_that_fell_back_everything_has_its_receipt(
    alone: Installation, away: int
) -> None:
    world = alone
    gateway, site = next(iter(world.gateways.items()))
    flash = world.folders[site].path / "flash.bin"
    while not world.frames(site, Stream.TELEMETRY):
        world.await_frame(site)
    world.await_receipts()
    world.kill_gateway(site)
    image = flash.read_bytes()
    world.boot_gateway(site)
    for _ in range(4):
        world.await_frame(site)
    world.await_receipts()
    world.kill_gateway(site)
    flash.write_bytes(image)
    if away:
        world.stop_collector()
    mark = len(world.watcher.messages)
    world.boot_gateway(site)
    for _ in range(away):
        world.await_frame(site)
    if away:
        world.start_collector(None)
    world.watcher.await_message(begins_an_epoch, mark)
    last = world.close_books()[gateway]
    assert last["pending"] == [0, 0]
    assert [newest[0] for newest in last["last"]] == [2, 2]
    begins = next(frame for frame in world.frames(site) if (frame.epoch, frame.seq) == (2, 1))
    (event,) = events(begins, EventCode.EPOCH)
    assert event.detail[2][0] == 1
    held = {message_hash(entry.raw) for entry in world.entries()}
    assert event.detail[2][2] in held
    ends = ends_named(begins)
    assert (Stream.BILLING, 1) in ends
    assert {digest for _, digest in ends.values()} <= held

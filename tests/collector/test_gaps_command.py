"""`esep collector gaps`: every frame that is missing, and every name that was used twice."""

from pathlib import Path

from cli_world import follow, run, run_json
from collector_world import BILLING, TELEMETRY, World, clock_event, dropped_event


def test_a_whole_ledger_has_none(world: World, tmp_path: Path) -> None:
    chain = world.gateway.chain(BILLING)
    world.append([chain.next(), chain.next()])
    follow(world)
    [found] = run_json("gaps", tmp_path)
    assert (found["upto"], found["highest"], found["missing"]) == (2, 2, [])
    assert "contiguous to 2 of 2" in run("gaps", tmp_path).stdout


def test_missing_ranges_are_named_and_dropped_ones_apart(world: World, tmp_path: Path) -> None:
    billing, telemetry = world.gateway.chain(BILLING), world.gateway.chain(TELEMETRY)
    frames = [telemetry.next() for _ in range(10)]
    kept = [frames[0], frames[1], frames[5], frames[8]]  # 3-5, 7-8 and 10 are not here
    world.append([*kept, billing.next(dropped_event(1, 4, 5), dropped_event(1, 8, 8))])
    follow(world)
    whole, ragged = run_json("gaps", tmp_path, code=1)
    assert whole["stream"] == "billing"
    assert ragged == {
        "gateway": world.gateway.id.hex(),
        "epoch": 1,
        "stream": "telemetry",
        "upto": 2,
        "highest": 9,
        "missing": [[3, 3], [7, 7]],
        "frames_missing": 2,
        "dropped": [[4, 5], [8, 8]],
        "forks": [],
        "faults": [],
    }
    said = run("gaps", tmp_path, code=1).stdout
    assert "MISSING 2 frames: 3, 7" in said
    assert "dropped, says the gateway: 4-5, 8" in said


def test_a_chain_that_begins_late_lacks_its_beginning(world: World, tmp_path: Path) -> None:
    chain = world.gateway.chain(BILLING)
    frames = [chain.next() for _ in range(4)]
    world.append(frames[2:])
    follow(world)
    [found] = run_json("gaps", tmp_path, code=1)
    assert found["missing"] == [[1, 2]]


def test_a_fork_and_a_broken_link_are_named(world: World, tmp_path: Path) -> None:
    chain = world.gateway.chain(BILLING)
    first, second = chain.next(), chain.next()
    other = world.gateway.frame(BILLING, 1, [clock_event("another")])
    third = world.gateway.frame(BILLING, 3, prev=bytes(32))
    world.append([first, second, third, other])
    follow(world)
    [found] = run_json("gaps", tmp_path, code=1)
    assert found["forks"] == [1]
    assert found["faults"] == [{"seq": 3, "fault": "broken_link"}]
    said = run("gaps", tmp_path, code=1).stdout
    assert "FORK: several frames of one name: 1" in said
    assert "FAULT broken_link: 3" in said


def test_one_gateway_is_picked_out(world: World, tmp_path: Path) -> None:
    world.append([world.gateway.frame(BILLING, 2)])
    follow(world)
    assert run_json("gaps", tmp_path, "--gateway", "00" * 8) == []
    assert len(run_json("gaps", tmp_path, "--gateway", world.gateway.id.hex(), code=1)) == 1

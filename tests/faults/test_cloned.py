"""Whoever copies a gateway's flash has its key and its chain, and cannot hide that."""

import shutil

from installation.world import Installation

from collector.evidence.chains import Fault


def test_a_cloned_gateway_is_a_fork_that_the_collector_sees(alone: Installation) -> None:
    world = alone
    gateway, site = next(iter(world.gateways.items()))
    folder = world.folders[site].path
    world.kill_gateway(site)
    copy = folder.with_name("copy")
    shutil.copytree(folder, copy, symlinks=True)
    world.boot_gateway(site)  # the true one goes on
    world.kill_gateway(site)
    shutil.rmtree(folder)
    copy.rename(folder)
    mark = world.take_facts()
    world.boot_gateway(site)  # and the copy, from where it was made
    world.await_fact("chain.fault", after=mark, fault=Fault.FORK, gateway=gateway)
    forks = [entry for entry in world.frames(site) if entry.seq == _first_of(world, mark)]
    assert len(forks) == 2  # both are kept
    assert "fork" in world.status()["faults"]


def _first_of(world: Installation, mark: int) -> int:
    faults = (fact for fact in world.facts[mark:] if fact["event"] == "chain.fault")
    return int(next(fact["seq"] for fact in faults if fact["fault"] == Fault.FORK))

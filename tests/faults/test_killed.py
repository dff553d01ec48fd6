"""SIGKILL at random moments: nothing is lost, nothing doubled, and no receipt was early."""

import time
from collections.abc import Iterator
from random import Random

from installation.proof import boots, close_and_prove
from installation.world import Installation

TIMES = 3


def _moments(installation: Installation, moments: Random) -> Iterator[None]:
    """A few times, when every gateway speaks, and then a moment later."""
    for _ in range(TIMES):
        mark = len(installation.watcher.messages)
        for site in installation.folders:
            installation.await_frame(site, mark)
        time.sleep(moments.uniform(0, 1.5))
        yield


def test_collector_is_killed(installation: Installation, moments: Random) -> None:
    for _ in _moments(installation, moments):
        installation.kill(installation.collector)
        mark = installation.take_facts()
        installation.start_collector(None)
        installation.await_fact("broker.connected", after=mark)
    close_and_prove(installation)


def test_gateway_is_killed(installation: Installation, moments: Random) -> None:
    before = {site: boots(installation, site) for site in installation.folders}
    sites = sorted(installation.folders)
    killed = dict.fromkeys(sites, 0)
    for _ in _moments(installation, moments):
        site = moments.choice(sites)
        killed[site] += 1
        installation.kill_gateway(site)
        installation.boot_gateway(site)
    close_and_prove(installation)
    for site in sites:
        assert boots(installation, site) == before[site] + killed[site]
        assert {frame.epoch for frame in installation.frames(site)} == {1}


def test_broker_is_killed(installation: Installation, moments: Random) -> None:
    for _ in _moments(installation, moments):
        mark = installation.take_facts()
        installation.kill(installation.broker)
        installation.start_broker()
        installation.await_fact("broker.connected", after=mark)
    close_and_prove(installation)

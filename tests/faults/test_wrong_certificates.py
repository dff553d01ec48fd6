"""Wrong certificates on either side: refused, told, and nothing of the metering is lost."""

import time

from installation.proof import close_and_prove
from installation.world import Installation

from collector.evidence.frame import Interval
from simulator.certificates import Authority
from simulator.demo import plan

SITE, OTHER = "site-a", "site-4"


def _await_boundary() -> int:
    """Wait for the next interval boundary of the clock, and for its reading; Unix ms."""
    step_ms = plan.INTERVAL_S * 1000
    boundary_ms = -(-time.time_ns() // 1_000_000 // step_ms) * step_ms
    time.sleep(max(boundary_ms + 1000 - time.time_ns() // 1_000_000, 0) / 1000)
    return boundary_ms


def _boundaries(installation: Installation, site: str) -> set[int]:
    return {
        record.boundary_ms
        for frame in installation.frames(site)
        for record in frame.records
        if isinstance(record, Interval)
    }


def test_gateway_with_a_strangers_certificate(installation: Installation) -> None:
    gateway = next(name for name, site in installation.gateways.items() if site == SITE)
    installation.kill_gateway(SITE)
    installation.provision(gateway, Authority("another CA").issue(gateway))
    log = len(installation.gateway_log(SITE))
    installation.start_gateway(SITE)
    installation.await_log(SITE, "does it accept this gateway's certificate?", log)
    seen = len(installation.watcher.messages)
    boundary_ms = _await_boundary()
    installation.await_frame(OTHER)
    frames = {
        topic for topic, _ in installation.watcher.messages[seen:] if topic.endswith("/frame")
    }
    assert f"esep/v1/{gateway}/frame" not in frames
    assert boundary_ms not in _boundaries(installation, SITE)

    installation.kill_gateway(SITE)
    installation.provision(gateway, installation.authority.issue(gateway))
    installation.boot_gateway(SITE)
    close_and_prove(installation)
    assert boundary_ms in _boundaries(installation, SITE)


def test_broker_with_anothers_name(installation: Installation) -> None:
    mark = installation.take_facts()
    logs = {site: len(installation.gateway_log(site)) for site in installation.folders}
    installation.kill(installation.broker)
    installation.start_broker("elsewhere.test")
    for site, log in logs.items():
        installation.await_log(site, "certificate", log)
    refused = installation.await_fact("broker.unreachable", after=mark)
    assert "certificate verify failed" in refused["reason"]
    boundary_ms = _await_boundary()
    assert not [fact for fact in installation.facts[mark:] if fact["event"] == "broker.connected"]

    installation.kill(installation.broker)
    installation.start_broker()
    installation.await_fact("broker.connected", after=mark)
    close_and_prove(installation)
    for site in installation.folders:
        assert boundary_ms in _boundaries(installation, site)


def test_collector_without_a_certificate(installation: Installation) -> None:
    installation.stop_collector()
    mark = installation.take_facts()
    held = len(installation.entries())
    installation.start_collector_without_certificate()
    installation.await_fact("broker.lost", after=mark)
    installation.await_frame()
    installation.stop_collector()
    installation.take_facts()
    said = {fact["event"] for fact in installation.facts[mark:]}
    assert "broker.connected" not in said
    assert len(installation.entries()) == held
    installation.start_collector(None)
    installation.await_fact("broker.connected", after=mark)
    close_and_prove(installation)

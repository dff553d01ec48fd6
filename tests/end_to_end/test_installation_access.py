"""Who may say what, and where: the broker's rules, and the collector's own behind them."""

from installation.mosquitto import INTRUDER
from installation.sites import OVER, WITHIN
from installation.world import Installation


def _gateway(installation: Installation, site: str) -> str:
    return {name: gateway for gateway, name in installation.gateways.items()}[site]


def test_gateway_cannot_speak_in_anothers_name(installation: Installation) -> None:
    own, other = (_gateway(installation, site) for site in (WITHIN, OVER))
    frame = installation.await_frame(WITHIN)
    mark, seen = installation.take_facts(), len(installation.watcher.messages)
    thief = installation.connect(own)
    thief.publish(f"esep/v1/{other}/frame", frame)
    thief.publish(f"esep/v1/{own}/status", b'{"online": true, "after": "the frame"}')
    thief.close()
    installation.await_fact("gateway.status", lambda fact: "after" in fact["status"], after=mark)
    stolen = (f"esep/v1/{other}/frame", frame)
    assert stolen not in installation.watcher.messages[seen:]


def test_broker_that_lets_it_pass_deceives_nobody(installation: Installation) -> None:
    """The same through a broker without rules: the frame is refused, its own chain untouched."""
    other = _gateway(installation, OVER)
    frame = installation.await_frame(WITHIN)
    mark = installation.take_facts()
    intruder = installation.connect(INTRUDER)
    intruder.publish(f"esep/v1/{other}/frame", frame)
    intruder.close()
    refused = installation.await_fact("intake.refused", after=mark)
    assert refused["reason"] == "topic_mismatch"
    assert installation.status()["refused"] == {"topic_mismatch": 1}


def test_gateway_hears_only_what_is_meant_for_it(installation: Installation) -> None:
    own, other = (_gateway(installation, site) for site in (WITHIN, OVER))
    curious = installation.connect(own, "esep/v1/#")
    mark = len(installation.watcher.messages)
    installation.watcher.await_message(lambda topic, _: topic == f"esep/v1/{other}/receipt", mark)
    curious.await_message(lambda topic, _: topic == f"esep/v1/{own}/receipt")
    curious.close()
    assert {topic for topic, _ in curious.messages} == {f"esep/v1/{own}/receipt"}

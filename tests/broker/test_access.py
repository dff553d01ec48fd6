"""Who may say and hear what at the shipped broker: tried by those who may not."""

import ssl
from contextlib import suppress

import pytest
from broker_world import OTHER, OWN, Broker, Party, await_that, topic

from simulator.certificates import Authority

COMMANDS = "esep/v1/zone/north/command"


def test_a_gateway_is_heard_on_its_own_topics(broker: Broker, collector: Party) -> None:
    gateway = broker.party(OWN)
    for what in ("frame", "status"):
        gateway.publish(topic(OWN, what), what.encode())
        collector.await_payload(topic(OWN, what), what.encode())


def test_a_gateway_hears_what_is_meant_for_it(broker: Broker, collector: Party) -> None:
    meant = [topic(OWN, what) for what in ("receipt", "command", "object", "schedule")]
    gateway = broker.party(OWN, *meant, COMMANDS)
    for where in (*meant, COMMANDS):
        collector.publish(where, b"to you")
        gateway.await_payload(where, b"to you")


@pytest.mark.parametrize(
    "where",
    [
        topic(OTHER, "frame"),
        topic(OTHER, "status"),
        topic(OWN, "receipt"),
        topic(OWN, "command"),
        topic(OWN, "object"),
        topic(OWN, "schedule"),
        topic(OTHER, "command"),
        COMMANDS,
        "esep/v1/checkpoint",
        topic(OWN, "frame/more"),
        "$SYS/broker/uptime",
    ],
)
def test_a_gateway_says_nothing_elsewhere(broker: Broker, collector: Party, where: str) -> None:
    everything = [
        collector,
        broker.party(OTHER, topic(OTHER, "command"), topic(OTHER, "receipt"), COMMANDS),
        broker.party(
            OWN, *(topic(OWN, what) for what in ("receipt", "command", "object", "schedule"))
        ),
        broker.party("esep-witness", "esep/v1/checkpoint"),
    ]
    thief = broker.party(OWN)
    thief.try_to_publish(where, b"forged")
    broker.party(OWN).publish(topic(OWN, "frame"), b"after it")
    everything[0].await_payload(topic(OWN, "frame"), b"after it")
    assert all(b"forged" not in party.payloads(where) for party in everything)


@pytest.mark.parametrize(
    "wanted",
    [
        "#",
        "esep/v1/#",
        "esep/v1/+/frame",
        "esep/v1/+/command",
        "+/+/+/receipt",
        topic(OTHER, "receipt"),
        topic(OTHER, "object"),
        topic(OTHER, "schedule"),
        topic(OWN, "frame"),
    ],
)
def test_a_gateway_overhears_nobody(broker: Broker, collector: Party, wanted: str) -> None:
    curious = broker.party(OWN, wanted, topic(OWN, "receipt"))
    broker.party(OTHER).publish(topic(OTHER, "frame"), b"not for you")
    for what in ("receipt", "command", "object", "schedule"):
        collector.publish(topic(OTHER, what), b"not for you")
    collector.publish(topic(OWN, "receipt"), b"for you")
    curious.await_payload(topic(OWN, "receipt"), b"for you")
    assert {message.topic for message in curious.heard} <= {
        topic(OWN, what) for what in ("receipt", "command", "object", "schedule")
    }


@pytest.mark.parametrize("name", ["+", "#", f"+/{OWN}", "esep-collector/x"])
def test_a_name_that_is_a_pattern_is_nobody(broker: Broker, collector: Party, name: str) -> None:
    stranger = broker.party(name, topic(OTHER, "receipt"), topic(OWN, "command"))
    stranger.try_to_publish(topic(OTHER, "frame"), b"forged")
    broker.party(OWN).publish(topic(OWN, "frame"), b"after it")
    collector.publish(topic(OTHER, "receipt"), b"not for you")
    collector.await_payload(topic(OWN, "frame"), b"after it")
    assert collector.payloads(topic(OTHER, "frame")) == []
    assert stranger.heard == []


def test_the_name_in_the_certificate_is_the_user_whatever_the_client_says(
    broker: Broker, collector: Party
) -> None:
    liar = broker.party(OWN, username=OTHER)
    liar.try_to_publish(topic(OTHER, "frame"), b"forged")
    broker.party(OWN).publish(topic(OWN, "frame"), b"mine")
    collector.await_payload(topic(OWN, "frame"), b"mine")
    assert collector.payloads(topic(OTHER, "frame")) == []


def test_a_client_that_takes_anothers_client_id_speaks_in_its_own_name(
    broker: Broker, collector: Party
) -> None:
    taker = broker.party(OWN, client_id=OTHER)
    taker.try_to_publish(topic(OTHER, "frame"), b"forged")
    broker.party(OWN).publish(topic(OWN, "frame"), b"mine")
    collector.await_payload(topic(OWN, "frame"), b"mine")
    assert collector.payloads(topic(OTHER, "frame")) == []


def test_nobody_comes_in_without_a_certificate_of_the_authority(broker: Broker) -> None:
    for authority in (None, Authority("another CA")):
        with pytest.raises((ssl.SSLError, ConnectionError)):
            Party(broker.port, OWN, broker.context(authority, OWN))


def test_nobody_comes_in_without_tls(broker: Broker) -> None:
    with pytest.raises((ConnectionError, TimeoutError)):
        Party(broker.port, OWN, None)


def test_a_will_on_anothers_topic_is_not_said(broker: Broker, collector: Party) -> None:
    """It is refused at once, or when the time has come; the gateway's own will is said."""
    with suppress(ConnectionError):
        broker.party(OWN, will=topic(OTHER, "status")).vanish()
    honest = broker.party(OTHER, will=topic(OTHER, "status"))
    honest.vanish()
    collector.await_payload(topic(OTHER, "status"), b"will")
    assert collector.payloads(topic(OTHER, "status")) == [b"will"]


def test_a_packet_that_is_too_big_ends_its_connection_and_reaches_nobody(
    broker: Broker, collector: Party
) -> None:
    flooder = broker.party(OWN)
    flooder.client.publish(topic(OWN, "frame"), bytes(9000), qos=1)
    await_that(flooder.lost.is_set)
    broker.party(OTHER).publish(topic(OTHER, "frame"), bytes(8000))
    collector.await_payload(topic(OTHER, "frame"), bytes(8000))
    assert collector.payloads(topic(OWN, "frame")) == []

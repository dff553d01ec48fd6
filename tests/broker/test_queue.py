"""What waits for the collector at the shipped broker: whatever it acknowledged is delivered."""

import signal
import threading

from broker_world import OWN, Broker, Party, await_that, topic
from paho.mqtt.client import MQTTMessage

FRAME = topic(OWN, "frame")
COLLECTOR = {"client_id": "esep-collector", "session": True}
STALLED_MESSAGES = 20_000
"""More than a collector may have in hand, and twenty times what Mosquitto keeps by itself."""


def numbered(number: int) -> bytes:
    return number.to_bytes(4, "big") + bytes(300)


def numbers(party: Party) -> list[int]:
    return [int.from_bytes(payload[:4], "big") for payload in party.payloads(FRAME)]


def test_a_collector_that_stands_still_under_load_loses_nothing(broker: Broker) -> None:
    collector = broker.party("esep-collector", "esep/v1/+/frame", **COLLECTOR)
    goes_on = threading.Event()
    keep = collector.client.on_message

    def stand_still(client: object, data: object, message: MQTTMessage) -> None:
        goes_on.wait()
        assert keep is not None
        keep(client, data, message)  # type: ignore[arg-type]

    collector.client.on_message = stand_still
    gateway = broker.party(OWN)
    said = [gateway.client.publish(FRAME, numbered(n), qos=1) for n in range(STALLED_MESSAGES)]
    await_that(said[-1].is_published)
    assert collector.heard == []
    goes_on.set()
    await_that(lambda: len(collector.heard) >= STALLED_MESSAGES)
    assert sorted(numbers(collector)) == list(range(STALLED_MESSAGES))


def test_what_a_collector_did_not_acknowledge_comes_again(broker: Broker) -> None:
    by_hand = broker.party("esep-collector", "esep/v1/+/frame", by_hand=True, **COLLECTOR)
    gateway = broker.party(OWN)
    for number in range(10):
        gateway.publish(FRAME, numbered(number))
    await_that(lambda: len(by_hand.heard) == 10)
    by_hand.vanish()
    again = broker.party("esep-collector", "esep/v1/+/frame", **COLLECTOR)
    await_that(lambda: sorted(numbers(again)) == list(range(10)))


def test_a_queue_outlives_an_orderly_restart_of_the_broker(broker: Broker) -> None:
    broker.party("esep-collector", "esep/v1/+/frame", **COLLECTOR).close()
    gateway = broker.party(OWN)
    for number in range(10):
        gateway.publish(FRAME, numbered(number))
    gateway.close()
    broker.stop(signal.SIGTERM)
    broker.start()
    collector = broker.party("esep-collector", **COLLECTOR)
    await_that(lambda: numbers(collector) == list(range(10)))

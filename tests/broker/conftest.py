"""The broker as it is shipped, with clients that have certificates of its authority."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from absent import absent
from broker_world import Broker, Party

from simulator import mosquitto


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    try:
        mosquitto.find()
    except mosquitto.MissingError as error:
        absent(str(error))
    running = Broker(tmp_path)
    running.start()
    yield running
    running.close()


@pytest.fixture
def collector(broker: Broker) -> Party:
    return broker.party("esep-collector", "esep/v1/+/frame", "esep/v1/+/status")

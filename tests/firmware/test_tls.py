"""TLS to the broker: both sides show certificates, and a wrong one keeps nobody from metering."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from plant.certificates import HOSTNAME, Party, TlsPort
from plant.collector import BILLING
from plant.site import Plant, until

CA = Party("ca")
STRANGER = Party("another ca")


@pytest.fixture
def plant(tmp_path: Path) -> Iterator[Plant]:
    plant = Plant(tmp_path)
    yield plant
    plant.close()


def start(plant: Plant, trusted: Party = CA, issuer: Party = CA, hostname: str = HOSTNAME) -> None:
    """The gateway trusts one authority and shows a certificate by another, or the same."""
    directory = plant.gateway.directory
    front = TlsPort(plant.loop, directory, CA, plant.broker.port)
    ca, _ = trusted.write(directory, "trusted", Encoding.DER)
    certificate, key = Party("gateway", issuer).write(directory, "gateway", Encoding.DER)
    path = directory / "network.json"
    tls = {"ca": ca, "cert": certificate, "key": key, "hostname": hostname}
    path.write_text(json.dumps({**json.loads(path.read_text()), "port": front.port, "tls": tls}))
    plant.gateway.start()


def test_frames_and_commands_pass(plant: Plant) -> None:
    start(plant)
    collector = plant.collector
    collector.wait(lambda: len(collector.records(BILLING)) >= 4)
    order = bytes(16)
    collector.send(plant.site.command(3, order=order))
    collector.wait(lambda: (2, None) in collector.results(order))


@pytest.mark.parametrize(
    ("wrong", "complaint"),
    [
        ({"trusted": STRANGER}, "not correctly signed"),
        ({"hostname": "other.test"}, "does not match"),
        ({"issuer": STRANGER}, "broker: "),
    ],
)
def test_whom_a_side_does_not_believe_it_does_not_talk_to(
    plant: Plant, wrong: dict[str, str], complaint: str
) -> None:
    start(plant, **wrong)  # type: ignore[arg-type]
    until(lambda: plant.log().count(complaint) >= 2)
    assert "Traceback" not in plant.log()
    assert plant.collector.frames == {}


def test_what_a_retired_gateway_holds_passes_too(plant: Plant) -> None:
    """The program that ends it has TLS in the same heap as the application."""
    start(plant)
    collector = plant.collector
    collector.wait(lambda: collector.records(BILLING))
    plant.gateway.kill()
    collector.receipt_every = 1
    done = plant.gateway.run("retire", "the site closes")
    assert done.returncode == 0, done.stdout + done.stderr
    collector.wait(lambda: collector.events(13) == [{0: "the site closes"}])

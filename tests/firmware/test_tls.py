"""TLS to the broker: both sides show certificates, and a wrong one keeps nobody from metering."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cbor2
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


def start(
    plant: Plant,
    trusted: Party = CA,
    issuer: Party = CA,
    hostname: str = HOSTNAME,
    broker: Party | None = None,
) -> None:
    """The gateway trusts one authority and shows a certificate by another, or the same."""
    directory = plant.gateway.directory
    front = TlsPort(plant.loop, directory, CA, plant.broker.port, broker)
    ca, _ = trusted.write(directory, "trusted", Encoding.DER)
    certificate, key = Party("gateway", issuer).write(directory, "gateway", Encoding.DER)
    path = directory / "network.json"
    ca, certificate, key = (Path(each).name for each in (ca, certificate, key))
    tls = {"ca": ca, "cert": certificate, "key": key, "hostname": hostname}
    path.write_text(json.dumps({**json.loads(path.read_text()), "port": front.port, "tls": tls}))
    plant.gateway.start()


def metered_meanwhile(plant: Plant) -> None:
    """Every interval is in the journal, from the first to the last."""
    plant.gateway.kill()
    lines = plant.gateway.hand_over().stdout.decode().splitlines()
    frames = [bytes.fromhex(line[6:]) for line in lines if line.startswith("frame ")]
    records = [each for frame in frames for each in cbor2.loads(cbor2.loads(frame).value[2])[8]]
    boundaries = [each[2] for each in records if each[0] == 1 and each[1] == 0]
    assert len(boundaries) >= 2
    assert boundaries == list(range(boundaries[0], boundaries[-1] + 1, 1000))


def test_frames_and_commands_pass(plant: Plant) -> None:
    start(plant)
    collector = plant.collector
    collector.wait(lambda: len(collector.records(BILLING)) >= 4)
    order = bytes(16)
    collector.send(plant.site.command(3, order=order))
    collector.wait(lambda: (2, None) in collector.results(order))


EXPIRED_CA = Party("ca", days=(-2, -1))


@pytest.mark.parametrize(
    ("wrong", "complaint"),
    [
        pytest.param({"trusted": STRANGER}, "not correctly signed", id="broker of another CA"),
        pytest.param({"hostname": "other.test"}, "does not match", id="broker of another name"),
        pytest.param({"issuer": STRANGER}, "does it accept", id="gateway of another CA"),
        pytest.param(
            {"trusted": EXPIRED_CA, "broker": Party(HOSTNAME, EXPIRED_CA)},
            "validity has expired",
            id="expired CA",
        ),
        pytest.param(
            {"broker": Party(HOSTNAME, CA, days=(-2, -1))},
            "validity has expired",
            id="expired certificate",
        ),
        pytest.param(
            {"broker": Party(HOSTNAME, CA, days=(1, 2))},
            "validity starts in the future",
            id="clock before the certificate's validity",
        ),
    ],
)
def test_whom_a_side_does_not_believe_it_does_not_talk_to(
    plant: Plant, wrong: dict[str, Any], complaint: str
) -> None:
    start(plant, **wrong)
    until(lambda: plant.log().count(complaint) >= 4)  # some seconds, as the pauses grow
    assert "Traceback" not in plant.log()
    assert plant.collector.frames == {}
    metered_meanwhile(plant)


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


def test_certificates_that_are_not_der_are_told_at_the_start(plant: Plant) -> None:
    directory = plant.gateway.directory
    path = directory / "network.json"
    ca, _ = CA.write(directory, "ca", Encoding.PEM)
    certificate, key = Party("gateway", CA).write(directory, "gateway", Encoding.PEM)
    tls = {"ca": ca, "cert": certificate, "key": key}
    path.write_text(json.dumps({**json.loads(path.read_text()), "tls": tls}))
    plant.gateway.start()
    assert plant.gateway.process
    assert plant.gateway.process.wait(20) == 1
    assert "the certificates for TLS must be DER" in plant.log()

"""`python -m simulator.gateways` and Mosquitto as it is shipped: frames up, a command obeyed."""

import json
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from absent import absent
from cryptography.hazmat.primitives.asymmetric import ec

from benchmarks.collector_process import free_port
from benchmarks.senders import Crowd, connect, publish
from collector.evidence.cose import ContentType
from collector.evidence.downlink import Action, Command, Role, Signer, certify
from collector.evidence.frame import Event, Frame, Sample, read_frame
from collector.evidence.keys import PrivateKey, PublicKey
from simulator import mosquitto
from simulator.certificates import Authority
from simulator.gateways.wire import Key

ORDER = bytes(range(16))
PATIENCE_S = 30


@dataclass
class Line:
    """The collector's end: frames that came, in their order; and what the process says."""

    crowd: Crowd
    frames: list[Frame]
    process: subprocess.Popen[str]

    def await_event(self, code: int, wanted: dict[int, Any]) -> None:
        """Until an event of the code came with these fields."""
        until_s = time.monotonic() + PATIENCE_S
        while time.monotonic() < until_s:
            self.crowd.serve(0.01)
            events = [
                record.detail
                for frame in self.frames
                for record in frame.records
                if isinstance(record, Event) and record.code == code
            ]
            if any(wanted.items() <= dict(detail).items() for detail in events):
                return
        raise AssertionError(f"no event {code} {wanted}")


@pytest.fixture
def key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


@pytest.fixture
def root() -> PrivateKey:
    return PrivateKey.generate()


@pytest.fixture
def line(tmp_path: Path, key: ec.EllipticCurvePrivateKey, root: PrivateKey) -> Iterator[Line]:
    try:
        mosquitto.find()
    except mosquitto.MissingError as error:
        absent(str(error))
    authority, port, gateway = Authority("CA of the test"), free_port(), Key(key)
    server = authority.issue("broker", "127.0.0.1")
    command = mosquitto.configure(tmp_path / "broker", port, authority, server)
    broker = subprocess.Popen(command)
    ca = tmp_path / "broker" / "ca.crt"
    mine = ssl.create_default_context(cafile=str(ca))
    mine.load_cert_chain(*authority.issue("esep-collector").write_pem(tmp_path, "collector"))
    its = [str(path) for path in authority.issue(gateway.id.hex()).write_pem(tmp_path, "gateway")]
    entry = {
        "key": f"{key.private_numbers().private_value:x}",
        "configuration": bytes(32).hex(),
        "zone": "north",
        "stages": {"1": 1_000_000},
        "auxiliary_w": 0,
        "certificate": its,
    }
    fleet = {"seed": 1, "host": "127.0.0.1", "port": port, "root": root.public.raw.hex()}
    fleet |= {"ca": str(ca), "sample_s": 0.2, "sign_ms": [0, 0], "verify_ms": [0, 0]}
    (tmp_path / "fleet.json").write_text(json.dumps(fleet | {"gateways": [entry]}))
    frames: list[Frame] = []

    def came(_topic: str, message: bytes) -> None:
        parsed, frame = read_frame(message)
        parsed.verify(PublicKey.from_cose_key(gateway.cose))
        frames.append(frame)

    until_s = time.monotonic() + PATIENCE_S
    while True:
        try:
            sender = connect(port, "collector", mine, ["esep/v1/+/frame"], 10)
            break
        except ConnectionRefusedError:
            assert time.monotonic() < until_s, "the broker does not listen"
            time.sleep(0.02)
    process = subprocess.Popen(
        [sys.executable, "-m", "simulator.gateways", str(tmp_path / "fleet.json")],
        stdout=subprocess.PIPE,
        text=True,
    )
    crowd = Crowd([sender], came)
    try:
        yield Line(crowd, frames, process)
    finally:
        process.terminate()
        process.wait()
        crowd.close()
        broker.kill()
        broker.wait()


def test_it_samples_obeys_its_zone_and_says_so(
    line: Line, key: ec.EllipticCurvePrivateKey, root: PrivateKey
) -> None:
    assert line.process.stdout is not None
    said = (json.loads(each) for each in line.process.stdout)
    assert next(each for each in said if "connected" not in each) == {"ready": 1}
    line.await_event(1, {0: "power"})
    now_ms = time.time_ns() // 1_000_000
    orders = PrivateKey.generate()
    signer = Signer(
        orders, certify(root, Role.ORDERS, orders.public, now_ms - 10**6, now_ms + 10**6)
    )
    command = Command("north", 7, now_ms, now_ms + 60_000, ORDER, Action.OPEN)
    message = signer.seal(ContentType.COMMAND, command.payload())
    line.crowd.senders[0].waiting.append(publish("esep/v1/zone/north/command", 1, message))
    line.await_event(4, {0: ORDER, 1: 7, 2: 1})
    line.await_event(5, {0: 1, 1: 0, 3: ORDER})
    line.await_event(4, {0: ORDER, 1: 7, 2: 2})
    told = next(said)
    assert (told["gateway"], told["phase"]) == (Key(key).id.hex(), 1)
    telemetry = [frame for frame in line.frames if isinstance(frame.records[0], Sample)]
    assert [frame.seq for frame in telemetry] == [*range(1, len(telemetry) + 1)]

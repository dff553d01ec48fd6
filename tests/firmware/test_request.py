"""The key of TLS, made on the board, and the request for its certificate: judged by OpenSSL."""

import json
import os
import subprocess
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_der_private_key
from plant.gateway import firmware

from simulator import micropython

SHOW = """
from board import Board
def main():
    print(Board().read_setting("client-key.der").hex())
"""


class Gateway:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        board = {"dir": str(folder), "flash": "none", "flash_blocks": 8}
        (folder / "board.json").write_text(json.dumps(board))
        (folder / "show.py").write_text(SHOW)

    def run(self, module: str) -> subprocess.CompletedProcess[str]:
        environment = {
            **os.environ,
            "ESEP_BOARD": str(self.folder / "board.json"),
            "MICROPYPATH": f".frozen:{self.folder}",
        }
        return subprocess.run(
            micropython.command(firmware(), module),
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )

    def key(self) -> ec.EllipticCurvePrivateKey:
        key = load_der_private_key(bytes.fromhex(self.run("show").stdout), password=None)
        assert isinstance(key, ec.EllipticCurvePrivateKey)
        return key


@pytest.fixture
def gateway(tmp_path: Path) -> Gateway:
    return Gateway(tmp_path)


def test_the_request_is_signed_by_the_key_that_stays_on_the_board(gateway: Gateway) -> None:
    offered = json.loads(gateway.run("enrol").stdout)
    asked = json.loads(gateway.run("request").stdout)
    request = x509.load_der_x509_csr(bytes.fromhex(asked["request"]))
    assert request.is_signature_valid
    (name,) = request.subject
    assert name.value == asked["gateway"] == offered["gateway"]
    public = request.public_key()
    assert isinstance(public, ec.EllipticCurvePublicKey)
    assert public.public_numbers() == gateway.key().public_key().public_numbers()
    # It is not the key that signs frames.
    assert f"{public.public_numbers().x:064x}" not in offered["enrolment"]


def test_asked_again_it_has_the_same_key(gateway: Gateway) -> None:
    gateway.run("enrol")
    keys = [
        x509.load_der_x509_csr(bytes.fromhex(json.loads(done.stdout)["request"])).public_key()
        for done in (gateway.run("request"), gateway.run("request"))
    ]
    assert keys[0] == keys[1]


def test_a_key_file_that_is_damaged_is_replaced(gateway: Gateway) -> None:
    gateway.run("enrol")
    (gateway.folder / "client-key.der").write_bytes(b"no key")
    asked = json.loads(gateway.run("request").stdout)
    request = x509.load_der_x509_csr(bytes.fromhex(asked["request"]))
    assert request.public_key() == gateway.key().public_key()


def test_without_a_gateways_key_there_is_nothing_to_ask_for(gateway: Gateway) -> None:
    done = gateway.run("request")
    assert done.returncode == 1
    assert "run enrol first" in done.stderr

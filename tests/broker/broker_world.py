"""The shipped broker in a process, and clients by the names in their certificates."""

import itertools
import signal
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.reasoncodes import ReasonCode

from simulator import mosquitto
from simulator.certificates import Authority

PATIENCE_S = 40
_numbers = itertools.count()
OWN, OTHER = "00112233445566aa", "00112233445566bb"


def topic(gateway: str, what: str) -> str:
    return f"esep/v1/{gateway}/{what}"


def await_that(condition: Callable[[], bool]) -> None:
    until = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < until, "it did not come to pass"
        time.sleep(0.02)


class Party:
    """A client. What it hears is kept; by hand it acknowledges nothing unless told."""

    def __init__(
        self,
        port: int,
        name: str,
        context: ssl.SSLContext | None,
        topics: tuple[str, ...] = (),
        *,
        client_id: str | None = None,
        username: str | None = None,
        will: str | None = None,
        session: bool = False,
        by_hand: bool = False,
    ) -> None:
        self.heard: list[MQTTMessage] = []
        self.granted: list[ReasonCode] = []
        self.answer: str | None = None
        self.lost = threading.Event()
        self._answered, self._subscribed = threading.Event(), threading.Event()
        self.client = Client(
            CallbackAPIVersion.VERSION2,
            client_id or f"{name}-{next(_numbers)}",
            clean_session=not session,
            protocol=MQTTProtocolVersion.MQTTv311,
            manual_ack=by_hand,
        )
        if context is not None:
            self.client.tls_set_context(context)
        if username is not None:
            self.client.username_pw_set(username, "secret")
        if will is not None:
            self.client.will_set(will, b"will", qos=1)
        self.client.on_connect = self._connected
        self.client.on_subscribe = self._on_subscribe
        self.client.on_message = lambda _client, _data, message: self.heard.append(message)
        self.client.on_disconnect = self._disconnected
        self.client.connect("127.0.0.1", port)
        self.client.loop_start()
        assert self._answered.wait(PATIENCE_S), "no answer to the connection"
        if not self.is_in and self.lost.is_set():
            self.client.loop_stop()
            raise ConnectionError("the broker does not want this client")
        await_that(lambda: self.client.is_connected() or self.lost.is_set())
        if topics and self.is_in:
            self.client.subscribe([(each, 1) for each in topics])
            assert self._subscribed.wait(PATIENCE_S)

    @property
    def is_in(self) -> bool:
        return self.answer == "Success"

    def publish(self, where: str, payload: bytes) -> None:
        """Until the broker has acknowledged it."""
        self.client.publish(where, payload, qos=1).wait_for_publish(PATIENCE_S)

    def try_to_publish(self, where: str, payload: bytes) -> None:
        """Until the broker has acknowledged it, or put an end to the connection."""
        said = self.client.publish(where, payload, qos=1)
        await_that(lambda: said.is_published() or self.lost.is_set())

    def payloads(self, where: str) -> list[bytes]:
        return [bytes(message.payload) for message in list(self.heard) if message.topic == where]

    def await_payload(self, where: str, payload: bytes) -> None:
        await_that(lambda: payload in self.payloads(where))

    def vanish(self) -> None:
        """As if the supply failed: without a word."""
        line: Any = self.client.socket()
        self.client.loop_stop()
        line.shutdown(socket.SHUT_RDWR)
        line.close()

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()

    def _connected(self, _client: Client, _data: Any, _flags: Any, reason: Any, _p: Any) -> None:
        self.answer = str(reason)
        self._answered.set()

    def _disconnected(self, *_: Any) -> None:
        self.lost.set()
        self._answered.set()

    def _on_subscribe(
        self, _client: Client, _data: Any, _mid: int, reasons: list[ReasonCode], _p: Any
    ) -> None:
        self.granted = reasons
        self._subscribed.set()


class Broker:
    def __init__(self, folder: Path, **changes: str) -> None:
        self.folder = folder
        self.authority = Authority("CA of the test")
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port: int = free.getsockname()[1]
        self._parties: list[Party] = []
        server = self.authority.issue("broker", "127.0.0.1")
        self._command = mosquitto.configure(
            folder / "broker", self.port, self.authority, server, **changes
        )

    def start(self) -> None:
        self._process = subprocess.Popen(self._command, stderr=subprocess.PIPE)
        threading.Thread(target=self._drain, args=(self._process,), daemon=True).start()
        await_that(self._listens)

    def kill(self) -> None:
        self.stop(signal.SIGKILL)

    def stop(self, number: signal.Signals) -> None:
        self._process.send_signal(number)
        self._process.wait()

    def party(self, name: str, *topics: str, **how: Any) -> Party:
        """A client whose certificate bears the name."""
        party = Party(self.port, name, self.context(self.authority, name), topics, **how)
        self._parties.append(party)
        return party

    def context(self, authority: Authority | None, name: str) -> ssl.SSLContext:
        """That trusts this broker; without an authority it shows no certificate."""
        context = ssl.create_default_context(cafile=str(self.folder / "broker" / "ca.crt"))
        if authority is not None:
            named = "".join(letter if letter.isalnum() else "_" for letter in name)
            certificate, key = authority.issue(name).write_pem(self.folder, named)
            context.load_cert_chain(certificate, key)
        return context

    def close(self) -> None:
        for party in self._parties:
            party.close()
        self.kill()

    def _listens(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self.port)).close()
        except ConnectionRefusedError:
            return False
        return True

    @staticmethod
    def _drain(process: subprocess.Popen[bytes]) -> None:
        assert process.stderr is not None
        for _ in process.stderr:
            pass

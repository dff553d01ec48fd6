"""The addresses of the brokers, and whose turn it is."""

from gateway.configuration import SetupError


class Brokers:
    """`settings` is network.json. Raises SetupError."""

    def __init__(self, settings: dict):
        tls = settings.get("tls") or {}
        self._brokers: list = []
        for broker in settings.get("brokers") or [settings]:
            host, port = broker.get("host"), broker.get("port")
            if not isinstance(host, str) or not isinstance(port, int):
                raise SetupError("network.json names no broker with host and port")
            if not _is_address(host):
                raise SetupError(
                    "network.json names the broker %s: its address must stand there, since to ask "
                    "for it would stop the metering; the name goes under hostname" % host
                )
            hostname = broker.get("hostname") or tls.get("hostname") or host
            self._brokers.append({"host": host, "port": port, "hostname": hostname})

    def current(self) -> dict:
        """Its `host`, `port`, and the `hostname` that its certificate must bear."""
        return self._brokers[0]

    def name(self) -> str:
        return "%s:%d" % (self._brokers[0]["host"], self._brokers[0]["port"])

    def turn(self) -> None:
        """It is the next one's turn."""
        self._brokers.append(self._brokers.pop(0))


def _is_address(host):
    return ":" in host or all(part.isdigit() for part in host.split("."))

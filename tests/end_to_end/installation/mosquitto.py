"""Mosquitto as it is shipped, and two more clients: one that hears all, one that may say all."""

from pathlib import Path

from absent import absent

from simulator import mosquitto
from simulator.certificates import Authority, Credential

COLLECTOR = "esep-collector"
WATCHER = "watcher"
INTRUDER = "intruder"

_ACCESS = f"""
user {WATCHER}
topic read esep/v1/#

user {INTRUDER}
topic readwrite #
"""


def find() -> Path:
    """The broker's program; the test is skipped without it, but not where CI=true."""
    try:
        return mosquitto.find()
    except mosquitto.MissingError as error:
        absent(str(error))


def configure(folder: Path, port: int, authority: Authority, server: Credential) -> list[str]:
    """Write the broker's files to a folder; the command that runs it in the foreground."""
    # no limit on packets: programs must bear what a broker lets through
    changes = {"persistence": "false", "max_packet_size": "200000000"}
    return mosquitto.configure(folder, port, authority, server, _ACCESS, **changes)

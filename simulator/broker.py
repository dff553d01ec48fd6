"""`python -m simulator.broker --port N`: an MQTT broker on the loopback, for the demo.

Anonymous, nothing kept on disk, nothing else loaded. One JSON line with its port when it listens.
"""

from __future__ import annotations

import asyncio
import json
import logging
import signal
import sys
from typing import Annotated

import typer
from amqtt.broker import Broker  # type: ignore[import-untyped]
from amqtt.errors import BrokerError  # type: ignore[import-untyped]

LOOPBACK = "127.0.0.1"
MAX_CONNECTIONS = 200
ANONYMOUS = "amqtt.plugins.authentication.AnonymousAuthPlugin"


def main(
    port: Annotated[int, typer.Option(min=1, max=65535, help="TCP port on the loopback.")],
) -> None:
    """Run an MQTT broker until SIGTERM or SIGINT."""
    # A client that vanishes is what the demo is about; it is no news.
    logging.getLogger("amqtt").setLevel(logging.CRITICAL)
    logging.getLogger("transitions").setLevel(logging.CRITICAL)
    try:
        asyncio.run(_serve(port))
    except BrokerError as error:
        typer.echo(f"port {port}: {error}; choose another", err=True)
        raise typer.Exit(2) from None


async def _serve(port: int) -> None:
    broker = Broker(
        {
            "listeners": {
                "default": {
                    "type": "tcp",
                    "bind": f"{LOOPBACK}:{port}",
                    "max_connections": MAX_CONNECTIONS,
                }
            },
            "plugins": {ANONYMOUS: {"allow_anonymous": True}},
        }
    )
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    await broker.start()
    sys.stdout.write(json.dumps({"ready": port}) + "\n")
    sys.stdout.flush()
    await stopping.wait()
    await broker.shutdown()


if __name__ == "__main__":
    typer.run(main)

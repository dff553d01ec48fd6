"""A paho client that acknowledges and does nothing else: says when it listens, and when it is done.

Arguments: port, topic, how many messages.
"""

import json
import sys
import threading
from typing import Any

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion


def main(port: int, topic: str, number: int) -> None:
    done, heard = threading.Event(), 0

    def received(_client: Client, _data: Any, _message: MQTTMessage) -> None:
        nonlocal heard
        heard += 1
        if heard == number:
            done.set()

    def subscribed(*_: Any) -> None:
        print(json.dumps({"listens": topic}), flush=True)

    client = Client(CallbackAPIVersion.VERSION2)
    client.on_message, client.on_subscribe = received, subscribed
    client.connect("127.0.0.1", port)
    client.subscribe(topic, 1)
    client.loop_start()
    done.wait()
    print(json.dumps({"heard": heard}), flush=True)
    client.disconnect()


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], int(sys.argv[3]))

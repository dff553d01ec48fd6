"""An NTP server that can be wrong, malformed, slow to believe or silent."""

import socket
import struct
import threading
import time
from collections.abc import Callable

_1970 = 2_208_988_800
Answer = Callable[[bytes], list[bytes]]


def packet(
    question: bytes, unix_ms: int, *, leap: int = 0, mode: int = 4, stratum: int = 2
) -> bytes:
    seconds, ms = divmod(unix_ms, 1000)
    stamp = struct.pack(">II", (seconds + _1970) % 2**32, ms * 2**32 // 1000)
    return bytes([leap << 6 | 4 << 3 | mode, stratum]) + bytes(22) + question[40:48] + stamp + stamp


class NtpServer:
    """`answer` makes what is sent back to a question; without it, the time and `offset_ms`."""

    def __init__(self, offset_ms: int = 0, answer: Answer | None = None) -> None:
        self.offset_ms = offset_ms
        self.asked = 0
        self._answer = answer or self._right
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self.name = f"127.0.0.1:{self._socket.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _right(self, question: bytes) -> list[bytes]:
        return [packet(question, time.time_ns() // 1_000_000 + self.offset_ms)]

    def _serve(self) -> None:
        while True:
            question, client = self._socket.recvfrom(64)
            if not question:
                return
            self.asked += 1
            for answer in self._answer(question):
                self._socket.sendto(answer, client)

    def close(self) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stopper:
            stopper.sendto(b"", self._socket.getsockname())
        self._thread.join()
        self._socket.close()

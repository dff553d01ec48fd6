"""What bounds an intake from below, each measured bare: signatures, broker and client, commits."""

import os
import sqlite3
import time
from pathlib import Path

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from benchmarks.senders import connect, publish
from benchmarks.workers import python

_BATCH = 500
_SCHEMA = """
CREATE TABLE frame (position INTEGER PRIMARY KEY, gateway BLOB, epoch INTEGER, stream INTEGER,
                    seq INTEGER, hash BLOB, received_ms INTEGER, raw BLOB,
                    UNIQUE (gateway, epoch, stream, seq, hash))
"""


def signatures_per_s(message: bytes, key: ec.EllipticCurvePublicKey, seconds: float) -> float:
    """Verifications by one thread of the library that the collector uses."""
    protected, _, payload, signature = cbor2.loads(message).value
    signed = cbor2.dumps(["Signature1", protected, b"", payload])
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    der, algorithm = encode_dss_signature(r, s), ec.ECDSA(hashes.SHA256())
    count, began = 0, time.perf_counter()
    while (took := time.perf_counter() - began) < seconds:
        for _ in range(100):
            key.verify(der, signed, algorithm)
        count += 100
    return count / took


def commits_per_s(folder: Path, size: int, seconds: float) -> float:
    """Rows of that size into the ledger's table, 500 a commit, each commit flushed."""
    path = folder / "limit.sqlite"
    path.unlink(missing_ok=True)
    connection = sqlite3.connect(path, isolation_level=None)
    connection.executescript(f"PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; {_SCHEMA}")
    raw = os.urandom(size)
    count, began = 0, time.perf_counter()
    while (took := time.perf_counter() - began) < seconds:
        gateway = count % 50
        rows = [
            (count + n + 1, b"%08d" % ((gateway + n) % 50), 1, 1, count + n, os.urandom(32), 0, raw)
            for n in range(_BATCH)
        ]
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany("INSERT INTO frame VALUES (?,?,?,?,?,?,?,?)", rows)
        connection.execute("COMMIT")
        count += _BATCH
    connection.close()
    path.unlink()
    return count / took


def deliveries_per_s(port: int, payload: bytes, number: int) -> float:
    """Through this broker, to a paho client that does nothing but acknowledge."""
    topic = "bench/limit"
    sender = connect(port, "bench-limit", None, [], window=2000)
    with python("benchmarks.paho_subscriber", str(port), topic, str(number)) as subscriber:
        subscriber.hear()
        for mid in range(number):
            sender.waiting.append(publish(topic, mid % 65535 + 1, payload))
        began = time.perf_counter()
        while sender.waiting or sender.unacknowledged:
            sender.receive(lambda _topic, _payload: None)
            sender.send()
            time.sleep(0.0005)
        subscriber.hear()
        took = time.perf_counter() - began
    sender.line.close()
    return number / took

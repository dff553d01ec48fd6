"""Evidence as plain files, for the auditor."""

import json
from pathlib import Path

from sqlalchemy import Engine, select

from collector.evidence.keys import PublicKey
from collector.ledger import checkpoints
from collector.ledger.ledger import Ledger
from collector.model.records import Gateway, GatewayKey
from collector.registry.configurations import KIND as CONFIGURATION
from collector.registry.keyring import ROOT_FILE
from collector.registry.store import Registry
from collector.storage import reading
from collector.storage.tables import issued


def write(engine: Engine, registry: Registry, directory: Path, out: Path) -> int:
    """Write frames, keys, configurations and checkpoints; return the number of frames."""
    (out / "checkpoints").mkdir(parents=True)
    (out / "configurations").mkdir()
    frames = 0
    with (out / "frames.bin").open("wb") as file:
        for entry in Ledger(engine).entries():
            file.write(len(entry.raw).to_bytes(4) + entry.raw)
            frames += 1
    for size, message in checkpoints.stored(engine):
        (out / "checkpoints" / f"{size}.cose").write_bytes(message)
    with reading(engine) as connection:
        query = select(issued.c.hash, issued.c.raw).where(issued.c.kind == CONFIGURATION)
        for digest, raw in connection.execute(query):
            (out / "configurations" / f"{digest.hex()}.cose").write_bytes(raw)
    root = (directory / ROOT_FILE).read_bytes()
    _write_json(out / "root.json", {"x": root[:32].hex(), "y": root[32:].hex()})
    _write_json(
        out / "keys.json",
        [
            _key(gateway, key)
            for gateway in registry.view().all(Gateway).values()
            for key in gateway.keys
        ],
    )
    return frames


def _key(gateway: Gateway, key: GatewayKey) -> dict[str, object]:
    return {
        "gateway": gateway.id,
        "kid": PublicKey(bytes.fromhex(key.x + key.y)).kid.hex(),
        "x": key.x,
        "y": key.y,
        "from": key.start.model_dump(),
        "until": None if key.end is None else key.end.model_dump(),
    }


def _write_json(path: Path, value: object) -> None:
    path.write_text(json.dumps(value, indent=2) + "\n")

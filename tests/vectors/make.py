"""Writes the test vectors. `make.py --check` writes nothing and exits 1 if a file would change."""

import argparse
import json
import sys
from pathlib import Path

from generator import (
    bundles,
    chains,
    checkpoints,
    commands,
    evidence,
    frames,
    keys,
    objects,
    receipts,
    schedules,
    signatures,
    work_orders,
)

HERE = Path(__file__).parent


def documents() -> dict[str, dict[str, object]]:
    return {
        "keys": {
            "kind": "key",
            "what": "Test keys. Their private numbers are public: use them for nothing else.",
            "keys": [key.as_json() for key in keys.ALL],
        },
        "frames": frames.document(),
        "chains": chains.document(),
        "commands": commands.document(),
        "receipts": receipts.document(),
        "schedules": schedules.document(),
        "bundles": bundles.document(),
        "work_orders": work_orders.document(),
        "configurations": objects.configurations(),
        "certificates": objects.certificates(),
        "enrolments": objects.enrolments(),
        "checkpoints": checkpoints.document(),
        "signatures": signatures.document(),
    }


def text(document: dict[str, object]) -> str:
    """JSON with a line for each field of the document and each element of its lists."""
    fields = []
    for name, value in document.items():
        if isinstance(value, list):
            elements = ",\n".join(json.dumps(element, ensure_ascii=False) for element in value)
            fields.append(f"{json.dumps(name)}: [\n{elements}\n]")
        else:
            fields.append(f"{json.dumps(name)}: {json.dumps(value, ensure_ascii=False)}")
    return "{\n" + ",\n".join(fields) + "\n}\n"


def files() -> dict[Path, bytes]:
    made = {HERE / f"{name}.json": text(content).encode() for name, content in documents().items()}
    return made | {HERE / "evidence" / path: content for path, content in evidence.files().items()}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing, report what differs")
    check = parser.parse_args().check
    differing = [
        (path, content)
        for path, content in files().items()
        if not path.exists() or path.read_bytes() != content
    ]
    for path, content in differing:
        print(f"{'differs' if check else 'written'}: {path.relative_to(HERE)}")
        if not check:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
    return 1 if check and differing else 0


if __name__ == "__main__":
    sys.exit(main())

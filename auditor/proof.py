"""Proof files (docs/wire-format.md §7): one frame in the tree, or one checkpoint after another."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from auditor import cose
from auditor.checkpoints import Checkpoint, read_checkpoint
from auditor.frames import read_frame
from auditor.keys import PublicKey
from auditor.merkle import leaf_hash, root_by_inclusion, roots_by_consistency
from auditor.refusal import Refusal
from auditor.register import public_key

_FIELDS = {
    "inclusion": {"proof", "position", "frame", "key", "path", "checkpoint"},
    "consistency": {"proof", "old", "path", "checkpoint"},
}
_BYTES = ("frame", "old", "checkpoint")


class ProofError(Exception):
    """The file is no proof; the text says why."""


def read_proof(path: Path) -> dict[str, Any]:
    """The fields, bytes out of their hex. Raises ProofError, OSError."""
    try:
        fields: dict[str, Any] = json.loads(path.read_bytes())
        if set(fields) != _FIELDS[fields["proof"]]:
            raise ProofError(f"{path}: not the fields of a proof of {fields['proof']}")
        decoded = {name: bytes.fromhex(fields[name]) for name in _BYTES if name in fields}
        path_nodes = [bytes.fromhex(node) for node in fields["path"]]
    except (ValueError, KeyError, TypeError) as error:
        raise ProofError(f"{path}: not a proof: {error}") from None
    return fields | decoded | {"path": path_nodes}


def read_root(path: Path) -> PublicKey:
    """From root.pub, 64 bytes, or root.json. Raises ProofError, OSError."""
    content = path.read_bytes()
    try:
        if len(content) == 64:
            return public_key({"x": content[:32].hex(), "y": content[32:].hex()})
        return public_key(json.loads(content))
    except (ValueError, KeyError, TypeError) as error:
        raise ProofError(f"{path}: not a root key: {error}") from None


def judge(proof: dict[str, Any], root: PublicKey) -> list[str]:
    """What it proves, in words; raises Refusal when it does not."""
    checkpoint = read_checkpoint(proof["checkpoint"], root)
    if proof["proof"] == "inclusion":
        return _judge_inclusion(proof, checkpoint)
    return _judge_consistency(proof, read_checkpoint(proof["old"], root), checkpoint)


def _judge_inclusion(proof: dict[str, Any], checkpoint: Checkpoint) -> list[str]:
    frame, position = read_frame(proof["frame"]), proof["position"]
    if type(position) is not int:
        raise Refusal("wrong_shape", f"{position!r} is no position")
    found = root_by_inclusion(
        leaf_hash(proof["frame"]), position - 1, checkpoint.tree_size, proof["path"]
    )
    if found != checkpoint.root:
        raise Refusal("wrong_root", f"the frame is not at position {position} of the tree signed")
    try:
        key = public_key(proof["key"])
    except (ValueError, KeyError, TypeError) as error:
        raise Refusal("key_not_valid", f"the proof names no key of the gateway: {error}") from None
    cose.check_signature(frame.message, key)
    return [
        f"Frame {frame.name} of gateway {frame.gateway.hex()}",
        f"was signed by key {key.thumbprint.hex()}: compare it with the enrolment's paper",
        f"and is number {position} of the {_said(checkpoint)}",
    ]


def _judge_consistency(proof: dict[str, Any], old: Checkpoint, checkpoint: Checkpoint) -> list[str]:
    sizes = old.tree_size, checkpoint.tree_size
    if roots_by_consistency(*sizes, old.root, proof["path"]) != (old.root, checkpoint.root):
        raise Refusal("wrong_root", f"the first {sizes[0]} of {sizes[1]} frames are others")
    return [f"The {_said(old)}", f"are unchanged the first of the {_said(checkpoint)}"]


def _said(checkpoint: Checkpoint) -> str:
    try:
        signed = datetime.fromtimestamp(checkpoint.time_ms / 1000, UTC).isoformat()
    except (ValueError, OverflowError):
        signed = f"{checkpoint.time_ms} ms"
    generation = f", generation {checkpoint.generation}" if checkpoint.restored else ""
    return f"{checkpoint.tree_size} frames that the operator signed on {signed}{generation}"

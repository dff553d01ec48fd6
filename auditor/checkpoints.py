"""Checkpoints: the operator's signature over the tree of all frames up to a size (§7)."""

from dataclasses import dataclass

from auditor import cose
from auditor.frames import HASH, UINT
from auditor.keys import PublicKey
from auditor.operator_messages import VERSION, check_operator
from auditor.refusal import Refusal
from auditor.shape import mapping

CHECKPOINT = mapping({0: VERSION, 1: UINT, 2: HASH, 3: UINT})


@dataclass(frozen=True)
class Checkpoint:
    tree_size: int
    root: bytes
    time_ms: int


def read_checkpoint(encoded: bytes, root: PublicKey) -> Checkpoint:
    """Judged at the time it gives; raises Refusal."""
    message = cose.read_certified(encoded, "checkpoint", CHECKPOINT)
    body = message.body
    check_operator(message, "checkpoints", body[3], root)
    return Checkpoint(body[1], body[2], body[3])


def check_tree(checkpoint: Checkpoint, roots: dict[int, bytes]) -> None:
    """Raises Refusal `wrong_size` or `wrong_root`. `roots`: the tree's root at each size it had."""
    if checkpoint.tree_size not in roots:
        raise Refusal("wrong_size", f"it covers {checkpoint.tree_size} frames; there are fewer")
    if roots[checkpoint.tree_size] != checkpoint.root:
        raise Refusal("wrong_root", f"the first {checkpoint.tree_size} frames are others")

"""Checkpoints: the operator's signature over the tree of all frames up to a size (§7)."""

from collections.abc import Iterable
from dataclasses import dataclass

from auditor import cose
from auditor.frames import HASH, UINT
from auditor.keys import PublicKey
from auditor.operator_messages import VERSION, check_operator
from auditor.refusal import Refusal
from auditor.shape import array, either, integer, mapping, null

RESTORED = array(integer(2, 2**32 - 1), UINT, either(HASH, null))
CHECKPOINT = mapping({0: VERSION, 1: UINT, 2: HASH, 3: UINT}, {4: RESTORED})


@dataclass(frozen=True)
class Restored:
    """The first `common` frames are those of the generation before `generation`."""

    generation: int
    common: int
    before: bytes | None


@dataclass(frozen=True)
class Checkpoint:
    tree_size: int
    root: bytes
    time_ms: int
    restored: Restored | None = None

    @property
    def generation(self) -> int:
        return 1 if self.restored is None else self.restored.generation


def read_checkpoint(encoded: bytes, root: PublicKey) -> Checkpoint:
    """Judged at the time it gives; raises Refusal."""
    message = cose.read_certified(encoded, "checkpoint", CHECKPOINT)
    body = message.body
    check_operator(message, "checkpoints", body[3], root)
    restored = Restored(*body[4]) if 4 in body else None
    return Checkpoint(body[1], body[2], body[3], restored)


def check_generations(checkpoints: Iterable[Checkpoint]) -> dict[int, Restored]:
    """What begins each generation after the first; raises Refusal where two say otherwise."""
    begun: dict[int, Restored] = {}
    for each in checkpoints:
        if each.restored is not None and begun.setdefault(each.generation, each.restored) != (
            each.restored
        ):
            raise Refusal("wrong_root", f"generation {each.generation} begins at two places")
    return begun


def in_common(checkpoint: Checkpoint, begun: dict[int, Restored]) -> int:
    """How many of its frames the newest generation has in the same order."""
    later = [each.common for each in begun.values() if each.generation > checkpoint.generation]
    return min([checkpoint.tree_size, *later])


def check_tree(checkpoint: Checkpoint, roots: dict[int, bytes]) -> None:
    """Raises Refusal `wrong_size` or `wrong_root`. `roots`: the tree's root at each size it had."""
    if checkpoint.tree_size not in roots:
        raise Refusal("wrong_size", f"it covers {checkpoint.tree_size} frames; there are fewer")
    if roots[checkpoint.tree_size] != checkpoint.root:
        raise Refusal("wrong_root", f"the first {checkpoint.tree_size} frames are others")

"""Holding what checkpoints say against the tree of the frames that are here."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Engine

from collector.cli.verdict import Verdict
from collector.evidence.downlink import Restored, read_checkpoint, read_restored
from collector.evidence.errors import EvidenceError
from collector.evidence.keys import PublicKey
from collector.ledger import checkpoints


@dataclass(frozen=True)
class SignedTree:
    """What a checkpoint says; `name` tells it apart for a person; `is_kept`: by somebody else."""

    name: str
    size: int
    root: bytes
    restored: Restored | None
    is_kept: bool = False

    @property
    def generation(self) -> int:
        return 1 if self.restored is None else self.restored.generation


def signed_trees(
    engine: Engine, root: PublicKey, kept: Mapping[str, bytes], verdict: Verdict
) -> list[SignedTree]:
    """What the collector's checkpoints say, and those kept elsewhere, by name."""
    trees = []
    for size, message in checkpoints.stored(engine):
        name = f"the checkpoint over {size} frames"
        tree = _signed_tree(name, message, root, verdict)
        if tree is not None:
            trees.append(tree)
            if tree.size != size:
                verdict.faults.append(f"{name} says {tree.size}")
    verdict.checkpoints = len(trees)
    last = {
        f"the last checkpoint before a restoration ({number})": message
        for number, message in enumerate(checkpoints.lost(engine), 1)
    }
    others = [_signed_tree(name, message, root, verdict) for name, message in last.items()]
    others += [_signed_tree(*each, root, verdict, is_kept=True) for each in kept.items()]
    return [*trees, *(tree for tree in others if tree is not None)]


def judge_trees(trees: Sequence[SignedTree], roots: Mapping[int, bytes], verdict: Verdict) -> None:
    """`roots`: of the tree at every size that a checkpoint names, as far as there are frames.

    Of a tree that a restoration ended, only the frames before it can be here in the same order: a
    checkpoint over more of them is named; and is a fault when somebody kept it, since nothing here
    proves that its frames are.
    """
    begun = {tree.restored.generation: tree.restored for tree in trees if tree.restored}
    verdict.faults += _contradictions(trees, begun)
    for tree in trees:
        common = min(
            (each.size for each in begun.values() if each.generation > tree.generation),
            default=tree.size,
        )
        if tree.size > common:
            text = (
                f"{tree.name} covers {tree.size} frames of the ledger before it was restored: the"
                f" first {common} are here; that the others came again, only their chains can show"
            )
            (verdict.faults if tree.is_kept else verdict.restored).append(text)
        elif tree.size > verdict.frames:
            verdict.faults.append(
                f"{tree.name}: of its {tree.size} frames only {verdict.frames} are here"
            )
        elif roots[tree.size] != tree.root:
            verdict.faults.append(f"{tree.name} has another root")
        else:
            verdict.covered = max(verdict.covered, tree.size)


def _contradictions(trees: Sequence[SignedTree], begun: Mapping[int, Restored]) -> Iterator[str]:
    for tree in trees:
        if tree.restored is not None and begun[tree.generation] != tree.restored:
            yield f"{tree.name} says otherwise than another where its generation began"


def _signed_tree(
    name: str, message: bytes, root: PublicKey, verdict: Verdict, *, is_kept: bool = False
) -> SignedTree | None:
    try:
        size, tree, _ = read_checkpoint(message, root)
    except EvidenceError as error:
        verdict.faults.append(f"{name}: {error}")
        return None
    return SignedTree(name, size, tree, read_restored(message), is_kept)

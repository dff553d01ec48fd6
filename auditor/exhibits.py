"""The evidence in a curtailment certificate: frames with their proofs, and what reads them."""

from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, TypeVar

from auditor import cose
from auditor.checkpoints import Checkpoint, read_checkpoint
from auditor.configurations import CONFIGURATION, MAX_BYTES
from auditor.frames import Frame, read_frame
from auditor.keys import PublicKey
from auditor.merkle import leaf_hash, root_by_inclusion
from auditor.operator_messages import check_operator
from auditor.power import Profile
from auditor.refusal import Refusal
from auditor.register import public_key

T = TypeVar("T")


class WrongField(Exception):  # noqa: N818 - it is the certificate's fault, not ours
    """A field that does not hold: its path in the file, and why."""

    def __init__(self, path: str, why: str) -> None:
        super().__init__(f"{path}: {why}")
        self.path = path


@dataclass
class Evidence:
    """What the certificate carries, judged: frames by position, configurations and profiles."""

    root: PublicKey
    checkpoint: Checkpoint
    frames: dict[int, Frame] = field(default_factory=dict)
    configurations: dict[bytes, Any] = field(default_factory=dict)
    profiles: dict[str, Profile] = field(default_factory=dict)
    keys: dict[bytes, set[bytes]] = field(default_factory=dict)
    used: set[int] = field(default_factory=set)

    def record(self, path: str, position: Any, place: Any) -> tuple[Frame, Any]:
        if type(position) is not int or position not in self.frames:
            raise WrongField(path, f"no evidence has a frame {position!r}")
        frame = self.frames[position]
        if type(place) is not int or not 0 <= place < len(frame.records):
            raise WrongField(path, f"frame {position} has no record {place!r}")
        self.used.add(position)
        return frame, frame.records[place]


def read_evidence(said: dict[str, Any], root: PublicKey) -> Evidence:
    checkpoint = refusing(
        "evidence.checkpoint", read_checkpoint, octets_of(said, "checkpoint"), root
    )
    evidence = Evidence(root, checkpoint)
    for name, proof in said["frames"].items():
        path = f"evidence.frames.{name}"
        evidence.frames[int(name)] = _frame(path, int(name), proof, evidence)
    for name, encoded in said["configurations"].items():
        path = f"evidence.configurations.{name}"
        message = refusing(path, _configuration, bytes.fromhex(encoded), root)
        same(path, message.hash.hex(), name)
        evidence.configurations[message.hash] = message.body
    for name, text in said["profiles"].items():
        path = f"evidence.profiles.{name}"
        same(path, sha256(text.encode()).hexdigest(), name)
        evidence.profiles[name] = refusing(path, Profile.parse, text)
    return evidence


def _configuration(raw: bytes, root: PublicKey) -> cose.Message:
    message = cose.read_certified(raw, "configuration", CONFIGURATION, MAX_BYTES)
    check_operator(message, "configuration", message.body[3], root)
    return message


def _frame(path: str, position: int, proof: dict[str, Any], evidence: Evidence) -> Frame:
    encoded = octets_of(proof, "frame")
    frame = refusing(path, read_frame, encoded)
    nodes = [bytes.fromhex(node) for node in proof["path"]]
    size = evidence.checkpoint.tree_size
    found = root_by_inclusion(leaf_hash(encoded), position - 1, size, nodes)
    if found != evidence.checkpoint.root:
        raise WrongField(path, f"it is not at position {position} of the tree that was signed")
    key = refusing(path, public_key, proof["key"])
    refusing(path, cose.check_signature, frame.message, key)
    evidence.keys.setdefault(frame.gateway, set()).add(key.thumbprint)
    return frame


def octets_of(fields: dict[str, Any], name: str) -> bytes:
    return bytes.fromhex(fields[name])


def same(path: str, said: Any, shown: Any) -> None:
    """1 is not 1.0 and not true: what is said must be what is shown."""
    is_number = type(said) in (int, float) and type(shown) in (int, float)
    if said != shown or (type(said) is not type(shown) and not is_number):
        raise WrongField(path, f"it says {said!r}, the evidence {shown!r}")


def refusing(path: str, judged: Callable[..., T], *given: Any) -> T:
    """What it returns; what it refuses is wrong at this path."""
    try:
        return judged(*given)
    except Refusal as refusal:
        raise WrongField(path, str(refusal)) from None
    except (ValueError, KeyError, TypeError) as error:
        raise WrongField(path, f"not of its form: {error}") from None

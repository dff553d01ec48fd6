"""Acts of commissioning (docs/wire-format.md §10): who signed, what was required, what passed."""

import json
import tomllib
from hashlib import sha256
from pathlib import Path
from typing import Any

from auditor import cose, p256, shape
from auditor.configurations import CONFIGURATION, MAX_BYTES
from auditor.exhibits import WrongField, refusing, same
from auditor.frames import COMMISSIONED_EVENT, HASH, UINT, Frame, read_frame
from auditor.keys import COSE_KEY, PublicKey
from auditor.operator_messages import VERSION, check_operator
from auditor.refusal import Refusal
from auditor.register import public_key

PARTS = {"act", "signatures", "configuration", "frame", "key"}
ACT = shape.mapping({0: VERSION, 1: HASH, 2: shape.octets(8), 3: UINT})
TECHNICIAN = shape.mapping({0: VERSION, 1: shape.text, 2: COSE_KEY, 3: UINT, 4: UINT})
CONFIGURED_STAGES = 9


class ActError(Exception):
    """The file is no act; the text says why."""


def read_act(path: Path) -> dict[str, Any]:
    """Raises ActError, OSError."""
    content = path.read_bytes()
    try:
        document: dict[str, Any] = json.loads(content)
        if set(document) != PARTS or document["act"]["kind"] != "esep.commissioning":
            raise ActError(f"{path}: not the parts of an act")
        if document["act"]["version"] != 1:
            raise ActError(f"{path}: of another version than this program reads")
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise ActError(f"{path}: not an act: {error}") from None
    if canonical(document) + b"\n" != content:
        raise ActError(f"{path}: its text is not the canonical one")
    return document


def canonical(document: Any) -> bytes:
    text = json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return text.encode("utf-8", "surrogatepass")


def judge(document: dict[str, Any], root: PublicKey, folder: Path) -> list[str]:
    """What it proves, in words; raises WrongField. `folder`: where its files may lie."""
    try:
        return _judged(document, root, folder)
    except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
        raise WrongField("act", f"not of its form: {error!r}") from None


def _judged(document: dict[str, Any], root: PublicKey, folder: Path) -> list[str]:
    act = document["act"]
    signers = [
        refusing(f"signatures[{place}]", _signer, bytes.fromhex(encoded), act, root)
        for place, encoded in enumerate(document["signatures"])
    ]
    keys = [key for _, key in signers]
    if len({key.key_id for key in keys}) != len(keys):
        raise WrongField("signatures", "one key signed twice")
    configuration = _configuration(document, root)
    frame, key = _frame(document)
    _judge_bond(act, frame, keys)
    required = _judge_steps(act, configuration, len(keys))
    procedure = sha256(act["procedure"].encode()).hexdigest()
    lines = [
        f"Gateway {act['gateway']} at site {act['site']} was commissioned",
        f"  its key {key.thumbprint.hex()}: compare it with its label",
        f"  bound into its chain as {frame.name}",
        f"  by the procedure {procedure}: compare it with the operator's",
        f"  required and passed: {', '.join(required)}",
    ]
    lines += [f"  signed by {name}, key {key.key_id.hex()}" for name, key in signers]
    return lines + _files(act, folder)


def _signer(encoded: bytes, act: dict[str, Any], root: PublicKey) -> tuple[str, PublicKey]:
    message = cose.read_certified(encoded, "act", ACT)
    named = cose.read_bare(message.certificate or b"", "technician", TECHNICIAN)
    cose.check_signature(named, root)
    key = PublicKey.from_cose(named.body[2])
    if not p256.is_on_curve(key.point):
        raise Refusal("bad_signature", "the technician's key is not a point of P-256")
    if not named.body[3] <= message.body[3] < named.body[4]:
        raise Refusal("bad_signature", "the technician's certificate was not valid then")
    cose.check_signature(message, key)
    if message.body[1] != sha256(canonical(act)).digest():
        raise Refusal("bad_signature", "another text was signed: some field was changed")
    if message.body[2].hex() != act["gateway"]:
        raise Refusal("bad_signature", "it was signed for another gateway")
    return named.body[1], key


def _configuration(document: dict[str, Any], root: PublicKey) -> Any:
    def read() -> cose.Message:
        raw = bytes.fromhex(document["configuration"])
        message = cose.read_certified(raw, "configuration", CONFIGURATION, MAX_BYTES)
        check_operator(message, "configuration", message.body[3], root)
        return message

    act, message = document["act"], refusing("configuration", read)
    same("act.configuration", act["configuration"], message.hash.hex())
    same("act.gateway", act["gateway"], message.body[1].hex())
    same("act.site", act["site"], message.body[4])
    same("act.zone", act["zone"], message.body[5])
    return message.body


def _frame(document: dict[str, Any]) -> tuple[Frame, PublicKey]:
    key = refusing("key", public_key, document["key"])
    same("key", key.key_id.hex(), document["act"]["gateway"])
    frame = refusing("frame", read_frame, bytes.fromhex(document["frame"]))
    refusing("frame", cose.check_signature, frame.message, key)
    return frame, key


def _judge_bond(act: dict[str, Any], frame: Frame, keys: list[PublicKey]) -> None:
    same("frame.gateway", act["gateway"], frame.gateway.hex())
    same("frame.configuration", act["configuration"], frame.configuration.hex())
    bonds = [(each[0], each[1]) for each in frame.events(COMMISSIONED_EVENT)]
    if (sha256(canonical(act)).digest(), [key.key_id for key in keys]) not in bonds:
        raise WrongField("frame", "the gateway bound another act, or other signers")


def _judge_steps(act: dict[str, Any], configuration: Any, signers: int) -> list[str]:
    """Those that the procedure requires here; the last attempt of each passed."""
    procedure = tomllib.loads(act["procedure"])
    least = procedure["rules"]["signatures"]
    if signers < least:
        raise WrongField("signatures", f"{signers} signed, the procedure asks for {least}")
    last = {}
    for place, attempt in enumerate(act["attempts"]):
        results = [outcome["passed"] for outcome in attempt["outcomes"]]
        same(f"act.attempts[{place}].passed", attempt["passed"], _all(results))
        last[attempt["step"]] = attempt["passed"]
    required = []
    for step in procedure["step"]:
        where = step["required"]
        if where == "always" or (where == "stages" and configuration[CONFIGURED_STAGES]):
            required.append(step["id"])
            if last.get(step["id"]) is not True:
                raise WrongField("act.attempts", f"{step['id']} is required, and did not pass")
    return required


def _all(results: list[Any]) -> bool | None:
    if False in results:
        return False
    return None if None in results or not results else True


def _files(act: dict[str, Any], folder: Path) -> list[str]:
    """Each that lies here must be the one that was hashed."""
    lines = []
    for place, file in enumerate(act["files"]):
        path = folder / "files" / Path(file["name"]).name
        if not path.is_file():
            lines.append(f"  {file['name']} is not here, and was not judged")
            continue
        content = path.read_bytes()
        same(f"act.files[{place}].sha256", file["sha256"], sha256(content).hexdigest())
        same(f"act.files[{place}].bytes", file["bytes"], len(content))
        lines.append(f"  {file['name']} is the file that was kept")
    return lines

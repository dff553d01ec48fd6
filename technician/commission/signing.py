"""Signatures under an act, and the gateway that binds it into its chain."""

import getpass
import hashlib
from pathlib import Path

from collector.evidence import act as evidence
from collector.evidence.errors import EvidenceError
from collector.evidence.keys import PrivateKey, PublicKey
from technician.base_image import read_file
from technician.commission import board
from technician.commission.case import Case, durable
from technician.commission.checks import files_of
from technician.faults import BagError, Code

_SIGNATURES, _ACT = "signatures", "act.json"


def sign(case: Case, key: PrivateKey, certificate: bytes, now_ms: int) -> evidence.Technician:
    """The act is fixed by the first signature, and no step is added after. Raises BagError."""
    statement = case.close(now_ms, files_of(case))
    message = evidence.sign_act(key, certificate, statement, now_ms)
    try:
        who, _ = evidence.read_signature(message, statement, case.root)
    except EvidenceError as error:
        raise BagError(Code.KEY_REFUSED, f"{error.reason}: {error}") from None
    folder = case.folder / _SIGNATURES
    folder.mkdir(exist_ok=True)
    if not (path := folder / f"{who.key.kid.hex()}.cose").exists():
        durable(path, message)
    return who


def check_certificate(certificate: bytes, key: PrivateKey, root: PublicKey) -> None:
    """Raises BagError unless the root names this key: before an act is fixed by it."""
    try:
        who = evidence.read_technician(certificate, root)
    except EvidenceError as error:
        raise BagError(Code.KEY_REFUSED, f"its certificate: {error.reason}: {error}") from None
    if who.key.kid != key.public.kid:
        raise BagError(Code.KEY_REFUSED, f"the certificate of {who.name} is for another key")


def signatures(case: Case) -> tuple[bytes, ...]:
    """In the order of the signers' key-ids."""
    paths = sorted((case.folder / _SIGNATURES).glob("*.cose"))
    return tuple(path.read_bytes() for path in paths)


def bind(case: Case, open_board: board.Open) -> Path:
    """Have the gateway sign over the act; asked again it answers with the same frame."""
    path = case.folder / _ACT
    statement, message = case.statement, case.configuration
    if statement is None or message is None:
        raise BagError(Code.NOT_COMMISSIONED, "nobody signed the act yet")
    signed = signatures(case)
    if (least := case.procedure.rules.signatures) > len(signed):
        raise BagError(Code.NOT_COMMISSIONED, f"{len(signed)} signed, and {least} must")
    if path.exists():
        return path
    signers = [
        evidence.read_signature(each, statement, case.root)[0].key.kid.hex() for each in signed
    ]
    with open_board() as console:
        said = board.asked(console, "state")
        _same_gateway(said, statement["gateway"], hashlib.sha256(message).hexdigest())
        digest = evidence.digest(statement).hex()
        frame = bytes.fromhex(board.asked(console, "sign", digest, signers)["frame"])
    key = PublicKey(bytes.fromhex(said["key"]))
    made = evidence.Act(statement, signed, message, frame, key).encoded()
    try:
        evidence.read_act(made, case.root)
    except EvidenceError as error:
        raise BagError(Code.BOARD_REFUSED, f"what it signed: {error}") from None
    durable(path, made)
    return path


def _same_gateway(said: dict[str, str], gateway: str, configuration: str) -> None:
    if said["gateway"] != gateway:
        raise BagError(Code.OTHER_GATEWAY, f"the act is of {gateway}; this is {said['gateway']}")
    if said["configuration"] != configuration:
        raise BagError(
            Code.NOT_COMMISSIONED, "its configuration changed since: begin a new folder for it"
        )


def load_key(path: Path, passphrase: str | None) -> PrivateKey:
    """Asks for the passphrase when none is given. Raises BagError."""
    read_file(path)
    secret = getpass.getpass("passphrase: ") if passphrase is None else passphrase
    try:
        return PrivateKey.load(path, secret.encode())
    except (OSError, ValueError, TypeError) as error:
        raise BagError(Code.KEY_REFUSED, f"{path}: {error}") from None

"""The commands: python -m auditor FOLDER [--checkpoint FILE], and proof, curtailment, act FILE."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from auditor import act, curtailment
from auditor.exhibits import WrongField
from auditor.folder import Folder, FolderError
from auditor.proof import ProofError, judge, read_proof, read_root
from auditor.refusal import Refusal
from auditor.verify import Verifier

HOLDS, FAILS, CANNOT_BE_JUDGED = 0, 1, 2


def main(arguments: Sequence[str] | None = None) -> int:
    given = sys.argv[1:] if arguments is None else list(arguments)
    if given[:1] == ["curtailment"]:
        return _judge_curtailment(given[1:])
    if given[:1] == ["act"]:
        return _judge_act(given[1:])
    return _judge_proof(given[1:]) if given[:1] == ["proof"] else _judge_folder(given)


def _judge_curtailment(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="auditor curtailment",
        description="Verify a curtailment certificate: every field against the signed bytes in it.",
        epilog="Exit status: 0 it holds, 1 a field does not, 2 it cannot be judged.",
    )
    parser.add_argument("file", type=Path, help="the certificate, as JSON")
    parser.add_argument(
        "--root", type=Path, required=True, help="the operator's root key: root.pub or root.json"
    )
    parsed = parser.parse_args(arguments)
    try:
        document, root = curtailment.read_certificate(parsed.file), read_root(parsed.root)
    except (OSError, ProofError, curtailment.CertificateError) as error:
        print(f"cannot be judged: {error}")
        return CANNOT_BE_JUDGED
    print(f"The verdict rests on root {root.thumbprint.hex()}: compare it with what was published")
    try:
        lines = curtailment.judge(document, root)
    except WrongField as wrong:
        print(f"DOES NOT HOLD: {wrong}")
        return FAILS
    for line in lines:
        print(line)
    print("HOLDS")
    return HOLDS


def _judge_act(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="auditor act",
        description="Verify an act of commissioning: who signed, what was required and passed.",
        epilog="Exit status: 0 it holds, 1 something does not, 2 it cannot be judged.",
    )
    parser.add_argument("file", type=Path, help="act.json; its files are looked for beside it")
    parser.add_argument(
        "--root", type=Path, required=True, help="the operator's root key: root.pub or root.json"
    )
    parsed = parser.parse_args(arguments)
    try:
        document, root = act.read_act(parsed.file), read_root(parsed.root)
    except (OSError, ProofError, act.ActError) as error:
        print(f"cannot be judged: {error}")
        return CANNOT_BE_JUDGED
    print(f"The verdict rests on root {root.thumbprint.hex()}: compare it with what was published")
    try:
        lines = act.judge(document, root, parsed.file.parent)
    except WrongField as wrong:
        print(f"DOES NOT HOLD: {wrong}")
        return FAILS
    for line in lines:
        print(line)
    print("HOLDS")
    return HOLDS


def _judge_proof(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="auditor proof",
        description="Verify a proof: that a frame is in the operator's ledger, or that one of the "
        "checkpoints continues another.",
        epilog="Exit status: 0 it holds, 1 it does not, 2 it cannot be judged.",
    )
    parser.add_argument("file", type=Path, help="the proof")
    parser.add_argument(
        "--root", type=Path, required=True, help="the operator's root key: root.pub or root.json"
    )
    parsed = parser.parse_args(arguments)
    try:
        proof, root = read_proof(parsed.file), read_root(parsed.root)
    except (OSError, ProofError) as error:
        print(f"cannot be judged: {error}")
        return CANNOT_BE_JUDGED
    print(f"The verdict rests on root {root.thumbprint.hex()}: compare it with what was published")
    try:
        lines = judge(proof, root)
    except Refusal as refusal:
        print(f"FAILS: {refusal}")
        return FAILS
    for line in lines:
        print(line)
    print("Verdict: it holds.")
    return HOLDS


def _judge_folder(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="auditor",
        description="Verify an exported evidence folder: signatures, chains, checkpoints.",
        epilog="Exit status: 0 everything holds, 1 something does not or no checkpoint covers it, "
        "2 it cannot be judged. A single proof: auditor proof --help",
    )
    parser.add_argument("folder", type=Path, help="folder with frames.bin, keys.json, root.json")
    parser.add_argument(
        "--checkpoint",
        type=Path,
        action="append",
        default=[],
        metavar="FILE",
        help="a checkpoint kept elsewhere, which these frames must agree with; may be repeated",
    )
    parsed = parser.parse_args(arguments)
    try:
        kept = {str(path): path.read_bytes() for path in parsed.checkpoint}
        verifier = Verifier(Folder(parsed.folder), kept)
    except OSError as error:
        print(f"cannot be judged: {error.filename}: {error.strerror}")
        return CANNOT_BE_JUDGED
    except FolderError as error:
        print(f"cannot be judged: {error}")
        return CANNOT_BE_JUDGED
    verifier.run()
    return _report(verifier)


def _report(verifier: Verifier) -> int:
    print("The verdict rests on these keys. Compare them with what was published of them:")
    for line in verifier.trusted_keys():
        print(f"  {line}")
    for line in verifier.summary():
        print(line)
    for failure in verifier.failures:
        print(f"FAILS: {failure}")
    if verifier.failures:
        print(f"Verdict: {len(verifier.failures)} faults.")
        return FAILS
    if verifier.covered == 0:
        print("Verdict: NOT PROVEN COMPLETE: no checkpoint.")
        return FAILS
    print("Verdict: everything holds.")
    return HOLDS

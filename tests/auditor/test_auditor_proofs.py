"""Merkle proofs by Certificate Transparency's own vectors; and files that are no proofs."""

import json
from hashlib import sha256
from pathlib import Path

import pytest
from test_auditor_merkle import LEAVES, ROOTS

from auditor.cli import main
from auditor.merkle import leaf_hash, root_by_inclusion, roots_by_consistency

A = "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7"
B = "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e"
C = "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"
D = "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"
E = "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0"
F = "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"
G = "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"
H = "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
I = "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a"  # noqa: E741

# leaf counted from 1, size of the tree, path
INCLUSION = [(1, 1, []), (1, 8, [A, B, C]), (6, 8, [D, E, F]), (3, 3, [G]), (2, 5, [H, B, D])]
CONSISTENCY = [(1, 1, []), (1, 8, [A, B, C]), (6, 8, [I, E, F]), (2, 5, [B, D])]


def nodes(path: list[str]) -> list[bytes]:
    return [bytes.fromhex(node) for node in path]


def root(size: int) -> bytes:
    return bytes.fromhex(ROOTS[size])


@pytest.mark.parametrize(("leaf", "size", "path"), INCLUSION)
def test_inclusion(leaf: int, size: int, path: list[str]) -> None:
    digest = leaf_hash(bytes.fromhex(LEAVES[leaf - 1]))
    assert root_by_inclusion(digest, leaf - 1, size, nodes(path)) == root(size)


@pytest.mark.parametrize(("leaf", "size", "path"), INCLUSION)
def test_a_path_proves_no_other_place_and_no_other_leaf(
    leaf: int, size: int, path: list[str]
) -> None:
    digest = leaf_hash(bytes.fromhex(LEAVES[leaf - 1]))
    for index in range(-1, size + 1):
        if index != leaf - 1:
            assert root_by_inclusion(digest, index, size, nodes(path)) != root(size)
    assert root_by_inclusion(leaf_hash(b"other"), leaf - 1, size, nodes(path)) != root(size)
    for wrong in ([*path, A], path[:-1] if path else [A], path[::-1] if len(path) > 1 else [B]):
        assert root_by_inclusion(digest, leaf - 1, size, nodes(wrong)) != root(size)


@pytest.mark.parametrize(("old", "new", "path"), CONSISTENCY)
def test_consistency(old: int, new: int, path: list[str]) -> None:
    found = roots_by_consistency(old, new, root(old), nodes(path))
    assert found == (root(old), root(new))


@pytest.mark.parametrize(("old", "new", "path"), CONSISTENCY)
def test_a_changed_path_proves_no_growth(old: int, new: int, path: list[str]) -> None:
    both = root(old), root(new)
    wrong = sha256(b"other").digest()
    for place in range(len(path)):
        changed = nodes(path)
        changed[place] = wrong
        assert roots_by_consistency(old, new, root(old), changed) != both
    assert roots_by_consistency(old, new, root(old), [*nodes(path), wrong]) != both
    if old < new:
        assert roots_by_consistency(old, new, root(old), nodes(path)[:-1]) != both


def test_what_is_no_proof_cannot_be_judged(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, key = tmp_path / "proof.json", tmp_path / "root.pub"
    key.write_bytes(bytes(64))
    for content in ("", "[]", "{}", '{"proof": "inclusion"}', '{"proof": []}'):
        file.write_text(content)
        assert main(["proof", str(file), "--root", str(key)]) == 2
    file.write_text(json.dumps({"proof": "consistency", "old": "", "path": [], "checkpoint": "00"}))
    assert main(["proof", str(file), "--root", str(key)]) == 2
    assert "is not a point of P-256" in capsys.readouterr().out

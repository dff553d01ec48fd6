"""The sample act holds; what was changed in it, or left out, is named."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from auditor.act import ActError, canonical, judge, read_act
from auditor.exhibits import WrongField
from auditor.keys import PublicKey

SAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "act"
RAW = (SAMPLE / "root.pub").read_bytes()
ROOT = PublicKey(RAW[:32], RAW[32:])


def changed(folder: Path, change: Callable[[dict[str, Any]], object]) -> Path:
    document = json.loads((SAMPLE / "act.json").read_bytes())
    change(document)
    file = folder / "act.json"
    file.write_bytes(canonical(document) + b"\n")
    return file


def test_the_sample_holds() -> None:
    lines = judge(read_act(SAMPLE / "act.json"), ROOT, SAMPLE)
    assert any("signed by А. Омарова" in line for line in lines)
    assert any("relay" in line and "required and passed" in line for line in lines)


def test_another_root_is_refused() -> None:
    stranger = PublicKey(bytes(32), bytes(31) + b"\x01")
    with pytest.raises(WrongField, match="signatures"):
        judge(read_act(SAMPLE / "act.json"), stranger, SAMPLE)


@pytest.mark.parametrize(
    ("change", "path"),
    [
        (lambda each: each["act"].update(site="site-b"), "signatures"),
        (lambda each: each["signatures"].clear(), "frame"),
        (lambda each: each["signatures"].append(each["signatures"][0]), "signatures"),
        (lambda each: each["key"].update(x="00" * 32), "key"),
        (lambda each: each.update(frame=each["configuration"]), "frame"),
    ],
)
def test_what_was_changed_is_named(
    change: Callable[[dict[str, Any]], object], path: str, tmp_path: Path
) -> None:
    with pytest.raises(WrongField) as found:
        judge(read_act(changed(tmp_path, change)), ROOT, tmp_path)
    assert found.value.path.startswith(path)


def test_another_photograph_beside_it_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "act"
    shutil.copytree(SAMPLE, folder)
    (photograph,) = (folder / "files").iterdir()
    photograph.write_bytes(b"another")
    with pytest.raises(WrongField, match=r"act\.files"):
        judge(read_act(folder / "act.json"), ROOT, folder)


def test_a_text_that_is_not_the_canonical_one_is_no_act(tmp_path: Path) -> None:
    file = tmp_path / "act.json"
    file.write_bytes((SAMPLE / "act.json").read_bytes().replace(b":", b": ", 1))
    with pytest.raises(ActError, match="canonical"):
        read_act(file)

"""A whole evidence folder: everything holds, and any change to it is found."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from auditor.cli import main
from auditor.folder import Folder
from auditor.verify import Verifier

REPOSITORY = Path(__file__).parents[2]
EVIDENCE = REPOSITORY / "tests" / "vectors" / "evidence"
STRIDE = 29
"""Of how many bytes one is changed; no divisor of a frame's length or of 8."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(EVIDENCE, tmp_path / "evidence"))


def failures(folder: Path) -> list[str]:
    verifier = Verifier(Folder(folder))
    verifier.run()
    return verifier.failures


def frames(folder: Path) -> list[bytes]:
    return list(Folder(folder).frames())


def write_frames(folder: Path, encoded: list[bytes]) -> None:
    content = b"".join(len(frame).to_bytes(4, "big") + frame for frame in encoded)
    (folder / "frames.bin").write_bytes(content)


def test_everything_holds_with_the_standard_library_alone() -> None:
    """-S: without site-packages."""
    run = subprocess.run(
        [sys.executable, "-S", "-m", "auditor", str(EVIDENCE)],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.stderr == ""
    assert run.returncode == 0
    assert run.stdout.endswith("Verdict: everything holds.\n")
    assert "2 checkpoints cover 16 of 16 frames" in run.stdout
    assert "itself says it dropped seq 2 to 3" in run.stdout


@pytest.mark.parametrize(
    "name",
    [
        "frames.bin",
        "checkpoints/0001.cose",
        "checkpoints/0002.cose",
        "commands/open.cose",
        "configurations/gateway-a.cose",
        "configurations/gateway-b.cose",
    ],
)
def test_any_changed_byte_is_found(folder: Path, name: str) -> None:
    whole = (folder / name).read_bytes()
    for position in range(0, len(whole), STRIDE):
        changed = bytearray(whole)
        changed[position] ^= 1 << position % 8
        (folder / name).write_bytes(changed)
        assert failures(folder), f"byte {position} of {name}"


def test_a_changed_register_names_the_frame_and_the_reason(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    encoded = frames(folder)
    raw = bytes.fromhex("00000000075bcd15")
    assert raw in encoded[1]
    encoded[1] = encoded[1].replace(raw, bytes.fromhex("00000000075bcd14"))
    write_frames(folder, encoded)
    assert main([str(folder)]) == 1
    printed = capsys.readouterr().out
    assert "FAILS: frame 2: bad_signature" in printed


def removed(encoded: list[bytes]) -> list[bytes]:
    return [*encoded[:3], *encoded[4:]]


def swapped(encoded: list[bytes]) -> list[bytes]:
    return [encoded[1], encoded[0], *encoded[2:]]


def last_removed(encoded: list[bytes]) -> list[bytes]:
    return encoded[:-1]


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (removed, ["seq 3: gap", "0001.cose: wrong_root", "0002.cose: wrong_size"]),
        (swapped, ["0001.cose: wrong_root", "0002.cose: wrong_root"]),
        (last_removed, ["0002.cose: wrong_size"]),
    ],
)
def test_frames_removed_or_reordered(
    folder: Path, change: Callable[[list[bytes]], list[bytes]], found: list[str]
) -> None:
    write_frames(folder, change(frames(folder)))
    said = failures(folder)
    assert len(said) == len(found)
    for expected in found:
        assert any(expected in failure for failure in said), expected


def test_frames_bin_cut(folder: Path) -> None:
    content = (folder / "frames.bin").read_bytes()
    (folder / "frames.bin").write_bytes(content[:-10])
    assert any("frame 16: malformed: frames.bin ends inside" in said for said in failures(folder))


def test_no_frames(folder: Path) -> None:
    write_frames(folder, [])
    assert "there is no frame" in failures(folder)


def test_configuration_missing(folder: Path) -> None:
    (folder / "configurations" / "gateway-b.cose").unlink()
    [said] = failures(folder)
    assert "gateway 0ba7d8f1d614ac24 epoch 1 billing seq 1" in said
    assert "unknown_configuration" in said


def test_a_command_that_is_not_there(folder: Path) -> None:
    """The gateway said that it received it, and later that it applied it."""
    (folder / "commands" / "open.cose").unlink()
    received, applied = failures(folder)
    for said in (received, applied):
        assert "unknown_command: order 000102030405060708090a0b0c0d0e0f, counter 42" in said
    assert "billing seq 4" in received


def test_a_schedule_that_is_not_there(folder: Path) -> None:
    """The gateway said that it took it."""
    (folder / "schedules" / "observe.cose").unlink()
    [said] = failures(folder)
    assert "unknown_schedule: serial number 1, " in said
    assert "billing seq 3" in said


def test_a_command_of_another_type_in_its_place(folder: Path) -> None:
    shutil.copy(folder / "checkpoints" / "0001.cose", folder / "commands" / "open.cose")
    said = failures(folder)
    assert any("commands/open.cose: wrong_shape" in failure for failure in said)


def test_another_root(folder: Path) -> None:
    keys = json.loads((EVIDENCE.parent / "keys.json").read_text("utf-8"))["keys"]
    stranger = next(key for key in keys if key["name"] == "stranger")
    (folder / "root.json").write_text(json.dumps({"x": stranger["x"], "y": stranger["y"]}))
    said = failures(folder)
    assert sum("cose: bad_signature" in failure for failure in said) == 6


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("root.json", "{}", "root.json: 'x'"),
        ("root.json", '{"x": "00", "y": "00"}', "32 bytes"),
        ("root.json", json.dumps({"x": "00" * 32, "y": "00" * 32}), "not a point of P-256"),
        ("keys.json", "[", "keys.json"),
        ("keys.json", '[{"gateway": 1}]', "keys.json"),
        ("keys.json", "{}", None),
    ],
)
def test_keys_that_cannot_be_read(
    folder: Path, capsys: pytest.CaptureFixture[str], name: str, content: str, said: str | None
) -> None:
    (folder / name).write_text(content)
    assert main([str(folder)]) == (2 if said else 1)
    assert (said or "unknown_gateway") in capsys.readouterr().out


def test_a_key_under_a_false_name(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    register = json.loads((folder / "keys.json").read_text())
    register[0]["kid"] = register[1]["kid"]
    (folder / "keys.json").write_text(json.dumps(register))
    assert main([str(folder)]) == 2
    assert "is really 4b3eb0f98ded7643" in capsys.readouterr().out


def test_no_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path / "nothing")]) == 2
    assert "is not a folder" in capsys.readouterr().out
    assert main([str(tmp_path)]) == 2
    assert "has no frames.bin" in capsys.readouterr().out


# --- checkpoints kept elsewhere


def cut(folder: Path) -> Path:
    """The newest frame and the checkpoint over it are taken away; a copy of the latter."""
    copy = folder.parent / "kept.cose"
    (folder / "checkpoints" / "0002.cose").rename(copy)
    write_frames(folder, frames(folder)[:-1])
    return copy


def test_a_kept_checkpoint_shows_what_was_cut_with_its_own(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copy = cut(folder)
    assert main([str(folder)]) == 0
    early = folder / "checkpoints" / "0001.cose"
    assert main([str(folder), "--checkpoint", str(early), "--checkpoint", str(copy)]) == 1
    assert f"FAILS: {copy}: wrong_size" in capsys.readouterr().out


def test_a_kept_checkpoint_that_agrees_covers_the_frames(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("0001.cose", "0002.cose"):
        (folder / "checkpoints" / name).rename(folder.parent / name)
    assert main([str(folder)]) == 1
    assert "Verdict: NOT PROVEN COMPLETE: no checkpoint." in capsys.readouterr().out
    assert main([str(folder), "--checkpoint", str(folder.parent / "0002.cose")]) == 0


def test_a_kept_checkpoint_that_is_not_there(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(folder), "--checkpoint", "none.cose"]) == 2
    assert "cannot be judged: none.cose" in capsys.readouterr().out


def test_a_gateway_without_a_frame_is_stated(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    vectors = json.loads((EVIDENCE.parent / "keys.json").read_text("utf-8"))["keys"]
    stranger = next(key for key in vectors if key["name"] == "stranger")
    register = json.loads((folder / "keys.json").read_text())
    entry = {key: stranger[key] for key in ("kid", "x", "y")}
    register.append(register[0] | entry | {"gateway": stranger["kid"]})
    (folder / "keys.json").write_text(json.dumps(register))
    assert main([str(folder)]) == 0
    assert f"gateway {stranger['kid']}: registered, and not one frame" in capsys.readouterr().out

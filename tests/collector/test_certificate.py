"""The curtailment certificate, and what the auditor says of it with nothing but the root's key."""

import copy
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pdfplumber
import pytest
from absent import absent
from cli_world import run
from collector_world import NOW_MS, World
from evidence_world import REPOSITORY
from evidenced_night import EvidencedNight
from order_night import APPLIED, REFUSED, issued

from auditor import curtailment
from auditor.exhibits import WrongField
from auditor.proof import read_root
from collector.cli.curtail import app
from collector.evidence.keys import PrivateKey


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory of a collector after an order's whole life, with its certificate.json."""
    directory = tmp_path_factory.mktemp("certified")
    order = EvidencedNight(World.make(directory), directory).whole_life()
    run("certificate", directory, order.id.hex()[:8], "--out", directory / "c.json", app=app)
    return directory


@pytest.fixture(scope="module")
def document(made: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((made / "c.json").read_bytes())
    return loaded


def audit(file: Path, root: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "auditor", "curtailment", str(file), "--root", str(root)],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_auditor_says_that_it_holds(made: Path) -> None:
    judged = audit(made / "c.json", made / "root.pub")
    assert judged.returncode == 0, judged.stdout + judged.stderr
    assert judged.stdout.splitlines()[-1] == "HOLDS"
    assert "600000.0 W before, 0.0 W after at the stages" in judged.stdout


def test_it_says_what_was_ordered_told_obeyed_and_measured(document: dict[str, Any]) -> None:
    certificate = document["certificate"]
    assert certificate["order"]["reason"] == "over_allocation"
    assert certificate["authority"]["document_sha256"] == "ab" * 32
    [part] = certificate["parts"]
    assert part["notice"]["channel"] == "page"
    assert [each["action"] for each in part["commands"]] == ["open", "release"]
    assert [each["phase"] for each in part["acknowledgements"]] == [
        "received", "applied", "restored",
    ]  # fmt: skip
    assert [each["is_closed"] for each in part["contacts"]] == [False, True]
    [measured] = part["measured"]
    assert measured["credited_w"] == 600_000
    assert [len(meter["before"]) for meter in measured["meters"]] == [30, 30]
    assert part["duration"] == {
        "opened_ms": NOW_MS + 4000,
        "ended_ms": NOW_MS + 26_000,
        "ms": 22_000,
    }


def test_the_estimate_stands_apart_with_its_baseline_and_error(document: dict[str, Any]) -> None:
    """600 kW for 22 s are 3666.7 Wh."""
    [part] = document["certificate"]["parts"]
    assert part["estimate"] == {
        "baseline": "flat_prior_load",
        "energy_wh": 3667,
        "error_wh": 0,
        "measured_ms": 22_000,
        "unmeasured_ms": 0,
    }


# --- nothing of it can be changed


def leaves(item: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    children = item.items() if isinstance(item, dict) else enumerate(item)
    for name, child in children:
        if isinstance(child, dict | list) and child:
            yield from leaves(child, (*path, name))
        else:
            yield (*path, name)


def changed(value: Any) -> Any:
    match value:
        case bool():
            return not value
        case int() | float():
            return value + 1
        case str() if value and value[-1] in "0123456789abcdef":
            return value[:-1] + ("1" if value[-1] == "0" else "0")
        case str():
            return value + "x"
        case None:
            return 0
        case _:
            return ["something"]


def put(document: dict[str, Any], path: tuple[Any, ...], value: Any) -> dict[str, Any]:
    other = copy.deepcopy(document)
    item = other
    for name in path[:-1]:
        item = item[name]
    item[path[-1]] = value
    return other


def refused(document: dict[str, Any], made: Path) -> str:
    """The field that does not hold."""
    with pytest.raises(WrongField) as found:
        curtailment.judge(document, read_root(made / "root.pub"))
    return found.value.path


def shape(path: tuple[Any, ...]) -> tuple[Any, ...]:
    """Of things that stand in a row, one is as any other."""
    return tuple("…" if isinstance(name, int) or str(name).isdecimal() else name for name in path)


def test_every_field_that_is_changed_is_refused(document: dict[str, Any], made: Path) -> None:
    kinds: dict[tuple[Any, ...], tuple[Any, ...]] = {}
    for path in leaves(document):
        kinds.setdefault(shape(path), path)
    assert len(kinds) > 100
    for path in kinds.values():
        item: Any = document
        for name in path:
            item = item[name]
        refused(put(document, path, changed(item)), made)


def test_every_field_that_is_left_out_is_refused(document: dict[str, Any], made: Path) -> None:
    for name in document["certificate"]:
        other = copy.deepcopy(document)
        del other["certificate"][name]
        refused(other, made)
    [part] = document["certificate"]["parts"]
    for name in part:
        other = copy.deepcopy(document)
        del other["certificate"]["parts"][0][name]
        refused(other, made)


PART = ("certificate", "parts", 0)


@pytest.mark.parametrize(
    ("path", "value", "named"),
    [
        ((*PART, "commands", 0, "until_ms"), 1, "parts[0].commands[0].until_ms"),
        ((*PART, "commands", 0, "stages"), [1, 2], "parts[0].commands[0].stages"),
        ((*PART, "acknowledgements", 1, "at_ms"), 1, "parts[0].acknowledgements[1].at_ms"),
        ((*PART, "contacts", 0, "is_closed"), True, "parts[0].contacts[0].is_closed"),
        ((*PART, "contacts", 0, "cause"), "local", "parts[0].contacts[0].cause"),
        ((*PART, "measured", 0, "stage_before_w"), 7e5, "parts[0].measured[0].stage_before_w"),
        ((*PART, "measured", 0, "credited_w"), 7e5, "parts[0].measured[0].credited_w"),
        ((*PART, "measured", 0, "before_ms"), [0, NOW_MS], "parts[0].measured[0].before_ms"),
        ((*PART, "measured", 0, "after_ms", 0), NOW_MS, "parts[0].measured[0].after_ms"),
        ((*PART, "duration", "ms"), 99, "parts[0].duration.ms"),
        ((*PART, "estimate", "energy_wh"), 9999, "parts[0].estimate.energy_wh"),
        ((*PART, "estimate", "baseline"), "last_week", "parts[0].estimate.baseline"),
        (("certificate", "order", "reason"), "emergency", "order.reason"),
        (
            ("certificate", "authority", "document_sha256"),
            "cd" * 32,
            "authority.document_sha256",
        ),
        (("certificate", "order", "drafted_by"), "somebody else", "signature"),
    ],
)
def test_the_field_is_named(
    document: dict[str, Any], made: Path, path: tuple[Any, ...], value: Any, named: str
) -> None:
    assert refused(put(document, path, value), made) == named


def test_a_sample_that_the_register_did_not_show_is_named(
    document: dict[str, Any], made: Path
) -> None:
    path = (*PART, "measured", 0, "meters", 1, "before", 3, 3)
    assert refused(put(document, path, 700_000.0), made).endswith("meters[1].before[3]")


def test_samples_that_are_left_out_change_what_follows(
    document: dict[str, Any], made: Path
) -> None:
    other = copy.deepcopy(document)
    meters = other["certificate"]["parts"][0]["measured"][0]["meters"]
    meters[1]["after"] = meters[1]["after"][:2]
    assert refused(other, made).endswith("meters[1].after")


def test_every_byte_counts(made: Path, tmp_path: Path) -> None:
    """Spaces, order of keys and the like too: one text was signed."""
    content = (made / "c.json").read_bytes()
    root = read_root(made / "root.pub")
    file = tmp_path / "changed.json"
    places = [*range(0, len(content), len(content) // 97), len(content) - 1]
    for place in places:
        file.write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])
        with pytest.raises((curtailment.CertificateError, WrongField)):
            curtailment.judge(curtailment.read_certificate(file), root)
    for other in (
        content + b" ",
        b" " + content,
        content.rstrip(b"\n"),
        content.replace(b":", b": ", 1),
    ):
        file.write_bytes(other)
        with pytest.raises(WrongField):
            curtailment.judge(curtailment.read_certificate(file), root)


@pytest.mark.parametrize("value", [float("inf"), float("nan"), [], {}, "", -1, 10**400, None, "7"])
@pytest.mark.parametrize(
    "path",
    [
        (*PART, "measured", 0, "meters"),
        (*PART, "measured", 0, "meters", 0, "before", 0),
        (*PART, "measured", 0, "meters", 0, "before", 0, 3),
        (*PART, "measured", 0, "after_ms"),
        (*PART, "contacts", 0, "position"),
        (*PART, "stages"),
        (*PART, "duration"),
        ("certificate", "rules", "settle_s"),
        ("certificate", "evidence", "frames"),
    ],
)
def test_garbage_in_a_field_is_refused(
    document: dict[str, Any], made: Path, path: tuple[Any, ...], value: Any
) -> None:
    refused(put(document, path, value), made)


def test_another_root_does_not_hold(made: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.pub"
    other.write_bytes(PrivateKey.generate().public.raw)
    judged = audit(made / "c.json", other)
    assert (judged.returncode, judged.stderr) == (1, "")
    assert "DOES NOT HOLD: evidence.checkpoint" in judged.stdout


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"certificate": [], "signature": ""}', "\0"])
def test_what_is_no_certificate_cannot_be_judged(made: Path, tmp_path: Path, content: str) -> None:
    file = tmp_path / "none.json"
    file.write_text(content)
    judged = audit(file, made / "root.pub")
    assert (judged.returncode, judged.stderr) == (2, "")


# --- other lives


def holds(night: EvidencedNight, directory: Path) -> dict[str, Any]:
    night.checkpoints.sign(night.now_ms + 10_000)
    out = directory / "c.json"
    run("certificate", directory, night.order().id.hex(), "--out", out, app=app)
    document = curtailment.read_certificate(out)
    curtailment.judge(document, read_root(directory / "root.pub"))
    [part] = document["certificate"]["parts"]
    return dict(part)


def test_one_that_rebounded_and_still_holds(tmp_path: Path) -> None:
    night = EvidencedNight(World.make(tmp_path), tmp_path)
    night.cut()
    night.measure(15, 60, on=("stage-2",))
    night.at(60)
    night.measure(60, 120)
    night.at(120)
    part = holds(night, tmp_path)
    assert [each["step"] for each in part["measured"]] == ["verified", "rebounded"]
    assert part["measured"][1]["cause"] == "bypass"
    assert (part["duration"]["ended_ms"], part["estimate"]) == (None, None)


def test_one_whose_meter_fell_silent(tmp_path: Path) -> None:
    night = EvidencedNight(World.make(tmp_path), tmp_path)
    night.cut()
    night.at(100)
    part = holds(night, tmp_path)
    assert part["measured"][1]["silent"] == ["feeder", "stage-1"]


def test_another_order_at_the_site_is_taken_out(tmp_path: Path) -> None:
    night = EvidencedNight(World.make(tmp_path), tmp_path)
    order = issued(night)
    night.answer(order, APPLIED, at_s=4)
    night.measure(-30, 4, on=("stage-1",))
    night.moved(2, is_closed=True, at_s=5)
    night.measure(4, 15, on=("stage-2",))
    night.at(15)
    [measured] = holds(night, tmp_path)["measured"]
    assert len(measured["meters"]) == 3
    assert measured["credited_w"] == 600_000


def test_samples_that_come_late_change_no_verdict_and_no_certificate(tmp_path: Path) -> None:
    night = EvidencedNight(World.make(tmp_path), tmp_path)
    order = issued(night)
    night.answer(order, APPLIED, at_s=4)
    night.measure(-30, 4, every_s=2)
    night.measure(4, 15, on=("stage-2",))
    night.at(15)
    night.measure(-29, 4, on=(), every_s=2)
    night.measure(-29, 4, on=(), every_s=2)
    [measured] = holds(night, tmp_path)["measured"]
    assert measured["stage_before_w"] == 600_000
    assert len(measured["meters"][0]["before"]) == 15


def test_one_that_its_gateway_refused(tmp_path: Path) -> None:
    night = EvidencedNight(World.make(tmp_path), tmp_path)
    night.answer(issued(night), REFUSED, reason="unknown_stage", last=1)
    night.measure(0, 3)
    part = holds(night, tmp_path)
    assert (part["duration"], part["measured"]) == (None, [])
    assert part["acknowledgements"][0]["reason"] == "unknown_stage"


# --- the sheet to be read


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", ("Curtailment certificate", "Measured drop", "0.600 MW → 0.000 MW", "full drop")),
        (
            "ru",
            ("Сертификат ограничения потребления", "0,600 МВт → 0,000 МВт", "контакт разомкнут"),
        ),
        ("kk", ("Тұтынуды шектеу сертификаты", "Өлшенген төмендеу", "Қателігі — осы жүктеменің")),
    ],
)
def test_the_pdf_says_the_same_in_each_language(
    made: Path, tmp_path: Path, language: str, words: tuple[str, ...]
) -> None:
    if not any(Path("/usr/share/fonts").glob("**/DejaVuSans.ttf")):
        absent("DejaVuSans.ttf is missing; on Debian: apt install fonts-dejavu-core")
    out = tmp_path / "c.pdf"
    order = json.loads((made / "c.json").read_bytes())["certificate"]["order"]["id"]
    run("certificate", made, order, "--out", out, "--language", language, app=app)
    with pdfplumber.open(out) as pdf:
        said = " ".join((page.extract_text() or "") for page in pdf.pages)
    flat = " ".join(said.replace("\N{NARROW NO-BREAK SPACE}", " ").split())
    for each in (*words, order, "ab" * 16):
        assert each in flat, flat


# --- what is not certified


def test_what_cannot_be_certified_is_said_and_nothing_is_written(
    made: Path, tmp_path: Path
) -> None:
    def said(*arguments: object) -> str:
        return run("certificate", *arguments, code=2, app=app).output

    out = tmp_path / "c.json"
    assert "there is no order" in said(made, "ffff", "--out", out)
    assert "exists; name a new file" in said(made, "", "--out", made / "c.json")
    assert "FILE.json or FILE.pdf" in said(made, "", "--out", tmp_path / "c.txt")
    assert "it is one of en, ru, kk" in said(made, "", "--out", out, "--language", "de")
    assert not out.exists()


def test_an_order_that_was_not_issued_has_no_certificate(tmp_path: Path) -> None:
    night = EvidencedNight(World.make(tmp_path), tmp_path)
    night.authorise()
    order = night.draft()
    night.measure(0, 5)
    night.checkpoints.sign(NOW_MS)
    said = run(
        "certificate", tmp_path, order.id.hex(), "--out", tmp_path / "c.json", code=2, app=app
    )
    assert "nothing was issued" in said.output


def test_frames_that_no_checkpoint_covers_are_waited_for(tmp_path: Path) -> None:
    night = EvidencedNight(World.make(tmp_path), tmp_path)
    night.measure(-40, -35)
    night.checkpoints.sign(NOW_MS)
    order = night.cut()
    said = run(
        "certificate", tmp_path, order.id.hex(), "--out", tmp_path / "c.json", code=2, app=app
    )
    assert "is covered by no checkpoint yet" in said.output

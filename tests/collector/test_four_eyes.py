"""What policy names is changed by two persons, whichever way it comes in."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from cli_world import run, run_json
from collector_world import BIN, LICENSEE, NOW_MS, POLICY, database

from collector.cli.registry import app as registry_app
from collector.model.records import Licensee, Policy, Zone
from collector.registry.files import write_file
from collector.registry.store import Registry

LICENCE = f"""
[[licensee]]
bin = "{BIN}"
name = "renamed"
"""


@dataclass
class Desk:
    directory: Path
    registry: Registry

    def file(self, text: str, name: str = "change.toml") -> Path:
        path = self.directory / name
        path.write_text(text)
        return path

    def name(self) -> str:
        return self.registry.view().one(Licensee, BIN).name


@pytest.fixture
def desk(database_of: str, tmp_path: Path) -> Desk:
    registry = Registry(database(tmp_path))
    policy = POLICY.model_copy(update={"two_persons": ("licensee",)})
    registry.record([policy, LICENSEE], bytes(32), NOW_MS)
    return Desk(tmp_path, registry)


def propose(desk: Desk, text: str = LICENCE, by: str = "Асель") -> int:
    told = registry_json(desk, "import", desk.directory, desk.file(text), "--by", by, code=3)
    assert told["taken"] == 0
    return int(told["proposal"])


def registry_json(desk: Desk, *arguments: object, code: int = 0) -> Any:
    return run_json(*arguments, code=code, app=registry_app)


def registry(*arguments: object, code: int = 0) -> str:
    return run(*arguments, code=code, app=registry_app).output


def test_an_import_of_a_guarded_kind_only_proposes(desk: Desk) -> None:
    number = propose(desk)
    assert desk.name() == LICENSEE.name
    [waiting] = registry_json(desk, "proposals", desk.directory)
    assert waiting["id"] == number
    assert waiting["proposed_by"] == "Асель"
    [change] = waiting["changes"]
    assert change["fields"] == {"name": [LICENSEE.name, "renamed"]}


def test_another_person_approves_and_both_stand_with_the_version(desk: Desk) -> None:
    number = propose(desk)
    registry("approve", desk.directory, number, "--by", "Болат")
    assert desk.name() == "renamed"
    *_, last = registry_json(desk, "history", desk.directory, "licensee", BIN)
    assert (last["recorded_by"], last["approved_by"]) == ("Асель", "Болат")
    told = registry("history", desk.directory, "licensee", BIN)
    assert "by Асель, approved by Болат" in told
    assert registry("proposals", desk.directory) == "no proposal is open\n"
    [decided] = registry_json(desk, "proposals", desk.directory, "--all")
    assert (decided["state"], decided["decided_by"]) == ("approved", "Болат")


@pytest.mark.parametrize("name", ["Асель", " асель ", "АСЕЛЬ"])
def test_the_same_person_is_refused_however_the_name_is_written(desk: Desk, name: str) -> None:
    number = propose(desk)
    told = registry("approve", desk.directory, number, "--by", name, code=2)
    assert "another person must approve" in told
    assert desk.name() == LICENSEE.name


def test_a_person_must_be_named(desk: Desk) -> None:
    told = registry("import", desk.directory, desk.file(LICENCE), code=2)
    assert "--by" in told
    told = registry("import", desk.directory, desk.file(LICENCE), "--by", "  ", code=2)
    assert "give a person's name" in told


def without_policy(desk: Desk) -> str:
    """The policy that no longer asks for two."""
    return write_file([POLICY], "policy", "toml").decode()


WAYS: dict[str, Callable[[Desk], str]] = {
    "in a file of many kinds": lambda desk: '[[zone]]\nname = "z"\nauction = "z"\n' + LICENCE,
    "by a policy that asks for nobody": without_policy,
    "together with such a policy": lambda desk: without_policy(desk) + LICENCE,
}


@pytest.mark.parametrize("way", WAYS)
def test_there_is_no_way_round(desk: Desk, way: str) -> None:
    propose(desk, WAYS[way](desk))
    view = desk.registry.view()
    assert desk.name() == LICENSEE.name
    assert view.one(Policy, "policy").two_persons == ("licensee",)
    assert view.all(Zone) == {}


def test_a_sheet_is_no_way_round_either(desk: Desk) -> None:
    sheet = desk.file(f"bin;name\n{BIN};renamed\n", "licensees.csv")
    registry("import", desk.directory, "licensee", sheet, "--by", "Асель", code=3)
    assert desk.name() == LICENSEE.name


def test_what_is_not_guarded_or_not_changed_needs_one_person(desk: Desk) -> None:
    zone = desk.file('[[zone]]\nname = "z"\nauction = "z"\n')
    registry("import", desk.directory, zone, "--by", "Асель")
    [version] = registry_json(desk, "history", desk.directory, "zone", "z")
    assert (version["recorded_by"], version["approved_by"]) == ("Асель", None)
    same = desk.file(LICENCE.replace("renamed", LICENSEE.name))
    registry("import", desk.directory, same)


def test_a_proposal_is_judged_by_the_register_of_its_approval(desk: Desk) -> None:
    number = propose(desk)
    desk.registry.record([LICENSEE.model_copy(update={"name": "meanwhile"})], bytes(32), NOW_MS)
    told = registry("approve", desk.directory, number, "--by", "Болат", code=2)
    assert "was changed since it was proposed" in told
    assert desk.name() == "meanwhile"


def test_a_proposal_is_decided_once(desk: Desk) -> None:
    number = propose(desk)
    registry("reject", desk.directory, number, "--by", "Асель", "--reason", "a slip")
    told = registry("approve", desk.directory, number, "--by", "Болат", code=2)
    assert "was rejected by Асель already" in told
    told = registry("reject", desk.directory, 77, "--by", "Болат", "--reason", "x", code=2)
    assert "no proposal 77" in told
    assert desk.name() == LICENSEE.name
    assert "a slip" in registry("proposals", desk.directory, number)

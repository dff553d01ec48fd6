"""The register: files taken whole or not at all, every change a version."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import pytest
from collector_world import BIN, LICENSEE, NOW_MS, TestGateway, World, database
from sqlalchemy import func, select
from typer.testing import CliRunner

from collector.cli.registry import app
from collector.evidence.cose import ContentType, message_hash, seal
from collector.evidence.keys import PrivateKey
from collector.model.records import Allocation, Gateway, Licence, Licensee, Meter
from collector.registry import taking
from collector.registry.configurations import Configurations
from collector.registry.entitlements import allocations
from collector.registry.files import read_file
from collector.registry.keyring import Keyring, create_keyring
from collector.registry.reading import FileError
from collector.registry.store import Registry
from collector.registry.taking import Source
from collector.storage import open_database, reading
from collector.storage.tables import registry_version

KEY = PrivateKey.generate()
ENROLMENT = seal(KEY, ContentType.ENROLMENT, {0: 1, 1: KEY.public.cose_key(), 2: "esp32"}).hex()

GOOD = f"""
[[market]]
label = "real"
period_s = 3600
interval_s = 900
[[licensee]]
bin = "{BIN}"
name = "Alatau"
[[licence]]
number = "L-1"
licensee = "{BIN}"
subtype = "I"
sites = ["north-1"]
valid_from = 2026-01-01T00:00:00+05:00
valid_until = 2029-01-01T00:00:00+05:00
[[site]]
name = "north-1"
licensee = "{BIN}"
zone = "north"
gateway = "{KEY.public.kid.hex()}"
stages = [{{ id = 1, name = "hall 1", output = 1, min_off_ms = 0, min_on_ms = 0, confirm_ms = 9 }}]
[[gateway]]
enrolment = "{ENROLMENT}"
site = "north-1"
buses = [{{ kind = "tcp", host = "10.0.0.2", port = 502 }}]
timing = {{ interval_ms = 900000, sample_ms = 10000, frame_ms = 60000 }}
[[meter]]
serial = "M-1"
site = "north-1"
gateway = "{KEY.public.kid.hex()}"
slot = 0
profile = "schneider-pm5560"
bus = 0
unit = 1
ct = [400, 5]
vt = [1, 1]
point = "delivery"
[[allocation]]
licensee = "{BIN}"
zone = "north"
start = 2026-11-23T14:00:00+05:00
energy_mwh = 0.1
"""


@dataclass
class Office:
    registry: Registry
    directory: Path

    def take(self, text: str | bytes, now_ms: int = NOW_MS, person: str | None = None) -> int:
        path = self.directory / "register.toml"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        content = path.read_bytes()
        given = read_file(content, "toml")
        source = Source.of(path.name, content, person)
        return taking.Office(self.registry).take(given, source, now_ms).taken

    def versions(self) -> int:
        with reading(self.registry.engine) as connection:
            return connection.scalar(select(func.count()).select_from(registry_version)) or 0


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(Registry(open_database(tmp_path, create=True)), tmp_path)


def test_a_good_file_is_taken_whole(office: Office) -> None:
    assert office.take(GOOD) == 7
    view = office.registry.view()
    assert view.all(Allocation) == {}
    [gateway] = view.all(Gateway).values()
    assert gateway.id == KEY.public.kid.hex()
    assert bytes.fromhex(gateway.keys[0].x + gateway.keys[0].y) == KEY.public.raw
    assert view.one(Meter, "M-1").ct == (400, 5)
    start = datetime.fromisoformat("2026-11-23T14:00:00+05:00")
    with reading(office.registry.engine) as connection:
        [bought] = allocations(connection, BIN, "north", round(start.timestamp() * 1000))
    assert bought.record.energy_mwh == Decimal("0.1")


EXAMPLE = (Path(__file__).parents[2] / "docs/examples/real-market.toml").read_text()
GOOD_SITE = GOOD.split("[[licensee]]", 1)[1]


def test_the_example_of_a_real_market_fits_gateways_of_the_default_timing(office: Office) -> None:
    office.take(EXAMPLE + "[[licensee]]" + GOOD_SITE)
    assert office.registry.view().market.period_s == 3600


@pytest.mark.parametrize(
    ("policy", "wrong", "least"),
    [
        ("before_window_s = 60", "before_window_s = 39", "40"),
        ("verify_timeout_s = 240", "verify_timeout_s = 162", "163"),
    ],
)
def test_windows_that_cannot_hold_the_samples_are_refused(
    office: Office, policy: str, wrong: str, least: str
) -> None:
    with pytest.raises(FileError, match=f"give at least {least}"):
        office.take(EXAMPLE.replace(policy, wrong) + "[[licensee]]" + GOOD_SITE)
    office.take(EXAMPLE.replace(policy, wrong))  # nothing to judge it by yet
    with pytest.raises(FileError, match=f"give at least {least}"):
        office.take("[[licensee]]" + GOOD_SITE)


BAD: dict[str, tuple[str | bytes, list[str]]] = {
    "not UTF-8": (GOOD.encode() + b"\xff", ["not UTF-8", "byte"]),
    "not TOML": ("[market\nlabel = 1", ["is not TOML", "line 1"]),
    "an unknown kind": (GOOD + "[[tarif]]\n", ["[tarif]", "no such kind", "licence"]),
    "an unknown field": (GOOD.replace("label =", "lable ="), ["market 1", "lable", "label"]),
    "a missing field": (GOOD.replace('label = "real"\n', ""), ["market 1, label", "required"]),
    "a wrong type": (GOOD.replace("period_s = 3600", 'period_s = "hour"'), ["market 1, period_s"]),
    "not a number": (GOOD.replace("energy_mwh = 0.1", "energy_mwh = nan"), ["energy_mwh"]),
    "less than nothing": (GOOD.replace("energy_mwh = 0.1", "energy_mwh = -1"), ["energy_mwh"]),
    "a time without offset": (
        GOOD.replace("2026-11-23T14:00:00+05:00", "2026-11-23T14:00:00"),
        ["allocation 1, start", "offset", "2026-11-23T14:00:00+05:00"],
    ),
    "a date": (GOOD.replace("2026-11-23T14:00:00+05:00", "2026-11-23"), ["allocation 1, start"]),
    "a time before 1970": (
        GOOD.replace("2026-11-23T14:00:00+05:00", "1926-11-23T14:00:00+05:00"),
        ["allocation 1, start"],
    ),
    "a kind that is no table": ("gateway = 5\nlicensee = 7\n", ["gateway 1", "licensee 1"]),
    "the same thing twice": (
        GOOD + f'[[licensee]]\nbin = "{BIN}"\nname = "x"\n',
        [f"licensee {BIN}", "2 times"],
    ),
    "a BIN of eleven digits": (GOOD.replace(BIN, BIN[1:]), ["licensee 1, bin"]),
    "an enrolment cut short": (GOOD.replace(ENROLMENT, ENROLMENT[:-2]), ["gateway 1, enrolment"]),
    "an enrolment of no hex": (GOOD.replace(ENROLMENT, "xyz"), ["gateway 1, enrolment"]),
    "an enrolment of a number": (GOOD.replace(f'"{ENROLMENT}"', "5"), ["gateway 1, enrolment"]),
    "an enrolment and an id": (
        GOOD.replace("enrolment =", f'id = "{"0" * 16}"\nenrolment ='),
        ["gateway 1, enrolment", "id"],
    ),
    "a forged enrolment": (
        GOOD.replace(
            ENROLMENT,
            seal(
                PrivateKey.generate(),
                ContentType.ENROLMENT,
                {0: 1, 1: KEY.public.cose_key(), 2: "esp32"},
            ).hex(),
        ),
        ["gateway 1, enrolment"],
    ),
    "a key that is no point": (
        GOOD.replace(
            f'enrolment = "{ENROLMENT}"',
            f'id = "{"0" * 16}"\nkeys = [{{ x = "{"0" * 64}", y = "{"0" * 64}" }}]',
        ),
        ["keys", "not a point"],
    ),
    "a gateway by another name": (
        GOOD.replace(
            f'enrolment = "{ENROLMENT}"',
            f'id = "{"0" * 16}"\nkeys = [{{ x = "{KEY.public.raw[:32].hex()}",'
            f' y = "{KEY.public.raw[32:].hex()}" }}]',
        ),
        ["named by its first key", KEY.public.kid.hex()],
    ),
    "a meter at no site": (
        GOOD.replace('site = "north-1"\ngateway', 'site = "north-2"\ngateway'),
        ["meter M-1: site", "no site 'north-2'", "north-1"],
    ),
    "a meter of no stage": (
        GOOD.replace('point = "delivery"', "point = 3"),
        ["meter M-1: point", "[1]"],
    ),
    "a meter of no profile": (
        GOOD.replace("schneider-pm5560", "schneider-pm9999"),
        ["meter M-1: profile", "schneider-pm5560"],
    ),
    "a meter on no bus": (GOOD.replace("bus = 0", "bus = 1"), ["meter M-1: bus"]),
    "two meters in one slot": (
        GOOD + GOOD[GOOD.index("[[meter]]") : GOOD.index("[[allocation]]")].replace("M-1", "M-2"),
        ["meter M-2", "slot 0", "M-1"],
    ),
    "two meters that are one unit": (
        GOOD
        + GOOD[GOOD.index("[[meter]]") : GOOD.index("[[allocation]]")]
        .replace("M-1", "M-2")
        .replace("slot = 0", "slot = 1"),
        ["meter M-2", "unit 1 at 10.0.0.2:502", "M-1"],
    ),
    "two buses that are one": (
        (
            GOOD
            + GOOD[GOOD.index("[[meter]]") : GOOD.index("[[allocation]]")]
            .replace("M-1", "M-2")
            .replace("slot = 0", "slot = 1")
            .replace("bus = 0", "bus = 1")
        ).replace(
            'buses = [{ kind = "tcp", host = "10.0.0.2", port = 502 }]',
            'buses = [{ kind = "tcp", host = "10.0.0.2", port = 502 },'
            ' { kind = "tcp", host = "10.0.0.2", port = 502 }]',
        ),
        ["meter M-2", "unit 1 at 10.0.0.2:502", "M-1"],
    ),
    "a licence for no site": (
        GOOD.replace('sites = ["north-1"]', 'sites = ["north-7"]'),
        ["licence L-1: sites", "north-7"],
    ),
    "a licence that ends before it begins": (
        GOOD.replace("2029-01-01", "2025-01-01"),
        ["licence L-1: valid_until"],
    ),
    "an allocation for no licensee": (
        GOOD.replace(
            f'[[allocation]]\nlicensee = "{BIN}"', '[[allocation]]\nlicensee = "999999999999"'
        ),
        ["allocation 999999999999", "licensee"],
    ),
    "an allocation in no zone": (
        GOOD.replace('zone = "north"\nstart', 'zone = "south"\nstart'),
        ["zone", "south", "north"],
    ),
    "an allocation of half an hour": (
        GOOD.replace("T14:00:00", "T14:30:00"),
        ["start", "no delivery period"],
    ),
    "intervals that do not fill the period": (
        GOOD.replace("interval_s = 900", "interval_s = 1000"),
        ["market", "interval_s"],
    ),
    "snapshots that miss the market's boundaries": (
        GOOD.replace("interval_ms = 900000", "interval_ms = 700000"),
        ["timing.interval_ms"],
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_changes_nothing_and_says_what_and_where(office: Office, name: str) -> None:
    text, said = BAD[name]
    with pytest.raises(FileError) as caught:
        office.take(text)
    for word in said:
        assert word in str(caught.value)
    assert office.versions() == 0


def test_a_site_of_another_licensee_is_not_licensed(office: Office) -> None:
    other = "200240000018"
    text = GOOD.replace(
        f'number = "L-1"\nlicensee = "{BIN}"', f'number = "L-1"\nlicensee = "{other}"'
    )
    with pytest.raises(FileError, match=f"is a site of licensee {BIN}"):
        office.take(text + f'[[licensee]]\nbin = "{other}"\nname = "x"\n')


def test_all_problems_are_named_at_once(office: Office) -> None:
    with pytest.raises(FileError) as caught:
        office.take(GOOD.replace("bus = 0", "bus = 1").replace("north-1", "north 1", 1))
    assert str(caught.value).count("\n") >= 1


def test_a_later_file_may_refer_to_an_earlier_one(office: Office) -> None:
    head, meter = GOOD.split("[[meter]]")
    assert office.take(head) == 5
    assert office.take("[[meter]]" + meter) == 2


def test_the_command_says_it_on_standard_error_and_exits_with_2(tmp_path: Path) -> None:
    open_database(tmp_path, create=True)
    file = tmp_path / "bad.toml"
    file.write_text("[market")
    run = CliRunner().invoke(app, ["import", str(tmp_path), str(file)])
    assert run.exit_code == 2
    assert "bad.toml" in run.stderr
    run = CliRunner().invoke(app, ["import", str(tmp_path), str(tmp_path / "none.toml")])
    assert run.exit_code == 2
    assert "cannot be read" in run.stderr


# --- versions


@pytest.mark.parametrize(
    ("profile", "warned"), [("chint-dtsu666", True), ("carlo-gavazzi-em24", False)]
)
def test_a_profile_that_is_not_proven_is_named_at_import_and_configuration(
    tmp_path: Path, profile: str, *, warned: bool
) -> None:
    directory, file = tmp_path / "data", tmp_path / "register.toml"
    directory.mkdir()
    database(directory).dispose()
    create_keyring(directory, tmp_path / "root.pem")
    file.write_text(GOOD.replace("schneider-pm5560", profile), encoding="utf-8")
    out, gateway = str(tmp_path / "c.cose"), KEY.public.kid.hex()
    for command in (
        ["import", str(directory), str(file)],
        ["configure", str(directory), gateway, "--out", out],
    ):
        run = CliRunner().invoke(app, command)
        assert run.exit_code == 0, run.stderr
        said = "warning: profile chint-dtsu666 is unconfirmed, and reads M-1"
        assert (said in run.stderr) is warned
        assert ("warning" in run.stderr) is warned


def test_every_gateways_configuration_is_kept_and_written(tmp_path: Path) -> None:
    directory, file, out = tmp_path / "data", tmp_path / "register.toml", tmp_path / "out"
    directory.mkdir()
    engine = database(directory)
    create_keyring(directory, tmp_path / "root.pem")
    file.write_text(GOOD, encoding="utf-8")
    for command in (
        ["import", str(directory), str(file)],
        ["configure-all", str(directory), "--out", str(out)],
    ):
        run = CliRunner().invoke(app, command)
        assert run.exit_code == 0, run.stderr
    assert run.stdout == f"1 configurations in {out}\n"
    message = (out / f"{KEY.public.kid.hex()}.cose").read_bytes()
    configured = Configurations(engine, Keyring(directory).root).of(
        KEY.public.kid, message_hash(message)
    )
    assert [each.serial for each in configured.meters.values()] == ["M-1"]


def test_what_was_known_when(world: World) -> None:
    registry = world.registry
    for number in (1, 2, 3):
        renamed = LICENSEE.model_copy(update={"name": f"name {number}"})
        registry.record([renamed], bytes([number]) * 32, NOW_MS + number)
    known = {
        offset: registry.view_known(NOW_MS + offset).one(Licensee, BIN).name
        for offset in (0, 1, 2, 3, 99)
    }
    assert known == {0: "Alatau", 1: "name 1", 2: "name 2", 3: "name 3", 99: "name 3"}
    assert registry.view().one(Licensee, BIN).name == "name 3"
    assert registry.view_known(NOW_MS - 10**10).all(Licensee) == {}


def test_a_licence_that_was_withdrawn_is_still_known_as_it_was(world: World) -> None:
    before = world.registry.view().one(Licence, "L-1")
    world.registry.record(
        [before.model_copy(update={"valid_until": NOW_MS})], bytes(32), NOW_MS + 5
    )
    assert world.registry.view_known(NOW_MS + 4).one(Licence, "L-1") == before
    assert world.registry.view().one(Licence, "L-1").valid_until == NOW_MS


def test_a_change_is_seen_by_another_reader_of_the_database(world: World) -> None:
    other = Registry(world.engine)
    assert other.view().one(Licensee, BIN).name == "Alatau"
    world.registry.record([LICENSEE.model_copy(update={"name": "new"})], bytes(32), NOW_MS)
    assert other.view().one(Licensee, BIN).name == "new"


def test_records_come_back_as_they_were_recorded(world: World) -> None:
    gateway = TestGateway()
    assert gateway.id.hex() not in world.registry.view().all(Gateway)
    recorded = world.registry.view().one(Gateway, world.gateway.id.hex())
    assert Gateway.model_validate_json(recorded.model_dump_json()) == recorded

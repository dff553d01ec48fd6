"""A signed release of the firmware as it is, an operator with work orders, boards at ptys."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from office import NUMBERS, PLAN, REGISTER, Office, registry, signed
from pty_board import PtyBoard
from typer.testing import CliRunner

from collector.evidence.keys import PrivateKey
from esep.main import command
from technician.bundle import write_bundle
from technician.cli import app


@dataclass(frozen=True)
class Release:
    root_key: Path
    root: Path
    key: Path
    certificate: Path
    bundle: Path
    number: int


@pytest.fixture(scope="session")
def release(tmp_path_factory: pytest.TempPathFactory) -> Release:
    folder = tmp_path_factory.mktemp("release")
    made = Release(
        folder / "root.pem",
        folder / "root.pub",
        folder / "release.pem",
        folder / "release.certificate",
        folder / "esep.bundle",
        7,
    )
    root = PrivateKey.generate()
    root.save(made.root_key)
    made.root.write_bytes(root.public.raw)
    vouch = ["release-key", *map(str, (made.root_key, made.key, made.certificate))]
    sign = ["bundle", str(made.bundle), "--number", str(made.number)]
    sign += ["--key", str(made.key), "--certificate", str(made.certificate)]
    for arguments in (vouch, sign):
        done = CliRunner().invoke(app, arguments)
        assert done.exit_code == 0, done.output
    return made


@pytest.fixture(scope="session")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("image") / "firmware.romfs"
    write_bundle(file)
    return file


@pytest.fixture(scope="session")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("office")
    made = folder / "collector"
    runner, collector = CliRunner(), command("collector")
    for words in (["init", str(made)], ["ca", "init", str(made)]):
        done = runner.invoke(collector, ["collector", *words])
        assert done.exit_code == 0, done.output
    (folder / "register.toml").write_text(REGISTER)
    done = registry(made, "import", folder / "register.toml")
    assert done.exit_code == 0, done.output
    return made


@pytest.fixture
def office(directory: Path, tmp_path: Path) -> Office:
    """An order for a site of its own, by the example's plan."""
    made = Office(directory, tmp_path / "order.cose")
    number = next(NUMBERS)
    plan = PLAN.read_text().replace("site-a", f"site-{number}").replace("26010001", f"{number}")
    (tmp_path / "plan.toml").write_text(plan)
    signed(made, tmp_path / "plan.toml", "esp32-4mb-ethernet")
    return made


@pytest.fixture
def start_board(tmp_path: Path, image: Path) -> Iterator[Callable[[], PtyBoard]]:
    boards: list[PtyBoard] = []

    def start() -> PtyBoard:
        folder = tmp_path / f"board{len(boards)}"
        folder.mkdir()
        boards.append(PtyBoard(folder, image))
        return boards[-1]

    yield start
    for board in boards:
        board.close()

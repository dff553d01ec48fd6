"""What a person mistypes is answered with exit code 2 and what would be right."""

import multiprocessing
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from esep.main import main

PATIENCE_S = 60
_FORKS = multiprocessing.get_context("forkserver")
# to load them is most of what a process of the command does
_FORKS.set_forkserver_preload(
    ["collector.cli.collector", "collector.cli.registry", "technician.cli", "simulator.demo.cli"]
)

BROKER = ("--broker", "127.0.0.1:1883")
TLS = ("--ca", "{file}", "--certificate", "{file}", "--key", "{file}")

MISTAKES = [
    (("nosuch",), "No such command"),
    (("collector", "nosuch"), "No such command"),
    (("collector", "init", "{full}"), "name a new directory"),
    (("collector", "init", "{file}"), "name a new directory"),
    (("collector", "init", "{file}/inner"), "name a new directory"),
    (("collector", "init", "{new}", "--root-key", "{missing}/root.pem"), "--root-key"),
    (("collector", "status", "{missing}"), "esep collector init"),
    (("collector", "export", "{missing}", "{new}"), "esep collector init"),
    (("collector", "export", "{data}", "{full}"), "name a new directory"),
    (("collector", "gaps", "{missing}"), "esep collector init"),
    (("collector", "quarantine", "{data}", "--show", "7"), "there is no refusal 7"),
    (("collector", "archive", "{data}"), "--upto POSITION or --before DATE"),
    (("collector", "archive", "{data}", "--before", "soon"), "--before soon"),
    (("collector", "prove", "{data}", "1", "--out", "{file}"), "name a new file"),
    (("collector", "prove", "{data}", "1", "--out", "{new}"), "there is no checkpoint yet"),
    (("collector", "backup", "{data}", "{full}"), "name a new directory"),
    (("collector", "backup", "{missing}", "{new}"), "esep collector init"),
    (("collector", "restore", "{full}", "{new}"), "is no backup"),
    (("collector", "restore", "{full}", "{data}"), "name a new directory"),
    (("collector", "ca", "init", "{missing}"), "esep collector init"),
    (("collector", "ca", "list", "{data}"), "esep collector ca init"),
    (("collector", "read", "{data}", "0011223344556677"), "in the register"),
    (("collector", "run", "{data}"), "--broker"),
    (("collector", "run", "{missing}", *BROKER), "esep collector init"),
    (("collector", "run", "{data}", *BROKER), "register"),
    (("collector", "run", "{data}", "--broker", "nowhere"), "HOST:PORT"),
    (("collector", "run", "{data}", "--broker", "127.0.0.1:99999"), "HOST:PORT"),
    (("collector", "run", "{data}", *BROKER, "--http", "nowhere"), "HOST:PORT"),
    (("collector", "run", "{data}", *BROKER, "--http", "127.0.0.1:{busy}"), "choose another"),
    (("collector", "run", "{data}", *BROKER, "--ca", "{file}"), "given together"),
    (("collector", "run", "{data}", *BROKER, *TLS), "PEM"),
    (("collector", "run", "{data}", *BROKER, *TLS[:-1], "{missing}"), "no such file"),
    (("collector", "run", "{data}", *BROKER, *TLS[:-1], "{open}"), "chmod 600"),
    (("registry", "import", "{missing}", "{file}"), "esep collector init"),
    (("registry", "import", "{data}", "{missing}"), "cannot be read"),
    (("registry", "import", "{data}", "{file}"), "--format ...: it is one of toml"),
    (("registry", "import", "{data}", "{file}", "--format", "toml"), "is not TOML"),
    (
        ("registry", "configure", "{data}", "0011", "--out", "{new}"),
        "the register holds no gateway",
    ),
    (("device", "bundle", "{full}"), "name a new file"),
    (("device", "bundle", "{file}/inner"), "name a new file"),
    (("simulate", "run", "{missing}"), "cannot be read"),
    (("demo", "--headless", "--data", "{full}"), "--data"),
    (("demo", "--headless", "--data", "{file}"), "--data"),
    (("demo", "--headless", "--report", "{missing}/report.json"), "make it first"),
    (("demo", "--port", "{busy}"), "choose another"),
    (("demo", "--sites", "0"), "greater than or equal to 1"),
    (("demo", "--for", "-1"), "greater than or equal to 0"),
]


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """What the braces in a command stand for."""
    folder = tmp_path_factory.mktemp("mistakes")
    (folder / "here").mkdir()
    (folder / "full").mkdir()
    (folder / "full" / "something").touch()
    (folder / "file").write_text("neither TOML nor PEM")
    (folder / "file").chmod(0o600)
    (folder / "open").write_text("a key for everybody")
    (folder / "open").chmod(0o644)
    _run("esep", "collector", "init", str(folder / "data"), cwd=folder)
    names = ("full", "file", "open", "data", "missing", "new", "here")
    with socket.create_server(("127.0.0.1", 0)) as busy:
        yield {name: str(folder / name) for name in names} | {"busy": str(busy.getsockname()[1])}


def _run(module: str, *arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", module, *arguments],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        cwd=cwd,
        check=False,
    )


def _esep(arguments: tuple[str, ...], here: Path, told: Path) -> None:
    """`esep` in a process that has its modules, from a folder, into the files of another."""
    told.mkdir()
    for stream in (sys.stdout, sys.stderr):
        file = os.open(told / str(stream.fileno()), os.O_WRONLY | os.O_CREAT)
        os.dup2(file, stream.fileno())
    os.chdir(here)
    sys.argv = ["esep", *arguments]
    main()


@pytest.fixture(scope="module")
def answers(
    places: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> dict[tuple[str, ...], subprocess.CompletedProcess[str]]:
    """Every mistake made, each in a process of its own."""
    folder = tmp_path_factory.mktemp("answers")

    def make(number: int, arguments: tuple[str, ...]) -> subprocess.CompletedProcess[str]:
        given = tuple(each.format(**places) for each in arguments)
        told = folder / str(number)
        process = _FORKS.Process(target=_esep, args=(given, Path(places["here"]), told))
        process.start()
        process.join(PATIENCE_S)
        assert process.exitcode is not None, f"{given} takes too long"
        said = [(told / name).read_text() for name in ("1", "2")]
        return subprocess.CompletedProcess(given, process.exitcode, *said)

    return {arguments: make(number, arguments) for number, (arguments, _) in enumerate(MISTAKES)}


@pytest.mark.parametrize(("arguments", "advice"), MISTAKES, ids=str)
def test_mistake_is_explained(
    arguments: tuple[str, ...],
    advice: str,
    answers: dict[tuple[str, ...], subprocess.CompletedProcess[str]],
) -> None:
    done = answers[arguments]
    assert done.returncode == 2, done.stdout + done.stderr
    assert advice in " ".join(done.stderr.replace("│", " ").split())
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_mistakes_leave_nothing_behind(
    answers: dict[tuple[str, ...], subprocess.CompletedProcess[str]], places: dict[str, str]
) -> None:
    assert not Path(places["new"]).exists()
    assert not any(Path(places["here"]).iterdir())


def test_auditor_says_what_it_needs(places: dict[str, str], tmp_path: Path) -> None:
    assert _run("auditor", cwd=tmp_path).returncode == 2
    done = _run("auditor", places["missing"], cwd=tmp_path)
    assert done.returncode == 2
    assert "is not a folder" in done.stdout

"""What a person mistypes is answered with exit code 2 and what would be right."""

import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

PATIENCE_S = 60

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


@pytest.fixture(scope="module")
def answers(places: dict[str, str]) -> dict[tuple[str, ...], subprocess.CompletedProcess[str]]:
    """Every mistake made, two at a time: to start Python is what takes long."""
    here = Path(places["here"])

    def make(arguments: tuple[str, ...]) -> subprocess.CompletedProcess[str]:
        return _run("esep", *(each.format(**places) for each in arguments), cwd=here)

    mistakes = [arguments for arguments, _ in MISTAKES]
    with ThreadPoolExecutor(2) as pool:
        return dict(zip(mistakes, pool.map(make, mistakes), strict=True))


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

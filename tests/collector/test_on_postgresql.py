"""A data directory that rests on PostgreSQL: made, opened, and refused with what would be right."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from installation.postgresql import PostgreSQL
from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from typer.testing import CliRunner, Result

from collector.cli.collector import app
from collector.storage import DatabaseError, open_database, postgresql
from collector.storage.errors import advice
from collector.storage.settings import name_database, read_settings


def say(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture
def url(server: PostgreSQL) -> Iterator[str]:
    """Of a new, empty database."""
    name = server.new()
    yield server.url(name)
    server.drop(name)


def test_a_directory_is_made_on_a_database(tmp_path: Path, url: str) -> None:
    directory = tmp_path / "collector"
    assert say("init", directory, "--database", url).exit_code == 0
    assert read_settings(directory).database.url == url
    assert not (directory / "collector.sqlite").exists()
    status = say("status", directory)
    assert (status.exit_code, status.output[:17]) == (0, "ledger: 0 frames;")


def test_another_machine_opens_the_same_database(tmp_path: Path, url: str) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    say("init", first, "--database", url)
    second.mkdir()
    name_database(second, url)
    assert open_database(second).url == open_database(first).url


def test_a_database_in_use_is_not_taken_for_a_new_one(tmp_path: Path, url: str) -> None:
    say("init", tmp_path / "first", "--database", url)
    again = say("init", tmp_path / "second", "--database", url)
    assert again.exit_code == 2
    assert "holds tables already" in again.output
    assert not (tmp_path / "second").exists()


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ("nonsense", "postgresql+psycopg://USER@HOST/DATABASE"),
        ("mysql://esep@127.0.0.1/esep", "mysql: not known"),
        ("postgresql+psycopg://esep:secret@127.0.0.1/esep", "~/.pgpass"),
        ("postgresql+psycopg://esep@127.0.0.1:1/esep", "cannot be opened"),
    ],
)
def test_what_is_wrong_with_a_url_is_said(tmp_path: Path, wrong: str, says: str) -> None:
    refused = say("init", tmp_path / "collector", "--database", wrong)
    assert refused.exit_code == 2
    assert says in refused.output
    assert "secret" not in refused.output
    assert not (tmp_path / "collector").exists()


def test_an_empty_database_is_not_made_by_looking_for_it(tmp_path: Path, url: str) -> None:
    name_database(tmp_path, url)
    with pytest.raises(FileNotFoundError, match="esep collector init"):
        open_database(tmp_path)


@pytest.mark.parametrize("setting", ["synchronous_commit", "fsync", "full_page_writes"])
def test_a_server_that_may_forget_commits_is_refused(
    tmp_path: Path, server: PostgreSQL, url: str, setting: str
) -> None:
    name_database(tmp_path, url)
    name = url.partition("@/")[2].partition("?")[0]
    scope = f"DATABASE {name}" if setting == "synchronous_commit" else "SYSTEM"
    server.execute(f"ALTER {scope} SET {setting} = off")
    server.execute("SELECT pg_reload_conf()")
    try:
        with pytest.raises(DatabaseError, match=f"{setting} = off"):
            _open_until_refused(tmp_path)
    finally:
        server.execute(f"ALTER {scope} RESET {setting}")
        server.execute("SELECT pg_reload_conf()")


def _open_until_refused(directory: Path) -> None:
    """The server takes a moment to read its settings again."""
    while True:
        open_database(directory, create=True).dispose()


def test_a_server_that_is_gone_is_told_with_what_to_do(tmp_path: Path) -> None:
    with PostgreSQL.running() as server:
        name_database(tmp_path, server.url("postgres"))
        engine = open_database(tmp_path, create=True)
        server.stop()
        with pytest.raises(OperationalError) as raised, engine.begin() as connection:
            connection.execute(text("SELECT 1"))
        assert "whether PostgreSQL runs" in str(advice(raised.value))
        refused = say("status", tmp_path)
        assert (refused.exit_code, "cannot be opened" in refused.output) == (2, True)
        server.start()
        with engine.begin() as connection:
            assert connection.scalar(text("SELECT 1")) == 1


def test_workers_need_postgresql(tmp_path: Path) -> None:
    say("init", tmp_path / "collector")
    refused = say("work", tmp_path / "collector", "--broker", "127.0.0.1:1", "--name", "a")
    assert refused.exit_code == 2
    assert "--database URL" in refused.output


@pytest.mark.parametrize("option", ["--name", "--group"])
@pytest.mark.parametrize("text", ["a/b", "a+", "#", "", "a b"])
def test_names_are_plain(tmp_path: Path, option: str, text: str) -> None:
    refused = say("work", tmp_path, "--broker", "127.0.0.1:1", option, text)
    assert (refused.exit_code, option in refused.output) == (2, True)


def test_a_session_of_a_lost_machine_is_let_go(server: PostgreSQL, url: str) -> None:
    engine = postgresql.connect(url)
    with engine.connect().execution_options(reading=True) as connection:
        for name, value in postgresql._SESSION.items():
            if not name.startswith("tcp_"):  # a socket of the file system has none
                plain = value.replace("\\", "")
                assert connection.scalar(text(f"SHOW {name}")) in (plain, "1min")

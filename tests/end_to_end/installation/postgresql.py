"""A PostgreSQL server of the tests' own, as durable as a real one, on a socket in its folder."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import psycopg
from absent import absent

USER = "esep"
_LOOK_S = 0.05
_SETTINGS = {
    "listen_addresses": "",
    "max_connections": "100",
    "shared_buffers": "64MB",
    "max_wal_size": "512MB",
    "autovacuum": "off",
}


def find() -> Path:
    """The folder of the server's programs; the test is skipped without, but not where CI=true."""
    newest = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    program = shutil.which("initdb") or (str(newest[-1]) if newest else None)
    if program is None:
        absent("postgresql is not installed; as root on Debian: sh tests/parts.sh")
    return Path(program).parent


def _account() -> pwd.struct_passwd | None:
    """It refuses to run as root: then it is the user that its package made, or nobody."""
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return pwd.getpwnam("postgres" if "postgres" in names else "nobody")


@dataclass
class PostgreSQL:
    programs: Path
    folder: Path
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))
    _process: subprocess.Popen[bytes] | None = None

    @classmethod
    @contextmanager
    def running(cls) -> Iterator["PostgreSQL"]:
        programs = find()
        # a socket's path may have 107 bytes: the folders of pytest are too deep
        with tempfile.TemporaryDirectory(prefix="esep-pg-") as folder:
            server = cls(programs, Path(folder))
            server._make()
            server.start()
            try:
                yield server
            finally:
                server.stop()

    def _make(self) -> None:
        if (account := _account()) is not None:
            os.chown(self.folder, account.pw_uid, account.pw_gid)
        options = ["-E", "UTF8", "--locale=C", "--no-instructions", "--no-sync"]
        done = self._run("initdb", "-U", USER, "-A", "trust", *options)
        assert done.wait() == 0, (self.folder / "log").read_text()

    def _run(self, program: str, *options: str | Path) -> "subprocess.Popen[bytes]":
        account = _account()
        user, group = (None, None) if account is None else (account.pw_uid, account.pw_gid)
        with (self.folder / "log").open("ab") as log:
            command = [self.programs / program, "-D", self.folder / "data", *options]
            return subprocess.Popen(
                command, cwd=self.folder, stdout=log, stderr=log, user=user, group=group
            )

    def start(self) -> None:
        settings = [f"--{name}={value}" for name, value in _SETTINGS.items()]
        self._process = self._run("postgres", "-k", self.folder, *settings)
        while True:
            try:
                psycopg.connect(self.address("postgres")).close()
            except psycopg.OperationalError:
                assert self._process.poll() is None, "the server ended"
                time.sleep(_LOOK_S)
            else:
                return

    def crash(self) -> None:
        """It ends as it stands, and recovers from its log at the next start."""
        self._end(signal.SIGQUIT)

    def stop(self) -> None:
        """It ends the sessions, and then itself."""
        self._end(signal.SIGINT)

    def _end(self, number: signal.Signals) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(number)
            self._process.wait()

    def address(self, database: str) -> str:
        return f"host={self.folder} user={USER} dbname={database}"

    def url(self, database: str) -> str:
        return f"postgresql+psycopg://{USER}@/{database}?host={self.folder}"

    def execute(self, statement: str, database: str = "postgres") -> None:
        with psycopg.connect(self.address(database), autocommit=True) as connection:
            connection.execute(statement.encode())

    def new(self, template: str | None = None) -> str:
        """The name of a new database."""
        name = f"test_{next(self._numbers)}"
        self.execute(f"CREATE DATABASE {name} TEMPLATE {template or 'template0'}")
        return name

    def drop(self, name: str) -> None:
        self.execute(f"DROP DATABASE {name} WITH (FORCE)")

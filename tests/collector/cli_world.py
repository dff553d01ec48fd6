"""The verbs of `esep collector` as a person runs them, on a directory with keys."""

import json
from pathlib import Path
from typing import Any

from collector_world import World
from typer import Typer
from typer.testing import CliRunner, Result

from collector.cli.collector import app
from collector.evidence.downlink import Role, certify
from collector.evidence.keys import PrivateKey
from collector.ledger.chain import ChainFollower
from collector.ledger.checkpoints import Checkpoints
from collector.ledger.followers import Follower, advance
from collector.registry.keyring import ROOT_FILE, Keyring

_FAR_MS = 2**42


def run(*arguments: object, code: int = 0, app: Typer = app) -> Result:
    """Run a verb, which must end with this code."""
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == code, result.output
    return result


def run_json(*arguments: object, code: int = 0, app: Typer = app) -> Any:
    return json.loads(run(*arguments, "--json", code=code, app=app).stdout)


def with_keys(world: World, directory: Path) -> Checkpoints:
    """Give the directory the world's root, and keys that are certified for all times."""
    (directory / ROOT_FILE).write_bytes(world.root.public.raw)
    keys = directory / "keys"
    keys.mkdir(mode=0o700)
    for role in (Role.RECEIPTS, Role.ORDERS, Role.CONFIGURATION, Role.CHECKPOINTS):
        key = PrivateKey.generate()
        key.save(keys / f"{role}.pem")
        certificate = certify(world.root, role, key.public, 0, _FAR_MS)
        (keys / f"{role}.certificate").write_bytes(certificate)
    return Checkpoints(world.engine, Keyring(directory).signer(Role.CHECKPOINTS), directory)


def follow(world: World, *followers: Follower) -> None:
    for follower in followers or (ChainFollower(),):
        while advance(world.engine, follower):
            pass

"""`collector.toml` of a data directory: what this collector rests on. Without it, on nothing else.

[database]
url = "postgresql+psycopg://esep@127.0.0.1/esep"   # else SQLite in the directory
[series]
store = "embedded"                                 # else "influxdb=URL" or "influxdb1=URL"

Passwords stand in files of the drivers (`~/.pgpass`) or in the environment, never here.
"""

import json
import tomllib
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

FILE_NAME = "collector.toml"


class SettingsError(ValueError):
    """The file is wrong; the text says what and where."""


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Database(_Table):
    url: str | None = None


class Series(_Table):
    store: str = "embedded"


class Settings(_Table):
    database: Database = Field(default_factory=Database)
    series: Series = Field(default_factory=Series)


def read_settings(directory: Path) -> Settings:
    """Raises SettingsError."""
    path = directory / FILE_NAME
    try:
        return Settings.model_validate(tomllib.loads(path.read_text("utf-8")))
    except FileNotFoundError:
        return Settings()
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}: {error}") from None
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise SettingsError(f"{path}: {where}: {first['msg']}") from None


def name_database(directory: Path, url: str) -> None:
    """Write the file of a new directory that rests on PostgreSQL."""
    (directory / FILE_NAME).write_text(f"[database]\nurl = {json.dumps(url)}\n", "utf-8")

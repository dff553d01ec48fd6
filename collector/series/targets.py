"""Which InfluxDB a collector fills, as `[series] store` of its settings says."""

import os
import stat
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from collector.series.influx import InfluxSeries
from collector.series.influx_http import Version1
from collector.storage.settings import SettingsError

EMBEDDED = "embedded"
SECRET_FILE = "influxdb.secret"  # noqa: S105
SECRET_VARIABLE = "ESEP_INFLUXDB_SECRET"  # noqa: S105
_DEFAULT = "esep"
_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_FORMS = (
    '"embedded", "influxdb=http://HOST:8086?org=ORG&bucket=BUCKET"'
    ' or "influxdb1=http://HOST:8086?db=DATABASE"'
)


def open_influx(store: str, directory: Path) -> InfluxSeries | None:
    """None for "embedded". Nothing is asked of the server yet. Raises SettingsError."""
    if store == EMBEDDED:
        return None
    kind, _, address = store.partition("=")
    if kind not in ("influxdb", "influxdb1"):
        raise SettingsError(f"[series] store is {_FORMS}; not {_without_secrets(store)!r}")
    parts = urlsplit(address)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise SettingsError(f"[series] store: {kind} is followed by http:// or https://")
    if parts.username or parts.password:
        raise SettingsError(
            f"[series] store: no secrets in the address; they stand in keys/{SECRET_FILE}"
            f" or in {SECRET_VARIABLE}"
        )
    allowed = {"db"} if kind == "influxdb1" else {"org", "bucket"}
    given = parse_qs(parts.query, keep_blank_values=True)
    if unknown := sorted(given.keys() - allowed):
        raise SettingsError(
            f"[series] store: {unknown[0]!r} is not one of {', '.join(sorted(allowed))}"
        )
    settings = {name: values[-1] or _DEFAULT for name, values in given.items()}
    url = f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"
    secret = _secret(directory)
    if kind == "influxdb1":
        return InfluxSeries(Version1(url, secret), settings.get("db", _DEFAULT))
    from collector.series.influx_v2 import Version2  # noqa: PLC0415 - heavy

    server = Version2(url, settings.get("org", _DEFAULT), secret)
    return InfluxSeries(server, settings.get("bucket", _DEFAULT))


def _secret(directory: Path) -> str | None:
    """A token of 2.x, or USER:PASSWORD of 1.x; None where none is kept."""
    if secret := os.environ.get(SECRET_VARIABLE):
        return secret.strip()
    path = directory / "keys" / SECRET_FILE
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return None
    if mode & _OTHERS:
        raise SettingsError(f"{path} can be read by others; run: chmod 600 {path}")
    return path.read_text("utf-8").strip()


def _without_secrets(store: str) -> str:
    return store.partition("@")[2] or store

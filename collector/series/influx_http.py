"""How InfluxDB is spoken to: writes of either version, and InfluxQL, which both answer."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import urlencode

import structlog
import urllib3

from collector.series.store import SeriesAwayError, SeriesError, SeriesRefusedError

log = structlog.get_logger()

_CONNECT_S, ANSWER_S = 5, 60
_BEYOND_RETENTION = re.compile(r"partial write: points beyond retention policy dropped=(\d+)")
_AWAY = frozenset({429, 500, 502, 503, 504})
_MOST_TOLD = 500


@dataclass(frozen=True, slots=True)
class Table:
    """A series of an InfluxQL answer; its first column is the time in milliseconds."""

    name: str
    tags: Mapping[str, str]
    columns: list[str]
    rows: list[list[Any]]


class Server(Protocol):
    """An InfluxDB that holds databases, which version 2 calls buckets."""

    url: str

    def write(self, lines: bytes, database: str) -> None:
        """Lines with timestamps in milliseconds. Raises SeriesError when one was not taken."""

    def query(self, influxql: str, database: str) -> list[Table]:
        """Raises SeriesError."""

    def create(self, database: str) -> None:
        """Make a database that keeps what it holds for ever."""

    def close(self) -> None: ...


class InfluxQl:
    """`/query`, which 1.x has, and 2.x for those who know it from 1.x."""

    def __init__(self, url: str, headers: Mapping[str, str]) -> None:
        self._url = url
        self._headers = dict(headers)
        timeout = urllib3.Timeout(connect=_CONNECT_S, read=ANSWER_S)
        self._pool = urllib3.PoolManager(maxsize=2, retries=False, timeout=timeout)

    def query(self, influxql: str, database: str) -> list[Table]:
        form = urlencode({"db": database, "epoch": "ms", "q": influxql}).encode()
        status, body = self.post("/query", form, "application/x-www-form-urlencoded")
        judge(status, body)
        try:
            [result] = json.loads(body)["results"]
        except (ValueError, LookupError, TypeError):
            raise SeriesAwayError(f"{self._url}/query answers what is no InfluxQL") from None
        if "error" in result:
            raise SeriesRefusedError(f"{influxql[:_MOST_TOLD]}: {result['error']}")
        series = result.get("series", ())
        if result.get("partial") or any(each.get("partial") for each in series):
            raise SeriesRefusedError(f"{self._url} cuts its answers off: raise max-row-limit")
        return [
            Table(each["name"], each.get("tags", {}), each["columns"], each.get("values", []))
            for each in series
        ]

    def post(self, path: str, body: bytes, content_type: str) -> tuple[int, str]:
        """Status and text of the answer."""
        headers = self._headers | {"Content-Type": content_type}
        try:
            answer = self._pool.urlopen("POST", self._url + path, body=body, headers=headers)
        except urllib3.exceptions.HTTPError as error:
            raise SeriesAwayError(f"{self._url}: {reason(error)}") from None
        return answer.status, answer.data.decode(errors="replace")

    def close(self) -> None:
        self._pool.clear()


class Version1:
    """InfluxDB 1.x; `secret` is USER:PASSWORD where it wants one."""

    def __init__(self, url: str, secret: str | None) -> None:
        self.url = url
        headers = urllib3.make_headers(basic_auth=secret) if secret else {}
        self._http = InfluxQl(url, headers)
        self.query = self._http.query
        self.close = self._http.close

    def write(self, lines: bytes, database: str) -> None:
        path = "/write?" + urlencode({"db": database, "precision": "ms"})
        judge(*self._http.post(path, lines, "text/plain"))

    def create(self, database: str) -> None:
        self.query(f"CREATE DATABASE {quoted(database)}", "")


def judge(status: int, body: str) -> None:
    """Raise SeriesError for an answer that is not yes.

    A point older than the database is told to keep is one that must not be there: the operator
    has said so. Every other point that was dropped is an error.
    """
    if 200 <= status < 300:
        return
    text = _told(body)
    if status == 400 and (dropped := _BEYOND_RETENTION.fullmatch(text)):
        log.warning("series.beyond_retention", points=int(dropped[1]))
        return
    failure: type[SeriesError] = SeriesAwayError if status in _AWAY else SeriesRefusedError
    raise failure(f"HTTP {status}: {text[:_MOST_TOLD]}")


def quoted(name: str) -> str:
    """An identifier of InfluxQL."""
    return '"' + name.replace("\\", r"\\").replace('"', r"\"") + '"'


def literal(text: str) -> str:
    """A string of InfluxQL."""
    return "'" + text.replace("\\", r"\\").replace("'", r"\'") + "'"


def _told(body: str) -> str:
    """The message in an answer of either version."""
    try:
        document = json.loads(body)
        return str(document.get("error") or document.get("message") or body)
    except (ValueError, AttributeError):
        return body.strip()


def reason(error: Exception) -> str:
    """Without the request, whose headers hold the secret."""
    return str(error.__cause__ or error).rpartition(": ")[2] or type(error).__name__

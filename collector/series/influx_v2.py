"""InfluxDB 2.x, by its own client. Imported where it is asked for: it takes 30 MB."""

from collections.abc import Callable

import urllib3
from influxdb_client.client.influxdb_client import InfluxDBClient
from influxdb_client.client.write_api import SYNCHRONOUS
from influxdb_client.rest import ApiException

from collector.series.influx_http import ANSWER_S, InfluxQl, judge, reason
from collector.series.store import SeriesAwayError


class Version2:
    """InfluxDB 2.x, by its own client; `secret` is a token."""

    def __init__(self, url: str, organisation: str, secret: str | None) -> None:
        self.url = url
        self._organisation = organisation
        token = secret or ""
        self._client = InfluxDBClient(
            url, token, org=organisation, timeout=ANSWER_S * 1000, retries=False
        )
        self._writes = self._client.write_api(write_options=SYNCHRONOUS)
        self._influxql = InfluxQl(url, {"Authorization": f"Token {token}"} if token else {})
        self.query = self._influxql.query

    def write(self, lines: bytes, database: str) -> None:
        self._call(
            lambda: self._writes.write(
                bucket=database,
                org=self._organisation,
                record=lines,
                write_precision="ms",  # type: ignore[arg-type]  # as its constants are
            )
        )

    def create(self, database: str) -> None:
        """InfluxQL finds a bucket under the name of a database by itself, unless it is mapped."""
        self._call(
            lambda: self._client.buckets_api().create_bucket(
                bucket_name=database, org=self._organisation
            )
        )

    def close(self) -> None:
        self._client.close()  # type: ignore[no-untyped-call]
        self._influxql.close()

    def _call(self, work: Callable[[], object]) -> None:
        try:
            work()
        except ApiException as error:
            judge(error.status or 0, str(error.body or error.reason))
        except urllib3.exceptions.HTTPError as error:
            raise SeriesAwayError(f"{self.url}: {reason(error)}") from None

"""Every series store does what the protocol says: embedded, InfluxDB 1.x, the client of 2.x."""

import time
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import pytest
from collector_world import NOW_MS
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from influx_server import Influxd, Rewrite

from collector.series import schema
from collector.series.embedded import EmbeddedSeries
from collector.series.influx import InfluxSeries
from collector.series.influx_http import Version1
from collector.series.store import LAST_MS, Point, SeriesAwayError, SeriesRefusedError, SeriesStore
from collector.series.targets import open_influx
from collector.storage.settings import SettingsError

NO_DOUBLE = 2**53 + 1
"""The first integer that is no double."""


def influx(store: str, directory: Path) -> InfluxSeries:
    opened = open_influx(store, directory)
    assert opened is not None
    return opened


@pytest.fixture
def influx1(influxd: Influxd, tmp_path: Path) -> Iterator[InfluxSeries]:
    store = influx(f"influxdb1={influxd.url}?db={influxd.database()}", tmp_path)
    yield store
    store.close()


@pytest.fixture
def influx2(influxd: Influxd, rewrite: Rewrite, tmp_path: Path) -> Iterator[InfluxSeries]:
    """Its databases are made beforehand: buckets are made by a call that only 2.x has."""
    database = influxd.database()
    before = influx(f"influxdb1={influxd.url}?db={database}", tmp_path)
    before.make()
    before.close()
    store = influx(f"influxdb={rewrite.url}?org=esep&bucket={database}", tmp_path)
    yield store
    store.close()


@pytest.fixture(params=["embedded", "influx1", "influx2"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SeriesStore]:
    if request.param == "embedded":
        embedded = EmbeddedSeries(tmp_path)
        yield embedded
        embedded.close()
    else:
        yield request.getfixturevalue(request.param)


def point(second: int, meter: str = "a", **values: float) -> Point:
    return Point(meter, NOW_MS + 1000 * second, values, second + 1)


def everything(store: SeriesStore, meter: str = "a") -> list[Point]:
    return list(store.window(meter, 0, LAST_MS))


def test_it_gives_back_what_it_was_given(store: SeriesStore) -> None:
    doubts = {"frequency": ("frequency",), "odd": ('a "b" \\', "c, d=e")}
    points = [
        Point("a", NOW_MS, {"active_power": 230.0, "frequency": 0.1 + 0.2}, 7, Fraction(5), doubts),
        Point("a", NOW_MS + 1, {"active_power": -1.7976931348623157e308}, 2**62),
        Point("a", NOW_MS + 2, {"power_factor": 5e-324, "voltage_l1": -0.0}, 9),
        Point("a", NOW_MS + 3, {}, 10),
    ]
    store.write(points)
    assert everything(store) == points
    assert store.points() == 4
    assert store.meters() == ["a"]


@pytest.mark.parametrize(
    "import_wh",
    [
        None,
        Fraction(0),
        Fraction(1, 3),
        Fraction(NO_DOUBLE),
        Fraction(NO_DOUBLE, 1000),
        Fraction(2**64 - 1, 7),
        Fraction(-(2**70), 3),
    ],
)
def test_the_register_is_kept_exact(store: SeriesStore, import_wh: Fraction | None) -> None:
    given_point = Point("a", NOW_MS, {"active_power": 1.5}, 7, import_wh)
    store.write([given_point])
    assert everything(store) == [given_point]


def test_written_again_it_is_the_same(store: SeriesStore) -> None:
    points = [point(second, active_power=second / 3) for second in range(5)]
    store.write(points)
    store.write(points[2:4])
    store.write(points)
    assert everything(store) == points
    assert store.points() == 5


def test_the_same_moment_of_two_meters_is_two_points(store: SeriesStore) -> None:
    store.write([point(0, "b", active_power=2), point(0, "a", active_power=1)])
    assert store.meters() == ["a", "b"]
    assert everything(store, "a") == [point(0, "a", active_power=1)]
    assert everything(store, "c") == []


def test_moments_a_millisecond_apart_stay_apart(store: SeriesStore) -> None:
    points = [Point("a", NOW_MS + milli, {"frequency": 50.0 + milli}, 1) for milli in range(50)]
    store.write(points)
    assert everything(store) == points


def test_a_window_has_its_start_and_not_its_end(store: SeriesStore) -> None:
    points = [point(second) for second in range(4)]
    store.write(list(reversed(points)))
    assert list(store.window("a", points[1].at_ms, points[3].at_ms)) == points[1:3]


def test_the_nearest_points_of_a_moment(store: SeriesStore) -> None:
    points = [point(0, active_power=-5), point(1, frequency=50), point(2, active_power=0)]
    store.write(points)
    just_before = points[2].at_ms - 1
    assert store.latest("a", LAST_MS) == points[2]
    assert store.latest("a", 2**62) == points[2]
    assert store.latest("a", just_before) == points[1]
    assert store.last_power("a", LAST_MS) == points[2]
    assert store.last_power("a", just_before) == points[0]
    assert store.latest("a", NOW_MS - 1) is None
    assert store.last_power("b", LAST_MS) is None
    assert store.earliest("a", 0) == points[0]
    assert store.earliest("a", points[0].at_ms + 1) == points[1]
    assert store.earliest("a", points[2].at_ms + 1) is None


def test_what_is_withdrawn_is_gone_and_nothing_else(store: SeriesStore) -> None:
    points = [point(second) for second in range(4)]
    store.write([*points, point(1, "b")])
    store.withdraw("a", [points[1].at_ms, points[2].at_ms, points[2].at_ms + 1])
    assert everything(store) == [points[0], points[3]]
    assert everything(store, "b") == [point(1, "b")]


def test_what_stands_between_the_withdrawn_stays(store: SeriesStore) -> None:
    points = [point(second) for second in range(9)]
    store.write(points)
    store.withdraw("a", [points[place].at_ms for place in (0, 1, 3, 4, 7)])
    store.withdraw("a", [])
    assert everything(store) == [points[place] for place in (2, 5, 6, 8)]


def test_cleared_it_is_empty_and_takes_points_again(store: SeriesStore) -> None:
    assert store.is_empty()
    store.clear()
    store.write([point(0, active_power=1)])
    assert not store.is_empty()
    store.clear()
    assert store.is_empty()
    assert store.points() == 0
    assert store.meters() == []
    store.write([point(1, active_power=1)])
    assert everything(store) == [point(1, active_power=1)]


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    values=st.dictionaries(
        st.sampled_from(schema.MEASURED), st.floats(allow_nan=False, allow_infinity=False)
    ),
    import_wh=st.none() | st.fractions(),
    position=st.integers(1, 2**63 - 1),
    at_ms=st.integers(0, NOW_MS),
)
def test_any_point_comes_back(
    store: SeriesStore,
    values: dict[str, float],
    import_wh: Fraction | None,
    position: int,
    at_ms: int,
) -> None:
    store.clear()
    given_point = Point("a", at_ms, values, position, import_wh)
    store.write([given_point])
    assert everything(store) == [given_point]


def test_the_last_of_each_meter_outlives_a_trimming(tmp_path: Path) -> None:
    embedded = EmbeddedSeries(tmp_path)
    silent = [point(0, "b"), point(1, "b", active_power=1), point(2, "b")]
    embedded.write([*(point(second, active_power=1) for second in range(10)), *silent])
    assert embedded.trim(point(6).at_ms) == 7
    assert [each.position for each in everything(embedded)] == [7, 8, 9, 10]
    assert everything(embedded, "b") == silent[1:]


# --- what is InfluxDB's own


@pytest.fixture(params=["influx1", "influx2"])
def server_store(request: pytest.FixtureRequest) -> InfluxSeries:
    opened: InfluxSeries = request.getfixturevalue(request.param)
    return opened


def test_every_field_has_the_type_of_the_schema(server_store: InfluxSeries) -> None:
    doubts = {"frequency": ("frequency",)}
    whole = dict.fromkeys(schema.MEASURED, 1.0)
    server_store.write(
        [
            Point("a", NOW_MS, whole, 1, Fraction(3), doubts),
            Point("a", NOW_MS + 1, whole, 1, Fraction(2**80)),
        ]
    )
    [table] = server_store.server.query("SHOW FIELD KEYS FROM reading", server_store.database)
    assert dict(table.rows) == schema.FIELDS
    server_store.judge_types()


def test_a_time_is_what_it_says_to_the_nanosecond(
    server_store: InfluxSeries, influxd: Influxd
) -> None:
    """The trap of an unknown precision: 1.x takes it for nanoseconds, and answers yes."""
    server_store.write([point(0)])
    database = server_store.database
    counts = [
        server_store.server.query(
            f"SELECT count(position) FROM reading WHERE time = {ns}",  # noqa: S608
            database,
        )
        for ns in (NOW_MS * 1_000_000, NOW_MS * 1_000_000 + 1)
    ]
    assert counts[0][0].rows[0][1] == 1
    assert counts[1] == []


def test_a_conflict_of_types_is_named_and_no_point_is_dropped_in_silence(
    server_store: InfluxSeries, influxd: Influxd
) -> None:
    server_store.make()
    assert influxd.write(server_store.database, f"reading,meter=a active_power=5i {NOW_MS}") == 204
    with pytest.raises(SeriesRefusedError, match=r"field type conflict.*active_power.*float"):
        server_store.write([point(0, frequency=50), point(1, active_power=5)])
    with pytest.raises(SeriesRefusedError, match="active_power is integer there"):
        server_store.judge_types()


def test_points_older_than_the_database_keeps_are_the_operators_wish(
    server_store: InfluxSeries, influxd: Influxd
) -> None:
    server_store.make()
    server_store.server.query(
        f'ALTER RETENTION POLICY autogen ON "{server_store.database}" DURATION 8d', ""
    )
    now_ms = time.time_ns() // 1_000_000
    old, recent = Point("a", now_ms - 30 * 86_400_000, {}, 1), Point("a", now_ms, {}, 2)
    server_store.write([old, recent])
    assert everything(server_store) == [recent]


def test_an_answer_that_is_cut_off_is_not_taken_for_the_whole(tmp_path: Path) -> None:
    server = Influxd(tmp_path / "influxd", max_rows=5)
    server.start()
    try:
        store = influx(f"influxdb1={server.url}", tmp_path)
        store.write([point(second) for second in range(7)])
        assert store.latest("a", LAST_MS) == point(6)
        with pytest.raises(SeriesRefusedError, match="max-row-limit"):
            everything(store)
        store.close()
    finally:
        server.stop(kill=True)


def test_a_server_that_is_away_is_told_apart_from_one_that_refuses(tmp_path: Path) -> None:
    for kind in ("influxdb", "influxdb1"):
        away = influx(f"{kind}=http://127.0.0.1:9", tmp_path)
        with pytest.raises(SeriesAwayError, match="refused"):
            away.write([point(0)])
        away.close()


def test_a_database_that_was_dropped_is_a_refusal_and_not_silence(
    server_store: InfluxSeries, influxd: Influxd
) -> None:
    server_store.write([point(0)])
    server_store.server.query(f'DROP DATABASE "{server_store.database}"', "")
    with pytest.raises(SeriesRefusedError, match="not found"):
        server_store.write([point(1)])


@pytest.mark.parametrize("kind", ["influxdb", "influxdb1"])
def test_no_error_shows_the_secret(kind: str, tmp_path: Path, influxd: Influxd) -> None:
    (tmp_path / "keys").mkdir()
    path = tmp_path / "keys" / "influxdb.secret"
    path.write_text("user:hush-hush\n")
    path.chmod(0o600)
    for url in ("http://127.0.0.1:9", influxd.url):
        guarded = influx(f"{kind}={url}", tmp_path)
        with pytest.raises((SeriesAwayError, SeriesRefusedError)) as caught:
            guarded.server.write(b"no line", "nowhere")
        assert "hush" not in f"{caught.value!r} {caught.value.__context__!r} {guarded.name}"
        guarded.close()


def test_the_secret_is_sent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ESEP_INFLUXDB_SECRET", "user:word")
    store = influx("influxdb1=http://127.0.0.1:9", tmp_path)
    assert isinstance(store.server, Version1)
    assert store.server._http._headers == {"authorization": "Basic dXNlcjp3b3Jk"}


def test_a_secret_that_others_can_read_is_refused(tmp_path: Path) -> None:
    (tmp_path / "keys").mkdir()
    path = tmp_path / "keys" / "influxdb.secret"
    path.write_text("token")
    path.chmod(0o640)
    with pytest.raises(SettingsError, match="chmod 600"):
        open_influx("influxdb=http://127.0.0.1:8086", tmp_path)


@pytest.mark.parametrize(
    ("store_text", "told"),
    [
        ("influx", "influxdb1=http"),
        ("influxdb", "http://"),
        ("influxdb=127.0.0.1:8086", "http://"),
        ("influxdb=http://user:word@127.0.0.1:8086", "no secrets"),
        ("influxdb1=http://127.0.0.1:8086?bucket=a", "'bucket'"),
        ("influxdb=http://127.0.0.1:8086?db=a", "'db'"),
    ],
)
def test_a_setting_that_is_wrong_says_what_would_be_right(
    store_text: str, told: str, tmp_path: Path
) -> None:
    with pytest.raises(SettingsError, match=told) as caught:
        open_influx(store_text, tmp_path)
    assert "word" not in str(caught.value)


def test_defaults_of_an_address(tmp_path: Path) -> None:
    assert open_influx("embedded", tmp_path) is None
    first = influx("influxdb1=https://db.example:8086/prefix/", tmp_path)
    second = influx("influxdb=http://127.0.0.1:8086?org=o&bucket=b", tmp_path)
    assert first.name == "db.example:8086/prefix/esep"
    assert second.name == "127.0.0.1:8086/b"

"""KOREM's daily result: what is read of it, in whatever layout, and what is refused."""

import io
import zlib
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from korem_pages import (
    BIDS,
    NORTH_SOUTH,
    QUOTA,
    RESIDUAL,
    WEST,
    Style,
    Zone,
    printed,
    result,
    row,
)
from PIL import Image
from reportlab.pdfgen.canvas import Canvas

from collector.model.instant import astana
from collector.registry.figures import FigureError, read_figure
from collector.registry.hours import hour_start_ms
from collector.registry.korem import Layout, Result, ResultError, read_layout, read_result
from collector.registry.korem.bounded import BYTES_MAX
from collector.registry.korem.extraction import read_pages
from collector.registry.korem.reading import result_of

LAYOUT = read_layout()
QUOTAS = [1234.5, 87.0, 1900.3, *[round(640.7 + 31.3 * hour, 1) for hour in range(21)]]
BOUGHT = [round(11.1 + hour, 1) for hour in range(24)]
ZONES = [
    Zone(
        NORTH_SOUTH,
        "12,45 тенге/кВт·ч",
        [(QUOTA, row(QUOTAS)), (RESIDUAL, row([100.0] * 24)), (BIDS, row(BOUGHT))],
    ),
    Zone(WEST, "1 014,5 тенге/МВт·ч", [(QUOTA, row([50.0] * 24))], has_bids=False),
]
STYLES = {
    "ruled": Style(),
    "without ruling lines": Style(is_ruled=False),
    "without, right-aligned": Style(is_ruled=False, align=2),
    "without, left-aligned, labels on top": Style(is_ruled=False, align=0, valign="TOP"),
    "in two halves": Style(row_of=12),
    "in two halves, without ruling lines": Style(row_of=12, is_ruled=False),
    "in three parts": Style(row_of=8, is_ruled=False, valign="TOP"),
    "figures broken over lines": Style(breaks_numbers=True),
    "a rotated page": Style(is_turned=True, says_rotation=True),
    "a page that was turned and does not say so": Style(is_turned=True),
    "turned, without ruling lines": Style(is_turned=True, is_ruled=False),
    "a page a zone, with dates": Style(page_for_each_zone=True, dates_in_each_block=True),
    "large letters on a large page": Style(big=True, size=8),
    "small letters": Style(size=4),
}


def read(content: bytes, layout: Layout = LAYOUT) -> Result:
    return result_of(read_pages(content), layout)


def with_row(kind: str, texts: list[str]) -> list[Zone]:
    """The first zone with one of its rows printed otherwise."""
    rows = [(label, texts if label == kind else values) for label, values in ZONES[0].rows]
    return [replace(ZONES[0], rows=rows), ZONES[1]]


@pytest.mark.parametrize("name", STYLES)
def test_a_day_is_read_in_every_layout(name: str) -> None:
    found = read(result(ZONES, STYLES[name]))
    assert (found.traded, found.delivered) == (date(2026, 11, 22), date(2026, 11, 23))
    north, west = found.zones
    assert (north.zone, west.zone) == ("north-south", "west")
    assert (north.start_price, north.start_price_text) == (Decimal("12.45"), "12,45 тенге/кВт·ч")
    assert west.start_price == Decimal("1014.5")
    assert north.has_bids and not west.has_bids
    assert north.rows["quota"].hours_mwh == tuple(Decimal(str(value)) for value in QUOTAS)
    assert north.rows["residual"].total_mwh == 2400
    assert north.rows["bids"].hours_mwh == tuple(Decimal(str(value)) for value in BOUGHT)
    assert west.rows["quota"].hours_mwh == (Decimal(50),) * 24
    assert set(west.rows) == {"quota"}


def test_a_process_of_its_own_reads_the_same() -> None:
    content = result(ZONES)
    assert read_result(content, LAYOUT) == read(content)


def test_quotas_are_of_the_hours_of_the_delivery_day_in_astana() -> None:
    quotas = read(result(ZONES)).quotas("ab" * 32)
    assert len(quotas) == 48
    first, last = quotas[0], quotas[23]
    assert astana(first.start).isoformat() == "2026-11-23T00:00:00+05:00"
    assert astana(last.start).isoformat() == "2026-11-23T23:00:00+05:00"
    assert (first.zone, first.energy_mwh) == ("north-south", Decimal("1234.5"))
    assert first.hour_convention == "hour 1 begins at 00:00 in Astana"


def test_how_hours_are_counted_is_data() -> None:
    other = LAYOUT.model_copy(update={"first_hour": "01:00"})
    first = read(result(ZONES), other).quotas("ab" * 32)[0]
    assert astana(first.start).isoformat() == "2026-11-23T01:00:00+05:00"
    assert first.hour_convention == "hour 1 begins at 01:00 in Astana"


def test_before_2024_03_01_the_day_began_an_hour_earlier() -> None:
    [earlier, later] = [hour_start_ms(date(2024, month, 15), 1, "00:00") for month in (2, 3)]
    assert astana(earlier).isoformat() == "2024-02-15T00:00:00+06:00"
    assert astana(later).isoformat() == "2024-03-15T00:00:00+05:00"


# --- what is printed, and what is not


DASHED = ["-", "–", "", *[printed(value) for value in QUOTAS[3:]], printed(sum(QUOTAS[3:]))]


@pytest.mark.parametrize("is_ruled", [True, False])
def test_dashes_and_empty_cells_are_nothing_when_the_total_says_so(*, is_ruled: bool) -> None:
    found = read(result(with_row(QUOTA, DASHED), Style(is_ruled=is_ruled)))
    assert found.zones[0].rows["quota"].hours_mwh[:4] == (None, None, None, Decimal(str(QUOTAS[3])))
    assert [quota.energy_mwh for quota in found.quotas("00" * 32)[:3]] == [0, 0, 0]


def test_an_empty_row_states_no_quota() -> None:
    found = read(result(with_row(QUOTA, [""] * 25)))
    assert {quota.zone for quota in found.quotas("00" * 32)} == {"west"}


def test_a_zone_where_nothing_was_offered_and_nothing_bid() -> None:
    silent = Zone(WEST, "-", [], has_bids=False)
    found = read(result([ZONES[0], silent]))
    assert (found.zones[1].rows, found.zones[1].start_price) == ({}, None)


@pytest.mark.parametrize("is_ruled", [True, False])
def test_bids_may_be_said_to_be_none_beside_their_row(*, is_ruled: bool) -> None:
    zones = [replace(ZONES[0], rows=ZONES[0].rows[:2], has_bids=False), ZONES[1]]
    found = read(result(zones, Style(is_ruled=is_ruled)))
    assert not found.zones[0].has_bids
    assert set(found.zones[0].rows) == {"quota", "residual"}


def test_a_difference_from_the_printed_total_names_both() -> None:
    texts = row(QUOTAS)
    texts[24] = "9 999,9"
    with pytest.raises(ResultError, match=r"north-south, row quota.* 23249\.5 MWh.*9999\.9 MWh"):
        read(result(with_row(QUOTA, texts)))


def test_a_difference_may_be_allowed_for_rounding_as_data() -> None:
    texts = row(QUOTAS)
    texts[24] = printed(sum(QUOTAS) + 0.3)
    allowed = LAYOUT.model_copy(update={"total_difference_mwh": Decimal("0.5")})
    assert read(result(with_row(QUOTA, texts)), allowed).zones[0].rows["quota"].is_stated


def test_a_row_without_a_total_cannot_be_checked() -> None:
    with pytest.raises(ResultError, match="no total is printed"):
        read(result(with_row(QUOTA, [*row(QUOTAS)[:24], ""])))


def test_a_figure_that_is_none_is_named_with_its_hour() -> None:
    texts = row(QUOTAS)
    texts[6] = "8O7,5"
    with pytest.raises(ResultError, match="row quota, hour 7: '8O7,5' is no figure"):
        read(result(with_row(QUOTA, texts)))


# --- what is no result


def scan() -> bytes:
    made, picture = io.BytesIO(), io.BytesIO()
    Image.new("L", (300, 200), 200).save(picture, "PNG")
    canvas = Canvas(made)
    canvas.drawInlineImage(Image.open(picture), 0, 0, 595, 842)
    canvas.save()
    return made.getvalue()


def bomb() -> bytes:
    """A page of a gibibyte and more of spaces, in a mebibyte or two."""
    packer, block, number, sum_ = zlib.compressobj(9), b" " * (1 << 20), 1200, 1
    first = packer.compress(block) + packer.flush(zlib.Z_FULL_FLUSH)
    again = packer.compress(block) + packer.flush(zlib.Z_FULL_FLUSH)
    for _ in range(number):
        sum_ = zlib.adler32(block, sum_)
    packed = first + again * (number - 1) + b"\x03\x00" + sum_.to_bytes(4, "big")
    stream = b"<< /Length %d /Filter /FlateDecode >> stream\n%b\nendstream" % (len(packed), packed)
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 99 99] /Contents 4 0 R >>",
        stream,
    ]
    body, places = b"%PDF-1.4\n", []
    for number, each in enumerate(objects, 1):
        places.append(len(body))
        body += b"%d 0 obj %b endobj\n" % (number, each)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    head = b"xref\n0 5\n0000000000 65535 f \n" + table
    return body + head + b"trailer << /Size 5 /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF" % len(body)


def other_document() -> bytes:
    made = io.BytesIO()
    canvas = Canvas(made)
    for number in range(40):
        canvas.drawString(50, 800 - 15 * number, f"Invoice {number} for delivery of paper")
    canvas.save()
    return made.getvalue()


def two_dates() -> bytes:
    return result([Zone(WEST, "1", ZONES[1].rows)], delivered="23.11.2026 24.11.2026")


REFUSED = {
    "a scan": (scan, "it is a scan"),
    "a password": (lambda: result(ZONES, Style(password="secret")), "protected by a password"),  # noqa: S106
    "cut short": (lambda: result(ZONES)[:3000], "damaged or cut short|another document|no text"),
    "no PDF": (lambda: b"PK\x03\x04 and so on", "it is no PDF"),
    "nothing": (lambda: b"", "it is no PDF"),
    "100 MB": (lambda: b"%PDF-1.7\n" + bytes(100 << 20), f"at most {BYTES_MAX >> 20}"),
    "another document": (other_document, "it is another document"),
    "a bomb": (bomb, "more than 60 s or 1024 MiB"),
    "noise": (lambda: b"%PDF-1.7\n" + bytes(range(256)) * 50, "damaged"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_result_is_refused_with_the_reason(name: str) -> None:
    make, said = REFUSED[name]
    with pytest.raises(ResultError, match=said):
        read_result(make(), LAYOUT)


def test_a_script_in_a_file_is_not_run() -> None:
    assert read(result(ZONES, Style(javascript="app.alert(1)"))) == read(result(ZONES))


def test_a_zone_that_the_layout_does_not_know_is_named() -> None:
    with pytest.raises(ResultError, match=r"zone 'Восточная'.*north-south, west"):
        read(result([replace(ZONES[0], name="Восточная")]))


def test_a_zone_may_stand_only_once() -> None:
    with pytest.raises(ResultError, match="zone west: it has two blocks"):
        read(result([ZONES[1], ZONES[1]]))


def test_one_file_is_of_one_day() -> None:
    pages = [*read_pages(result(ZONES[:1])), *read_pages(result(ZONES[1:], delivered="24.11.2026"))]
    with pytest.raises(ResultError, match=r"2026-11-23 and 2026-11-24; one file is of one day"):
        result_of([replace(page, number=n) for n, page in enumerate(pages, 1)], LAYOUT)


def test_delivery_before_trade_is_refused() -> None:
    with pytest.raises(ResultError, match="delivery comes after"):
        read(result(ZONES, delivered="21.11.2026"))


def test_a_date_that_is_none_is_refused() -> None:
    with pytest.raises(ResultError, match=r"delivered: 31\.02\.2026 is no date"):
        read(result(ZONES, delivered="31.02.2026"))


def test_figures_broken_over_lines_without_ruling_lines_are_refused_not_guessed() -> None:
    with pytest.raises(ResultError):
        read(result(ZONES, Style(is_ruled=False, breaks_numbers=True)))


def test_a_layout_that_is_wrong_is_named(tmp_path: Path) -> None:
    path = tmp_path / "layout.toml"
    path.write_text('first_hour = "0:30"')
    with pytest.raises(ResultError, match=r"layout\.toml: first_hour"):
        read_layout(path)


# --- figures


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1 234,5", "1234.5"),
        ("1\u00a0234,5", "1234.5"),
        ("12\u202f345\u202f678,25", "12345678.25"),
        ("1234.5", "1234.5"),
        ("0,000", "0"),
        (" 7 ", "7"),
    ],
)
def test_a_figure_is_read_exactly(text: str, value: str) -> None:
    assert read_figure(text) == Decimal(value)


@pytest.mark.parametrize("text", ["", "-", " – ", "—", "\u00a0"])
def test_a_dash_or_nothing_is_no_figure_and_no_zero(text: str) -> None:
    assert read_figure(text) is None


@pytest.mark.parametrize(
    "text", ["1,234.5", "1.234,5", "12 34", "-5", "1e3", "٣", "нет", "1,", ",5", "9" * 25]
)
def test_what_may_be_read_in_two_ways_is_refused(text: str) -> None:
    with pytest.raises(FigureError):
        read_figure(text)


@given(st.integers(0, 10**12), st.integers(0, 3), st.sampled_from([" ", "\u00a0", "\u202f"]))
def test_what_was_printed_is_what_is_read(count: int, places: int, space: str) -> None:
    value = Decimal(count).scaleb(-places)
    text = f"{value:,.{places}f}".replace(",", space).replace(".", ",")
    assert read_figure(text) == value

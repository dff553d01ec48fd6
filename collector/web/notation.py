"""How the page writes numbers and times: the same in every language."""

from datetime import timedelta
from fractions import Fraction

from collector.model.instant import astana, clock_text

NO_VALUE = "—"
_THIN_SPACE = "\N{NARROW NO-BREAK SPACE}"


def clock(instant_ms: int | None) -> str:
    """Time of day in Astana."""
    return NO_VALUE if instant_ms is None else clock_text(instant_ms)


def other_day(instant_ms: int, now_ms: int) -> str:
    """The date in Astana when it is another day than now, else nothing."""
    same = astana(instant_ms).date() == astana(now_ms).date()
    return "" if same else astana(instant_ms).strftime("%d.%m.")


def when(instant_ms: int | None, now_ms: int) -> str:
    """Time of day in Astana, with the date when it is another day than now."""
    date = "" if instant_ms is None else other_day(instant_ms, now_ms)
    return f"{date} {clock(instant_ms)}".lstrip()


def date_clock(instant_ms: int) -> str:
    return astana(instant_ms).strftime("%Y-%m-%d %H:%M:%S")


def countdown(duration_ms: int) -> str:
    minutes, seconds = divmod(max(duration_ms, 0) // 1000, 60)
    return f"{minutes:02d}:{seconds:02d}"


def elapsed(duration_ms: int) -> str:
    """Seconds."""
    return f"{duration_ms / 1000:+.1f}"


def megawatt(power_w: int | None) -> str:
    return NO_VALUE if power_w is None else f"{power_w / 1_000_000:.3f}"


def grouped(number: int | None) -> str:
    return NO_VALUE if number is None else f"{number:,}".replace(",", _THIN_SPACE)


def signed(number: int) -> str:
    text = f"{number:+,}" if number else "0"
    return text.replace(",", _THIN_SPACE).replace("-", "−")


def percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def ppm(value: float) -> str:
    return f"{value:+.1f} ppm".replace("-", "−")


def kilowatt_hours(energy_wh: int | None) -> str:
    if energy_wh is None:
        return NO_VALUE
    return f"{grouped(energy_wh // 1000)}.{energy_wh % 1000:03d}"


def utc_offset(instant_ms: int) -> str:
    offset = astana(instant_ms).utcoffset() or timedelta()
    return f"UTC{offset // timedelta(hours=1):+d}"


def ratio(text: str) -> str:
    return f"{float(Fraction(text)):g}"

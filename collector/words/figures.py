"""Numbers, energies and times as each language writes them; times in Astana's."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from collector.model.instant import astana

_THIN_SPACE = "\N{NARROW NO-BREAK SPACE}"


@dataclass(frozen=True)
class Style:
    """By the international system of units; `units` are what Wh, MW and s are called."""

    point: str
    date: str
    units: Mapping[str, str]

    def whole(self, number: int) -> str:
        return f"{number:,}".replace(",", _THIN_SPACE).replace("-", "−")

    def decimal(self, value: Fraction | Decimal | float, places: int) -> str:
        """Rounded half to even to so many places."""
        scaled = round(Fraction(value) * 10**places)
        whole, part = divmod(abs(scaled), 10**places)
        sign = "−" if scaled < 0 else ""
        return f"{sign}{self.whole(whole)}{self.point}{part:0{places}d}"

    def energy(self, energy_wh: Fraction) -> str:
        return f"{self.whole(round(energy_wh))} {self.units['Wh']}"

    def register(self, energy_wh: Fraction) -> str:
        """To a thousandth, where it is not whole."""
        rounded = round(energy_wh, 3)
        is_whole = rounded.denominator == 1
        text = self.whole(int(rounded)) if is_whole else self.decimal(rounded, 3)
        return f"{text} {self.units['Wh']}"

    def power(self, power_w: Fraction) -> str:
        return f"{self.decimal(power_w / 1_000_000, 3)} {self.units['MW']}"

    def seconds(self, value: Fraction | Decimal | float) -> str:
        exact = Fraction(value)
        text = self.whole(int(exact)) if exact.denominator == 1 else self.decimal(exact, 1)
        return f"{text} {self.units['s']}"

    def ratio(self, value: Fraction) -> str:
        return f"{float(value):g}".replace(".", self.point)

    def number(self, value: float) -> str:
        return f"{value:g}".replace("-", "−").replace(".", self.point)

    def moment(self, instant_ms: int) -> str:
        return astana(instant_ms).strftime(f"{self.date} %H:%M:%S")


STYLES = {
    "en": Style(".", "%Y-%m-%d", {"Wh": "Wh", "MW": "MW", "s": "s"}),
    "ru": Style(",", "%d.%m.%Y", {"Wh": "Вт·ч", "MW": "МВт", "s": "с"}),
    "kk": Style(",", "%d.%m.%Y", {"Wh": "Вт·сағ", "MW": "МВт", "s": "с"}),
}
"""By language."""

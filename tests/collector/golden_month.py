"""The golden month as it comes: gateways that read, sign and send, and a collector that looks."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from collector_run import CollectorRun
from collector_world import BILLING, TELEMETRY, Chain, TestGateway, World, database, sample
from golden_document import HOUR_MS, moment, tables
from golden_records import BEGIN_MS, END_MS, records
from meter_world import energy, identity, raw_of

from collector.evidence.keys import PrivateKey
from collector.registry.configurations import Configurations
from collector.registry.store import Registry

QUARTER_MS, SECOND_MS = 900_000, 1000
_SENT_MS, _LOOKED_MS = 2 * SECOND_MS, 10 * SECOND_MS
_PHASE_V, _LINE_V = 230, 400


@dataclass
class Instrument:
    """A register of whole Wh that counts a power in W, which changes at moments."""

    serial: str
    slot: int
    site: str
    from_ms: int
    until_ms: int
    register_wh: int
    powers: list[tuple[int, int]] = field(default_factory=list)

    def power_w(self, at_ms: int) -> int:
        return next((power_w for from_ms, power_w in reversed(self.powers) if from_ms <= at_ms), 0)

    def count(self, at_ms: int) -> int:
        ends = [from_ms for from_ms, _ in self.powers[1:]] + [END_MS * 2]
        flowed = sum(
            power_w * max(0, min(end_ms, at_ms) - from_ms)
            for (from_ms, power_w), end_ms in zip(self.powers, ends, strict=True)
        )
        return self.register_wh + flowed // HOUR_MS

    def answers(self, at_ms: int) -> bool:
        """Also at the moment of its exchange, when both are read."""
        return self.from_ms <= at_ms <= self.until_ms


def instruments() -> list[Instrument]:
    """Those of the register, and before them whoever answered in their place for a time."""
    found: dict[str, Instrument] = {}
    for row in tables()["meter"]:
        until_ms = moment(row["valid_until"]) if row["valid_until"] else END_MS * 2
        known = found.get(row["serial"])
        if known is not None:
            known.until_ms = until_ms
            continue
        from_ms = moment(row["valid_from"])
        found[row["serial"]] = Instrument(
            row["serial"], int(row["slot"]), row["site"], from_ms, until_ms, int(row["register"])
        )
    for row in tables()["power"]:
        found[row["meter"]].powers.append((moment(row["from"]), int(row["power_w"])))
    return [*_strangers(found), *found.values()]


def _strangers(known: dict[str, Instrument]) -> Iterator[Instrument]:
    said = tables()["identity"]
    for number, row in enumerate(said):
        if row["serial"] not in known:
            back = next(each for each in said[number:] if each["serial"] in known)
            from_ms, until_ms = moment(row["at"]), moment(back["at"])
            place = int(row["slot"]), row["site"]
            times = from_ms, until_ms, int(row["register"])
            powers = [(from_ms, int(row["power_w"]))]
            yield Instrument(row["serial"], *place, *times, powers)


@dataclass
class Station:
    """A gateway, its two chains, and what it reads."""

    gateway: TestGateway
    site: str
    instruments: list[Instrument]
    billing: Chain
    telemetry: Chain

    def hour(self, end_ms: int) -> list[bytes]:
        """What was read in the hour that ends then."""
        first_ms = end_ms if end_ms == BEGIN_MS else end_ms - HOUR_MS + QUARTER_MS
        boundaries = range(first_ms, end_ms + 1, QUARTER_MS)
        said = [(at_ms, self._identity(row)) for at_ms, row in self._said(first_ms, end_ms)]
        read = [(at_ms, self._energy(one, at_ms)) for one, at_ms in self._read(boundaries)]
        samples = [self.sample(one, at_ms) for one, at_ms in self._read(boundaries)]
        told = [record for _, record in sorted([*said, *read], key=lambda each: each[0])]
        return [
            self.billing.next(*told, at_ms=end_ms + _SENT_MS),
            self.telemetry.next(*samples, at_ms=end_ms + _SENT_MS),
        ]

    def begin(self, one: Instrument, at_ms: int) -> bytes:
        """An instrument that was hung then is read by its own configuration."""
        return self.billing.next(self._energy(one, at_ms), at_ms=at_ms + _SENT_MS)

    def second(self, at_ms: int) -> bytes:
        samples = [self.sample(one, at_ms) for one, _ in self._read([at_ms])]
        return self.telemetry.next(*samples, at_ms=at_ms)

    def _read(self, moments: Any) -> Iterator[tuple[Instrument, int]]:
        """In each slot what answers; where two could, the first that is named."""
        for at_ms in moments:
            slots: dict[int, Instrument] = {}
            for one in self.instruments:
                if one.answers(at_ms):
                    slots.setdefault(one.slot, one)
            yield from ((one, at_ms) for one in slots.values())

    def _said(self, first_ms: int, end_ms: int) -> list[tuple[int, dict[str, str]]]:
        found = [(moment(row["at"]), row) for row in tables()["identity"]]
        return [
            (at_ms, row)
            for at_ms, row in found
            if row["site"] == self.site and first_ms - QUARTER_MS < at_ms <= end_ms
        ]

    @staticmethod
    def _identity(row: dict[str, str]) -> Any:
        primary, secondary = map(int, row["ct"].split("/"))
        at_ms, slot = moment(row["at"]), int(row["slot"])
        return identity(int(row["serial"]), ct=primary // secondary, slot=slot, at_ms=at_ms)

    @staticmethod
    def _energy(one: Instrument, at_ms: int) -> Any:
        return energy(at_ms, one.count(at_ms), one.slot)

    @staticmethod
    def sample(one: Instrument, at_ms: int) -> Any:
        """With values that agree, as of three equal phases and no reactive load."""
        power_kw = one.power_w(at_ms) / 1000
        shown = {"active_power": power_kw, "apparent_power": power_kw, "power_factor": 1}
        shown |= {f"active_power_l{phase}": power_kw / 3 for phase in (1, 2, 3)}
        shown |= {f"current_l{phase}": power_kw / 3 / _PHASE_V * 1000 for phase in (1, 2, 3)}
        shown |= {f"voltage_l{phase}": _PHASE_V for phase in (1, 2, 3)}
        shown |= {f"voltage_l{pair}": _LINE_V for pair in (12, 23, 31)}
        shown |= {"frequency": 50, "active_energy_import": one.count(at_ms)}
        return sample(one.slot, at_ms, raw_of(interval_only=False, **shown))


@dataclass(frozen=True)
class Look:
    """`sites`: those that send a sample just then."""

    at_ms: int
    sites: tuple[str, ...] = ()


class Month:
    """All that comes and all that is looked at, in the order of time."""

    def __init__(self, directory: Path) -> None:
        engine = database(directory)
        root, registry = PrivateKey.generate(), Registry(engine)
        first = TestGateway()
        known = Configurations(engine, root.public)
        self.world = World(engine, registry, root, first, known)
        everything = instruments()
        self.stations = {}
        for row in tables()["site"]:
            gateway, site = TestGateway(), row["name"]
            mine = [one for one in everything if one.site == site]
            chains = gateway.chain(BILLING), gateway.chain(TELEMETRY)
            self.stations[site] = Station(gateway, site, mine, *chains)
        self._told = records({name: each.gateway for name, each in self.stations.items()})
        self._late: dict[int, list[tuple[TestGateway, bytes]]] = {}
        self._sent: set[int] = set()
        self.last_ms = END_MS + _LOOKED_MS
        self.run = CollectorRun(self.world, directory)

    def go(self) -> None:
        """From the beginning to the last look."""
        self._tell(BEGIN_MS - 1)
        for site in self.stations:
            self._configure(site, BEGIN_MS - HOUR_MS)
        for look in self._looks():
            self._tell(look.at_ms)
            stations = [self.stations[site] for site in look.sites]
            came = [(station.gateway, station.second(look.at_ms)) for station in stations]
            self.run.take(came, look.at_ms)
            since_ms = look.at_ms % HOUR_MS
            if since_ms >= _SENT_MS:
                self._hour(look.at_ms - since_ms)
            self.run.look(look.at_ms)

    def _looks(self) -> list[Look]:
        """Each hour, and each second of some."""
        hours = range(BEGIN_MS, END_MS + 1, HOUR_MS)
        found = [Look(at_ms + _LOOKED_MS) for at_ms in hours]
        for row in tables()["seconds"]:
            sites = tuple(row["sites"].split(", "))
            seconds = range(moment(row["from"]), moment(row["until"]) + 1, SECOND_MS)
            found += [Look(at_ms, sites) for at_ms in seconds]
        return sorted(found, key=lambda look: look.at_ms)

    def _tell(self, by_ms: int) -> None:
        """The register, of what it is told by then."""
        for at_ms in [known for known in self._told if known <= by_ms]:
            self.world.registry.record(self._told.pop(at_ms), bytes(32), at_ms)

    def _configure(self, site: str, issued_ms: int) -> None:
        gateway = self.stations[site].gateway
        gateway.configuration = self.world.configure(gateway, issued_ms)

    def _hour(self, end_ms: int) -> None:
        """What all gateways send after an hour, and what comes late; once."""
        if end_ms in self._sent:
            return
        self._sent.add(end_ms)
        came: list[tuple[TestGateway, bytes]] = []
        for station in self.stations.values():
            messages = station.hour(end_ms)
            for one in station.instruments:
                if one.from_ms == end_ms:
                    self._configure(station.site, end_ms)
                    messages.append(station.begin(one, end_ms))
            sent = [(station.gateway, message) for message in messages]
            late_ms = self._late_ms(station.site, end_ms)
            if late_ms is None:
                came += sent
            else:
                self._late.setdefault(late_ms, []).extend(sent)
        for late_ms in [each for each in self._late if each <= end_ms]:
            self.run.take(self._late.pop(late_ms), late_ms)
        self.run.take(came, end_ms + _SENT_MS)

    def _late_ms(self, site: str, end_ms: int) -> int | None:
        """When the frames of an hour came that were lost; None: in time."""
        for row in tables()["lost"]:
            first_ms, last_ms = moment(row["hours ending from"]), moment(row["until"])
            if row["site"] == site and first_ms <= end_ms <= last_ms:
                return moment(row["came"])
        return None

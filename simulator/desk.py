"""The commands a running simulator takes, each a JSON object with `cmd`, answered with one."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, StrictBool, StrictInt, ValidationError

from simulator.relays import Fault
from simulator.scenario import EnergyWh, Name, Ratio, explain
from simulator.site import Site, exact_decimal

Order = TypeVar("Order", bound="_Order")


class _Order(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    cmd: str
    site: str


class _Load(_Order):
    stage: StrictInt
    power_w: StrictInt


class _Hand(_Order):
    stage: StrictInt
    closed: StrictBool


class _Fault(_Order):
    stage: StrictInt
    fault: Fault | None


class _Silence(_Order):
    slot: StrictInt
    silent: StrictBool


class _Swap(_Order):
    slot: StrictInt
    serial: Name
    register_base_wh: EnergyWh


class _Ratios(_Order):
    slot: StrictInt
    ct: Ratio | None = None
    vt: Ratio | None = None


class CommandDesk:
    """Carries out commands on the sites. `clock` gives monotonic seconds."""

    def __init__(self, sites: list[Site], clock: Callable[[], float]) -> None:
        self._sites = {site.spec.name: site for site in sites}
        self._clock = clock
        self._verbs: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
            "energise": self._energise,
            "freeze": self._freeze,
            "energy": self._energy,
            "load": self._load,
            "hand": self._hand,
            "fault": self._fault,
            "silence": self._silence,
            "swap": self._swap,
            "ratio": self._ratio,
            "stop": lambda _: {},
        }

    def obey(self, line: str) -> dict[str, Any]:
        """A command that cannot be carried out is answered with `error`, and changes nothing."""
        try:
            command = json.loads(line, parse_float=Decimal)
        except json.JSONDecodeError as error:
            return {"error": f"not JSON: {error}"}
        if not isinstance(command, dict) or command.get("cmd") not in self._verbs:
            return {"error": f"give an object whose cmd is one of {', '.join(self._verbs)}"}
        name = command["cmd"]
        try:
            return {"cmd": name, **self._verbs[name](command)}
        except ValidationError as error:
            return {"cmd": name, "error": "; ".join(explain(each) for each in error.errors())}
        except ValueError as error:
            return {"cmd": name, "error": str(error)}

    def _energise(self, _: dict[str, Any]) -> dict[str, Any]:
        now = self._clock()
        for site in self._sites.values():
            site.plant.energise(now)
        return {}

    def _freeze(self, _: dict[str, Any]) -> dict[str, Any]:
        now = self._clock()
        for site in self._sites.values():
            site.plant.freeze(now)
        return {}

    def _energy(self, _: dict[str, Any]) -> dict[str, Any]:
        return {
            "sites": [{"name": name, "meters": site.energy()} for name, site in self._sites.items()]
        }

    def _load(self, command: dict[str, Any]) -> dict[str, Any]:
        order, site = self._order(_Load, command)
        site.spec.check_load(order.stage, order.power_w)
        site.plant.set_load(order.stage, order.power_w)
        return {}

    def _hand(self, command: dict[str, Any]) -> dict[str, Any]:
        """A person opens or closes a stage."""
        order, site = self._order(_Hand, command)
        site.operate_by_hand(order.stage, closed=order.closed)
        return {}

    def _fault(self, command: dict[str, Any]) -> dict[str, Any]:
        """A stage that is stuck, or whose contacts are welded; null mends it."""
        order, site = self._order(_Fault, command)
        site.relay(order.stage).fault = order.fault
        return {}

    def _silence(self, command: dict[str, Any]) -> dict[str, Any]:
        order, site = self._order(_Silence, command)
        site.meter(order.slot).silent = order.silent
        return {}

    def _swap(self, command: dict[str, Any]) -> dict[str, Any]:
        """Answers with the instrument taken away, and the point's integral at that moment."""
        order, site = self._order(_Swap, command)
        meter = site.meter(order.slot)
        removed = {"serial": meter.serial, "register_wh": exact_decimal(meter.register_wh)}
        meter.swap(order.serial, Fraction(order.register_base_wh))
        energy_wh = site.plant.energy_wh(meter.spec.point)
        return {"removed": removed, "energy_wh": exact_decimal(energy_wh)}

    def _ratio(self, command: dict[str, Any]) -> dict[str, Any]:
        order, site = self._order(_Ratios, command)
        if order.ct is None and order.vt is None:
            raise ValueError("give ct or vt, each as primary and secondary")
        site.meter(order.slot).set_ratios(order.ct, order.vt)
        return {}

    def _order(self, kind: type[Order], command: dict[str, Any]) -> tuple[Order, Site]:
        """The order, and the site it is for, brought to this moment."""
        order = kind.model_validate(command)
        site = self._sites.get(order.site)
        if site is None:
            raise ValueError(f"site: give one of {', '.join(self._sites)}")
        site.plant.advance(self._clock())
        return order, site

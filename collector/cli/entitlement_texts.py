"""How changes of entitlements are said, to a person and as JSON."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from collector.model.instant import astana
from collector.model.records import Allocation, Record
from collector.registry.entitlement_changes import Change, Effect, Excess

_SHOWN = 20


def counts(changes: Iterable[Change[Any]]) -> dict[str, int]:
    """How many are new, changed and the same."""
    found = Counter(change.effect for change in changes)
    return {effect.value: found[effect] for effect in Effect}


def change_lines(changes: Sequence[Change[Any]]) -> Iterator[str]:
    """Counts, and each change of what was there before: old and new."""
    yield ", ".join(f"{number} {effect}" for effect, number in counts(changes).items())
    changed = [change for change in changes if change.effect is Effect.CHANGED]
    for change in changed[:_SHOWN]:
        assert change.before is not None
        yield f"  {change.record.key}: {_told(change.before.record)} -> {_told(change.record)}"
    if len(changed) > _SHOWN:
        yield f"  and {len(changed) - _SHOWN} more"


def change_entries(changes: Iterable[Change[Any]]) -> list[dict[str, Any]]:
    """As JSON: what is new and what changed, with the version that it follows."""
    return [
        {
            "effect": change.effect,
            "record": change.record.model_dump(mode="json"),
            "before": None
            if change.before is None
            else {"id": change.before.id, "record": change.before.record.model_dump(mode="json")},
        }
        for change in changes
        if change.effect is not Effect.SAME
    ]


def excess_lines(found: Sequence[Excess]) -> Iterator[str]:
    for excess in found[:_SHOWN]:
        yield (
            f"warning: {excess.zone}, {hour_text(excess.start_ms)}: {excess.allocated_mwh} MWh are"
            f" allocated, the quota is {excess.quota_mwh} MWh"
        )
    if len(found) > _SHOWN:
        yield f"warning: and {len(found) - _SHOWN} more hours above their quota"


def excess_entries(found: Iterable[Excess]) -> list[dict[str, Any]]:
    return [
        {
            "zone": excess.zone,
            "start_ms": excess.start_ms,
            "allocated_mwh": str(excess.allocated_mwh),
            "quota_mwh": str(excess.quota_mwh),
        }
        for excess in found
    ]


def hour_text(start_ms: int) -> str:
    """When a period begins, in Astana."""
    return astana(start_ms).strftime("%Y-%m-%d %H:%M")


def _told(record: Record) -> str:
    told = [f"{getattr(record, 'energy_mwh', '')} MWh"]
    if isinstance(record, Allocation):
        if record.price_kzt_mwh is not None:
            told.append(f"at {record.price_kzt_mwh} KZT/MWh")
        if record.prepaid_kzt is not None:
            told.append(f"{record.prepaid_kzt} KZT prepaid")
        if record.cancelled:
            told.append("cancelled")
    return ", ".join(told)

"""Documents of the auction, each read in its own way into records."""

import hashlib
from pathlib import Path
from typing import Any

from collector.model.records import Market, Quota
from collector.registry.hours import HOUR_MS
from collector.registry.korem import HourRow, Result, ResultError, read_layout, read_result
from collector.registry.reading import FileError, Reading
from collector.registry.view import View


def read_quotas(content: bytes, layout: Path | None = None) -> Reading:
    """The quotas of a published result, and what else it says; raises FileError.

    `layout`: a file in place of the one that is shipped (docs/korem.md).
    """
    try:
        result = read_result(content, read_layout(layout))
    except ResultError as error:
        raise FileError(str(error)) from None
    quotas = result.quotas(hashlib.sha256(content).hexdigest())
    return Reading(
        records=list(quotas),
        places=[_place(quota) for quota in quotas],
        notes=tuple(_notes(result)),
        said=_said(result),
    )


def require_hours(view: View) -> None:
    """Raise FileError when the register's market is not an hourly one, as these documents are."""
    market = view.all(Market).get("market")
    if market is None or market.period_ms != HOUR_MS:
        found = "no market" if market is None else f"a market with periods of {market.period_s} s"
        raise FileError(
            f"the register has {found}; documents of the auction are hourly, and need periods of"
            " 3600 s"
        )


def _place(quota: Quota) -> str:
    return f"zone {quota.zone}"


def _notes(result: Result) -> list[str]:
    known = "" if result.is_hour_confirmed else ", as the layout file assumes"
    notes = [
        f"traded {result.traded}, delivered {result.delivered}; {result.hour_convention}{known}"
    ]
    for block in result.zones:
        price = block.start_price_text or "none is printed"
        bids = "" if block.has_bids else "; there were no bids"
        notes.append(f"{block.zone}: start price: {price}{bids}")
        notes += [f"  {kind}: {row.sum_mwh:f} MWh in all" for kind, row in block.rows.items()]
    return notes


def _said(result: Result) -> dict[str, Any]:
    return {
        "traded": result.traded.isoformat(),
        "delivered": result.delivered.isoformat(),
        "hour_convention": result.hour_convention,
        "hour_convention_is_confirmed": result.is_hour_confirmed,
        "unit": "MWh",
        "zones": [
            {
                "zone": block.zone,
                "start_price": None if block.start_price is None else f"{block.start_price:f}",
                "start_price_text": block.start_price_text,
                "has_bids": block.has_bids,
                "rows": {kind: _row(row) for kind, row in block.rows.items()},
            }
            for block in result.zones
        ],
    }


def _row(row: HourRow) -> dict[str, Any]:
    return {
        "hours": [None if value is None else f"{value:f}" for value in row.hours_mwh],
        "total": None if row.total_mwh is None else f"{row.total_mwh:f}",
    }

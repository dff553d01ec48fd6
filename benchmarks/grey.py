"""Rates of the score of grey load, on feeders of our own simulated town.

The score is asked for as an operator does, `esep collector feeder-score FILE`: the file is all
that it sees of the feeders.
"""

import json
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

from rich.table import Table

from simulator.feeders.town import Feeder, rows, town

_CUTS = range(0, 101, 5)


def run(seed: int, feeders: int, days: int, say: Callable[[str], None]) -> dict[str, Any]:
    """So many feeders without mining and as many with, of every kind and share."""
    drawn = list(town(seed, feeders, feeders, days))
    with tempfile.TemporaryDirectory(prefix="esep-grey-") as scratch:
        file = Path(scratch, "town.csv")
        with file.open("w", encoding="utf-8") as out:
            out.writelines(f"{line}\n" for line in rows(drawn))
        say(f"scoring {len(drawn)} feeders of {days} days")
        began_s = time.monotonic()
        command = [sys.executable, "-m", "esep", "collector", "feeder-score", str(file), "--json"]
        scored = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
        took_s = time.monotonic() - began_s
    points = {name: score["points"] for name, score in scored["feeders"].items()}
    return _document(seed, days, drawn, points, scored, took_s)


def tables(document: dict[str, Any]) -> list[Table]:
    """Rates at the shipped threshold: of mining by share and by kind, of all others by kind."""
    mined = Table(title=f"mining seen at {document['suspicious']} of 100 points")
    for name in ("mining", "feeders", "seen", "AUC", "median points"):
        mined.add_column(name, justify="right")
    for name, row in {**document["by_share"], **document["by_mining"]}.items():
        rate, area = f"{row['true_positive_rate']:.2f}", f"{row['auc']:.3f}"
        mined.add_row(name, str(row["feeders"]), rate, area, str(row["median_points"]))
    honest = Table(title="others taken for it")
    for name in ("with", "feeders", "taken", "median points"):
        honest.add_column(name, justify="right")
    for name, row in document["honest"].items():
        rate = f"{row['false_positive_rate']:.2f}"
        honest.add_row(name, str(row["feeders"]), rate, str(row["median_points"]))
    return [mined, honest]


def auc(positive: Sequence[int], negative: Sequence[int]) -> float:
    """How often a feeder with mining has more points than one without; a tie is half of it."""
    won = sum((one > other) + 0.5 * (one == other) for one in positive for other in negative)
    return won / (len(positive) * len(negative))


def _document(
    seed: int,
    days: int,
    drawn: Iterable[Feeder],
    points: dict[str, int],
    scored: dict[str, Any],
    took_s: float,
) -> dict[str, Any]:
    limit = scored["suspicious"]
    by_share, by_mining, honest = defaultdict(list), defaultdict(list), defaultdict(list)
    for feeder in drawn:
        its = points[feeder.name]
        if feeder.mining is not None:
            by_share[f"{feeder.share:.0%}"].append(its)
            by_mining[feeder.mining].append(its)
            continue
        honest["all"].append(its)
        for kind in feeder.kinds:
            honest[kind].append(its)
        if "data_centre" not in feeder.kinds:
            honest["all without data centres"].append(its)
    negative = honest["all"]
    positive = [its for found in by_share.values() for its in found]

    def seen(found: list[int]) -> dict[str, Any]:
        rate = sum(its >= limit for its in found) / len(found)
        return {
            "feeders": len(found),
            "true_positive_rate": rate,
            "auc": auc(found, negative),
            "median_points": median(found),
        }

    return {
        "schema": 1,
        "benchmark": "grey",
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "on": "our own simulated feeders",
        "seed": seed,
        "days": days,
        "took_s": took_s,
        "suspicious": limit,
        "thresholds_sha256": scored["thresholds_sha256"],
        "auc": auc(positive, negative),
        "by_share": {name: seen(found) for name, found in by_share.items()},
        "by_mining": {name: seen(found) for name, found in by_mining.items()},
        "honest": {
            name: {
                "feeders": len(found),
                "false_positive_rate": sum(its >= limit for its in found) / len(found),
                "median_points": median(found),
            }
            for name, found in honest.items()
        },
        "roc": [
            {
                "points": cut,
                "true_positive_rate": sum(its >= cut for its in positive) / len(positive),
                "false_positive_rate": sum(its >= cut for its in negative) / len(negative),
            }
            for cut in _CUTS
        ],
    }

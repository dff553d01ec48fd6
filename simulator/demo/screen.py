"""The demo's terminal: a line for each fact, and below a live table of MW against MW."""

import json
import threading
import urllib.request
from types import TracebackType
from typing import Any, Self

from rich.console import Console
from rich.live import Live
from rich.table import Table

_REFRESH_S = 1.0


class Screen:
    """`state_url` is the collector's API; without it there is no live table."""

    def __init__(self, state_url: str | None, title: str) -> None:
        self.console = Console(highlight=False)
        self._url = state_url
        self._title = title
        self._done = threading.Event()
        self._live = None
        if state_url and self.console.is_terminal:
            self._live = Live(Table(title=title), console=self.console, refresh_per_second=4)

    def __enter__(self) -> Self:
        if self._live:
            self._live.start()
            threading.Thread(target=self._refresh, daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._done.set()
        if self._live:
            self._live.stop()

    def say(self, text: str) -> None:
        self.console.print(text, soft_wrap=True)

    def _refresh(self) -> None:
        while self._live and not self._done.wait(_REFRESH_S):
            try:
                with urllib.request.urlopen(self._url or "", timeout=2) as answer:  # noqa: S310
                    self._live.update(_table(self._title, json.load(answer)))
            except (OSError, ValueError, KeyError):
                continue  # the page is not up yet, or going down: the last table stays


def _table(title: str, state: dict[str, Any]) -> Table:
    table = Table(title=title)
    table.add_column("site")
    for heading in ("drawn", "allowed", "used of this period", "state"):
        table.add_column(heading, justify="left" if heading == "state" else "right")
    for site in state["sites"]:
        allowance = site["allowance"]
        table.add_row(
            site["name"],
            _mw(site["power_w"]),
            _mw(allowance and allowance["allowed_w"]),
            _share(allowance),
            _STATES.get(site["condition"], site["condition"]),
        )
    return table


_STATES = {
    "within": "[green]within[/]",
    "will_exceed": "[yellow]will exceed[/]",
    "over": "[bold red]over[/]",
    "curtailed": "[magenta]curtailed[/]",
    "unlicensed_load": "[bold red]draws without licence[/]",
    "unlicensed": "[red]no licence[/]",
    "unread": "[dim]not read[/]",
}


def _mw(power_w: int | None) -> str:
    return "—" if power_w is None else f"{power_w / 1e6:.2f} MW"


def _share(allowance: dict[str, Any] | None) -> str:
    if not allowance or allowance["used_wh"] is None or not allowance["allowed_wh"]:
        return "—"
    return f"{100 * allowance['used_wh'] / allowance['allowed_wh']:.0f} %"

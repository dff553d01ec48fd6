"""What an order is for: stages, feeders, sites, licensees, zones, or everything, as stages."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from collector.model.records import Feeder, Licensee, Site
from collector.orders.drafting import DraftError
from collector.registry.view import View


@dataclass(frozen=True)
class Scope:
    """All that any of these names. `sites`: by name the stages, None for all that are no line's."""

    sites: tuple[tuple[str, tuple[int, ...] | None], ...] = ()
    feeders: tuple[str, ...] = ()
    licensees: tuple[str, ...] = ()
    zones: tuple[str, ...] = ()
    is_everything: bool = False

    @property
    def is_of_sites(self) -> bool:
        """Whether nothing but sites is named, or nothing at all."""
        return not (self.is_everything or self.feeders or self.licensees or self.zones)

    @property
    def is_by_zone(self) -> bool:
        """Whether it is whole zones, and nothing else."""
        return (bool(self.zones) or self.is_everything) and not (
            self.sites or self.feeders or self.licensees
        )


Cuts = tuple[tuple[str, tuple[int, ...] | None], ...]


def cuts_of(view: View, scope: Scope, now_ms: int) -> Cuts:
    """By site its stages, each site once. Raises DraftError.

    Sites without a stage of their own are in no scope but that which names them.
    """
    named: dict[str, tuple[int, ...] | None] = {}
    for name, stages in scope.sites:
        if name in named:
            raise DraftError(f"{name} is named twice; name all its stages once: {name}:1,2")
        named[name] = stages
    for site in _meant(view, scope, now_ms):
        if any(stage.feeder is None for stage in site.stages):
            named[site.name] = None
    if not named:
        raise DraftError(
            "nothing there has a stage that could be cut; name --site, --feeder, --licensee,"
            " --zone or --everything"
        )
    return tuple(sorted(named.items()))


def _meant(view: View, scope: Scope, now_ms: int) -> Iterator[Site]:
    sites = view.all(Site)
    lines = _lines(view, scope.feeders, now_ms)
    for known, asked, what in (
        (view.all(Licensee), scope.licensees, "licensee"),
        (view.zones, scope.zones, "zone"),
    ):
        for name in asked:
            if name not in known:
                raise DraftError(f"there is no {what} {name!r} in the register")
    for site in sites.values():
        if (
            scope.is_everything
            or site.licensee in scope.licensees
            or site.zone in scope.zones
            or site.feeder in lines
        ):
            yield site


def _lines(view: View, names: Iterable[str], now_ms: int) -> set[str]:
    """These lines and all that hang on them."""
    known: Mapping[str, Feeder] = view.all(Feeder)
    lines = set(names)
    for name in lines:
        if name not in known:
            raise DraftError(f"there is no feeder {name!r} in the register")
    while more := {
        name
        for name, feeder in known.items()
        if feeder.parent in lines and name not in lines and feeder.holds_at(now_ms)
    }:
        lines |= more
    return lines

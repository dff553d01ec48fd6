"""The sites of the tests, out of the demo's plan."""

from dataclasses import replace

from simulator.demo import plan
from simulator.demo.plan import SitePlan

WITHIN, OVER = "site-a", "site-b"
_BOUGHT_W = 2_700_000


def one_over_its_allocation() -> list[SitePlan]:
    """Over it in every period, so that what is ordered open stays open."""
    within, over = plan.plan_sites(2)
    return [within, replace(over, allowed_w=(_BOUGHT_W,))]


def all_within() -> list[SitePlan]:
    return [site for site in plan.plan_sites(4) if site.name in ("site-a", "site-4")]

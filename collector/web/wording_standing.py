"""Words for what is so of licences, meters' papers and data; nothing here decides anything."""

from collections.abc import Callable
from fractions import Fraction
from typing import Any

from collector.checks.findings import Code
from collector.model.instant import astana

Text = Callable[[Any], str]


def _moment(instant_ms: int) -> str:
    return astana(instant_ms).strftime("%Y-%m-%d %H:%M:%S")


def _mw(text: str) -> str:
    return f"{int(text) / 1_000_000:.3f} MW"


def _load(why: str) -> Text:
    return lambda details: (
        f"licence {why} since {_moment(details['ended_ms'] or 0)}, and it drew"
        f" {_mw(details['power_w'])} when last seen"
    )


def _tenant(details: Any) -> str:
    has = ", ".join(details["licences"]) or "no licence of subtype II"
    return (
        f"tenant {details['tenant']} of {details['data_centre']} drew {_mw(details['power_w'])}"
        f" behind stages {', '.join(map(str, details['stages']))}, with {has}"
        f" ({details['ground'].replace('_', ' ')})"
    )


def _conflict(details: Any) -> str:
    acts = "; ".join(f"{key} while {state.replace('_', ' ')}" for key, state, _ in details["acts"])
    return f"acts on licence {details['licence']} do not fit and changed nothing: {acts}"


def _silent(details: Any) -> str:
    return f"nothing has come from the gateway since {_moment(details['last_ms'])}"


def _gap(details: Any) -> str:
    return (
        f"{details['stream']} {details['first_seq']} to {details['last_seq']} of epoch"
        f" {details['epoch']} are missing, though what follows has come"
    )


def _clock(details: Any) -> str:
    if details["letter"] == "U":
        return "the gateway does not know the time"
    return "nobody vouches for the gateway's clock: it takes no time from a receipt"


def _ghost(details: Any) -> str:
    figures = (
        f"stage {_mw(details['stage_before_w'])} → {_mw(details['stage_after_w'])},"
        f" site {_mw(details['site_before_w'])} → {_mw(details['site_after_w'])}"
    )
    if details["kind"] == "draws":
        return f"stage {details['stage']} says open, and its meter shows a load: {figures}"
    return f"stage {details['stage']} opened, and the site drew as before: {figures}"


def _quantum(details: Any) -> str:
    step, most = Fraction(details["quantum_wh"]), details["most_permille"]
    return (
        f"one step of {details['meter']} is {float(step):g} Wh, more than {most / 10:g} % of"
        f" {float(Fraction(details['interval_wh'])):g} Wh, an interval at the contracted power"
    )


_PARTS = {"meter": "the meter", "ct": "the current transformers", "vt": "the voltage transformers"}
TEXTS: dict[Code, Text] = {
    Code.SUSPENDED_LOAD: _load("suspended"),
    Code.REVOKED_LOAD: _load("revoked"),
    Code.TENANT_LOAD: _tenant,
    Code.LICENCE_ENDS: lambda details: (
        f"licence {details['licence']} ends {_moment(details['ends_ms'])}:"
        f" {details['days']} days before it"
    ),
    Code.SITE_NOT_NAMED: lambda details: (
        f"no licence in force of {details['licensee']} names this site;"
        f" in force: {', '.join(details['licences'])}"
    ),
    Code.OTHER_HOLDER: lambda details: (
        f"licence {', '.join(details['licences'])} names this site, and is of"
        f" {', '.join(details['holders'])}, not of {details['licensee']}"
    ),
    Code.NO_DATA_CENTRE: lambda details: (
        f"licence {details['licence']} is of subtype II, and {details['licensee']} is in no data"
        " centre of the register"
    ),
    Code.ACTS_CONFLICT: _conflict,
    Code.GATEWAY_SILENT: _silent,
    Code.CHAIN_GAP: _gap,
    Code.CLOCK_DOUBTED: _clock,
    Code.STALE: lambda details: (
        f"values of {details['meter']} stand still since {_moment(details['last_ms'])}:"
        " an old copy?"
    ),
    Code.GHOST_LOAD: _ghost,
    Code.QUANTUM_COARSE: _quantum,
    Code.VERIFICATION_ENDS: lambda details: (
        f"verification {details['certificate']} of {_PARTS[details['part']]} of"
        f" {details['meter']} ends {_moment(details['ends_ms'])}: {details['days']} days before it"
    ),
    Code.VERIFICATION_EXPIRED: lambda details: (
        f"verification {details['certificate']} of {_PARTS[details['part']]} of"
        f" {details['meter']} ended {_moment(details['ends_ms'])}"
    ),
    Code.VERIFICATION_MISSING: lambda details: (
        f"{_PARTS[details['part']]} of {details['meter']} was never verified, which"
        f" {details['requirement']} requires"
    ),
    Code.SEAL_REMOVED: lambda details: (
        f"seal {details['seal']} of {details['meter']}, {details['place']}, was taken off, and no"
        " other is there"
    ),
    Code.SEAL_MISSING: lambda details: (
        f"{details['meter']} has no seal, which {details['requirement']} requires"
    ),
    Code.UNDESCRIBED: lambda details: (
        f"the register lacks of {details['meter']}: {', '.join(details['missing'])}, which"
        f" {details['requirement']} requires"
    ),
    Code.CLASS_COARSE: lambda details: (
        f"{details['meter']} is of class {details['accuracy_class']};"
        f" {details['requirement']} requires {details['coarsest_class']} or finer"
    ),
}

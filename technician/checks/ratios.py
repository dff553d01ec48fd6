"""Whether the meter is set to the transformers that hang there, and who applies their ratios."""

from fractions import Fraction

from collector.model.energy import IMPORT
from collector.model.identity import compare, ratios_of
from technician.checks.outcome import Outcome
from technician.meter_reading import MeterReading

CHECK = "ratios"


def judged(reading: MeterReading, ct: Fraction, vt: Fraction) -> Outcome:
    profile = reading.profile
    identity = reading.identity()
    read = ratios_of(identity)
    register = next(each for each in profile.registers if each.name == IMPORT)
    applies = "the collector applies them" if register.secondary else "the meter applies them"
    facts: dict[str, str | int] = {
        "ct": str(ct),
        "vt": str(vt),
        "side": "secondary" if register.secondary else "primary",
    }
    facts |= {
        f"{kind}_read": str(ratio)
        for kind, ratio in (("ct", read.ct), ("vt", read.vt))
        if ratio is not None
    }
    plates = f"CT {ct}, VT {vt}"
    if profile.instrument.connection == "direct" and ct == vt == 1:
        return Outcome(CHECK, True, "connected directly, without transformers", None, facts)
    same = compare(profile, identity, "", ct, vt).is_ratio
    if same is None:
        return Outcome(
            CHECK,
            None,
            f"no register tells all the ratios this meter is set to ({plates} by the plates;"
            f" {applies})",
            "look at the meter's own settings, compare them with the plates, and one current with"
            " the display",
            facts,
        )
    set_to = ", ".join(
        f"{kind} {'not told' if ratio is None else ratio}"
        for kind, ratio in (("CT", read.ct), ("VT", read.vt))
    )
    if not same:
        return Outcome(
            CHECK,
            False,
            f"the meter is set to {set_to}; by the plates it is {plates}",
            "set the meter to the transformers' plates; if the plates are others than in the work"
            " order, have the register changed first",
            facts,
        )
    return Outcome(CHECK, True, f"set to {set_to}, as the plates have it; {applies}", None, facts)

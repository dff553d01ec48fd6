"""Whether the billed register's step is fine enough for what the site takes in a billing period."""

from fractions import Fraction

from collector.model.energy import IMPORT, WH_PER_MWH
from technician.checks.limits import limits
from technician.checks.outcome import Outcome
from technician.checks.words import shown
from technician.meter_reading import MeterReading

CHECK = "energy-quantum"

_WH_PER_KWH = WH_PER_MWH // 1000


def judged(reading: MeterReading, ct: Fraction, vt: Fraction, contracted_w: Fraction) -> Outcome:
    """The step as it is now: of a float it grows with the reading, behind transformers it is that
    of the register times their ratios where the reader applies them.
    """
    energy = reading.values(ct, vt).get(IMPORT)
    if energy is None:
        return Outcome(
            CHECK,
            None,
            f"{IMPORT} was not read{': ' + reading.fault if reading.fault else ''}",
            "find out why the meter does not answer: run identify",
            {},
        )
    register = next(each for each in reading.profile.registers if each.name == IMPORT)
    period_wh = contracted_w * limits().period_s / 3600
    most_wh = period_wh * limits().energy_quantum_permille / 1000
    facts: dict[str, str | int] = {
        "quantum_wh": str(energy.quantum),
        "period_wh": str(period_wh),
        "most_wh": str(most_wh),
        "contracted_w": str(contracted_w),
        "register_wh": str(energy.value),
        "side": "secondary" if register.secondary else "primary",
        "ct": str(ct),
        "vt": str(vt),
    }
    share = shown(energy.quantum / period_wh * 100, "%")
    limit = shown(limits().energy_quantum_permille / 10, "%")
    why = (
        f"a step of {shown(energy.quantum / _WH_PER_KWH, 'kWh')} is {share} of the"
        f" {shown(period_wh / _WH_PER_KWH, 'kWh')} of a quarter of an hour at contracted power"
    )
    if energy.quantum > most_wh:
        return Outcome(
            CHECK,
            False,
            f"{why}; {limit} is the most",
            "take a meter or a profile with a finer energy register, or transformers that are not"
            " larger than the site; a float register that has counted far becomes coarse: change"
            " the meter, or have its counter reset and both readings recorded",
            facts,
        )
    return Outcome(CHECK, True, f"{why}; up to {limit} is fine", None, facts)

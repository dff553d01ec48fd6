"""What a curtailment certificate says was measured, computed again from the registers' bytes."""

from fractions import Fraction
from statistics import median
from typing import Any

from auditor.exhibits import Evidence, WrongField, refusing, same
from auditor.frames import SAMPLE, Frame

BASELINE = "flat_prior_load"
MS_IN_HOUR = 3_600_000
TENTH = Fraction(1, 10)  # σ is said to a tenth


def judge_measured(
    path: str,
    said: dict[str, Any],
    part: dict[str, Any],
    certificate: dict[str, Any],
    evidence: Evidence,
) -> None:
    """Medians out of the registers' own bytes; then what is said to follow from them."""
    _judge_windows(path, said, part, certificate["rules"])
    sums = {"stage": [Fraction(0)] * 2, "delivery": [Fraction(0)] * 2, "other": [Fraction(0)] * 2}
    by_stage: dict[int, list[Fraction]] = {stage: [Fraction(0)] * 2 for stage in part["stages"]}
    for place, meter in enumerate(said["meters"]):
        here = f"{path}.meters[{place}]"
        point = meter["point"]
        role = "delivery" if point == "delivery" else "stage" if point in by_stage else "other"
        powers = {
            name: _samples(f"{here}.{name}", name, said, meter, part, evidence)
            for name in ("before", "after")
        }
        silent = [
            name for name in powers if len(powers[name]) < certificate["rules"]["min_samples"]
        ]
        if silent and role == "other":
            continue  # a meter that is silent on one side says nothing of what moved
        if silent:
            raise WrongField(f"{here}.{silent[0]}", f"{len(powers[silent[0]])} samples are too few")
        for side, name in enumerate(powers):
            sums[role][side] += median(powers[name])
            if role == "stage":
                by_stage[point][side] += median(powers[name])
    cap_w = part.get("cap_w")
    if cap_w is not None:
        same(f"{path}.cap_w", said["cap_w"], cap_w)
        if not part["stages"]:  # the setpoint is the whole site's
            sums["stage"] = sums["delivery"]
    figures = {
        "stage_before_w": sums["stage"][0],
        "stage_after_w": sums["stage"][1],
        "site_before_w": sums["delivery"][0],
        "site_after_w": sums["delivery"][1],
    }
    dropped_w = sums["stage"][0] - sums["stage"][1]
    boundary_w = sums["delivery"][0] - sums["delivery"][1] - (sums["other"][0] - sums["other"][1])
    figures["boundary_drop_w"] = boundary_w
    is_idle = cap_w is not None and sums["stage"][0] <= cap_w
    is_known = said["result"] != "unverifiable" and not is_idle
    credited_w = max(min(dropped_w, boundary_w), Fraction(0)) if is_known else Fraction(0)
    figures["credited_w"] = credited_w
    for name, value in figures.items():
        same(f"{path}.{name}", said[name], float(round(value, 1)))
    for place, stage in enumerate(said["stages"]):
        here = f"{path}.stages[{place}]"
        for side, name in enumerate(("before_w", "after_w")):
            same(f"{here}.{name}", stage[name], float(round(by_stage[stage["stage"]][side], 1)))
    if cap_w is None:
        _judge_result(path, said, dropped_w, sums["stage"][0], certificate["rules"])
    else:
        _judge_capped(path, said, sums["stage"], cap_w, certificate["rules"])


def _judge_windows(
    path: str, said: dict[str, Any], part: dict[str, Any], rules: dict[str, Any]
) -> None:
    """Before: no longer than the rule, and none of it after the command. After: it has settled."""
    from_ms, until_ms = said["before_ms"]
    issued_ms = max(each["issued_ms"] for each in part["commands"] if _holds(each))
    if until_ms > issued_ms or until_ms - from_ms > 1000 * rules["before_window_s"]:
        raise WrongField(f"{path}.before_ms", "it is not the time before the command")
    settled_ms = part["duration"]["opened_ms"] + 1000 * Fraction(rules["settle_s"])
    if said["after_ms"][0] < settled_ms:
        raise WrongField(f"{path}.after_ms", "it begins before the contact had settled")


def _holds(command: dict[str, Any]) -> bool:
    """A setpoint that is over when it is signed ends the one before."""
    if command["action"] == "limit":
        return bool(command["until_ms"] > command["issued_ms"])
    return bool(command["action"] == "open")


def _judge_capped(
    path: str,
    said: dict[str, Any],
    load_w: list[Fraction],
    cap_w: int,
    rules: dict[str, Any],
) -> None:
    """No better than the load against its setpoint allows, within its own σ."""
    before_w, after_w = load_w
    slack_w = Fraction(rules["drop"]["boundary_sigmas"]) * (Fraction(str(said["sigma_w"])) + TENTH)
    if said["result"] == "full" and after_w > cap_w + slack_w:
        raise WrongField(f"{path}.result", "the load is above the setpoint")
    excess_w = before_w - cap_w
    is_less = 1000 * (before_w - after_w) < rules["partial_permille"] * excess_w
    if said["result"] == "partial" and (excess_w <= 0 or is_less):
        raise WrongField(f"{path}.result", "less of what was above the setpoint is gone")


def _judge_result(
    path: str, said: dict[str, Any], dropped_w: Fraction, before_w: Fraction, rules: dict[str, Any]
) -> None:
    """No better than the stages' own meters allow, with the hysteresis of a later judgement."""
    least = {"full": rules["full_permille"], "partial": rules["partial_permille"]}.get(
        said["result"]
    )
    if least is None:
        return
    least -= rules["drop"]["hysteresis_permille"]
    if before_w <= 0 or 1000 * dropped_w < least * before_w:
        raise WrongField(f"{path}.result", "the stages' meters show a smaller drop")


def _samples(
    path: str,
    name: str,
    said: dict[str, Any],
    meter: dict[str, Any],
    part: dict[str, Any],
    evidence: Evidence,
) -> list[Fraction]:
    """The powers, W: each is what its frame's bytes say, and lies in the window."""
    from_ms, until_ms = said[f"{name}_ms"]
    if name == "after":
        from_ms += meter["response_ms"]
    powers, last_ms = [], -1
    for place, (position, record_place, at_ms, power_w) in enumerate(meter[name]):
        here = f"{path}[{place}]"
        frame, record = evidence.record(here, position, record_place)
        if frame.gateway.hex() != part["gateway"] or record[0] != SAMPLE:
            raise WrongField(here, "the record is another one")
        same(here, at_ms, record[2])
        if not (from_ms <= at_ms < until_ms and at_ms > last_ms):
            raise WrongField(here, "it lies outside of the window, or is there twice")
        last_ms = at_ms
        _judge_power(here, frame, record, meter, power_w, evidence)
        powers.append(Fraction(power_w))
    return powers


def _judge_power(
    path: str,
    frame: Frame,
    record: Any,
    meter: dict[str, Any],
    power_w: float,
    evidence: Evidence,
) -> None:
    body = evidence.configurations.get(frame.configuration)
    if body is None or body[1] != frame.gateway:
        raise WrongField(path, "the configuration of its frame is not among the evidence")
    configured = next((each for each in body[8] if each[0] == record[1]), None)
    if configured is None:
        raise WrongField(path, f"its configuration has no meter in slot {record[1]}")
    same(f"{path}.slot", meter["slot"], record[1])
    same(f"{path}.serial", meter["serial"], configured[1])
    same(f"{path}.profile", meter["profile"], configured[3].hex())
    profile = evidence.profiles.get(meter["profile"])
    if profile is None:
        raise WrongField(path, "its profile is not among the evidence")
    ct, vt = Fraction(*configured[6]), Fraction(*configured[7])
    value = refusing(path, profile.power_w, record[4], record[3], ct, vt)
    if value is None:
        raise WrongField(path, "the meter did not tell its power")
    same(path, power_w, float(value))


def judge_duration(path: str, part: dict[str, Any]) -> None:
    """From the gateway's own word that it is open, to that it is closed; and the estimate."""
    duration, estimate = part["duration"], part["estimate"]
    if duration is None:
        same(f"{path}.estimate", estimate, None)
        return
    opened = {each["at_ms"] for each in part["acknowledgements"] if each["phase"] != "refused"}
    opened |= {each["at_ms"] for each in part["contacts"] if not each["is_closed"]}
    if opened and duration["opened_ms"] not in opened:
        raise WrongField(f"{path}.duration.opened_ms", "no signed event has this time")
    if duration["ended_ms"] is None:
        same(f"{path}.duration.ms", duration["ms"], None)
        same(f"{path}.estimate", estimate, None)
        return
    took_ms = max(duration["ended_ms"] - duration["opened_ms"], 0)
    same(f"{path}.duration.ms", duration["ms"], took_ms)
    same(f"{path}.estimate.baseline", estimate["baseline"], BASELINE)
    measured_ms, energy, error = _estimated(part)
    same(f"{path}.estimate.measured_ms", estimate["measured_ms"], measured_ms)
    same(f"{path}.estimate.unmeasured_ms", estimate["unmeasured_ms"], took_ms - measured_ms)
    same(f"{path}.estimate.energy_wh", estimate["energy_wh"], round(energy))
    same(f"{path}.estimate.error_wh", estimate["error_wh"], round(error))


def _estimated(part: dict[str, Any]) -> tuple[int, Fraction, Fraction]:
    """Each judgement's credited drop, held until the next one's samples begin."""
    opened_ms, ended_ms = part["duration"]["opened_ms"], part["duration"]["ended_ms"]
    judged = part["measured"]
    starts = [
        opened_ms if place == 0 else max(opened_ms, each.get("after_ms", [each["at_ms"]])[0])
        for place, each in enumerate(judged)
    ]
    measured_ms, energy, error = 0, Fraction(0), Fraction(0)
    for place, each in enumerate(judged):
        if "credited_w" not in each or each["result"] == "unverifiable":
            continue
        end_ms = starts[place + 1] if place + 1 < len(judged) else max(ended_ms, opened_ms)
        took_ms = max(min(end_ms, ended_ms) - starts[place], 0)
        measured_ms += took_ms
        energy += Fraction(str(each["credited_w"])) * took_ms / MS_IN_HOUR
        error += 2 * Fraction(str(each["sigma_w"])) * took_ms / MS_IN_HOUR
    return measured_ms, energy, error

"""Whether a site's stages have what opens and closes them, and nothing unpowers its gateway."""

from collections.abc import Iterator

from collector.model.actuator import Actuator, ActuatorError, load_actuator
from collector.model.records import Feeder, Meter, Site, Stage
from collector.registry.references.faults import Fault, having, twice
from collector.registry.view import View

_NEEDS_CLEARING = ("contactor", "undervoltage_release")
"""Kinds whose latch `opened_by_other` only a selector or a button can clear."""


def of_site(view: View, site: Site) -> Iterator[Fault]:
    lines = _lines(view, site)
    circuit = site.gateway_circuit
    yield from of_relay(site)
    if isinstance(circuit, int):
        stages = [stage.id for stage in site.stages]
        yield (
            "gateway_circuit",
            f"stage {circuit} feeds gateway {site.gateway}: an order to open it would unpower the"
            " gateway that is to close it; feed it from the protected floor or a circuit of its own"
            if circuit in stages
            else f"'floor', 'separate' or a stage of the site, one of {stages}; given: {circuit}",
        )
    feedback = {stage.output for stage in site.stages}
    for stage in site.stages:
        yield from _stage(stage)
        if taken := sorted(feedback & {number for number in stage.inputs.wired if number}):
            yield (
                "stages",
                (
                    f"stage {stage.id}: input {taken[0]} is the feedback contact of the stage with"
                    " that output; give another"
                ),
            )
        if stage.feeder in lines and site.gateway_circuit != "separate":
            yield (
                "gateway_circuit",
                (
                    f"stage {stage.id} opens line {stage.feeder!r}, which feeds the site and"
                    f" gateway {site.gateway}: feed it from elsewhere, and say 'separate'"
                ),
            )


def of_relay(site: Site) -> Iterator[Fault]:
    """Of the relay by which the site's gateway opens stages while the frequency is low."""
    relay = site.frequency_relay
    if relay is None:
        return
    field = "frequency_relay"
    stages = {stage.id: stage for stage in site.stages}
    yield from twice(field, "stage", relay.stages)
    for number in relay.stages:
        if number not in stages:
            yield field, f"stages: one of {sorted(stages)}; given: {number}"
        elif stages[number].feeder is not None:
            line = stages[number].feeder
            yield field, f"stage {number} opens line {line!r}: a person orders that, no relay"
    if relay.well == relay.low:
        yield (
            field,
            (
                f"well and low are both contact {relay.well}: a broken wire would say that the"
                " frequency is well; wire both sides of the relay's changeover"
            ),
        )
    wired = [number for stage in site.stages for number in (stage.output, *stage.inputs.wired)]
    for number in sorted({relay.well, relay.low} & {each for each in wired if each is not None}):
        yield field, f"contact {number} is a stage's feedback or input; give another"


def _lines(view: View, site: Site) -> set[str | None]:
    """The line that feeds the site, and those that feed that."""
    feeders, lines, at = view.all(Feeder), set[str | None](), site.feeder
    while at is not None and at not in lines:
        lines.add(at)
        at = feeders[at].parent if at in feeders else None
    return lines


def _stage(stage: Stage) -> Iterator[Fault]:
    place = f"stage {stage.id}: "
    wired = [number for number in stage.inputs.wired if number is not None]
    yield from twice("stages", f"{place}the input", wired)
    if stage.actuator is None:
        if stage.permission is not None:
            yield "stages", f"{place}permission: name the actuator, which a person closes"
        return
    try:
        actuator = load_actuator(stage.actuator)
    except ActuatorError as error:
        yield "stages", f"{place}actuator: {error}"
        return
    yield from ((field, place + text) for field, text in _fits(stage, actuator))


def _fits(stage: Stage, actuator: Actuator) -> Iterator[Fault]:
    least_ms = actuator.response_ms + actuator.pulse_ms
    if stage.confirm_ms < least_ms:
        yield (
            "stages",
            (
                f"confirm_ms: the contact of {actuator.name!r} follows within {least_ms}; give at"
                f" least that, not {stage.confirm_ms}"
            ),
        )
    if stage.permission is not None and not actuator.pulse_ms:
        yield (
            "stages",
            (
                f"permission: {actuator.name!r} is permitted by its own output; only a breaker"
                " that a pulse opens has another"
            ),
        )
    selector, _, _, reset = stage.inputs.wired
    if actuator.kind in _NEEDS_CLEARING and selector is None and reset is None:
        yield (
            "stages",
            (
                "inputs: wire a selector or a reset button: what others opened is cleared there,"
                " by nobody from afar"
            ),
        )


def odd_of_site(view: View, site: Site) -> Iterator[Fault]:
    """What a technician should settle before the site is relied on."""
    named = [stage for stage in site.stages if stage.actuator is not None]
    floor = [meter for meter in having(view, Meter, site=site.name) if meter.point == "floor"]
    if site.protected_floor and not floor:
        yield "protected_floor", "it has no meter; hang one whose point is 'floor'"
    if site.gateway_circuit == "floor" and not site.protected_floor:
        yield "gateway_circuit", "no protected floor is declared; say what is on it"
    if named and site.gateway_circuit is None:
        yield (
            "gateway_circuit",
            "what feeds the gateway is not said; no order may unpower it: 'floor' or 'separate'",
        )
    for stage in named:
        try:
            example = load_actuator(str(stage.actuator)).example
        except ActuatorError:
            continue  # which is a fault
        if example:
            yield (
                "stages",
                (
                    f"stage {stage.id}: {', '.join(example)} of {stage.actuator!r} is example data;"
                    " compare it with the data sheet of what stands there"
                ),
            )

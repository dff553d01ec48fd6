"""What a meter must have to be believed: verifications, seals, a class, a type that is registered.

What was there and ended is told of any meter; what never was, where a document requires it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, get_args

from collector.checks.codes import Code
from collector.checks.states import Scene, State
from collector.model.instant import days_before
from collector.model.records import (
    AccuracyClass,
    Meter,
    MeterRequirement,
    Record,
    Seal,
    Site,
    Verification,
)
from collector.registry.view import View

CLASSES: tuple[str, ...] = get_args(AccuracyClass)
"""From the finest to the coarsest."""


@dataclass(frozen=True)
class Papers:
    """Of one meter; `requirement` None: no document requires anything of it."""

    meter: Meter
    verifications: Sequence[Verification] = ()
    seals: Sequence[Seal] = ()
    requirement: MeterRequirement | None = None

    def state(
        self, code: Code, subject: str, since_ms: int, records: Sequence[Record], **details: Any
    ) -> State:
        told = {"site": self.meter.site, "meter": self.meter.serial} | details
        rests_on = (self.meter, *records)
        return State(code, subject, since_ms, told, records=rests_on, not_before=since_ms)

    @property
    def required_since(self) -> int:
        required_ms = 0 if self.requirement is None else self.requirement.valid_from
        return max(required_ms, self.meter.valid_from)


def judge(scene: Scene) -> Iterator[State]:
    for papers in papers_of(scene.view, scene.now_ms):
        days = scene.view.policy.data.verification_warning_days
        yield from judge_verifications(papers, days, scene.now_ms)
        yield from judge_seals(papers, scene.now_ms)
        yield from judge_description(papers)


def papers_of(view: View, at_ms: int) -> Iterator[Papers]:
    """Of every meter that hangs at a moment."""
    verifications: dict[str, list[Verification]] = {}
    for verification in view.all(Verification).values():
        if not verification.withdrawn:
            verifications.setdefault(verification.meter, []).append(verification)
    seals: dict[str, list[Seal]] = {}
    for seal in view.all(Seal).values():
        if not seal.withdrawn:
            seals.setdefault(seal.meter, []).append(seal)
    requirements = view.holding(MeterRequirement, at_ms)
    for serial, meter in sorted(view.all(Meter).items()):
        if meter.hangs_between(at_ms, at_ms + 1):
            yield Papers(
                meter,
                verifications.get(serial, ()),
                seals.get(serial, ()),
                _required(view, requirements, meter),
            )


def _required(
    view: View, requirements: Sequence[MeterRequirement], meter: Meter
) -> MeterRequirement | None:
    """One for the meter's zone before one for any; of several the newest."""
    site = view.all(Site).get(meter.site)
    for zone in (None if site is None else site.zone, None):
        for each in reversed(requirements):
            if each.status == meter.status and each.zone == zone:
                return each
    return None


def judge_verifications(papers: Papers, warning_days: Sequence[int], at_ms: int) -> Iterator[State]:
    meter, required = papers.meter, papers.requirement
    for part in _parts(meter):
        subject = f"{meter.serial}/{part}"
        known = [
            each for each in papers.verifications if each.part == part and each.valid_from <= at_ms
        ]
        if not known:
            if required is not None and part in required.verified:
                since_ms = papers.required_since
                yield papers.state(
                    Code.VERIFICATION_MISSING,
                    subject,
                    since_ms,
                    (required,),
                    part=part,
                    requirement=required.key,
                )
            continue
        last = max(known, key=lambda each: (each.valid_until is None, each.valid_until or 0))
        if last.valid_until is None:
            continue
        told = {"part": part, "certificate": last.certificate, "ends_ms": last.valid_until}
        if last.valid_until <= at_ms:
            yield papers.state(
                Code.VERIFICATION_EXPIRED, subject, last.valid_until, (last,), **told
            )
            continue
        if _is_renewed(papers.verifications, part, last.valid_until):
            continue
        ends_ms = last.valid_until
        reached = [
            (days, day_ms)
            for days in warning_days
            if (day_ms := days_before(ends_ms, days)) <= at_ms
        ]
        if reached:
            days, day_ms = min(reached)
            yield papers.state(Code.VERIFICATION_ENDS, subject, day_ms, (last,), days=days, **told)


def _parts(meter: Meter) -> tuple[str, ...]:
    """A meter without transformers has none to verify."""
    transformers = {"ct": meter.ct, "vt": meter.vt}
    return ("meter", *(part for part, ratio in transformers.items() if Fraction(*ratio) != 1))


def _is_renewed(verifications: Sequence[Verification], part: str, at_ms: int) -> bool:
    return any(each.part == part and each.holds_at(at_ms) for each in verifications)


def judge_seals(papers: Papers, at_ms: int) -> Iterator[State]:
    """A place is sealed as long as one of its seals is on."""
    meter, required = papers.meter, papers.requirement
    known = [seal for seal in papers.seals if seal.valid_from <= at_ms]
    if not known and required is not None and required.sealed:
        since_ms = papers.required_since
        yield papers.state(
            Code.SEAL_MISSING, meter.serial, since_ms, (required,), requirement=required.key
        )
    for place in sorted({seal.place for seal in known}):
        here = [seal for seal in known if seal.place == place]
        if not any(seal.holds_at(at_ms) for seal in here):
            last = max(here, key=lambda seal: seal.valid_until or 0)
            yield papers.state(
                Code.SEAL_REMOVED,
                f"{meter.serial}/{place}",
                last.valid_until or 0,
                (last,),
                place=place,
                seal=last.number,
            )


def judge_description(papers: Papers) -> Iterator[State]:
    meter, required = papers.meter, papers.requirement
    if required is None:
        return
    given = {
        "accuracy_class": (required.accuracy_class, meter.accuracy_class),
        "state_register": (required.state_register, meter.state_register),
    }
    missing = [name for name, (is_needed, value) in given.items() if is_needed and not value]
    since_ms, coarsest = papers.required_since, required.coarsest_class
    if missing:
        yield papers.state(
            Code.UNDESCRIBED,
            meter.serial,
            since_ms,
            (required,),
            missing=missing,
            requirement=required.key,
        )
    known = meter.accuracy_class
    if (
        coarsest is not None
        and known is not None
        and CLASSES.index(known) > CLASSES.index(coarsest)
    ):
        yield papers.state(
            Code.CLASS_COARSE,
            meter.serial,
            since_ms,
            (required,),
            accuracy_class=known,
            coarsest_class=coarsest,
            requirement=required.key,
        )

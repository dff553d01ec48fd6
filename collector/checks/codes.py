"""What can be found: the codes, how grave each is, and in which rounds what lasts is seen again.

A new code needs, besides its lines in `Code` and `SEVERITY`: one in `placeholders.DETAILS`, one in
`LASTING` or `findings.RUNS` if it is of that kind, and its words in the three files of
`collector/words`. The tests of the words name whatever lacks, and
`tests/collector/findings_tables.py` writes the tables of docs/findings.md.
"""

from collections.abc import Mapping
from enum import StrEnum


class Code(StrEnum):
    WILL_EXCEED = "allocation.will_exceed"
    BREACH = "allocation.breach"
    UNMEASURED = "allocation.unmeasured"
    UNDECIDED = "allocation.undecided"
    INDICATED = "allocation.indicated"
    OVER_QUOTA = "allocation.over_quota"
    LOAD_OUTSIDE_HOURS = "hours.load_outside"
    ENERGY_OUTSIDE_HOURS = "hours.energy_outside"
    OVER_CAPACITY = "capacity.exceeded"
    OVER_CAPACITY_NOW = "capacity.exceeded_now"
    OVER_CONTRACT = "capacity.over_contract"
    UNLICENSED_LOAD = "licence.unlicensed_load"
    SUSPENDED_LOAD = "licence.suspended_load"
    REVOKED_LOAD = "licence.revoked_load"
    TENANT_LOAD = "licence.tenant_load"
    LICENCE_ENDS = "licence.ends"
    SITE_NOT_NAMED = "licence.site_not_named"
    OTHER_HOLDER = "licence.other_holder"
    NO_DATA_CENTRE = "licence.no_data_centre"
    ACTS_CONFLICT = "licence.acts_conflict"
    UNREAD = "site.unread"
    EXPORT = "site.export"
    REGISTER_RESET = "meter.register_reset"
    REGISTER_JUMP = "meter.register_jump"
    ROLLOVER = "meter.rollover"
    REPLACED = "meter.replaced"
    RATIO_CHANGED = "meter.ratio_changed"
    RATIO_CORRECTED = "meter.ratio_corrected"
    ENERGY_MISSING = "feeder.energy_missing"
    ENERGY_SURPLUS = "feeder.energy_surplus"
    SHAPE_OF_MINING = "feeder.shape_of_mining"
    MONTH_DIFFERS = "month.differs"
    AILING = "gateway.ailing"
    ROLLOUT_STOPPED = "gateway.rollout_stopped"
    FORK = "gateway.fork"
    GATEWAY_SILENT = "gateway.silent"
    GATEWAYS_SILENT = "gateway.silent_together"
    CHAIN_GAP = "gateway.gap"
    CLOCK_DOUBTED = "gateway.clock"
    STALE = "meter.stale"
    GHOST_LOAD = "stage.ghost_load"
    QUANTUM_COARSE = "meter.quantum_coarse"
    VERIFICATION_ENDS = "meter.verification_ends"
    VERIFICATION_EXPIRED = "meter.verification_expired"
    VERIFICATION_MISSING = "meter.verification_missing"
    SEAL_REMOVED = "meter.seal_removed"
    SEAL_MISSING = "meter.seal_missing"
    UNDESCRIBED = "meter.undescribed"
    CLASS_COARSE = "meter.class_coarse"
    UNREAD_TOGETHER = "site.unread_together"
    UNAUTHORISED = "order.unauthorised"
    ORDER_OVERDUE = "order.overdue"
    DISK = "collector.disk"
    LAG = "collector.lag"
    CERTIFICATE = "collector.certificate"
    CHECKPOINT = "collector.checkpoint"
    CLOCK = "collector.clock"


class Severity(StrEnum):
    NOTE = "note"
    WARNING = "warning"
    BREACH = "breach"


SEVERITY: Mapping[Code, Severity] = {
    Code.WILL_EXCEED: Severity.WARNING,
    Code.UNMEASURED: Severity.WARNING,
    Code.UNDECIDED: Severity.WARNING,
    Code.INDICATED: Severity.WARNING,
    Code.OVER_QUOTA: Severity.WARNING,
    Code.LOAD_OUTSIDE_HOURS: Severity.WARNING,
    Code.ENERGY_OUTSIDE_HOURS: Severity.BREACH,
    Code.OVER_CAPACITY: Severity.BREACH,
    Code.OVER_CAPACITY_NOW: Severity.WARNING,
    Code.OVER_CONTRACT: Severity.NOTE,
    Code.UNREAD: Severity.WARNING,
    Code.EXPORT: Severity.WARNING,
    Code.REGISTER_RESET: Severity.WARNING,
    Code.REGISTER_JUMP: Severity.WARNING,
    Code.ROLLOVER: Severity.NOTE,
    Code.REPLACED: Severity.WARNING,
    Code.RATIO_CHANGED: Severity.WARNING,
    Code.RATIO_CORRECTED: Severity.NOTE,
    Code.ENERGY_MISSING: Severity.WARNING,
    Code.ENERGY_SURPLUS: Severity.WARNING,
    Code.SHAPE_OF_MINING: Severity.WARNING,
    Code.MONTH_DIFFERS: Severity.WARNING,
    Code.AILING: Severity.WARNING,
    Code.UNREAD_TOGETHER: Severity.WARNING,
    Code.UNAUTHORISED: Severity.WARNING,
    Code.ORDER_OVERDUE: Severity.WARNING,
    Code.DISK: Severity.WARNING,
    Code.LAG: Severity.WARNING,
    Code.CERTIFICATE: Severity.WARNING,
    Code.CHECKPOINT: Severity.WARNING,
    Code.CLOCK: Severity.WARNING,
    Code.ROLLOUT_STOPPED: Severity.WARNING,
    Code.FORK: Severity.BREACH,
    Code.BREACH: Severity.BREACH,
    Code.UNLICENSED_LOAD: Severity.BREACH,
    Code.SUSPENDED_LOAD: Severity.BREACH,
    Code.REVOKED_LOAD: Severity.BREACH,
    Code.TENANT_LOAD: Severity.BREACH,
    Code.LICENCE_ENDS: Severity.WARNING,
    Code.SITE_NOT_NAMED: Severity.WARNING,
    Code.OTHER_HOLDER: Severity.WARNING,
    Code.NO_DATA_CENTRE: Severity.WARNING,
    Code.ACTS_CONFLICT: Severity.WARNING,
    Code.GATEWAY_SILENT: Severity.WARNING,
    Code.GATEWAYS_SILENT: Severity.WARNING,
    Code.CHAIN_GAP: Severity.WARNING,
    Code.CLOCK_DOUBTED: Severity.WARNING,
    Code.STALE: Severity.WARNING,
    Code.GHOST_LOAD: Severity.BREACH,
    Code.QUANTUM_COARSE: Severity.NOTE,
    Code.VERIFICATION_ENDS: Severity.NOTE,
    Code.VERIFICATION_EXPIRED: Severity.WARNING,
    Code.VERIFICATION_MISSING: Severity.WARNING,
    Code.SEAL_REMOVED: Severity.WARNING,
    Code.SEAL_MISSING: Severity.WARNING,
    Code.UNDESCRIBED: Severity.WARNING,
    Code.CLASS_COARSE: Severity.WARNING,
}


class Round(StrEnum):
    """`RUN`: what each run of the checks judges. `LOOK`: what changes slowly, every `look_s` of the
    policy. `DESK`: what the desk of orders says of findings. `WATCH`: what the collector sees of
    itself, every ten seconds.
    """

    RUN = "run"
    LOOK = "look"
    DESK = "desk"
    WATCH = "watch"


LASTING: Mapping[Code, Round] = {
    Code.WILL_EXCEED: Round.RUN,
    Code.LOAD_OUTSIDE_HOURS: Round.RUN,
    Code.OVER_CAPACITY_NOW: Round.RUN,
    Code.OVER_QUOTA: Round.RUN,
    Code.UNLICENSED_LOAD: Round.RUN,
    Code.SUSPENDED_LOAD: Round.RUN,
    Code.REVOKED_LOAD: Round.RUN,
    Code.TENANT_LOAD: Round.RUN,
    Code.UNREAD: Round.RUN,
    Code.UNREAD_TOGETHER: Round.RUN,
    Code.EXPORT: Round.RUN,
    Code.REPLACED: Round.RUN,
    Code.RATIO_CHANGED: Round.RUN,
    Code.AILING: Round.RUN,
    Code.ROLLOUT_STOPPED: Round.RUN,
    Code.LICENCE_ENDS: Round.LOOK,
    Code.SITE_NOT_NAMED: Round.LOOK,
    Code.OTHER_HOLDER: Round.LOOK,
    Code.NO_DATA_CENTRE: Round.LOOK,
    Code.ACTS_CONFLICT: Round.LOOK,
    Code.GATEWAY_SILENT: Round.LOOK,
    Code.GATEWAYS_SILENT: Round.LOOK,
    Code.CHAIN_GAP: Round.LOOK,
    Code.CLOCK_DOUBTED: Round.LOOK,
    Code.STALE: Round.LOOK,
    Code.GHOST_LOAD: Round.LOOK,
    Code.QUANTUM_COARSE: Round.LOOK,
    Code.VERIFICATION_ENDS: Round.LOOK,
    Code.VERIFICATION_EXPIRED: Round.LOOK,
    Code.VERIFICATION_MISSING: Round.LOOK,
    Code.SEAL_REMOVED: Round.LOOK,
    Code.SEAL_MISSING: Round.LOOK,
    Code.UNDESCRIBED: Round.LOOK,
    Code.CLASS_COARSE: Round.LOOK,
    Code.UNAUTHORISED: Round.DESK,
    Code.DISK: Round.WATCH,
    Code.LAG: Round.WATCH,
    Code.CERTIFICATE: Round.WATCH,
    Code.CHECKPOINT: Round.WATCH,
    Code.CLOCK: Round.WATCH,
}
"""Of a condition: it is seen again by each of these rounds while it lasts."""

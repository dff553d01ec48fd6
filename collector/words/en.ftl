# A text a code of a finding, named as the code with "-" for ".": what was found, with its
# placeholders; .title, its name in lists; .action, what a dispatcher does.
# A placeholder without a value is a dash, and selected by [none]; counts may be selected by number and by plural.

allocation-will_exceed =
    period { $period_start_ms }–{ $period_end_ms } will exceed { $allowed_wh }{ $tolerance_wh ->
        [none] {""}
       *[other] {" "}and a tolerance of { $tolerance_wh }
    } at { $breach_ms }, by { $projected_excess_wh }; { $confidence ->
        [over] it already has
        [firm] each load of the last { $minutes } minutes would
        [likely] the loads of { $exceeding } of the last { $minutes } minutes would
        [open] the loads of only { $exceeding } of the last { $minutes } minutes would
       *[other] too few of the last minutes were read to say how sure that is
    }; read { $age_s } ago
    .title = will exceed its allocation
    .action = warn the licensee
allocation-breach =
    period { $period_start_ms }–{ $period_end_ms } closed with { $measured_wh } of { $allowed_wh }{ $tolerance_wh ->
        [none] {""}
       *[other] {""} and a tolerance of { $tolerance_wh }
    }{ $examples ->
        [none] {""}
       *[other] {""} (example data: { $examples })
    }
    .title = allocation exceeded
    .action = the period's frames, by their positions
allocation-unmeasured =
    { $missing ->
        [none] period { $period_start_ms }–{ $period_end_ms } closed { $breaks }
       *[other] period { $period_start_ms }–{ $period_end_ms } closed without readings of { $missing }{ $breaks ->
            [none] {""}
           *[other] ; { $breaks }
        }
    }
    .title = period not measured
    .action = the gateway and its journal; when the readings come, the period is closed again and judged
allocation-undecided =
    period { $period_start_ms }–{ $period_end_ms } closed with { $measured_wh } of { $allowed_wh }: too near to decide, by { $error_wh ->
        [none] steps of the registers, ± { $quantum_wh }
       *[other] readings off the boundaries, ± { $error_wh }{ $quantum_wh ->
            [none] {""}
           *[other] {" "}and steps of the registers, ± { $quantum_wh }
        }
    }
    .title = too near to decide
    .action = why the meter answered late, or a register with a smaller step; the neighbouring periods
allocation-indicated =
    period { $period_start_ms }–{ $period_end_ms } closed with { $measured_wh } of { $allowed_wh }, by operational meters ({ $operational }): a warning, nothing is billed or cut by it
    .title = exceeded, by operational meters
    .action = whether a commercial meter measures here too; its readings
allocation-over_quota =
    { $allocated_wh } were sold in { $zone } for { $period_start_ms }–{ $period_end_ms }, and the quota is { $quota_wh }
    .title = more sold than the quota
    .action = both documents: the register of winners and the system operator's quota
hours-load_outside =
    draws { $power_w } since { $load_from_ms }; not permitted since { $forbidden_from_ms } ({ $rulings }{ $examples ->
        [none] {""}
       *[other] {""}; example data: { $examples }
    })
    .title = load outside permitted hours
    .action = the site, and the ruling with its document
hours-energy_outside =
    drew { $energy_wh } from { $start_ms } to { $end_ms }, when it may not mine ({ $rulings }{ $examples ->
        [none] {""}
       *[other] {""}; example data: { $examples }
    })
    .title = energy outside permitted hours
    .action = the quarter's frames, by their positions; the ruling with its document
capacity-exceeded =
    drew { $mean_w } on average from { $start_ms } to { $end_ms }: its connection bears { $capacity_w }
    .title = connection capacity exceeded
    .action = the feeder's protection and the technical conditions of the connection
capacity-exceeded_now =
    drew { $power_w } when last seen: its connection bears { $capacity_w }; the quarter's mean will decide
    .title = above the connection capacity now
    .action = warn the licensee
capacity-over_contract =
    drew { $mean_w } on average from { $start_ms } to { $end_ms }: contracted are { $contracted_w }
    .title = above contracted power
    .action = the contract
licence-unlicensed_load =
    { $ground ->
        [not_named] no licence in force names it (in force: { $licences }), and it drew { $power_w } when last seen
       *[other] { $ended_ms ->
            [none] has never had a licence in force, and drew { $power_w } when last seen
           *[other] licence ended { $ended_ms }, and it drew { $power_w } when last seen
        }
    }
    .title = load without a licence
    .action = the site: what runs, and what the register declares for auxiliaries (auxiliary_w)
licence-suspended_load =
    licence suspended since { $ended_ms }, and it drew { $power_w } when last seen
    .title = load under a suspended licence
    .action = the decision in the register, its dates; the site: what runs
licence-revoked_load =
    licence revoked since { $ended_ms }, and it drew { $power_w } when last seen
    .title = load under a revoked licence
    .action = the decision in the register; the site: what runs
licence-tenant_load =
    tenant { $tenant } of data centre { $data_centre } drew { $power_w } behind stages { $stages } without a licence of subtype II in force
    .title = tenant without a licence
    .action = the tenant's licence and its acts; whose equipment is behind these stages
licence-ends =
    licence { $licence } of { $licensee } ends { $ends_ms }: { $days } days before it
    .title = a licence ends
    .action = remind the licensee; an extension or a new licence goes into the register before that day
licence-site_not_named =
    no licence in force of { $licensee } names this site; in force: { $licences }
    .title = the licence does not name the site
    .action = the licence's list of sites, and the acts that changed it
licence-other_holder =
    licence { $licences } names this site, and is of { $holders }, not of { $licensee }
    .title = the licence is another's
    .action = who holds the site, and whose BIN the licence bears: one of the two records is wrong
licence-no_data_centre =
    licence { $licence } is of subtype II, and { $licensee } is in no data centre of the register
    .title = subtype II without a data centre
    .action = where his equipment stands: the data centre and its tenancy go into the register
licence-acts_conflict =
    acts on licence { $licence } do not fit what was so, and changed nothing: { $acts }
    .title = acts on a licence contradict each other
    .action = the decisions themselves: withdraw the wrong one; until then nobody is cut for this licence where it is in doubt
site-unread =
    no reading of { $meters } { $last_ms ->
        [none] ever
       *[other] since { $last_ms }
    }: its load is not known
    .title = site not read
    .action = the gateway, the bus, the meter's wire and seal
site-unread_together =
    { $zone ->
        [none] { $count } of { $watched } sites of several zones
       *[other] { $count } of { $watched } sites of zone { $zone }
    } fell silent within { $window_s }, from { $began_ms } to { $last_began_ms }: { $zone ->
        [none] the broker, the way to it, or the collector
       *[other] the zone's network or supply
    }. { $members }{ $more ->
        [0] {""}
       *[other] {" "}and { $more } more
    }
    .title = many sites not read, of one cause
    .action = the broker and its connections, the collector, the network of the zone; the sites one by one only when this is over
site-export =
    { $meter } shows { $power_w }, flowing out: transformers the wrong way round, or generation; what it imports is not counted
    .title = power flows out
    .action = current transformers the wrong way round (then its import stands still while load runs), or generation behind it
meter-register_reset =
    register of { $meter } went back from { $before } to { $after } by { $at_ms }: it was reset, and nothing is measured across it
    .title = register reset
    .action = the meter; both readings stand in the finding
meter-register_jump =
    register of { $meter } rose from { $before } to { $after } by { $at_ms }: more than its wiring can carry, and not taken for energy
    .title = register jumped
    .action = the meter; both readings stand in the finding
meter-rollover =
    register of { $meter } rolled over from { $before } to { $after } by { $at_ms }: measured across it
    .title = register rolled over
    .action = nothing: the energy across it is exact
meter-replaced =
    another meter answers for { $meter } since { $at_ms }: its serial reads { $after }
    .title = another meter answers
    .action = the site; what is read from there on is nobody's until the register says whose, under a configuration issued anew
meter-ratio_changed =
    the transformer ratio of { $meter } is { $after }, not { $before }, since { $at_ms }
    .title = transformer ratio changed
    .action = the site; what is read from there on is nobody's until the register has the ratio, under a configuration issued anew
meter-ratio_corrected =
    the transformers of { $meter } are { $ct } and { $vt }, not { $configured_ct } and { $configured_vt }: energies and periods are told anew
    .title = transformer ratio corrected
    .action = esep collector report on corrections: every interval, finding and order that it touches, before and after
feeder-energy_missing =
    { $head_wh } went into { $feeder } within { $period_start_ms }–{ $period_end_ms } and { $children_wh } came out: at least { $unaccounted_wh } are beyond losses and errors
    .title = energy missing on a feeder
    .action = who else draws from the feeder; its meters' ratios; a load that no meter sees
feeder-energy_surplus =
    { $children_wh } came out of { $feeder } within { $period_start_ms }–{ $period_end_ms } and only { $head_wh } went in
    .title = more energy out of a feeder than into it
    .action = whether a meter is wrong, or hangs on another feeder
feeder-shape_of_mining =
    load of { $feeder } is like mining's, { $points } of 100 points: { $marks }
    .title = load like mining's on a feeder without a licensed site
    .action = a score is no proof: have the feeder's consumers looked at
month-differs =
    { $month }: { $ours_wh } by our registers, { $theirs_wh } by the { $source ->
        [utility] utility's meter
       *[other] balancing market ({ $source })
    }; their meters allow { $allowed_wh }; what holds until it is decided: { $holds }
    .title = a month differs
    .action = ratios, loss factors and gaps of the month; then decide which figure holds
gateway-ailing = { $ailments }
    .title = gateway does not do well
    .action = its part of the page: room means receipts do not reach it; a bus: wire, termination, baud rate; safe mode: its last fault, and its firmware
gateway-rollout_stopped = the roll-out of release { $release } stopped itself: gateway { $gateway } { $why }
    .title = a roll-out stopped itself
    .action = the gateway's part of the page and its last fault; those that were updated keep the release. Correct it, sign it under a higher number, and start anew
gateway-fork =
    { $count ->
        [one] { $count } name of { $stream } has two frames, at { $first_seq }
       *[other] { $count } names of { $stream } have two frames, from { $first_seq } on
    }: is the gateway there twice?
    .title = two frames of one name
    .action = a cloned or restored device: take the board out, enrol another, and end its key in the register
gateway-silent =
    nothing has come from the gateway since { $last_ms }
    .title = gateway silent
    .action = its supply and its network; what it measured is in its journal and comes when it is back
gateway-silent_together =
    { $zone ->
        [none] { $count } of { $watched } gateways of several zones
       *[other] { $count } of { $watched } gateways of zone { $zone }
    } fell silent within { $window_s }, from { $began_ms } to { $last_began_ms }: { $zone ->
        [none] the broker, the way to it, or the collector
       *[other] the zone's network or supply
    }. { $members }{ $more ->
        [0] {""}
       *[other] {" "}and { $more } more
    }
    .title = many gateways silent, of one cause
    .action = the broker and its connections, the collector, the network of the zone; gateways one by one only when this is over
gateway-gap =
    { $stream } { $first_seq } to { $last_seq } of epoch { $epoch } are missing, though what follows has come
    .title = gap in a chain
    .action = the gateway's journal: read it out at the site before it is overwritten
gateway-clock =
    { $letter ->
        [U] the gateway does not know the time
       *[other] nobody vouches for the gateway's clock: it took no time from a receipt
    }
    .title = gateway's clock
    .action = whether receipts reach the gateway; its battery after a power cut
meter-stale =
    values of { $meter } stand still since { $last_ms }: an old copy?
    .title = values stand still
    .action = the meter, or a converter that answers for it from its memory
stage-ghost_load =
    { $kind ->
        [draws] stage { $stage } says open, and its meter shows a load
       *[other] stage { $stage } opened, and the site drew as before
    }: stage { $stage_before_w } → { $stage_after_w }, site { $site_before_w } → { $site_after_w }
    .title = load behind an open stage
    .action = the contactor and its contact; cables past the stage's meter
meter-quantum_coarse =
    one step of { $meter } is { $quantum_wh }, too coarse for { $interval_wh }, an interval at the contracted { $contracted_w }
    .title = register too coarse
    .action = a meter, or a register, with a smaller step
meter-verification_ends =
    verification { $certificate } of { $meter } ({ $part ->
        [meter] the meter
        [ct] current transformers
       *[other] voltage transformers
    }) ends { $ends_ms }: { $days } days before it
    .title = a verification ends
    .action = have it verified before that day
meter-verification_expired =
    verification { $certificate } of { $meter } ({ $part ->
        [meter] the meter
        [ct] current transformers
       *[other] voltage transformers
    }) ended { $ends_ms }
    .title = verification expired
    .action = have it verified; or its certificate is not in the register yet
meter-verification_missing =
    { $meter } ({ $part ->
        [meter] the meter
        [ct] current transformers
       *[other] voltage transformers
    }) was never verified, which { $requirement } requires
    .title = verification missing
    .action = the certificate goes into the register; without one it has to be verified
meter-seal_removed =
    seal { $seal } of { $meter } ({ $place }) was taken off, and no other is there
    .title = seal taken off
    .action = who took it off and why; seal it anew, or enter the seal that is there
meter-seal_missing =
    { $meter } has no seal, which { $requirement } requires
    .title = seal missing
    .action = seal it, or enter the seal that is there
meter-undescribed =
    the register lacks of { $meter }: { $missing }; { $requirement } requires it
    .title = meter not described
    .action = its passport: class and type's number go into the register
meter-class_coarse =
    { $meter } is of class { $accuracy_class }; { $requirement } requires { $coarsest_class } or finer
    .title = class too coarse
    .action = another meter, or the status operational
order-unauthorised =
    { $sites }: load would have been cut ({ $order_reason }); { $lacks }. Warned and settled, not cut
    .title = no authority to cut
    .action = warn the licensee; load the document that allows it, if there is one
order-overdue =
    { $site }, stages { $stages }: { $situation }; order { $order }, { $order_reason }
    .title = an order needs a person
    .action = the order: call the site, choose another stage, send somebody, or end the order
order_reason-emergency = emergency
order_reason-system_deficit = system deficit
order_reason-licence = licence
order_reason-over_allocation = over allocation
order_reason-permitted_hours = outside permitted hours
order_reason-peak = peak
order_reason-manual = by a dispatcher
lacks-none = no authority is loaded
lacks-reason = no loaded authority names this reason
lacks-early = the authority does not hold yet
lacks-ended = the authority has ended
lacks-contract = the register lacks its contracted power, so the setpoint is not known
lacks-setpoint = its gateway cannot keep a setpoint
situation-unapproved = nobody has approved it
situation-unproven = the delivery of the notice is not proven
situation-unanswered = the gateway does not answer
situation-rejected = the gateway refused
situation-failed = it could not be carried out, or nobody knows whether it was
situation-unconfirmed = the contact does not say open
situation-no_drop = the contact says open, and the load did not fall
situation-partial_drop = the load fell by less than the stage's own
situation-unverifiable = nobody knows whether the load fell
situation-rebounded = load came back though nothing was released
situation-not_restored = the stages are not known to be closed again
situation-stuck = the gateway refuses a stage that is to stay open
drop_cause-welded_contact = the contact says closed, and the load is on: welded, or closed again
drop_cause-bypass = the contact says open, and the load is on: it is bypassed
drop_cause-remains = part of the load is still on
drop_cause-already_off = it was off before the order
drop_cause-silent_meter = a meter gave too few fresh samples
drop_cause-no_meter = nobody measures it
drop_cause-small_load = the load before was lost in its own noise
drop_cause-boundary_noise = the load before was lost in the noise of the site's boundary
drop_cause-moved = the stage fell, the site did not: the load moved to another feed
drop_cause-generation_fell = the stage fell, and the site's own generation with it
drop_cause-own_generation = the site's own generation rose: the load goes on without the grid
drop_cause-contact_untrue = the load fell, and the contact says closed: the contact or its wire is untrue
drop_cause-protection_trip = protection tripped, or the contact opened before the order reached it
drop_cause-blackout = the site lost its supply
drop_cause-under_cap = it drew no more than the setpoint before the order
drop_cause-above_cap = the load is above the setpoint
drop_result-full = full drop
drop_result-partial = partial drop
drop_result-none = no drop
drop_result-unverifiable = unverifiable
command_phase-received = command received and believed
command_phase-applied = outputs open, carried out
command_phase-refused = refused
command_phase-failed = failed
command_phase-restored = stages closed again
notice_channel-page = page
notice_channel-telephone = telephone
notice_channel-message = message
notice_channel-letter = letter
certificate-title = Curtailment certificate
certificate-example = EXAMPLE document, not a real authority
certificate-order = Order
certificate-reason = Reason
certificate-why = Why
certificate-reference = Reference
certificate-rule = Rule
certificate-drafted = Drafted by
certificate-approved = Approved by
certificate-official = Official
certificate-authority = Authority
certificate-document = Document, SHA-256
certificate-validity = In force
certificate-site = Site
certificate-licensee = Licensee
certificate-gateway = Gateway
certificate-stages = Stages
certificate-cap = Setpoint: may draw at most
certificate-whole_site = the whole site
certificate-notice = Notice
certificate-channel = Channel
certificate-proof = Proof of delivery
certificate-no_proof = none; the authority requires none
certificate-acknowledged = Signed by the gateway
certificate-frame = ledger frame { $position }
certificate-opened = stage { $stage }: contact open
certificate-closed = stage { $stage }: contact closed
certificate-measured = Measured drop
certificate-stage_load = Load of the stages, before → after
certificate-site_load = Draw of the site, before → after
certificate-credited = Drop that counts
certificate-sigma = σ of the load before
certificate-result = Result
certificate-cause = Seen beside
certificate-not_measured = No drop was measured.
certificate-duration = Duration
certificate-still_open = it has not ended
certificate-estimate = Estimate, not a measurement
certificate-avoided = Energy not supplied
certificate-unmeasured = Of that time not measured
certificate-baseline-flat_prior_load = Baseline: the load before the order, held flat from the opening of the contact to its return; each judgement holds until the next. The error is 2 σ of that load. That the load might have changed by itself is in no figure.
certificate-judged = This sheet is for reading. The same certificate as JSON carries the signed frames, commands and proofs, and is judged offline with the operator’s root key: python -m auditor curtailment FILE --root root.pub
certificate-digest = SHA-256 of the statement
certificate-local = Times are those of Astana.
collector-disk =
    the disk of the collector has { $free_mib } MiB left
    .title = little room on the collector's disk
    .action = make room: archive old frames, move them away
collector-lag =
    { $follower } is { $frames ->
        [one] { $frames } frame
       *[other] { $frames } frames
    } behind; the oldest waits { $seconds }
    .title = the collector is behind
    .action = the log of the collector: which part fails or waits, for the disk or for a database
collector-certificate =
    certificate { $certificate } ends in { $days } days
    .title = a certificate ends
    .action = issue a new one before it ends
collector-checkpoint =
    frames have waited { $unsigned_s } for a checkpoint
    .title = no checkpoint is signed
    .action = checkpoint.refused in the log says why
collector-clock =
    { $stepped_s ->
        [none] the collector's clock is { $ahead_of_gateways_s } ahead of the gateways'
       *[other] the collector's clock was set by { $stepped_s }
    }
    .title = the collector's clock
    .action = time service of the collector's machine

ailments-room = its journal has room for less than 3 days
ailments-bus = a bus: more than 5 % of the requests unanswered
ailments-stall = it stood still for more than a second
ailments-heap = its memory is short
ailments-flash = its flash is nearly worn out
ailments-drift = its clock drifts by more than 100 ppm
ailments-safe_mode = safe mode: it failed repeatedly, takes no samples, meters and obeys

marks-flat = a flat load
marks-high_base = a high base
marks-awake_at_night = at night as by day
marks-no_weekend = no weekend
marks-smooth = no changes from quarter to quarter
marks-same_every_day = every day the same
marks-corrected_power_factor = a corrected power factor
marks-steady_power_factor = a power factor that stands still
marks-few_jumps = few jumps

breaks-reset = register reset
breaks-jump = register jumped
breaks-swap = meter changed
breaks-ratio_changed = transformer ratio changed
breaks-exchanged = meter exchanged, and not read before or after

missing-accuracy_class = accuracy class
missing-state_register = number in the state register

severity-note = note
severity-warning = warning
severity-breach = breach

state-open = open
state-explained = explained
state-disputed = disputed
state-upheld = upheld
state-closed = closed

verb-explain = explained
verb-dispute = disputed
verb-uphold = upheld
verb-close = closed
verb-reopen = seen again
verb-merge = part of a storm
verb-resolve = judged anew

party-licensee = licensee
party-operator = operator
party-collector = collector

page-findings = Findings
page-finding = Finding { $number }
page-board = Control room
page-all = all
page-code = What
page-state = State
page-site = Site
page-licensee = Licensee (BIN)
page-since = Seen since
page-unsettled = not closed
page-filter = Show
page-none = No finding of this kind.
page-shown = { $count ->
    [one] { $count } finding, newest first
   *[other] { $count } findings, newest first
}
page-more = The newest { $count } are shown: narrow the search for others.
page-now = now
page-first = First seen
page-last = Last seen
page-known = Known since
page-times = Found { $count } times
page-severity = Severity
page-subject = Subject
page-do = What to do
page-life = Its life
page-opened = found by the collector
page-reference = Reference
page-document = document, SHA-256
page-members = Members
page-members-more = and { $count } more
page-member-until = until { $last_ms }
page-still = still
page-evidence = Evidence
page-position = Ledger position
page-frame = Frame: gateway/epoch/stream/number
page-received = Received
page-no-frame = not in this ledger
page-version = Version used
page-recorded = recorded
page-details = Details
page-no-evidence = It rests on no single frame: it is of a condition that was seen.
page-verbs = To explain, dispute, uphold or close it: esep collector explain, dispute, uphold, close.
page-unknown = There is no finding of that number.
page-wrong = { $value }: not understood. A state is one of { $states }; a day is written 2026-11-23.

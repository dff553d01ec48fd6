# A text a code of a finding, named as the code with "-" for ".": what was found, with its
# placeholders; .title, its name in lists; .action, what a dispatcher does.
# A placeholder without a value is a dash, and selected by [none]; counts may be selected by number and by plural.

allocation-will_exceed =
    period { $period_start_ms }–{ $period_end_ms } will exceed { $allowed_wh } at { $breach_ms }, by { $projected_excess_wh }
    .title = will exceed its allocation
    .action = warn the licensee
allocation-breach =
    period { $period_start_ms }–{ $period_end_ms } closed with { $measured_wh } of { $allowed_wh }
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
licence-unlicensed_load =
    { $ended_ms ->
        [none] has never had a licence in force, and drew { $power_w } when last seen
       *[other] licence ended { $ended_ms }, and it drew { $power_w } when last seen
    }
    .title = load without a licence
    .action = the site: what runs, and what the register declares for auxiliaries (auxiliary_w)
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
    } fell silent within { $window_s }, from { $began_ms } on: { $zone ->
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
gateway-ailing = { $ailments }
    .title = gateway does not do well
    .action = its part of the page: room means receipts do not reach it; a bus: wire, termination, baud rate; safe mode: its last fault, and its firmware
gateway-fork =
    { $count ->
        [one] { $count } name of { $stream } has two frames, at { $first_seq }
       *[other] { $count } names of { $stream } have two frames, from { $first_seq } on
    }: is the gateway there twice?
    .title = two frames of one name
    .action = a cloned or restored device: take the board out, enrol another, and end its key in the register
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

breaks-reset = register reset
breaks-jump = register jumped
breaks-swap = meter changed
breaks-ratio_changed = transformer ratio changed
breaks-exchanged = meter exchanged, and not read before or after

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

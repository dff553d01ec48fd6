# The board's words. What stands between signs, figures and names is a text of its own; a family of
# texts is named after what it tells of, then the value: condition-…, order_step-… .
# Numbers and times come written, as the documents write them; counts may be selected by plural.

board-title = Esep control room
board-title_demo = DEMO
board-lost = No news since { $clock } — everything below is old
board-empty = Nothing in the register yet
board-empty_how = Sites, meters, gateways, licences and allocations come from a registry file:

unit-MW = MW
unit-Wh = Wh
time-s = { $seconds } s
time-min = { $minutes } min { $seconds } s
time-h = { $hours } h { $minutes } min
time-d = { $days } d { $hours } h
time-ago = { $span } ago
time-at = at { $time }
time-since = since { $time }

## the head

board-demo = Demo market — not the real one.
board-demo_mark = demo
board-demo_terms = delivery period { $period }{"\u00A0"}s instead of 3600{"\u00A0"}s, interval { $interval }{"\u00A0"}s instead of 900{"\u00A0"}s
board-no_market = no market in the register
board-astana = Astana
board-period = Delivery period
board-left = left
board-drawn_of_allowed = Drawn / allowed
board-of = of
board-without = without { $count } unread
board-frames = Frames in the ledger
board-refused = Messages refused
refused-too_long = too long
refused-malformed = malformed
refused-not_canonical = not canonical
refused-wrong_shape = wrong shape
refused-high_s = high s
refused-bad_signature = bad signature
refused-unknown_gateway = unknown gateway
refused-key_not_valid = key not valid
refused-topic_mismatch = topic mismatch
refused-wrong_image = wrong image

## blocks and zones

board-blocked_everywhere = Returns of load are blocked everywhere
board-blocked_zone = Returns of load are blocked in zone { $zone }
board-blocked_since = since { $since } by { $person }: { $reason } ({ $reference })
board-lift_asked = { $person } asked to lift it: another person must too
board-no_release = no release is sent while returns are blocked
board-zones = Zones in this period
board-zone = zone
board-zone_drawn = drawn MW
board-zone_bought = bought kWh
board-zone_quota = quota kWh
board-zone_share = bought of the quota
board-zone_no_quota = no quota known
board-zone_above = above it by { $energy } kWh
board-zone_within = within

## a site, its licence and its energy

board-site_zone = zone { $zone }
condition-unlicensed_load = Mining without a licence
condition-unlicensed = No licence in force
condition-over = Over its allowance
condition-will_exceed = Will exceed at { $time }
condition-unread = No fresh reading
condition-curtailed = Held down by order
condition-within = Within its allowance
condition-no_market = No market in the register
board-licence = Licence
board-licence_name = { $number } (subtype { $subtype })
board-licence_ends = in { $span }
licence_state-valid = valid until { $until }
licence_state-ended = ended { $until }, { $ago }
licence_state-not_yet = not before { $since }
licence_state-suspended = suspended since { $since }{ $until ->
    [none] {""}
   *[other] {" "}until { $until }
}
licence_state-revoked = revoked { $since }
licence_state-other_holder = of another licensee
licence_state-not_named = does not name this site
licence_state-none = none in the register
board-mw = { $power } MW
board-mw_drawn = MW drawn
board-mw_drawn_unknown = MW drawn: not known now
board-mw_allowed = MW allowed
board-mw_allowed_none = MW allowed: nothing bought
board-last_known = last known
board-last_power = { $power } MW at { $time }, { $ago }
board-spark = power of the last { $minutes } minutes against the allowance
board-spark_from = −{ $minutes } min
board-drawn = drawn
board-allowed = allowed
board-spark_period = period
board-energy = Energy of this period
board-energy_shared = Energy of this period, shared by { $sites } (together { $power } MW)
board-used = used Wh
board-used_unknown = used Wh: not known
board-at_end = at its end Wh
board-allowed_wh = allowed Wh
board-used_up = used up: over by { $energy } Wh
board-exceeds = will exceed at { $time }
board-exceeds_by = by { $energy } Wh at its end
board-not_measured = not every delivery meter has a reading now and at the start
board-enough = enough as it draws now

## closed periods and meters

board-periods = Closed periods
board-from_time = from
board-measured_wh = measured Wh
board-result = result
board-register_step = step { $energy }
board-no_periods = none yet
outcome-within = within
outcome-breach = breach
outcome-indicated = exceeded, by operational meters
outcome-unmeasured = unmeasured
outcome-undecided = undecided
board-meters = Meters
board-meter_name = serial, instrument
board-meter_point = point
board-register_kwh = register kWh
board-read = read
board-unconfirmed = profile unconfirmed
board-ratios = CT { $ct }, VT { $vt }
board-never = never
board-ahead = { $span } ahead
board-old = old:
board-no_meters = none in the register
meter_point-delivery = delivery
meter_point-generation = generation
meter_point-floor = floor
identity-matches = serial matches
identity-other_meter = another meter answers
identity-other_ratio = another transformer ratio is set
identity-not_readable = its serial cannot be read
identity-not_read = not asked for its serial yet
doubt-phases_are_not_the_total = the phases are not the total
doubt-phase_reversed = phases in different directions: a transformer the wrong way round?
doubt-phase_without_voltage = a phase without voltage
doubt-power_over_apparent = more active than apparent power
doubt-power_factor = the power factor does not fit
doubt-frequency = the frequency cannot be
doubt-current = more current than the meter or its transformer takes
doubt-voltage = a voltage cannot be
doubt-negative_energy = an energy is negative
doubt-stale = values do not change: an old copy?
doubt-out_of_range = a register holds no number
doubt-doubtful = an energy was read twice and differed

## stages, setpoint, limiter

board-stages = Stages, in the order they are shed; by their orders
board-no_stages = none: nothing here can be cut
stage_state-no_order = no order
stage_state-announced = order announced
stage_state-ordered_open = ordered open, not confirmed
stage_state-applied = opened, the contact does not say so
stage_state-open = open, contacts confirmed
stage_state-closing = released, closing by the ramp
stage_state-restored = closed again, confirmed
stage_state-unknown = order failed, contact not known
interlock-local = selector in LOCAL
interlock-locked_out = locked out
interlock-tripped = protection tripped
interlock-opened_by_other = opened there, to be cleared there
board-setpoint = Setpoint: at most { $cap } until { $until }; measured { $measured }
board-setpoint_of_stages = Setpoint of { $stages }: at most { $cap } until { $until }; measured { $measured }
board-setpoint_ahead = Setpoint announced: at most { $cap }
board-unknown_load = not known now
board-limiter = The gateway’s own limit
board-enforced = enforced
board-observed = observed only
limiter_permit-none = no schedule is held
limiter_permit-current = by the schedule
limiter_permit-failsafe = in its fail-safe
limiter_permit-beating = in its fail-safe: receipts come again, a fresh schedule does not yet
limiter_permit-renewed = in its fail-safe: a fresh schedule is here, no receipt yet
limiter_load-under = nothing is open for it
limiter_load-over = above the limit, for a short while
limiter_load-shed = stages are open for it
limiter_load-shed_over = stages are open, and the load is above the limit still
limiter_load-ready = stages are on their way back

## gateways

board-gateway = Gateway { $id }
board-firmware = firmware { $version }
board-release = release { $number }
release-received = received
release-trial = trial
release-good = good
release-rolled_back = rolled back
release-refused = refused
board-started = started { $time }
board-no_status = no status heard
board-silent = silent
board-online = online
board-offline = offline
board-said = said { $ago }
board-last_said_online = last said online { $ago }
board-last_said_offline = last said offline { $ago }
board-waiting = waiting there:
board-waiting_of = { $count } { $stream }
stream-billing = billing
stream-telemetry = telemetry
board-epoch = epoch { $number }
board-whole = whole to { $number }
board-gap = gap after { $number }
board-highest = highest { $number }
board-no_frame = no frame from it yet
board-commissioned = commissioned
board-commissioned_by = at { $time }: act { $act }, signed by { $signers }
board-not_commissioned = no act of commissioning from it
board-health = Health at { $time }: room for { $billing } days of billing, { $telemetry } of telemetry
board-heap = heap { $bytes } B free at the least
board-stall = longest stall { $stall } ms
board-bus = bus { $bus } { $share } unanswered
board-flash = flash erased { $count } of { $most } times
board-drift = clock { $drift }
board-radio = radio { $signal } dBm
board-last_fault = Last fault at { $time }
board-configuration = configuration
board-configuration_issued = configuration { $version } is issued
board-configuration_in_force = { $version } in force
chain_fault-gap = gap
chain_fault-broken_link = broken link
chain_fault-fork = fork
chain_fault-no_epoch_event = no epoch event
chain_fault-no_key_event = no key event
chain_fault-key_not_taken = key not taken
chain_fault-after_retirement = after retirement

## findings

board-no_findings = none

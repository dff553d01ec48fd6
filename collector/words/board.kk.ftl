# Диспетчер тақтасының мәтіндері. board.en.ftl файлын қараңыз.

board-title = Esep — диспетчерлік
board-title_demo = ДЕМО
board-lost = { $clock } бастап байланыс жоқ — төменде көрсетілгеннің бәрі ескірген
board-empty = Тізілім әзірге бос
board-empty_how = Алаңдар, есепке алу аспаптары, шлюздер, лицензиялар мен лимиттер тізілім файлынан енгізіледі:

unit-MW = МВт
unit-Wh = Вт·сағ
time-s = { $seconds } с
time-min = { $minutes } мин { $seconds } с
time-h = { $hours } сағ { $minutes } мин
time-d = { $days } тәул { $hours } сағ
time-ago = { $span } бұрын
time-at = { $time } кезінде
time-since = { $time } бастап

## the head

board-demo = Оқу нарығы, нақты нарық емес.
board-demo_mark = демо
board-demo_terms = жеткізу сағаты 3600{"\u00A0"}с орнына { $period }{"\u00A0"}с, аралық 900{"\u00A0"}с орнына { $interval }{"\u00A0"}с
board-no_market = тізілімде нарық жоқ
board-astana = Астана
board-period = Жеткізу сағаты
board-left = қалды
board-drawn_of_allowed = Тұтыну / лимит
board-of = /
board-without = деректерсіз алаңдар: { $count }
board-frames = Журналдағы кадрлар
board-refused = Қабылданбаған хабарламалар
refused-too_long = тым ұзын
refused-malformed = бүлінген
refused-not_canonical = канондық түрде емес
refused-wrong_shape = пішімі қате
refused-high_s = қолтаңбасы канондық емес
refused-bad_signature = қолтаңбасы қате
refused-unknown_gateway = белгісіз шлюзден
refused-key_not_valid = кілті жарамсыз
refused-topic_mismatch = өз топигінде емес
refused-wrong_image = бейнесі қате

## blocks and zones

board-blocked_everywhere = Жүктемені қайтару барлық жерде бұғатталған
board-blocked_zone = { $zone } аймағында жүктемені қайтару бұғатталған
board-blocked_since = { $since } бастап, { $person }: { $reason } ({ $reference })
board-lift_asked = { $person } алып тастауды сұрады; тағы бір адам керек
board-no_release = қайтару бұғатталғанда қосу пәрмені жіберілмейді
board-zones = Осы жеткізу сағатындағы аймақтар
board-zone = аймақ
board-zone_drawn = тұтыну, МВт
board-zone_bought = сатып алынғаны, кВт·сағ
board-zone_quota = квота, кВт·сағ
board-zone_share = квотаның сатып алынғаны
board-zone_no_quota = квота белгісіз
board-zone_above = квотадан { $energy } кВт·сағ артық
board-zone_within = квота шегінде

## a site, its licence and its energy

board-site_zone = { $zone } аймағы
condition-unlicensed_load = Лицензиясыз майнинг
condition-unlicensed = Қолданыстағы лицензия жоқ
condition-over = Лимиттен асты
condition-will_exceed = Лимиттен { $time } кезінде асады
condition-unread = Жаңа көрсеткіштер жоқ
condition-curtailed = Өкіммен шектелген
condition-within = Лимит шегінде
condition-no_market = Тізілімде нарық жоқ
board-licence = Лицензия
board-licence_name = { $number } ({ $subtype } кіші түр)
board-licence_ends = { $span } қалды
licence_state-valid = { $until } дейін жарамды
licence_state-ended = { $until } аяқталған, { $ago }
licence_state-not_yet = { $since } дейін күшіне енбейді
licence_state-suspended = { $since } бастап{ $until ->
    [none] {""}
   *[other] {" "}{ $until } дейін
} тоқтатыла тұрған
licence_state-revoked = { $since } кері қайтарылған
licence_state-other_holder = басқа лицензиатқа берілген
licence_state-not_named = бұл алаң көрсетілмеген
licence_state-none = тізілімде жоқ
board-mw = { $power } МВт
board-mw_drawn = МВт тұтынылуда
board-mw_drawn_unknown = МВт: тұтыну қазір белгісіз
board-mw_allowed = МВт — лимит
board-mw_allowed_none = МВт — лимит: ештеңе сатып алынбаған
board-last_known = соңғы белгілісі:
board-last_power = { $time } кезінде { $power } МВт, { $ago }
board-spark = соңғы { $minutes } минуттағы қуат пен лимит
board-spark_from = −{ $minutes } мин
board-drawn = тұтыну
board-allowed = лимит
board-spark_period = сағат
board-energy = Осы жеткізу сағатының энергиясы
board-energy_shared = Осы жеткізу сағатының энергиясы, ортақ: { $sites } (бірге { $power } МВт)
board-used = жұмсалғаны, Вт·сағ
board-used_unknown = жұмсалғаны, Вт·сағ: белгісіз
board-at_end = сағат соңында, Вт·сағ
board-allowed_wh = лимит, Вт·сағ
board-used_up = таусылды: { $energy } Вт·сағ асып кетті
board-exceeds = { $time } кезінде асады
board-exceeds_by = сағат соңында { $energy } Вт·сағ артық
board-not_measured = жеткізу шегіндегі аспаптардың бәрінде бірдей сағат басындағы және қазіргі көрсеткіш жоқ
board-enough = қазіргі тұтынумен жетеді

## closed periods and meters

board-periods = Жабылған жеткізу сағаттары
board-from_time = басталуы
board-measured_wh = өлшенгені, Вт·сағ
board-result = нәтиже
board-register_step = қадамы { $energy }
board-no_periods = әзірге жоқ
outcome-within = лимит шегінде
outcome-breach = лимиттен асты
outcome-indicated = техникалық есеп бойынша асты
outcome-unmeasured = өлшенбеген
outcome-undecided = шешілмеген
board-meters = Есепке алу аспаптары
board-meter_name = нөмірі, түрі
board-meter_point = есеп нүктесі
board-register_kwh = көрсеткіші, кВт·сағ
board-read = алынды
board-unconfirmed = профилі расталмаған
board-ratios = ТТ { $ct }, КТ { $vt }
board-never = ешқашан
board-ahead = { $span } озық
board-old = ескірген:
board-no_meters = тізілімде жоқ
meter_point-delivery = жеткізу шегі
meter_point-generation = генерация
meter_point-floor = ажыратылмайтын
identity-matches = нөмірі сәйкес
identity-other_meter = басқа аспап жауап береді
identity-other_ratio = басқа трансформация коэффициенті қойылған
identity-not_readable = нөмірін оқу мүмкін емес
identity-not_read = нөмірі әлі сұралмаған
doubt-phases_are_not_the_total = фазалардың қосындысы жиынтыққа тең емес
doubt-phase_reversed = фазалардың бағыты әртүрлі: трансформатор теріс қосылған ба?
doubt-phase_without_voltage = кернеусіз фаза
doubt-power_over_apparent = активті қуат толық қуаттан көп
doubt-power_factor = қуат коэффициенті сәйкес емес
doubt-frequency = мүмкін емес жиілік
doubt-current = ток аспап немесе оның трансформаторы көтергеннен көп
doubt-voltage = мүмкін емес кернеу
doubt-negative_energy = энергия теріс
doubt-stale = мәндер өзгермейді: ескі көшірме ме?
doubt-out_of_range = регистрде сан жоқ
doubt-doubtful = энергия екі рет оқылып, әртүрлі шықты

## stages, setpoint, limiter

board-stages = Сатылар ажыратылу ретімен; өкімдер бойынша
board-no_stages = жоқ: мұнда ажырататын ештеңе жоқ
stage_state-no_order = өкім жоқ
stage_state-announced = өкім жарияланды
stage_state-ordered_open = ажыратуға пәрмен берілді, расталмаған
stage_state-applied = ажыратылды, түйіспе оны көрсетпейді
stage_state-open = ажыратулы, түйіспелер растады
stage_state-closing = қосуға рұқсат берілді, кесте бойынша қайтады
stage_state-restored = қайта қосылды, расталды
stage_state-unknown = өкім орындалмады, түйіспе белгісіз
interlock-local = ауыстырғыш «Жергілікті» күйінде
interlock-locked_out = орнында бұғатталған
interlock-tripped = қорғаныс іске қосылды
interlock-opened_by_other = орнында ажыратылған, тек сонда қосылады
board-setpoint = Белгіленген шек: { $until } дейін ең көбі { $cap }; өлшенгені { $measured }
board-setpoint_of_stages = { $stages } үшін белгіленген шек: { $until } дейін ең көбі { $cap }; өлшенгені { $measured }
board-setpoint_ahead = Белгіленген шек жарияланды: ең көбі { $cap }
board-unknown_load = қазір белгісіз
board-limiter = Шлюздің өз шегі
board-enforced = қолданыста
board-observed = тек бақылайды
limiter_permit-none = кесте жоқ
limiter_permit-current = кесте бойынша
limiter_permit-failsafe = қорғаныс шегінде
limiter_permit-beating = қорғаныс шегінде: түбіртектер қайта келеді, жаңа кесте әлі жоқ
limiter_permit-renewed = қорғаныс шегінде: жаңа кесте келді, түбіртек әлі жоқ
limiter_load-under = ештеңе ажыратылмаған
limiter_load-over = шектен аз уақыт асты
limiter_load-shed = ол үшін сатылар ажыратылған
limiter_load-shed_over = сатылар ажыратылған, жүктеме әлі шектен жоғары
limiter_load-ready = сатылар қайтып келеді

## gateways

board-gateway = Шлюз { $id }
board-firmware = бағдарламасы { $version }
board-release = { $number } шығарылым
release-received = қабылданды
release-trial = сынақта
release-good = бекітілді
release-rolled_back = бұрынғысы қайтарылды
release-refused = қабылданбады
board-started = { $time } іске қосылған
board-no_status = күйі туралы хабар жоқ
board-silent = үнсіз
board-online = байланыста
board-offline = байланыс жоқ
board-said = { $ago } хабарлады
board-last_said_online = соңғы хабары «байланыста», { $ago }
board-last_said_offline = соңғы хабары «байланыс жоқ», { $ago }
board-waiting = жіберуді күтуде:
board-waiting_of = { $stream } { $count }
stream-billing = есеп
stream-telemetry = телеметрия
board-epoch = { $number } дәуір
board-whole = { $number } дейін үзіліссіз
board-gap = { $number } кейін үзіліс
board-highest = соңғысы { $number }
board-no_frame = одан әлі кадр келмеген
board-commissioned = пайдалануға берілген
board-commissioned_by = { $time }: акт { $act }, қол қойғандар: { $signers }
board-not_commissioned = одан пайдалануға беру актісі жоқ
board-health = { $time } кездегі күйі: есепке { $billing } тәулік, телеметрияға { $telemetry } тәулік орын бар
board-heap = бос жады кемінде { $bytes } Б
board-stall = ең ұзақ тоқтауы { $stall } мс
board-bus = { $bus } шина: { $share } жауапсыз
board-flash = флеш-жады { $most } реттен { $count } рет өшірілген
board-drift = сағат жүрісі { $drift }
board-radio = радиосигнал { $signal } дБм
board-last_fault = { $time } болған соңғы ақау
board-configuration = конфигурация
board-configuration_issued = { $version } конфигурация берілді
board-configuration_in_force = қолданыста { $version }
chain_fault-gap = үзіліс
chain_fault-broken_link = тізбек үзілген
chain_fault-fork = бір атаумен екі кадр
chain_fault-no_epoch_event = жаңа дәуір оқиғасы жоқ
chain_fault-no_key_event = кілт ауысу оқиғасы жоқ
chain_fault-key_not_taken = жаңа кілт қабылданбаған
chain_fault-after_retirement = жұмыстан шығарылғаннан кейінгі кадрлар

## findings

board-no_findings = жоқ

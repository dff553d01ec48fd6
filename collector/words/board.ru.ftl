# Тексты табло диспетчера. См. board.en.ftl.

board-title = Esep — диспетчерская
board-title_demo = ДЕМО
board-lost = Нет связи с { $clock } — всё показанное ниже устарело
board-empty = Реестр пока пуст
board-empty_how = Площадки, приборы учёта, шлюзы, лицензии и лимиты вносятся из файла реестра:

unit-MW = МВт
unit-Wh = Вт·ч
time-s = { $seconds } с
time-min = { $minutes } мин { $seconds } с
time-h = { $hours } ч { $minutes } мин
time-d = { $days } сут { $hours } ч
time-ago = { $span } назад
time-at = в { $time }
time-since = с { $time }

## the head

board-demo = Учебный рынок, не настоящий.
board-demo_mark = демо
board-demo_terms = час поставки { $period }{"\u00A0"}с вместо 3600{"\u00A0"}с, интервал { $interval }{"\u00A0"}с вместо 900{"\u00A0"}с
board-no_market = рынка в реестре нет
board-astana = Астана
board-period = Час поставки
board-left = осталось
board-drawn_of_allowed = Потребление / лимит
board-of = из
board-without = нет данных с площадок: { $count }
board-frames = Кадров в журнале
board-refused = Отклонено сообщений
refused-too_long = слишком длинных
refused-malformed = повреждённых
refused-not_canonical = не в канонической форме
refused-wrong_shape = не по формату
refused-high_s = с неканонической подписью
refused-bad_signature = с неверной подписью
refused-unknown_gateway = от неизвестного шлюза
refused-key_not_valid = с недействующим ключом
refused-topic_mismatch = не в своём топике
refused-wrong_image = с неверным образом

## blocks and zones

board-blocked_everywhere = Возврат нагрузки заблокирован везде
board-blocked_zone = Возврат нагрузки заблокирован в зоне { $zone }
board-blocked_since = с { $since }, { $person }: { $reason } ({ $reference })
board-lift_asked = { $person } просит снять; нужен ещё один человек
board-no_release = пока возврат заблокирован, команды на включение не отправляются
board-zones = Зоны в этот час поставки
board-zone = зона
board-zone_drawn = потребление, МВт
board-zone_bought = куплено, кВт·ч
board-zone_quota = квота, кВт·ч
board-zone_share = куплено из квоты
board-zone_no_quota = квота неизвестна
board-zone_above = больше квоты на { $energy } кВт·ч
board-zone_within = в пределах квоты

## a site, its licence and its energy

board-site_zone = зона { $zone }
condition-unlicensed_load = Майнинг без лицензии
condition-unlicensed = Нет действующей лицензии
condition-over = Лимит превышен
condition-will_exceed = Будет превышение в { $time }
condition-unread = Нет свежих показаний
condition-curtailed = Ограничена распоряжением
condition-within = В пределах лимита
condition-no_market = Рынка в реестре нет
board-licence = Лицензия
board-licence_name = { $number } ({ $subtype } подвид)
board-licence_ends = осталось { $span }
licence_state-valid = действует до { $until }
licence_state-ended = истекла { $until }, { $ago }
licence_state-not_yet = действует не ранее { $since }
licence_state-suspended = приостановлена с { $since }{ $until ->
    [none] {""}
   *[other] {" "}до { $until }
}
licence_state-revoked = отозвана { $since }
licence_state-other_holder = выдана другому лицензиату
licence_state-not_named = не называет эту площадку
licence_state-none = в реестре нет
board-mw = { $power } МВт
board-mw_drawn = МВт потребляется
board-mw_drawn_unknown = МВт: потребление сейчас неизвестно
board-mw_allowed = МВт — лимит
board-mw_allowed_none = МВт — лимит: ничего не куплено
board-last_known = последнее известное:
board-last_power = { $power } МВт в { $time }, { $ago }
board-spark = мощность за последние { $minutes } мин и лимит
board-spark_from = −{ $minutes } мин
board-drawn = потребление
board-allowed = лимит
board-spark_period = час
board-energy = Энергия этого часа поставки
board-energy_shared = Энергия этого часа поставки, общая для { $sites } (вместе { $power } МВт)
board-used = израсходовано, Вт·ч
board-used_unknown = израсходовано, Вт·ч: неизвестно
board-at_end = к концу часа, Вт·ч
board-allowed_wh = лимит, Вт·ч
board-used_up = исчерпан: превышение { $energy } Вт·ч
board-exceeds = будет превышен в { $time }
board-exceeds_by = к концу часа на { $energy } Вт·ч
board-not_measured = не у каждого прибора учёта на границе поставки есть показания на начало часа и сейчас
board-enough = при нынешнем потреблении хватит

## closed periods and meters

board-periods = Закрытые часы поставки
board-from_time = с
board-measured_wh = измерено, Вт·ч
board-result = итог
board-register_step = шаг { $energy }
board-no_periods = пока нет
outcome-within = в пределах
outcome-breach = превышение
outcome-indicated = превышение по техническому учёту
outcome-unmeasured = не измерен
outcome-undecided = не решено
board-meters = Приборы учёта
board-meter_name = номер, тип
board-meter_point = точка учёта
board-register_kwh = показание, кВт·ч
board-read = снято
board-unconfirmed = профиль не подтверждён
board-ratios = ТТ { $ct }, ТН { $vt }
board-never = никогда
board-ahead = на { $span } вперёд
board-old = устарело:
board-no_meters = в реестре нет
meter_point-delivery = граница поставки
meter_point-generation = генерация
meter_point-floor = неотключаемые
identity-matches = номер совпадает
identity-other_meter = отвечает другой прибор
identity-other_ratio = задан другой коэффициент трансформации
identity-not_readable = номер прочитать нельзя
identity-not_read = номер ещё не запрошен
doubt-phases_are_not_the_total = сумма фаз не равна итогу
doubt-phase_reversed = фазы направлены по-разному: трансформатор включён встречно?
doubt-phase_without_voltage = фаза без напряжения
doubt-power_over_apparent = активная мощность больше полной
doubt-power_factor = коэффициент мощности не сходится
doubt-frequency = невозможная частота
doubt-current = ток больше допустимого для прибора или его трансформатора
doubt-voltage = невозможное напряжение
doubt-negative_energy = энергия отрицательна
doubt-stale = значения не меняются: устаревшая копия?
doubt-out_of_range = в регистре не число
doubt-doubtful = энергия прочитана дважды с разным результатом

## stages, setpoint, limiter

board-stages = Ступени в порядке отключения; по распоряжениям
board-no_stages = нет: отключать здесь нечего
stage_state-no_order = распоряжений нет
stage_state-announced = распоряжение объявлено
stage_state-ordered_open = команда на отключение, не подтверждено
stage_state-applied = отключена, контакт этого не показывает
stage_state-open = отключена, контакты подтвердили
stage_state-closing = разрешено включение, возврат по графику
stage_state-restored = снова включена, подтверждено
stage_state-unknown = распоряжение не исполнено, контакт неизвестен
interlock-local = переключатель в положении «Местное»
interlock-locked_out = заблокирована на месте
interlock-tripped = сработала защита
interlock-opened_by_other = отключена на месте, включить можно только там
board-setpoint = Уставка: не более { $cap } до { $until }; измерено { $measured }
board-setpoint_of_stages = Уставка для { $stages }: не более { $cap } до { $until }; измерено { $measured }
board-setpoint_ahead = Объявлена уставка: не более { $cap }
board-unknown_load = сейчас неизвестно
board-limiter = Собственный предел шлюза
board-enforced = действует
board-observed = только наблюдает
limiter_permit-none = графика нет
limiter_permit-current = по графику
limiter_permit-failsafe = аварийный предел
limiter_permit-beating = аварийный предел: квитанции приходят снова, нового графика ещё нет
limiter_permit-renewed = аварийный предел: новый график получен, квитанции ещё нет
limiter_load-under = ничего не отключено
limiter_load-over = недолго выше предела
limiter_load-shed = ступени отключены по нему
limiter_load-shed_over = ступени отключены, а нагрузка всё ещё выше предела
limiter_load-ready = ступени возвращаются

## gateways

board-gateway = Шлюз { $id }
board-firmware = прошивка { $version }
board-release = выпуск { $number }
release-received = получен
release-trial = на испытании
release-good = принят
release-rolled_back = возвращён прежний
release-refused = отклонён
board-started = запущен { $time }
board-no_status = о состоянии ничего не слышно
board-silent = молчит
board-online = на связи
board-offline = нет связи
board-said = сообщено { $ago }
board-last_said_online = последнее сообщение «на связи» { $ago }
board-last_said_offline = последнее сообщение «нет связи» { $ago }
board-waiting = ждут отправки:
board-waiting_of = { $stream } { $count }
stream-billing = учёт
stream-telemetry = телеметрия
board-epoch = эпоха { $number }
board-whole = без пропусков до { $number }
board-gap = пропуск после { $number }
board-highest = последний { $number }
board-no_frame = кадров от него ещё нет
board-commissioned = введён в эксплуатацию
board-commissioned_by = { $time }: акт { $act }, подписали { $signers }
board-not_commissioned = акта ввода от него нет
board-health = Состояние в { $time }: места для учёта на { $billing } сут, для телеметрии на { $telemetry } сут
board-heap = свободной памяти не менее { $bytes } Б
board-stall = самая долгая остановка { $stall } мс
board-bus = шина { $bus }: { $share } без ответа
board-flash = стираний флеш-памяти { $count } из { $most }
board-drift = ход часов { $drift }
board-radio = радиосигнал { $signal } дБм
board-last_fault = Последний отказ в { $time }
board-configuration = конфигурация
board-configuration_issued = выдана конфигурация { $version }
board-configuration_in_force = действует { $version }
chain_fault-gap = пропуск
chain_fault-broken_link = разрыв цепочки
chain_fault-fork = два кадра под одним именем
chain_fault-no_epoch_event = нет события новой эпохи
chain_fault-no_key_event = нет события смены ключа
chain_fault-key_not_taken = новый ключ не принят
chain_fault-after_retirement = кадры после вывода из работы

## findings

board-no_findings = нет

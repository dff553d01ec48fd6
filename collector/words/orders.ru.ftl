# Тексты табло о распоряжениях. См. board.en.ftl.

board-orders = Распоряжения
board-no_orders = распоряжений ещё нет
board-whole_site = вся площадка
board-at_most = не более { $cap }
board-order = распоряжение { $id }
board-under = основание:
board-example = образец документа, не действующее основание:
board-authority = «{ $title }»
board-drafted_by = составил { $person }
board-approved_by = утвердил { $person }
board-parts = { $count ->
    [one] { $count } шлюз:
    [few] { $count } шлюза:
   *[other] { $count } шлюзов:
}
board-parts_at = { $step } — { $count }
board-parts_shown = показан тот, что продвинулся меньше всех
board-opens = отключает { $lines }:
board-lose_power = { $count ->
    [one] без питания останется { $count } площадка
    [few] без питания останутся { $count } площадки
   *[other] без питания останутся { $count } площадок
}
board-frame = кадр № { $position }
board-to_be_approved = ожидает утверждения
board-by_another = другим человеком
board-by_a_person = человеком
board-to_be_issued = будет отдано
board-notice_runs = идёт срок уведомления ({ $channel })
board-notice_runs_unproven = идёт срок уведомления ({ $channel }, вручение не подтверждено)
board-notice_awaits = когда подтвердится вручение уведомления ({ $channel })
board-from = начало
board-ends = окончание
board-unless_renewed = если не продлят
board-measured_stages = измерено на ступенях
board-measured_site = измерено на площадке
board-measured_boundary = на границе площадки
board-fall = { $before } → { $after } МВт
drop-full = полное снижение
drop-partial = частичное снижение
drop-none = снижения нет
drop-unverifiable = снижение не поддаётся проверке
order_step-drafted = составлено
order_step-approved = утверждено
order_step-notified = уведомлено
order_step-issued = отдано
order_step-received = получено
order_step-applied = исполнено
order_step-contact_confirmed = контакт подтвердил
order_step-verified = снижение измерено
order_step-rebounded = нагрузка вернулась
order_step-lapsed = срок окончен
order_step-released = включение разрешено
order_step-restored = снова включено
order_step-superseded = заменено другим
order_step-cancelled = отменено
order_step-expired = просрочено
order_step-rejected = отклонено шлюзом
order_step-failed = не исполнено
order_step-wrongful = признано неправомерным
order_rule-over_allocation = одна ступень отключается после часа поставки, закрытого с превышением
order_rule-licence = все ступени отключаются, когда лицензия истекла, приостановлена или отозвана
order_rule-permitted_hours = все ступени отключаются, пока видна нагрузка в неразрешённое время
order_rule-peak = все ступени отключаются, или вводится уставка, на каждое окно календаря часов пик
order_rule-renewal = что окончилось бы, пока возврат заблокирован, продолжается на том же основании
order_failure-no_answer = нет ответа
order_failure-no_answer_until_its_end = до окончания срока ответа нет
order_failure-never_applied = так и не исполнено
order_failure-its_end_came_before_it_could_be_issued = срок окончился прежде, чем его можно было отдать
order_failure-its_authority_is_no_longer_valid = его основание больше не действует
order_failure-returns_are_blocked_no_more = возврат больше не заблокирован
order_failure-drawing_is_permitted_again = потребление снова разрешено
order_failure-the_calendar_of_peaks_says_so_no_more = календарь часов пик этого больше не требует
order_failure-the_site_is_licensed_again = у площадки снова есть лицензия
order_failure-the_acts_on_its_licence_contradict_each_other = решения по её лицензии противоречат друг другу
order_failure-unapproved = никто не утвердил
order_failure-unproven = вручение уведомления не подтверждено

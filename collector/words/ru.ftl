# Тексты замечаний: имя текста — код замечания с «-» вместо «.». См. en.ftl.

allocation-will_exceed =
    период { $period_start_ms }–{ $period_end_ms }: лимит { $allowed_wh }{ $tolerance_wh ->
        [none] {""}
       *[other] {" "}с допуском { $tolerance_wh }
    } будет превышен в { $breach_ms }, к концу периода — на { $projected_excess_wh }; { $confidence ->
        [over] уже превышен
        [firm] при нагрузке любой из последних { $minutes } минут он был бы превышен
        [likely] при нагрузке { $exceeding } из последних { $minutes } минут он был бы превышен
        [open] лишь при нагрузке { $exceeding } из последних { $minutes } минут он был бы превышен
       *[other] последних минут измерено слишком мало, чтобы судить о надёжности
    }; показания получены { $age_s } назад
    .title = ожидается превышение лимита
    .action = предупредить лицензиата
allocation-breach =
    период { $period_start_ms }–{ $period_end_ms } закрыт: потреблено { $measured_wh } при лимите { $allowed_wh }{ $tolerance_wh ->
        [none] {""}
       *[other] {""} с допуском { $tolerance_wh }
    }{ $examples ->
        [none] {""}
       *[other] {""} (данные для примера: { $examples })
    }
    .title = превышение лимита
    .action = кадры периода — по их позициям в журнале
allocation-unmeasured =
    { $missing ->
        [none] период { $period_start_ms }–{ $period_end_ms } закрыт без измерения: { $breaks }
       *[other] период { $period_start_ms }–{ $period_end_ms } закрыт без показаний { $missing }{ $breaks ->
            [none] {""}
           *[other] ; { $breaks }
        }
    }
    .title = период не измерен
    .action = шлюз и его журнал; когда показания поступят, период будет закрыт повторно и оценён
allocation-undecided =
    период { $period_start_ms }–{ $period_end_ms } закрыт: потреблено { $measured_wh } при лимите { $allowed_wh }; разница слишком мала для вывода: { $error_wh ->
        [none] шаг счётного механизма ± { $quantum_wh }
       *[other] показания сняты не на границе периода, ± { $error_wh }{ $quantum_wh ->
            [none] {""}
           *[other] , и шаг счётного механизма ± { $quantum_wh }
        }
    }
    .title = разница слишком мала для вывода
    .action = почему прибор учёта ответил с опозданием; регистр с меньшим шагом; соседние периоды
allocation-indicated =
    период { $period_start_ms }–{ $period_end_ms } закрыт: по приборам технического учёта ({ $operational }) потреблено { $measured_wh } при лимите { $allowed_wh }; это предупреждение, счетов и отключений по нему нет
    .title = превышение по приборам технического учёта
    .action = есть ли здесь прибор коммерческого учёта; его показания
allocation-over_quota =
    в зоне { $zone } на { $period_start_ms }–{ $period_end_ms } продано { $allocated_wh }, а квота — { $quota_wh }
    .title = продано больше квоты
    .action = оба документа: реестр победителей и квота системного оператора
hours-load_outside =
    нагрузка { $power_w } с { $load_from_ms }; не разрешено с { $forbidden_from_ms } ({ $rulings }{ $examples ->
        [none] {""}
       *[other] {""}; данные для примера: { $examples }
    })
    .title = нагрузка вне разрешённых часов
    .action = площадка и предписание с его документом
hours-energy_outside =
    потреблено { $energy_wh } с { $start_ms } до { $end_ms }, когда майнинг не разрешён ({ $rulings }{ $examples ->
        [none] {""}
       *[other] {""}; данные для примера: { $examples }
    })
    .title = потребление вне разрешённых часов
    .action = кадры этой четверти часа — по их позициям в журнале; предписание с его документом
capacity-exceeded =
    средняя мощность с { $start_ms } до { $end_ms } — { $mean_w }, пропускная способность присоединения — { $capacity_w }
    .title = превышена мощность присоединения
    .action = защита фидера и технические условия присоединения
capacity-exceeded_now =
    при последнем измерении { $power_w }, пропускная способность присоединения — { $capacity_w }; решит среднее за четверть часа
    .title = сейчас выше мощности присоединения
    .action = предупредить лицензиата
capacity-over_contract =
    средняя мощность с { $start_ms } до { $end_ms } — { $mean_w }, договорная — { $contracted_w }
    .title = выше договорной мощности
    .action = договор
licence-unlicensed_load =
    { $ground ->
        [not_named] действующая лицензия не называет эту площадку (действуют: { $licences }), при последнем измерении нагрузка { $power_w }
       *[other] { $ended_ms ->
            [none] действующей лицензии не было никогда, при последнем измерении нагрузка { $power_w }
           *[other] срок лицензии истёк { $ended_ms }, при последнем измерении нагрузка { $power_w }
        }
    }
    .title = нагрузка без лицензии
    .action = площадка: что работает и какая мощность собственных нужд заявлена в реестре (auxiliary_w)
licence-suspended_load =
    действие лицензии приостановлено с { $ended_ms }, при последнем измерении нагрузка { $power_w }
    .title = нагрузка при приостановленной лицензии
    .action = решение в реестре и его сроки; площадка: что работает
licence-revoked_load =
    лицензия отозвана с { $ended_ms }, при последнем измерении нагрузка { $power_w }
    .title = нагрузка при отозванной лицензии
    .action = решение в реестре; площадка: что работает
licence-tenant_load =
    размещающее лицо { $tenant } в центре { $data_centre }: нагрузка { $power_w } на ступенях { $stages } без действующей лицензии II подвида
    .title = размещение оборудования без лицензии
    .action = лицензия размещающего лица и решения по ней; чьё оборудование за этими ступенями
licence-ends =
    лицензия { $licence } ({ $licensee }) действует до { $ends_ms }: предупреждение за { $days } дн.
    .title = истекает срок лицензии
    .action = напомнить лицензиату; продление или новая лицензия вносится в реестр до этого дня
licence-site_not_named =
    ни одна действующая лицензия { $licensee } не называет эту площадку; действуют: { $licences }
    .title = площадка не указана в лицензии
    .action = перечень площадок лицензии и решения о его изменении
licence-other_holder =
    площадку называет лицензия { $licences }, выданная { $holders }, а не { $licensee }
    .title = лицензия выдана другому лицу
    .action = чья площадка и чей БИН в лицензии: одна из двух записей неверна
licence-no_data_centre =
    лицензия { $licence } II подвида, но { $licensee } не числится ни в одном центре обработки данных
    .title = II подвид без центра обработки данных
    .action = где стоит оборудование: центр и размещение вносятся в реестр
licence-acts_conflict =
    решения по лицензии { $licence } не согласуются с её состоянием и ничего не изменили: { $acts }
    .title = решения по лицензии противоречат друг другу
    .action = сами решения: ошибочное отозвать; до этого ограничение по спорной лицензии не вводится
site-unread =
    { $last_ms ->
        [none] показаний { $meters } не было никогда
       *[other] нет показаний { $meters } с { $last_ms }
    }: нагрузка неизвестна
    .title = нет данных с площадки
    .action = шлюз, линия связи, подключение и пломба прибора учёта
site-unread_together =
    { $zone ->
        [none] площадки нескольких зон перестали передавать данные
       *[other] площадки зоны { $zone } перестали передавать данные
    } в пределах { $window_s }, с { $began_ms } по { $last_began_ms }: { $count } из { $watched }. { $zone ->
        [none] Вероятная причина — брокер, связь с ним или сам сборщик
       *[other] Вероятная причина — сеть связи или электроснабжение зоны
    }. { $members }{ $more ->
        [0] {""}
       *[other] {" "}и ещё { $more }
    }
    .title = нет данных с многих площадок по одной причине
    .action = брокер и его соединения, сборщик, сеть зоны; отдельные площадки — только после восстановления
site-export =
    { $meter } показывает { $power_w }: мощность отдаётся в сеть. Трансформаторы тока включены встречно, или есть генерация; потребление не учитывается
    .title = отдача мощности в сеть
    .action = встречное включение трансформаторов тока (тогда показания потребления не растут при нагрузке) или генерация за прибором учёта
meter-register_reset =
    показания { $meter } уменьшились с { $before } до { $after } к { $at_ms }: регистр сброшен, энергия за этот интервал не измерена
    .title = сброс показаний
    .action = прибор учёта; оба показания указаны в замечании
meter-register_jump =
    показания { $meter } возросли с { $before } до { $after } к { $at_ms }: больше, чем допускает присоединение; за энергию не принято
    .title = скачок показаний
    .action = прибор учёта; оба показания указаны в замечании
meter-rollover =
    регистр { $meter } перешёл через ноль, с { $before } на { $after }, к { $at_ms }: энергия учтена полностью
    .title = переход регистра через ноль
    .action = ничего: энергия измерена точно
meter-replaced =
    вместо { $meter } с { $at_ms } отвечает другой прибор учёта: его заводской номер { $after }
    .title = отвечает другой прибор учёта
    .action = площадка; дальнейшие показания не относятся ни к кому, пока реестр не укажет, чьи они, и не выдана новая конфигурация
meter-ratio_changed =
    коэффициент трансформации { $meter } — { $after }, а не { $before }, с { $at_ms }
    .title = изменён коэффициент трансформации
    .action = площадка; дальнейшие показания не учитываются, пока коэффициент не внесён в реестр и не выдана новая конфигурация
meter-ratio_corrected =
    трансформаторы { $meter } — { $ct } и { $vt }, а не { $configured_ct } и { $configured_vt }: энергия и периоды пересчитаны
    .title = коэффициент трансформации исправлен
    .action = отчёт об исправлении: все затронутые интервалы, замечания и предписания, до и после
feeder-energy_missing =
    в фидер { $feeder } за { $period_start_ms }–{ $period_end_ms } поступило { $head_wh }, отпущено { $children_wh }: не менее { $unaccounted_wh } сверх потерь и погрешностей
    .title = недостача энергии на фидере
    .action = кто ещё питается от фидера; коэффициенты его приборов учёта; нагрузка в обход приборов
feeder-energy_surplus =
    с фидера { $feeder } за { $period_start_ms }–{ $period_end_ms } отпущено { $children_wh }, а поступило только { $head_wh }
    .title = с фидера отпущено больше, чем поступило
    .action = не ошибается ли прибор учёта, не подключён ли он к другому фидеру
feeder-shape_of_mining =
    нагрузка фидера { $feeder } похожа на майнинг, { $points } баллов из 100: { $marks }
    .title = нагрузка, похожая на майнинг, на фидере без лицензированных площадок
    .action = балл — не доказательство: проверить потребителей фидера
month-differs =
    { $month }: { $ours_wh } по нашим регистрам, { $theirs_wh } — { $source ->
        [utility] по прибору учёта энергопередающей организации
       *[other] по данным балансирующего рынка ({ $source })
    }; погрешность приборов допускает { $allowed_wh }; до решения действует: { $holds }
    .title = расхождение за месяц
    .action = коэффициенты, потери и пропуски за месяц; затем решить, какое значение действует
gateway-ailing = { $ailments }
    .title = состояние шлюза
    .action = раздел шлюза на странице: мало места — до него не доходят квитанции; шина — провод, согласующий резистор, скорость; безопасный режим — последний отказ и прошивка
gateway-rollout_stopped = распространение выпуска { $release } остановлено: шлюз { $gateway }, { $why }
    .title = распространение выпуска остановлено
    .action = раздел шлюза на странице и его последний отказ; обновлённые шлюзы сохраняют выпуск. Исправить, подписать под большим номером и начать заново
gateway-fork =
    { $count ->
        [one] { $count } имя потока { $stream } носят два кадра
        [few] { $count } имени потока { $stream } носят по два кадра
       *[other] { $count } имён потока { $stream } носят по два кадра
    }, начиная с { $first_seq }: не работают ли два шлюза под одним именем?
    .title = два кадра под одним именем
    .action = клонированное или восстановленное из копии устройство: изъять плату, зарегистрировать другую, завершить срок её ключа в реестре
gateway-silent =
    от шлюза ничего не поступало с { $last_ms }
    .title = шлюз молчит
    .action = питание и связь шлюза; измеренное хранится в его журнале и поступит, когда он вернётся
gateway-silent_together =
    { $zone ->
        [none] шлюзы нескольких зон замолчали
       *[other] шлюзы зоны { $zone } замолчали
    } в пределах { $window_s }, с { $began_ms } по { $last_began_ms }: { $count } из { $watched }. { $zone ->
        [none] Вероятная причина — брокер, связь с ним или сам сборщик
       *[other] Вероятная причина — сеть связи или электроснабжение зоны
    }. { $members }{ $more ->
        [0] {""}
       *[other] {" "}и ещё { $more }
    }
    .title = молчат многие шлюзы по одной причине
    .action = брокер и его соединения, сборщик, сеть зоны; отдельные шлюзы — только после восстановления
gateway-gap =
    поток { $stream }: нет кадров с { $first_seq } по { $last_seq } эпохи { $epoch }, хотя следующие поступили
    .title = пропуск в цепочке кадров
    .action = журнал шлюза: считать его на площадке, пока он не перезаписан
gateway-clock =
    { $letter ->
        [U] шлюз не знает времени
       *[other] часы шлюза никем не подтверждены: время из квитанции не получено
    }
    .title = часы шлюза
    .action = доходят ли до шлюза квитанции; батарея часов после отключения питания
meter-stale =
    показания { $meter } не меняются с { $last_ms }: устаревшая копия?
    .title = показания не меняются
    .action = прибор учёта или преобразователь, отвечающий за него из памяти
stage-ghost_load =
    { $kind ->
        [draws] ступень { $stage } сообщает, что отключена, а её прибор учёта показывает нагрузку
       *[other] ступень { $stage } отключилась, а площадка потребляет как прежде
    }: ступень { $stage_before_w } → { $stage_after_w }, площадка { $site_before_w } → { $site_after_w }
    .title = нагрузка за отключённой ступенью
    .action = контактор и его контакт; кабели в обход прибора учёта ступени
meter-quantum_coarse =
    шаг показаний { $meter } — { $quantum_wh }: слишком груб для { $interval_wh } за интервал при договорной мощности { $contracted_w }
    .title = слишком грубый шаг показаний
    .action = прибор учёта или регистр с меньшим шагом
meter-verification_ends =
    поверка { $certificate } { $meter } ({ $part ->
        [meter] прибор учёта
        [ct] трансформаторы тока
       *[other] трансформаторы напряжения
    }) действует до { $ends_ms }: предупреждение за { $days } дн.
    .title = истекает срок поверки
    .action = провести поверку до этого дня
meter-verification_expired =
    срок поверки { $certificate } { $meter } ({ $part ->
        [meter] прибор учёта
        [ct] трансформаторы тока
       *[other] трансформаторы напряжения
    }) истёк { $ends_ms }
    .title = срок поверки истёк
    .action = провести поверку; или свидетельство ещё не внесено в реестр
meter-verification_missing =
    { $meter } ({ $part ->
        [meter] прибор учёта
        [ct] трансформаторы тока
       *[other] трансформаторы напряжения
    }): сведений о поверке нет, их требует { $requirement }
    .title = нет сведений о поверке
    .action = внести свидетельство в реестр; без него — провести поверку
meter-seal_removed =
    пломба { $seal } прибора { $meter } ({ $place }) снята, другой на её месте нет
    .title = пломба снята
    .action = кто и почему снял; опломбировать заново или внести в реестр имеющуюся пломбу
meter-seal_missing =
    на { $meter } нет пломбы, её требует { $requirement }
    .title = нет пломбы
    .action = опломбировать или внести в реестр имеющуюся пломбу
meter-undescribed =
    в реестре у { $meter } нет сведений: { $missing }; их требует { $requirement }
    .title = прибор учёта не описан
    .action = паспорт прибора: внести в реестр класс точности и номер типа
meter-class_coarse =
    { $meter } класса точности { $accuracy_class }; { $requirement } требует не хуже { $coarsest_class }
    .title = класс точности недостаточен
    .action = другой прибор учёта или статус operational
order-unauthorised =
    { $sites }: нагрузка подлежала бы отключению ({ $order_reason }); { $lacks }. Выдано предупреждение, отключения не было
    .title = нет полномочий на отключение
    .action = предупредить лицензиата; загрузить документ, дающий полномочия, если он есть
order-overdue =
    { $site }, ступени { $stages }: { $situation }; команда { $order }, { $order_reason }
    .title = команда требует вмешательства
    .action = команда: позвонить на объект, выбрать другую ступень, послать бригаду или завершить команду
order_reason-emergency = режим «Авария»
order_reason-system_deficit = дефицит мощности
order_reason-licence = лицензия
order_reason-over_allocation = превышение лимита
order_reason-permitted_hours = вне разрешённых часов
order_reason-peak = часы пик
order_reason-manual = по решению диспетчера
lacks-none = документ о полномочиях не загружен
lacks-reason = загруженные документы не называют этой причины
lacks-early = документ о полномочиях ещё не действует
lacks-ended = срок документа о полномочиях истёк
lacks-contract = в реестре нет его договорной мощности, поэтому уставка неизвестна
lacks-setpoint = его шлюз не может удерживать уставку
situation-unapproved = никто не утвердил
situation-unproven = вручение уведомления не подтверждено
situation-unanswered = шлюз не отвечает
situation-rejected = шлюз отказал
situation-failed = не исполнена, или исполнение не известно
situation-unconfirmed = контакт не подтверждает отключение
situation-no_drop = контакт разомкнут, а нагрузка не снизилась
situation-partial_drop = нагрузка снизилась меньше, чем нагрузка ступени
situation-unverifiable = неизвестно, снизилась ли нагрузка
situation-rebounded = нагрузка вернулась без разрешения на включение
situation-not_restored = обратное включение ступеней не подтверждено
situation-stuck = шлюз отказывается держать ступень отключённой
drop_cause-welded_contact = контакт замкнут, нагрузка есть: контакты приварились или включены снова
drop_cause-bypass = контакт разомкнут, нагрузка есть: включён обход
drop_cause-remains = часть нагрузки осталась включённой
drop_cause-already_off = ступень была отключена до распоряжения
drop_cause-silent_meter = прибор учёта дал слишком мало свежих отсчётов
drop_cause-no_meter = измерять нечем
drop_cause-small_load = нагрузка до распоряжения не отличима от собственного шума
drop_cause-boundary_noise = нагрузка до распоряжения не отличима от шума на границе объекта
drop_cause-moved = ступень отключилась, объект нет: нагрузка перешла на другое питание
drop_cause-generation_fell = ступень отключилась, и вместе с ней снизилась собственная генерация
drop_cause-own_generation = собственная генерация выросла: нагрузка продолжает работать без сети
drop_cause-contact_untrue = нагрузки нет, а контакт показывает «замкнут»: неверен контакт или его провод
drop_cause-protection_trip = сработала защита, или контакт разомкнулся до распоряжения
drop_cause-blackout = объект остался без питания
drop_cause-under_cap = до распоряжения нагрузка была не выше уставки
drop_cause-above_cap = нагрузка выше уставки
drop_result-full = полное снижение
drop_result-partial = частичное снижение
drop_result-none = снижения нет
drop_result-unverifiable = не поддаётся проверке
command_phase-received = команда принята и признана подлинной
command_phase-applied = исполнено, выходы отключены
command_phase-refused = отклонено
command_phase-failed = не исполнено
command_phase-restored = ступени снова включены
notice_channel-page = страница
notice_channel-telephone = телефон
notice_channel-message = сообщение
notice_channel-letter = письмо
certificate-title = Сертификат ограничения потребления
certificate-example = ОБРАЗЕЦ документа, не действующее основание
certificate-order = Распоряжение
certificate-reason = Причина
certificate-why = Пояснение
certificate-reference = Ссылка
certificate-rule = Правило
certificate-drafted = Составил
certificate-approved = Утвердил
certificate-official = Должностное лицо
certificate-authority = Основание
certificate-document = Документ, SHA-256
certificate-validity = Действует
certificate-site = Объект
certificate-licensee = Лицензиат
certificate-gateway = Шлюз
certificate-stages = Ступени
certificate-cap = Уставка: потреблять не более
certificate-whole_site = весь объект
certificate-notice = Уведомление
certificate-channel = Канал
certificate-proof = Подтверждение вручения
certificate-no_proof = нет; основание его не требует
certificate-acknowledged = Подписано шлюзом
certificate-frame = кадр журнала { $position }
certificate-opened = ступень { $stage }: контакт разомкнут
certificate-closed = ступень { $stage }: контакт замкнут
certificate-measured = Измеренное снижение
certificate-stage_load = Нагрузка ступеней, до → после
certificate-site_load = Потребление объекта, до → после
certificate-credited = Засчитанное снижение
certificate-sigma = σ нагрузки до распоряжения
certificate-result = Результат
certificate-cause = При этом замечено
certificate-not_measured = Снижение не измерено.
certificate-duration = Продолжительность
certificate-still_open = не завершено
certificate-estimate = Оценка, не измерение
certificate-avoided = Недоотпущенная энергия
certificate-unmeasured = Из этого времени не измерено
certificate-baseline-flat_prior_load = База: нагрузка до распоряжения, неизменная от размыкания контакта до возврата; каждое суждение действует до следующего. Погрешность — 2 σ этой нагрузки. Возможное собственное изменение нагрузки не учтено ни одной цифрой.
certificate-judged = Этот лист — для чтения. Тот же сертификат в виде JSON содержит подписанные кадры, команды и доказательства и проверяется без сети корневым ключом оператора: python -m auditor curtailment FILE --root root.pub
certificate-digest = SHA-256 текста
certificate-local = Время — Астаны.
collector-disk =
    на диске сборщика осталось { $free_mib } МиБ
    .title = мало места на диске сборщика
    .action = освободить место: перенести старые кадры в архив и вывезти его
collector-lag =
    { $follower } отстаёт на { $frames ->
        [one] { $frames } кадр
        [few] { $frames } кадра
       *[other] { $frames } кадров
    }; самый старый ждёт { $seconds }
    .title = сборщик отстаёт
    .action = журнал событий сборщика: какая часть отказала или ждёт — диск или базу данных
collector-certificate =
    до окончания сертификата { $certificate } осталось дней: { $days }
    .title = истекает сертификат
    .action = выпустить новый до окончания срока
collector-checkpoint =
    кадры ждут подписанной контрольной точки { $unsigned_s }
    .title = контрольная точка не подписывается
    .action = причину называет checkpoint.refused в журнале событий
collector-clock =
    { $stepped_s ->
        [none] часы сборщика опережают часы шлюзов на { $ahead_of_gateways_s }
       *[other] часы сборщика переведены на { $stepped_s }
    }
    .title = часы сборщика
    .action = служба времени машины сборщика

ailments-room = в журнале шлюза места меньше чем на 3 суток
ailments-bus = на шине без ответа более 5 % запросов
ailments-stall = шлюз не отвечал более секунды
ailments-heap = не хватает памяти
ailments-flash = ресурс флеш-памяти почти исчерпан
ailments-drift = ход часов отклоняется более чем на 100 ppm
ailments-safe_mode = безопасный режим после повторных отказов: выборки не ведутся, учёт и исполнение команд продолжаются

marks-flat = ровная нагрузка
marks-high_base = высокая базовая нагрузка
marks-awake_at_night = ночью как днём
marks-no_weekend = нет выходных
marks-smooth = нет изменений между четвертями часа
marks-same_every_day = каждый день одинаков
marks-corrected_power_factor = скорректированный коэффициент мощности
marks-steady_power_factor = неизменный коэффициент мощности
marks-few_jumps = мало скачков

breaks-reset = сброс показаний
breaks-jump = скачок показаний
breaks-swap = другой прибор учёта
breaks-ratio_changed = изменён коэффициент трансформации
breaks-exchanged = прибор учёта заменён, показания до или после замены не сняты

missing-accuracy_class = класс точности
missing-state_register = номер в государственном реестре

severity-note = сведение
severity-warning = предупреждение
severity-breach = нарушение

state-open = открыто
state-explained = дано пояснение
state-disputed = оспорено
state-upheld = подтверждено
state-closed = закрыто

verb-explain = дано пояснение
verb-dispute = оспорено
verb-uphold = подтверждено
verb-close = закрыто
verb-reopen = выявлено снова
verb-merge = отнесено к общему замечанию
verb-resolve = переоценено

party-licensee = лицензиат
party-operator = оператор
party-collector = сборщик

page-findings = Замечания
page-finding = Замечание № { $number }
page-board = Диспетчерская
page-all = все
page-code = Что выявлено
page-state = Состояние
page-site = Площадка
page-licensee = Лицензиат (БИН)
page-since = Выявлено с
page-unsettled = не закрытые
page-filter = Показать
page-none = Таких замечаний нет.
page-shown = { $count ->
    [one] { $count } замечание, новые сверху
    [few] { $count } замечания, новые сверху
   *[other] { $count } замечаний, новые сверху
}
page-more = Показаны последние { $count }: чтобы увидеть другие, уточните условия.
page-now = сейчас
page-first = Впервые выявлено
page-last = Выявлено в последний раз
page-known = Известно с
page-times = { $count ->
    [one] Выявлено { $count } раз
    [few] Выявлено { $count } раза
   *[other] Выявлено { $count } раз
}
page-severity = Степень
page-subject = Предмет
page-do = Что делать
page-life = Ход рассмотрения
page-opened = выявлено сборщиком
page-reference = Основание
page-document = документ, SHA-256
page-members = Состав
page-members-more = и ещё { $count }
page-member-until = до { $last_ms }
page-still = по настоящее время
page-evidence = Доказательства
page-position = Позиция в журнале
page-frame = Кадр: шлюз/эпоха/поток/номер
page-received = Получен
page-no-frame = нет в этом журнале
page-version = Использованная версия
page-recorded = внесена
page-details = Данные
page-no-evidence = Отдельного кадра в основании нет: замечание о состоянии, которое наблюдалось.
page-verbs = Пояснить, оспорить, подтвердить или закрыть: esep collector explain, dispute, uphold, close.
page-unknown = Замечания с таким номером нет.
page-wrong = { $value }: не понято. Состояние — одно из { $states }; дата пишется так: 2026-11-23.

# Тексты замечаний: имя текста — код замечания с «-» вместо «.». См. en.ftl.

allocation-will_exceed =
    период { $period_start_ms }–{ $period_end_ms }: лимит { $allowed_wh } будет превышен в { $breach_ms }, к концу периода — на { $projected_excess_wh }
    .title = ожидается превышение лимита
    .action = предупредить лицензиата
allocation-breach =
    период { $period_start_ms }–{ $period_end_ms } закрыт: потреблено { $measured_wh } при лимите { $allowed_wh }
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
licence-unlicensed_load =
    { $ended_ms ->
        [none] действующей лицензии не было никогда, при последнем измерении нагрузка { $power_w }
       *[other] срок лицензии истёк { $ended_ms }, при последнем измерении нагрузка { $power_w }
    }
    .title = нагрузка без лицензии
    .action = площадка: что работает и какая мощность собственных нужд заявлена в реестре (auxiliary_w)
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
    } в пределах { $window_s }, начиная с { $began_ms }: { $count } из { $watched }. { $zone ->
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
gateway-ailing = { $ailments }
    .title = состояние шлюза
    .action = раздел шлюза на странице: мало места — до него не доходят квитанции; шина — провод, согласующий резистор, скорость; безопасный режим — последний отказ и прошивка
gateway-fork =
    { $count ->
        [one] { $count } имя потока { $stream } носят два кадра
        [few] { $count } имени потока { $stream } носят по два кадра
       *[other] { $count } имён потока { $stream } носят по два кадра
    }, начиная с { $first_seq }: не работают ли два шлюза под одним именем?
    .title = два кадра под одним именем
    .action = клонированное или восстановленное из копии устройство: изъять плату, зарегистрировать другую, завершить срок её ключа в реестре
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

breaks-reset = сброс показаний
breaks-jump = скачок показаний
breaks-swap = другой прибор учёта
breaks-ratio_changed = изменён коэффициент трансформации
breaks-exchanged = прибор учёта заменён, показания до или после замены не сняты

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

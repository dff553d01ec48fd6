# Ескертпелердің мәтіндері: мәтіннің аты — ескертпенің коды, «.» орнына «-». en.ftl файлын қараңыз.

allocation-will_exceed =
    { $period_start_ms }–{ $period_end_ms } кезеңі: { $allowed_wh } лимиті{ $tolerance_wh ->
        [none] {""}
       *[other] {" "}({ $tolerance_wh } ауытқу шегімен)
    } сағат { $breach_ms } асып кетеді, кезең соңында асып кету мөлшері — { $projected_excess_wh }; { $confidence ->
        [over] лимит асып кетті
        [firm] соңғы { $minutes } минуттың кез келгенінің жүктемесімен лимит асып кетер еді
        [likely] соңғы { $minutes } минуттың { $exceeding } минутының жүктемесімен лимит асып кетер еді
        [open] соңғы { $minutes } минуттың тек { $exceeding } минутының жүктемесімен лимит асып кетер еді
       *[other] сенімділікті айту үшін соңғы минуттардың өлшемдері тым аз
    }; көрсеткіштер { $age_s } бұрын алынған
    .title = лимиттен асу күтіледі
    .action = лицензиатқа ескерту жасау
allocation-breach =
    { $period_start_ms }–{ $period_end_ms } кезеңі жабылды: { $allowed_wh } лимитінде { $measured_wh } тұтынылды{ $tolerance_wh ->
        [none] {""}
       *[other] {""} (ауытқу шегі { $tolerance_wh })
    }{ $examples ->
        [none] {""}
       *[other] {""} (мысал деректері: { $examples })
    }
    .title = лимиттен асу
    .action = кезеңнің кадрлары — журналдағы орындары бойынша
allocation-unmeasured =
    { $missing ->
        [none] { $period_start_ms }–{ $period_end_ms } кезеңі өлшемсіз жабылды: { $breaks }
       *[other] { $period_start_ms }–{ $period_end_ms } кезеңі мына аспаптардың көрсеткіштерінсіз жабылды: { $missing }{ $breaks ->
            [none] {""}
           *[other] ; { $breaks }
        }
    }
    .title = кезең өлшенбеген
    .action = шлюз және оның журналы; көрсеткіштер келгенде кезең қайта жабылып, бағаланады
allocation-undecided =
    { $period_start_ms }–{ $period_end_ms } кезеңі жабылды: { $allowed_wh } лимитінде { $measured_wh } тұтынылды; айырма қорытынды жасауға тым аз: { $error_wh ->
        [none] санағыштың қадамы ± { $quantum_wh }
       *[other] көрсеткіштер кезең шегінде алынбаған, ± { $error_wh }{ $quantum_wh ->
            [none] {""}
           *[other] , және санағыштың қадамы ± { $quantum_wh }
        }
    }
    .title = айырма қорытынды жасауға тым аз
    .action = есепке алу аспабы неге кеш жауап берді; қадамы кішірек регистр; көршілес кезеңдер
allocation-indicated =
    { $period_start_ms }–{ $period_end_ms } кезеңі жабылды: техникалық есепке алу аспаптары бойынша ({ $operational }) { $allowed_wh } лимитінде { $measured_wh } тұтынылды; бұл ескерту ғана, ол бойынша шот та, ажырату да болмайды
    .title = техникалық есепке алу аспаптары бойынша лимиттен асу
    .action = мұнда коммерциялық есепке алу аспабы бар ма; оның көрсеткіштері
allocation-over_quota =
    { $zone } аймағында { $period_start_ms }–{ $period_end_ms } кезеңіне { $allocated_wh } сатылды, ал квота — { $quota_wh }
    .title = квотадан көп сатылды
    .action = екі құжат: жеңімпаздар тізілімі және жүйелік оператордың квотасы
hours-load_outside =
    { $load_from_ms } бастап жүктеме { $power_w }; { $forbidden_from_ms } бастап рұқсат етілмейді ({ $rulings }{ $examples ->
        [none] {""}
       *[other] {""}; мысал деректері: { $examples }
    })
    .title = рұқсат етілген сағаттардан тыс жүктеме
    .action = алаң және ұйғарым мен оның құжаты
hours-energy_outside =
    { $start_ms } бастап { $end_ms } дейін { $energy_wh } тұтынылды, бұл уақытта майнингке рұқсат жоқ ({ $rulings }{ $examples ->
        [none] {""}
       *[other] {""}; мысал деректері: { $examples }
    })
    .title = рұқсат етілген сағаттардан тыс тұтыну
    .action = осы ширек сағаттың кадрлары — журналдағы орындары бойынша; ұйғарым мен оның құжаты
capacity-exceeded =
    { $start_ms } бастап { $end_ms } дейінгі орташа қуат — { $mean_w }, қосылымның өткізу қабілеті — { $capacity_w }
    .title = қосылым қуатынан асу
    .action = фидердің қорғанысы және қосылудың техникалық шарттары
capacity-exceeded_now =
    соңғы өлшеу кезінде { $power_w }, қосылымның өткізу қабілеті — { $capacity_w }; ширек сағаттың орташасы шешеді
    .title = қазір қосылым қуатынан жоғары
    .action = лицензиатқа ескерту жасау
capacity-over_contract =
    { $start_ms } бастап { $end_ms } дейінгі орташа қуат — { $mean_w }, шарттағы қуат — { $contracted_w }
    .title = шарттағы қуаттан жоғары
    .action = шарт
licence-unlicensed_load =
    { $ground ->
        [not_named] қолданыстағы лицензияда бұл алаң көрсетілмеген (қолданыста: { $licences }), соңғы өлшеу кезіндегі жүктеме { $power_w }
       *[other] { $ended_ms ->
            [none] қолданыстағы лицензия ешқашан болмаған, соңғы өлшеу кезіндегі жүктеме { $power_w }
           *[other] лицензияның мерзімі { $ended_ms } аяқталған, соңғы өлшеу кезіндегі жүктеме { $power_w }
        }
    }
    .title = лицензиясыз жүктеме
    .action = алаң: не жұмыс істеп тұр және тізілімде өз мұқтажына қандай қуат мәлімделген (auxiliary_w)
licence-suspended_load =
    лицензияның қолданысы { $ended_ms } бастап тоқтатыла тұрған, соңғы өлшеу кезіндегі жүктеме { $power_w }
    .title = тоқтатыла тұрған лицензия кезіндегі жүктеме
    .action = тізілімдегі шешім және оның мерзімдері; алаң: не жұмыс істеп тұр
licence-revoked_load =
    лицензия { $ended_ms } бастап кері қайтарылған, соңғы өлшеу кезіндегі жүктеме { $power_w }
    .title = кері қайтарылған лицензия кезіндегі жүктеме
    .action = тізілімдегі шешім; алаң: не жұмыс істеп тұр
licence-tenant_load =
    { $data_centre } орталығындағы { $tenant }: қолданыстағы II кіші түрдегі лицензиясыз { $stages } сатыларындағы жүктеме { $power_w }
    .title = жабдықты лицензиясыз орналастыру
    .action = орналастырушының лицензиясы және ол бойынша шешімдер; бұл сатыларда кімнің жабдығы тұр
licence-ends =
    { $licence } лицензиясы ({ $licensee }) { $ends_ms } дейін қолданылады: { $days } күн бұрынғы ескерту
    .title = лицензия мерзімі аяқталады
    .action = лицензиатқа еске салу; ұзарту немесе жаңа лицензия осы күнге дейін тізілімге енгізіледі
licence-site_not_named =
    { $licensee } қолданыстағы лицензияларының ешқайсысында бұл алаң көрсетілмеген; қолданыста: { $licences }
    .title = алаң лицензияда көрсетілмеген
    .action = лицензиядағы алаңдар тізбесі және оны өзгерткен шешімдер
licence-other_holder =
    бұл алаң көрсетілген { $licences } лицензиясы { $licensee } емес, { $holders } атына берілген
    .title = лицензия басқа тұлғаға берілген
    .action = алаң кімдікі және лицензияда кімнің БСН тұр: екі жазбаның бірі қате
licence-no_data_centre =
    { $licence } лицензиясы II кіші түрде, ал { $licensee } тізілімдегі бірде-бір деректер орталығында жоқ
    .title = деректер орталығынсыз II кіші түр
    .action = жабдық қайда тұр: орталық пен орналастыру тізілімге енгізіледі
licence-acts_conflict =
    { $licence } лицензиясы бойынша шешімдер оның күйіне сәйкес келмейді және ештеңені өзгертпеді: { $acts }
    .title = лицензия бойынша шешімдер қайшы
    .action = шешімдердің өзі: қатесін кері қайтару; оған дейін даулы лицензия бойынша шектеу енгізілмейді
site-unread =
    { $last_ms ->
        [none] { $meters } көрсеткіштері ешқашан алынбаған
       *[other] { $meters } көрсеткіштері { $last_ms } бастап жоқ
    }: жүктеме белгісіз
    .title = алаңнан деректер жоқ
    .action = шлюз, байланыс желісі, есепке алу аспабының қосылуы мен пломбасы
site-unread_together =
    { $zone ->
        [none] бірнеше аймақтың алаңдары
       *[other] { $zone } аймағының алаңдары
    } { $began_ms } мен { $last_began_ms } аралығында, { $window_s } ішінде деректер беруді тоқтатты: { $watched } алаңның { $count }. { $zone ->
        [none] Ықтимал себеп — брокер, онымен байланыс немесе жинағыштың өзі
       *[other] Ықтимал себеп — аймақтың байланыс желісі немесе электрмен жабдықталуы
    }. { $members }{ $more ->
        [0] {""}
       *[other] {" "}және тағы { $more }
    }
    .title = бір себептен көп алаңнан деректер жоқ
    .action = брокер және оның қосылымдары, жинағыш, аймақтың желісі; жекелеген алаңдар — тек қалпына келгеннен кейін
site-export =
    { $meter } { $power_w } көрсетіп тұр: қуат желіге беріліп жатыр. Ток трансформаторлары теріс қосылған немесе генерация бар; тұтыну есепке алынбайды
    .title = қуат желіге беріліп жатыр
    .action = ток трансформаторларының теріс қосылуы (онда жүктеме кезінде тұтыну көрсеткіші өспейді) немесе аспаптан кейінгі генерация
meter-register_reset =
    { $meter } көрсеткіші { $at_ms } қарай { $before } мәнінен { $after } мәніне дейін кеміді: регистр нөлденген, бұл аралықтағы энергия өлшенбеген
    .title = көрсеткіш нөлденген
    .action = есепке алу аспабы; екі көрсеткіш те ескертпеде көрсетілген
meter-register_jump =
    { $meter } көрсеткіші { $at_ms } қарай { $before } мәнінен { $after } мәніне дейін өсті: қосылым өткізе алатыннан көп; энергия деп алынбады
    .title = көрсеткіш секірген
    .action = есепке алу аспабы; екі көрсеткіш те ескертпеде көрсетілген
meter-rollover =
    { $meter } регистрі { $at_ms } қарай { $before } мәнінен { $after } мәніне нөл арқылы өтті: энергия толық есепке алынды
    .title = регистр нөл арқылы өтті
    .action = ештеңе істеудің қажеті жоқ: энергия дәл өлшенген
meter-replaced =
    { $meter } орнына { $at_ms } бастап басқа есепке алу аспабы жауап береді: зауыттық нөмірі { $after }
    .title = басқа есепке алу аспабы жауап береді
    .action = алаң; тізілімде кімдікі екені көрсетіліп, жаңа конфигурация берілгенше кейінгі көрсеткіштер ешкімге тиесілі емес
meter-ratio_changed =
    { $meter } трансформация коэффициенті { $at_ms } бастап { $before } емес, { $after }
    .title = трансформация коэффициенті өзгерген
    .action = алаң; коэффициент тізілімге енгізіліп, жаңа конфигурация берілгенше кейінгі көрсеткіштер есепке алынбайды
meter-ratio_corrected =
    { $meter } трансформаторлары { $configured_ct } және { $configured_vt } емес, { $ct } және { $vt }: энергия мен кезеңдер қайта есептелді
    .title = трансформация коэффициенті түзетілді
    .action = түзету туралы есеп: қозғалған барлық аралықтар, ескертпелер мен нұсқамалар, бұрынғысы және кейінгісі
feeder-energy_missing =
    { $period_start_ms }–{ $period_end_ms } аралығында { $feeder } фидеріне { $head_wh } кірді, { $children_wh } шықты: кемінде { $unaccounted_wh } шығындар мен қателіктерден тыс
    .title = фидерде энергия жетіспейді
    .action = фидерден тағы кім қоректенеді; есепке алу аспаптарының коэффициенттері; аспаптарды айналып өткен жүктеме
feeder-energy_surplus =
    { $period_start_ms }–{ $period_end_ms } аралығында { $feeder } фидерінен { $children_wh } шықты, ал тек { $head_wh } кірді
    .title = фидерден кіргеннен көп энергия шықты
    .action = есепке алу аспабы қателеспей ме, басқа фидерге қосылмаған ба
feeder-shape_of_mining =
    { $feeder } фидерінің жүктемесі майнингке ұқсайды, 100-ден { $points } балл: { $marks }
    .title = лицензияланған алаңы жоқ фидердегі майнингке ұқсас жүктеме
    .action = балл — дәлел емес: фидердің тұтынушыларын тексеру керек
month-differs =
    { $month }: біздің регистрлер бойынша { $ours_wh }, { $source ->
        [utility] энергия беруші ұйымның аспабы бойынша
       *[other] теңгерім нарығының деректері бойынша ({ $source })
    } { $theirs_wh }; аспаптардың қателігі { $allowed_wh } жол береді; шешім қабылданғанға дейін күшінде: { $holds }
    .title = ай бойынша айырма
    .action = айдың коэффициенттері, шығындары мен үзілістері; содан кейін қай мән күшінде екенін шешу
gateway-ailing = { $ailments }
    .title = шлюздің жай-күйі
    .action = беттегі шлюз бөлімі: орын аз болса — оған түбіртектер жетпейді; шина — сым, келістіру резисторы, жылдамдық; қауіпсіз режим — соңғы ақауы мен бағдарламасы
gateway-rollout_stopped = { $release } шығарылымын тарату тоқтатылды: шлюз { $gateway }, { $why }
    .title = шығарылымды тарату тоқтатылды
    .action = беттегі шлюз бөлімі мен оның соңғы ақауы; жаңартылған шлюздер шығарылымды сақтайды. Түзетіп, үлкенірек нөмірмен қол қойып, қайта бастау
gateway-fork =
    { $stream } ағынының { $count } атауында екі кадрдан бар, { $first_seq } бастап: бір атаумен екі шлюз жұмыс істеп тұрған жоқ па?
    .title = бір атаумен екі кадр
    .action = көшірілген немесе көшірмеден қалпына келтірілген құрылғы: платаны алып, басқасын тіркеу, тізілімде оның кілтінің мерзімін аяқтау
gateway-silent =
    шлюзден { $last_ms } бастап ештеңе келген жоқ
    .title = шлюз үнсіз
    .action = шлюздің қорегі мен байланысы; өлшенгені оның журналында сақталады және қайта қосылғанда келеді
gateway-silent_together =
    { $zone ->
        [none] бірнеше аймақтың шлюздері
       *[other] { $zone } аймағының шлюздері
    } { $began_ms } мен { $last_began_ms } аралығында, { $window_s } ішінде үнсіз қалды: { $watched } шлюздің { $count }. { $zone ->
        [none] Ықтимал себеп — брокер, онымен байланыс немесе жинағыштың өзі
       *[other] Ықтимал себеп — аймақтың байланыс желісі немесе электрмен жабдықталуы
    }. { $members }{ $more ->
        [0] {""}
       *[other] {" "}және тағы { $more }
    }
    .title = бір себептен көп шлюз үнсіз
    .action = брокер және оның қосылымдары, жинағыш, аймақтың желісі; жекелеген шлюздер — тек қалпына келгеннен кейін
gateway-gap =
    { $stream } ағыны: { $epoch } дәуірінің { $first_seq }–{ $last_seq } кадрлары жоқ, ал кейінгілері келген
    .title = кадрлар тізбегіндегі үзіліс
    .action = шлюз журналы: үстінен жазылғанша алаңда оқып алу
gateway-clock =
    { $letter ->
        [U] шлюз уақытты білмейді
       *[other] шлюз сағатын ешкім растамаған: түбіртектен уақыт алынбаған
    }
    .title = шлюз сағаты
    .action = түбіртектер шлюзге жете ме; қуат үзілгеннен кейінгі сағат батареясы
meter-stale =
    { $meter } көрсеткіштері { $last_ms } бастап өзгермейді: ескі көшірме ме?
    .title = көрсеткіштер өзгермейді
    .action = есепке алу аспабы немесе оның орнына жадынан жауап беретін түрлендіргіш
stage-ghost_load =
    { $kind ->
        [draws] { $stage } сатысы ажыратылғанын хабарлайды, ал оның аспабы жүктеме көрсетіп тұр
       *[other] { $stage } сатысы ажыратылды, ал алаң бұрынғыдай тұтынып тұр
    }: саты { $stage_before_w } → { $stage_after_w }, алаң { $site_before_w } → { $site_after_w }
    .title = ажыратылған сатыдағы жүктеме
    .action = контактор және оның түйіспесі; саты аспабын айналып өтетін кабельдер
meter-quantum_coarse =
    { $meter } көрсеткішінің қадамы { $quantum_wh }: шарттық { $contracted_w } қуаттағы аралықтың { $interval_wh } энергиясы үшін тым ірі
    .title = көрсеткіш қадамы тым ірі
    .action = қадамы кішірек аспап немесе регистр
meter-verification_ends =
    { $meter } ({ $part ->
        [meter] есепке алу аспабы
        [ct] ток трансформаторлары
       *[other] кернеу трансформаторлары
    }) { $certificate } салыстырып тексеруі { $ends_ms } дейін жарамды: { $days } күн бұрынғы ескерту
    .title = салыстырып тексеру мерзімі аяқталады
    .action = осы күнге дейін салыстырып тексеруден өткізу
meter-verification_expired =
    { $meter } ({ $part ->
        [meter] есепке алу аспабы
        [ct] ток трансформаторлары
       *[other] кернеу трансформаторлары
    }) { $certificate } салыстырып тексеру мерзімі { $ends_ms } аяқталған
    .title = салыстырып тексеру мерзімі өткен
    .action = салыстырып тексеруден өткізу; немесе сертификат тізілімге әлі енгізілмеген
meter-verification_missing =
    { $meter } ({ $part ->
        [meter] есепке алу аспабы
        [ct] ток трансформаторлары
       *[other] кернеу трансформаторлары
    }): { $requirement } талап ететін салыстырып тексеру туралы мәлімет жоқ
    .title = салыстырып тексеру туралы мәлімет жоқ
    .action = сертификатты тізілімге енгізу; ол болмаса — салыстырып тексеруден өткізу
meter-seal_removed =
    { $meter } аспабының { $seal } пломбасы ({ $place }) алынған, орнында басқасы жоқ
    .title = пломба алынған
    .action = кім және неге алды; қайта пломбалау немесе бар пломбаны тізілімге енгізу
meter-seal_missing =
    { $meter } аспабында { $requirement } талап ететін пломба жоқ
    .title = пломба жоқ
    .action = пломбалау немесе бар пломбаны тізілімге енгізу
meter-undescribed =
    тізілімде { $meter } туралы мәлімет жоқ: { $missing }; оны { $requirement } талап етеді
    .title = есепке алу аспабы сипатталмаған
    .action = аспап паспорты: дәлдік класы мен тип нөмірін тізілімге енгізу
meter-class_coarse =
    { $meter } дәлдік класы { $accuracy_class }; { $requirement } бойынша { $coarsest_class } немесе одан жоғары болуы тиіс
    .title = дәлдік класы жеткіліксіз
    .action = басқа аспап немесе operational мәртебесі
order-unauthorised =
    { $sites }: жүктеме ажыратылуға тиіс еді ({ $order_reason }); { $lacks }. Ескерту берілді, ажыратылған жоқ
    .title = ажыратуға өкілеттік жоқ
    .action = лицензиатқа ескерту; өкілеттік беретін құжат болса, оны жүктеу
order-overdue =
    { $site }, сатылар { $stages }: { $situation }; бұйрық { $order }, { $order_reason }
    .title = бұйрыққа адам араласуы керек
    .action = бұйрық: нысанға қоңырау шалу, басқа сатыны таңдау, бригада жіберу немесе бұйрықты аяқтау
order_reason-emergency = «Авария» режимі
order_reason-system_deficit = қуат тапшылығы
order_reason-licence = лицензия
order_reason-over_allocation = лимиттен асу
order_reason-permitted_hours = рұқсат етілген сағаттардан тыс
order_reason-peak = шыңдық сағаттар
order_reason-manual = диспетчердің шешімімен
lacks-none = өкілеттік құжаты жүктелмеген
lacks-reason = жүктелген құжаттарда бұл себеп аталмаған
lacks-early = өкілеттік құжаты әлі күшіне енбеген
lacks-ended = өкілеттік құжатының мерзімі өткен
lacks-contract = тізілімде оның шарттық қуаты жоқ, сондықтан шек белгісіз
lacks-setpoint = оның шлюзі шекті ұстай алмайды
situation-unapproved = ешкім бекітпеген
situation-unproven = хабарламаның тапсырылғаны расталмаған
situation-unanswered = шлюз жауап бермейді
situation-rejected = шлюз бас тартты
situation-failed = орындалмады немесе орындалғаны белгісіз
situation-unconfirmed = түйіспе ажыратылғанын растамайды
situation-no_drop = түйіспе ажыратылған, ал жүктеме төмендемеген
situation-partial_drop = жүктеме саты жүктемесінен аз төмендеді
situation-unverifiable = жүктеменің төмендегені белгісіз
situation-rebounded = рұқсат берілмесе де жүктеме қайта келді
situation-not_restored = сатылардың қайта қосылғаны расталмаған
situation-stuck = шлюз сатыны ажыратулы ұстаудан бас тартады
drop_cause-welded_contact = контакт тұйық, жүктеме бар: контактілер дәнекерленген немесе қайта қосылған
drop_cause-bypass = контакт ажыратулы, жүктеме бар: айналма жол қосылған
drop_cause-remains = жүктеменің бір бөлігі қосулы қалды
drop_cause-already_off = саты өкімге дейін ажыратулы болған
drop_cause-silent_meter = есептеуіш жаңа өлшемдерді тым аз берді
drop_cause-no_meter = өлшейтін аспап жоқ
drop_cause-small_load = өкімге дейінгі жүктеме өз шуынан ажыратылмайды
drop_cause-boundary_noise = өкімге дейінгі жүктеме нысан шекарасындағы шудан ажыратылмайды
drop_cause-moved = саты ажыратылды, нысан ажыратылмады: жүктеме басқа қоректенуге көшті
drop_cause-generation_fell = саты ажыратылды, онымен бірге өз генерациясы да төмендеді
drop_cause-own_generation = өз генерациясы өсті: жүктеме желісіз жұмыс істеп тұр
drop_cause-contact_untrue = жүктеме жоқ, ал контакт тұйық деп көрсетеді: контакт немесе оның сымы қате
drop_cause-protection_trip = қорғаныс іске қосылды немесе контакт өкім жеткенше ажырады
drop_cause-blackout = нысан қоректенусіз қалды
drop_cause-under_cap = өкімге дейін жүктеме шектен аспаған
drop_cause-above_cap = жүктеме белгіленген шектен жоғары
drop_result-full = толық төмендеу
drop_result-partial = ішінара төмендеу
drop_result-none = төмендеу жоқ
drop_result-unverifiable = тексеру мүмкін емес
command_phase-received = команда қабылданды, түпнұсқалығы расталды
command_phase-applied = орындалды, шығыстар ажыратылды
command_phase-refused = қабылданбады
command_phase-failed = орындалмады
command_phase-restored = сатылар қайта қосылды
notice_channel-page = бет
notice_channel-telephone = телефон
notice_channel-message = хабарлама
notice_channel-letter = хат
certificate-title = Тұтынуды шектеу сертификаты
certificate-example = ҮЛГІ құжат, қолданыстағы негіз емес
certificate-order = Өкім
certificate-reason = Себебі
certificate-why = Түсініктеме
certificate-reference = Сілтеме
certificate-rule = Ереже
certificate-drafted = Дайындаған
certificate-approved = Бекіткен
certificate-official = Лауазымды тұлға
certificate-authority = Негіз
certificate-document = Құжат, SHA-256
certificate-validity = Қолданылуы
certificate-site = Нысан
certificate-licensee = Лицензиат
certificate-gateway = Шлюз
certificate-stages = Сатылар
certificate-cap = Белгіленген шек: ең көп тұтыну
certificate-whole_site = бүкіл нысан
certificate-notice = Хабарлама
certificate-channel = Арна
certificate-proof = Табыс етілгенінің дәлелі
certificate-no_proof = жоқ; негіз оны талап етпейді
certificate-acknowledged = Шлюз қол қойған
certificate-frame = журнал кадры { $position }
certificate-opened = { $stage }-саты: контакт ажыратулы
certificate-closed = { $stage }-саты: контакт тұйық
certificate-measured = Өлшенген төмендеу
certificate-stage_load = Сатылардың жүктемесі, дейін → кейін
certificate-site_load = Нысанның тұтынуы, дейін → кейін
certificate-credited = Есепке алынған төмендеу
certificate-sigma = Өкімге дейінгі жүктеменің σ-сы
certificate-result = Нәтиже
certificate-cause = Қоса байқалғаны
certificate-not_measured = Төмендеу өлшенбеді.
certificate-duration = Ұзақтығы
certificate-still_open = аяқталған жоқ
certificate-estimate = Бағалау, өлшем емес
certificate-avoided = Берілмеген энергия
certificate-unmeasured = Осы уақыттан өлшенбегені
certificate-baseline-flat_prior_load = База: өкімге дейінгі жүктеме, контакт ажыраған сәттен қайтқанға дейін өзгеріссіз; әр пайым келесісіне дейін күшінде. Қателігі — осы жүктеменің 2 σ-сы. Жүктеменің өздігінен өзгеруі мүмкін екені ешбір санға кірмейді.
certificate-judged = Бұл парақ оқуға арналған. Осы сертификаттың JSON түрінде қол қойылған кадрлар, командалар мен дәлелдер бар; ол желісіз, оператордың түбірлік кілтімен тексеріледі: python -m auditor curtailment FILE --root root.pub
certificate-digest = Мәтіннің SHA-256
certificate-local = Уақыт — Астананікі.
collector-disk =
    жинағыштың дискісінде { $free_mib } МиБ қалды
    .title = жинағыштың дискісінде орын аз
    .action = орын босату: ескі кадрларды мұрағатқа көшіріп, әкету
collector-lag =
    { $follower } { $frames } кадрға қалып қойды; ең ескісі { $seconds } күтіп тұр
    .title = жинағыш қалып қойды
    .action = жинағыштың оқиғалар журналы: қай бөлік істен шықты немесе нені күтіп тұр — дискіні ме, дерекқорды ма
collector-certificate =
    { $certificate } сертификатының аяқталуына { $days } күн қалды
    .title = сертификаттың мерзімі аяқталады
    .action = мерзімі аяқталғанға дейін жаңасын шығару
collector-checkpoint =
    кадрлар қол қойылған бақылау нүктесін { $unsigned_s } бойы күтіп тұр
    .title = бақылау нүктесіне қол қойылмай тұр
    .action = себебі оқиғалар журналындағы checkpoint.refused жазбасында
collector-clock =
    { $stepped_s ->
        [none] жинағыштың сағаты шлюздердің сағатынан { $ahead_of_gateways_s } озып тұр
       *[other] жинағыштың сағаты { $stepped_s } ауыстырылған
    }
    .title = жинағыштың сағаты
    .action = жинағыш машинасының уақыт қызметі

ailments-room = шлюз журналындағы орын 3 тәулікке жетпейді
ailments-bus = шинада сұраулардың 5 %-дан астамы жауапсыз
ailments-stall = шлюз бір секундтан астам тоқтап қалды
ailments-heap = жады жетпейді
ailments-flash = флеш-жадының ресурсы таусылуға жақын
ailments-drift = сағатының жүрісі 100 ppm-нен астам ауытқиды
ailments-safe_mode = қайталанған ақаулардан кейінгі қауіпсіз режим: іріктеу жүргізілмейді, есепке алу мен бұйрықтарды орындау жалғасады

marks-flat = біркелкі жүктеме
marks-high_base = базалық жүктемесі жоғары
marks-awake_at_night = түнде күндізгідей
marks-no_weekend = демалыс күндері жоқ
marks-smooth = ширек сағаттар арасында өзгермейді
marks-same_every_day = күндері бірдей
marks-corrected_power_factor = түзетілген қуат коэффициенті
marks-steady_power_factor = өзгермейтін қуат коэффициенті
marks-few_jumps = секірулері аз

breaks-reset = көрсеткіш нөлденген
breaks-jump = көрсеткіш секірген
breaks-swap = басқа есепке алу аспабы
breaks-ratio_changed = трансформация коэффициенті өзгерген
breaks-exchanged = есепке алу аспабы ауыстырылған, ауыстыруға дейінгі немесе кейінгі көрсеткіш алынбаған

missing-accuracy_class = дәлдік класы
missing-state_register = мемлекеттік тізілімдегі нөмірі

severity-note = мәлімет
severity-warning = ескерту
severity-breach = бұзушылық

state-open = ашық
state-explained = түсіндірме берілген
state-disputed = дауланған
state-upheld = расталған
state-closed = жабылған

verb-explain = түсіндірме берілді
verb-dispute = дауланды
verb-uphold = расталды
verb-close = жабылды
verb-reopen = қайта анықталды
verb-merge = ортақ ескертпеге жатқызылды
verb-resolve = қайта бағаланды

party-licensee = лицензиат
party-operator = оператор
party-collector = жинағыш

page-findings = Ескертпелер
page-finding = № { $number } ескертпе
page-board = Диспетчерлік
page-all = барлығы
page-code = Не анықталды
page-state = Жай-күйі
page-site = Алаң
page-licensee = Лицензиат (БСН)
page-since = Анықталған күннен бастап
page-unsettled = жабылмағандары
page-filter = Көрсету
page-none = Мұндай ескертпелер жоқ.
page-shown = { $count } ескертпе, жаңалары жоғарыда
page-more = Соңғы { $count } көрсетілген: басқаларын көру үшін шарттарды нақтылаңыз.
page-now = қазір
page-first = Алғаш анықталды
page-last = Соңғы рет анықталды
page-known = Белгілі болған уақыты
page-times = { $count } рет анықталды
page-severity = Деңгейі
page-subject = Нысаны
page-do = Не істеу керек
page-life = Қаралу барысы
page-opened = жинағыш анықтады
page-reference = Негіздеме
page-document = құжат, SHA-256
page-members = Құрамы
page-members-more = және тағы { $count }
page-member-until = { $last_ms } дейін
page-still = осы уақытқа дейін
page-evidence = Дәлелдемелер
page-position = Журналдағы орны
page-frame = Кадр: шлюз/дәуір/ағын/нөмір
page-received = Қабылданды
page-no-frame = бұл журналда жоқ
page-version = Қолданылған нұсқа
page-recorded = енгізілді
page-details = Деректер
page-no-evidence = Негізінде жеке кадр жоқ: ескертпе бақыланған жай-күй туралы.
page-verbs = Түсіндірме беру, даулау, растау немесе жабу: esep collector explain, dispute, uphold, close.
page-unknown = Мұндай нөмірлі ескертпе жоқ.
page-wrong = { $value }: түсініксіз. Жай-күйі — мыналардың бірі: { $states }; күн былай жазылады: 2026-11-23.

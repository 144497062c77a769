//! Words for what the model's rules refuse: `model::refusal::Refusal` by code.

use super::{Row, row};

pub(super) const ROWS: &[Row] = &[
    row(
        "not_allowed",
        [
            "Бұл әрекетке рұқсат жоқ",
            "Сіздің рөліңізге бұл әрекет берілмеген. Жұмысқа қажет болса, әкімшіге хабарласыңыз.",
        ],
        [
            "Нет права на это действие",
            "Вашей роли это действие не разрешено. Если оно нужно для работы, обратитесь к администратору.",
        ],
        [
            "You may not do this",
            "Your role does not include this action. If your work needs it, ask the administrator.",
        ],
    ),
    row(
        "changed",
        [
            "Жазба өзгеріп қойған",
            "Сіз қарап отырғанда оны басқа біреу өзгертті. Бетті жаңартып, деректерді тексеріп, қайталаңыз.",
        ],
        [
            "Запись уже изменилась",
            "Пока вы её смотрели, её изменил кто-то другой. Обновите страницу, проверьте данные и повторите.",
        ],
        [
            "The record has changed",
            "Somebody changed it while you were looking at it. Reload the page, check the data and try again.",
        ],
    ),
    row(
        "appointment_ended",
        ["Бұл қабылдау жабылған", "Жабылған қабылдауды өзгертуге болмайды. Науқасты жаңа уақытқа жазыңыз."],
        ["Этот приём уже закрыт", "Закрытый приём изменить нельзя. Запишите пациента на новое время."],
        ["This appointment is closed", "A closed appointment cannot be changed. Book the patient for a new time."],
    ),
    row(
        "appointment_state",
        ["Қазір бұлай істеуге болмайды", "Қабылдау басқа кезеңде тұр. Бетті жаңартып, қабылдаудың күйін қараңыз."],
        ["Сейчас это сделать нельзя", "Приём находится на другом этапе. Обновите страницу и посмотрите его состояние."],
        ["This cannot be done now", "The appointment is at another stage. Reload the page and look at its state."],
    ),
    row(
        "hold_expired",
        [
            "Бұл уақыт енді сізге сақталмаған",
            "Таңдалған уақыт 10 минут сақталады. Уақытты қайта таңдап, науқасты жазыңыз.",
        ],
        [
            "Это время больше не закреплено за вами",
            "Выбранное время закрепляется на 10 минут. Выберите его ещё раз и запишите пациента.",
        ],
        [
            "This time is no longer kept for you",
            "A chosen time is kept for 10 minutes. Choose it again and book the patient.",
        ],
    ),
    row(
        "hold_of_another",
        [
            "Бұл уақытты әріптесіңіз таңдап қойды",
            "Басқа уақытты таңдаңыз немесе 10 минуттан кейін қайта қараңыз: жазылмаса, уақыт босайды.",
        ],
        [
            "Это время уже выбрал коллега",
            "Выберите другое время или вернитесь через 10 минут: если запись не состоится, оно освободится.",
        ],
        [
            "A colleague has chosen this time",
            "Choose another time, or come back in 10 minutes: without a booking it becomes free again.",
        ],
    ),
    row(
        "time_taken",
        [
            "Бұл уақыт бос емес",
            "Маманның, науқастың немесе арбаның осы уақытта басқа қабылдауы бар. Басқа уақытты таңдаңыз.",
        ],
        ["Это время занято", "У специалиста, пациента или тележки в это время другой приём. Выберите другое время."],
        ["This time is taken", "The specialist, the patient or the cart has another visit then. Choose another time."],
    ),
    row(
        "check_in_too_early",
        ["Тіркеуге әлі ерте", "Келгенін белгілеу қабылдаудан 30 минут бұрын ашылады. Сол кезде қайталаңыз."],
        ["Отмечать приход ещё рано", "Отметка о приходе открывается за 30 минут до начала. Повторите тогда."],
        ["Too early to check in", "Check-in opens 30 minutes before the start. Try again then."],
    ),
    row(
        "check_in_too_late",
        [
            "Тіркеуге кеш",
            "Келгенін белгілеу қабылдау басталғаннан кейін 60 минуттан соң жабылады. Науқасты жаңа уақытқа жазыңыз.",
        ],
        [
            "Отмечать приход уже поздно",
            "Отметка о приходе закрывается через 60 минут после начала. Запишите пациента на новое время.",
        ],
        ["Too late to check in", "Check-in closes 60 minutes after the start. Book the patient for a new time."],
    ),
    row(
        "consent_refused",
        [
            "Науқас кеңеске келісім бермеді",
            "Келісімсіз камера мен микрофон қосылмайды. Науқас ойын өзгертсе, келісімді қайта рәсімдеңіз.",
        ],
        [
            "Пациент не дал согласия на консультацию",
            "Без согласия камера и микрофон не включаются. Если пациент передумает, оформите согласие заново.",
        ],
        [
            "The patient has not consented to the consultation",
            "Without consent camera and microphone stay off. Should the patient decide otherwise, take the consent again.",
        ],
    ),
    row(
        "not_checked_in",
        [
            "Науқастың келгені әлі белгіленген жоқ",
            "Алдымен келгенін белгілеңіз: бұл қабылдаудан 30 минут бұрын ашылады.",
        ],
        ["Пациент ещё не отметился", "Сначала отметьте приход: это можно сделать за 30 минут до приёма."],
        ["The patient has not checked in yet", "Check in first: it opens 30 minutes before the visit."],
    ),
    row(
        "conclusion_signed",
        ["Қорытындыға қол қойылған", "Қол қойылған қорытынды өзгермейді. Оған толықтыру жазыңыз."],
        ["Заключение подписано", "Подписанное заключение не меняется. Напишите к нему дополнение."],
        ["The conclusion is signed", "A signed conclusion does not change. Write an addendum to it."],
    ),
    row(
        "consent_undecided",
        ["Науқастың келісімі туралы шешім жоқ", "Алдымен науқастан кеңеске келісетінін сұрап, жауабын белгілеңіз."],
        [
            "Нет решения пациента о согласии",
            "Сначала спросите пациента, согласен ли он на консультацию, и отметьте ответ.",
        ],
        [
            "The patient has not decided about consent",
            "First ask whether the patient agrees to the consultation, and record the answer.",
        ],
    ),
    row(
        "summary_missing",
        ["Қорытынды жоқ", "Қорытынды жазыңыз немесе оның неге жоқ екенін көрсетіңіз, содан кейін қабылдауды аяқтаңыз."],
        ["Нет заключения", "Напишите заключение или укажите, почему его нет, и затем завершите приём."],
        ["The conclusion is missing", "Write the conclusion, or say why there is none, and then complete the visit."],
    ),
    row(
        "visit_started",
        ["Қабылдау басталып кетті", "Басталған қабылдаудан бұлай бас тартуға болмайды. Емханаға телефон шалыңыз."],
        ["Приём уже начался", "От начавшегося приёма так отказаться нельзя. Позвоните в клинику."],
        ["The visit has started", "A visit that has begun cannot be cancelled this way. Phone the clinic."],
    ),
    row(
        "no_show_too_early",
        ["Келмеді деуге әлі ерте", "Науқасты қабылдау басталғаннан кейін 15 минут күтіңіз."],
        ["Отмечать неявку ещё рано", "Подождите пациента 15 минут после начала приёма."],
        ["Too early to call it a no-show", "Wait for the patient until 15 minutes after the start."],
    ),
    row(
        "specialist_absent",
        ["Маман орнында болмаған", "Сондықтан бұл науқастың келмеуі емес. Қабылдауды басқа уақытқа ауыстырыңыз."],
        ["Специалиста не было на месте", "Поэтому это не неявка пациента. Перенесите приём на другое время."],
        ["The specialist was not there", "So the patient did not miss the visit. Move it to another time."],
    ),
    row(
        "cart_offline",
        [
            "Арбамен байланыс болмаған",
            "Сондықтан бұл науқастың келмеуі емес. Қабылдауды басқа арбаға, телефонға немесе басқа уақытқа ауыстырыңыз.",
        ],
        [
            "С тележкой не было связи",
            "Поэтому это не неявка пациента. Перенесите приём на другую тележку, на телефон или на другое время.",
        ],
        [
            "The cart was offline",
            "So the patient did not miss the visit. Move it to another cart, to the phone or to another time.",
        ],
    ),
    row(
        "nothing_proposed",
        [
            "Растайтын ештеңе жоқ",
            "Жүйе бұл қабылдауды жабуды ұсынбаған немесе оны әріптесіңіз растап қойған. Бетті жаңартыңыз.",
        ],
        [
            "Подтверждать нечего",
            "Система не предлагала закрыть этот приём, или это уже сделал коллега. Обновите страницу.",
        ],
        [
            "There is nothing to confirm",
            "The system has not proposed to close this appointment, or a colleague did it already. Reload the page.",
        ],
    ),
    row(
        "already_proposed",
        ["Бұл ұсынылып қойған", "Бетті жаңартып, ұсынысты растаңыз немесе қалдырыңыз."],
        ["Это уже предложено", "Обновите страницу и подтвердите предложение или оставьте его."],
        ["This is proposed already", "Reload the page, then confirm the proposal or leave it."],
    ),
    row(
        "slot_taken",
        ["Бұл уақытқа біреу жазылып қойған", "Басқа бос уақытты таңдаңыз."],
        ["На это время уже записались", "Выберите другое свободное время."],
        ["Somebody has booked this time", "Choose another free time."],
    ),
    row(
        "slot_blocked",
        ["Бұл уақыт жазылуға жабық", "Оны маман немесе әкімші жапқан. Басқа уақытты таңдаңыз."],
        ["Это время закрыто для записи", "Его закрыл специалист или администратор. Выберите другое время."],
        ["This time is closed for booking", "The specialist or the administrator closed it. Choose another time."],
    ),
    row(
        "slot_past",
        ["Бұл уақыт өтіп кетті", "Алдағы бос уақытты таңдаңыз."],
        ["Это время уже прошло", "Выберите свободное время впереди."],
        ["This time is over", "Choose a free time that is still ahead."],
    ),
    row(
        "referral_closed",
        ["Жолдама жабылған", "Ол бойынша ештеңе істеуге болмайды. Қажет болса, жаңа жолдама сұраңыз."],
        ["Направление закрыто", "По нему больше ничего сделать нельзя. Если нужно, попросите новое направление."],
        ["The referral is closed", "Nothing more can be done with it. If needed, ask for a new referral."],
    ),
    row(
        "referral_state",
        ["Жолдама басқа күйде", "Қазір онымен бұл әрекетті жасауға болмайды. Бетті жаңартып, күйін қараңыз."],
        [
            "Направление в другом состоянии",
            "Сейчас с ним этого сделать нельзя. Обновите страницу и посмотрите состояние.",
        ],
        ["The referral is in another state", "This cannot be done with it now. Reload the page and look at its state."],
    ),
    row(
        "not_waiting",
        ["Науқас енді күту тізімінде жоқ", "Ол жазылған немесе тізімнен шыққан. Бетті жаңартыңыз."],
        ["Пациента больше нет в листе ожидания", "Его уже записали или сняли с ожидания. Обновите страницу."],
        ["The patient no longer waits", "The patient has been booked or has left the waiting list. Reload the page."],
    ),
    row(
        "offer_expired",
        [
            "Ұсыныстың мерзімі өтті",
            "Ұсынылған уақыт 2 сағат сақталады. Басқа уақытты ұсыныңыз немесе емханаға телефон шалыңыз.",
        ],
        [
            "Срок предложения истёк",
            "Предложенное время ждёт ответа 2 часа. Предложите другое время или позвоните в клинику.",
        ],
        [
            "The offer has expired",
            "An offered time waits 2 hours for an answer. Offer another time, or phone the clinic.",
        ],
    ),
    row(
        "offer_answered",
        ["Бұл ұсынысқа жауап берілген", "Бетті жаңартып, жауапты қараңыз."],
        ["На это предложение уже ответили", "Обновите страницу и посмотрите ответ."],
        ["The offer has been answered", "Reload the page to see the answer."],
    ),
    row(
        "offer_too_late",
        ["Хабарлама жіберуге кеш", "Қабылдауға 24 сағаттан аз қалды. Науқасқа телефон шалыңыз."],
        ["Отправлять предложение уже поздно", "До приёма меньше 24 часов. Позвоните пациенту."],
        ["Too late for an offer", "The visit is less than 24 hours ahead. Phone the patient."],
    ),
    row(
        "offer_unfit",
        [
            "Бұл уақыт науқасқа сай келмейді",
            "Мамандығы, байланыс түрі, арбасы немесе күні басқа. Басқа уақытты таңдаңыз.",
        ],
        [
            "Это время пациенту не подходит",
            "Другая специальность, способ связи, тележка или даты. Выберите другое время.",
        ],
        [
            "This time does not suit the patient",
            "The specialty, the channel, the cart or the dates differ. Choose another time.",
        ],
    ),
    row(
        "reconfirm_done",
        ["Бұл науқасқа қайта қоңырау шалудың қажеті жоқ", "Жауап алынған немесе үш рет қоңырау шалынған."],
        ["Этому пациенту больше звонить не нужно", "Ответ получен, или звонили уже три раза."],
        ["This patient needs no further call", "There is an answer, or there have been three calls."],
    ),
    row(
        "consent_not_given",
        ["Келісім берілмеген", "Берілген келісімнен ғана бас тартуға болады."],
        ["Согласие не было дано", "Отозвать можно только данное согласие."],
        ["Consent was not given", "Only consent that was given can be withdrawn."],
    ),
    row(
        "link_too_early",
        ["Сілтеме әлі ашылмайды", "Ол қабылдау күні жақындағанда ашылады. Хабарламадағы уақытты қараңыз."],
        ["Ссылка пока не открывается", "Она откроется ближе к приёму. Посмотрите время в сообщении."],
        ["The link does not open yet", "It will open closer to the visit. Look at the time in the message."],
    ),
    row(
        "link_expired",
        ["Сілтеменің мерзімі өтіп кетті", "Емханадан жаңа сілтеме сұраңыз."],
        ["Срок ссылки истёк", "Попросите в клинике новую ссылку."],
        ["The link has expired", "Ask the clinic for a new link."],
    ),
    row(
        "link_revoked",
        ["Сілтеме қайтарып алынды", "Емхана бұл сілтемені жапты. Сұрағыңыз болса, емханаға телефон шалыңыз."],
        ["Ссылка отозвана", "Клиника закрыла эту ссылку. Если есть вопросы, позвоните в клинику."],
        ["The link was withdrawn", "The clinic closed this link. If you have questions, phone the clinic."],
    ),
];

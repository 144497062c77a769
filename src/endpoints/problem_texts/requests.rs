//! Words for what goes wrong with a request before or after the model's rules: sign-in, headers, storage, the server itself.

use super::{Row, row};

pub(super) const ROWS: &[Row] = &[
    row(
        "not_signed_in",
        ["Сіз жүйеге кірмегенсіз", "Кіру мерзімі өткен болуы мүмкін. Логин мен құпиясөз арқылы қайта кіріңіз."],
        ["Вы не вошли в систему", "Возможно, время сеанса истекло. Войдите снова с логином и паролем."],
        ["You are not signed in", "Your session may have expired. Sign in again."],
    ),
    row(
        "sign_in_failed",
        ["Кіру мүмкін болмады", "Логин немесе құпиясөз дұрыс емес. Пернетақта тілін тексеріп, қайталаңыз."],
        ["Войти не удалось", "Логин или пароль не подходят. Проверьте раскладку клавиатуры и повторите."],
        ["Signing in failed", "The login or the password is wrong. Check the keyboard's language and try again."],
    ),
    row(
        "locked_out",
        [
            "Тіркелгі уақытша бұғатталған",
            "Құпиясөз тым көп рет қате енгізілді. Кейінірек қайталаңыз немесе әкімшіден жаңа құпиясөз сұраңыз.",
        ],
        [
            "Учётная запись временно заблокирована",
            "Пароль слишком часто вводили неверно. Повторите позже или попросите у администратора новый пароль.",
        ],
        [
            "The account is locked for a while",
            "The password was wrong too often. Try again later, or ask the administrator for a new one.",
        ],
    ),
    row(
        "must_change_password",
        [
            "Алдымен құпиясөзді ауыстырыңыз",
            "Сізге бір реттік құпиясөз берілген. Өз құпиясөзіңізді қойып, жұмысты жалғастырыңыз.",
        ],
        ["Сначала смените пароль", "Вам выдан одноразовый пароль. Задайте свой и продолжайте работу."],
        ["Change your password first", "You were given a one-time password. Set your own and go on."],
    ),
    row(
        "pairing_code_wrong",
        ["Бұл код жарамайды", "Код қате терілген немесе мерзімі өткен. Әкімшіден арбаға жаңа код сұраңыз."],
        [
            "Этот код не подходит",
            "Код набран с ошибкой или его срок истёк. Попросите у администратора новый код для тележки.",
        ],
        [
            "This code does not work",
            "It was mistyped or has expired. Ask the administrator for a new code for the cart.",
        ],
    ),
    row(
        "oidc_failed",
        [
            "Сыртқы тіркелгі арқылы кіру мүмкін болмады",
            "Қайталап көріңіз. Болмаса, логин мен құпиясөз арқылы кіріңіз немесе әкімшіге хабарласыңыз.",
        ],
        [
            "Войти через внешнюю учётную запись не удалось",
            "Попробуйте ещё раз. Если не выйдет, войдите с логином и паролем или обратитесь к администратору.",
        ],
        [
            "Signing in with the other account failed",
            "Try again. If it does not work, sign in with login and password, or ask the administrator.",
        ],
    ),
    row(
        "not_found",
        ["Мұндай жазба жоқ", "Ол жойылған, мекенжайы қате немесе сізге көрінбейді. Тізімге оралып, қайта ашыңыз."],
        [
            "Такой записи нет",
            "Она удалена, адрес неверен или она вам недоступна. Вернитесь к списку и откройте её снова.",
        ],
        [
            "There is no such record",
            "It was removed, the address is wrong, or it is not yours to see. Go back to the list and open it again.",
        ],
    ),
    row(
        "method_not_allowed",
        [
            "Бұл мекенжай мұндай сұрауды қабылдамайды",
            "Бағдарлама қатесі болуы мүмкін. Бетті жаңартыңыз; көмектеспесе, осы кодты әкімшіге айтыңыз.",
        ],
        [
            "Этот адрес не принимает таких запросов",
            "Похоже на ошибку программы. Обновите страницу; если не поможет, сообщите этот код администратору.",
        ],
        [
            "This address does not take such requests",
            "It looks like a defect of the program. Reload the page; if that does not help, tell the administrator this code.",
        ],
    ),
    row(
        "bad_request",
        ["Сұрау түсініксіз", "Бетті жаңартып, қайталаңыз. Көмектеспесе, осы кодты әкімшіге айтыңыз."],
        ["Запрос непонятен", "Обновите страницу и повторите. Если не поможет, сообщите этот код администратору."],
        [
            "The request is not understood",
            "Reload the page and try again. If that does not help, tell the administrator this code.",
        ],
    ),
    row(
        "invalid",
        ["Кейбір өрістер дұрыс толтырылмаған", "Белгіленген өрістерді түзетіп, қайта жіберіңіз."],
        ["Некоторые поля заполнены неверно", "Исправьте отмеченные поля и отправьте снова."],
        ["Some fields are not right", "Correct the marked fields and send again."],
    ),
    row(
        "precondition_required",
        [
            "Қай нұсқа өзгертілетіні көрсетілмеген",
            "Бетті жаңартып, қайталаңыз. Бағдарламалар If-Match тақырыбын жіберуі керек.",
        ],
        [
            "Не указано, какая версия меняется",
            "Обновите страницу и повторите. Программам нужно присылать заголовок If-Match.",
        ],
        ["Which version to change was not said", "Reload the page and try again. Programs must send If-Match."],
    ),
    row(
        "idempotency_key_reused",
        [
            "Бұл кілт басқа сұрауға қолданылған",
            "Бетті жаңартып, қайталаңыз. Бағдарламалар әр жаңа сұрауға жаңа Idempotency-Key қоюы керек.",
        ],
        [
            "Этот ключ уже был у другого запроса",
            "Обновите страницу и повторите. Программам нужен новый Idempotency-Key для каждого нового запроса.",
        ],
        [
            "This key belongs to another request",
            "Reload the page and try again. Programs need a new Idempotency-Key for each new request.",
        ],
    ),
    row(
        "exists",
        ["Мұндай жазба бар", "Екіншісін жасауға болмайды. Барын тауып, соны ашыңыз."],
        ["Такая запись уже есть", "Вторую создать нельзя. Найдите и откройте существующую."],
        ["There is such a record already", "A second one cannot be made. Find the existing one and open it."],
    ),
    row(
        "dangling_reference",
        ["Көрсетілген жазба табылмады", "Таңдалған мекеме, адам немесе арба жүйеде жоқ. Тізімнен қайта таңдаңыз."],
        [
            "Указанная запись не найдена",
            "Выбранной организации, человека или тележки нет в системе. Выберите из списка заново.",
        ],
        [
            "What was referred to does not exist",
            "The chosen site, person or cart is not in the system. Choose again from the list.",
        ],
    ),
    row(
        "in_use",
        ["Бұл жазба қолданылып жүр", "Оған басқа жазбалар сүйенеді, сондықтан жоюға болмайды."],
        ["Эта запись используется", "На неё опираются другие записи, поэтому удалить её нельзя."],
        ["This record is in use", "Other records depend on it, so it cannot be removed."],
    ),
    row(
        "own_account",
        ["Өз рөліңізді алып тастай алмайсыз", "Әкімші рөлін сізден басқа әкімші ғана алып тастай алады."],
        ["Свою роль снять нельзя", "Роль администратора с вас может снять только другой администратор."],
        [
            "You cannot take your own role away",
            "Only another administrator can take the administrator's role from you.",
        ],
    ),
    row(
        "rate_limited",
        ["Тым көп сұрау жіберілді", "Бір минут күтіп, қайталаңыз."],
        ["Слишком много запросов", "Подождите минуту и повторите."],
        ["Too many requests", "Wait a minute and try again."],
    ),
    row(
        "forbidden",
        ["Бұл бетке қосылуға рұқсат жоқ", "Сұрау бөгде беттен келді. Жүйені өз мекенжайы арқылы ашыңыз."],
        [
            "Этой странице нельзя подключаться",
            "Запрос пришёл с чужой страницы. Откройте систему по её собственному адресу.",
        ],
        ["This page may not connect here", "The request came from a foreign page. Open the system at its own address."],
    ),
    row(
        "invitation_invalid",
        ["Шақыру жарамсыз", "Сілтемені хабарламадан қайтадан толық ашыңыз немесе емханадан жаңасын сұраңыз."],
        ["Приглашение не подходит", "Откройте ссылку из сообщения ещё раз, целиком, или попросите в клинике новую."],
        ["The invitation is not valid", "Open the whole link from the message again, or ask the clinic for a new one."],
    ),
    row(
        "invitation_expired",
        ["Шақырудың мерзімі өтті", "Шақырған адамнан жаңа сілтеме сұраңыз."],
        ["Срок приглашения истёк", "Попросите новую ссылку у того, кто вас пригласил."],
        ["The invitation has expired", "Ask whoever invited you for a new link."],
    ),
    row(
        "draining",
        ["Сервер қайта қосылып жатыр", "Бір минуттан кейін қайталаңыз. Сақталған деректер жоғалмайды."],
        ["Сервер перезапускается", "Повторите через минуту. Сохранённые данные не потеряются."],
        ["The server is restarting", "Try again in a minute. What was saved is not lost."],
    ),
    row(
        "busy",
        ["Серверде бос орын жоқ", "Бір минут күтіп, қайталаңыз. Қайталана берсе, әкімшіге айтыңыз."],
        [
            "На сервере нет свободного места",
            "Подождите минуту и повторите. Если это повторяется, сообщите администратору.",
        ],
        ["The server has no room for more", "Wait a minute and try again. If it goes on, tell the administrator."],
    ),
    row(
        "database",
        [
            "Деректер қорына жету мүмкін болмады",
            "Ештеңе өзгертілген жоқ. Бір минуттан кейін қайталаңыз; көмектеспесе, әкімшіге телефон шалыңыз.",
        ],
        [
            "База данных не отвечает",
            "Ничего не изменено. Повторите через минуту; если не поможет, позвоните администратору.",
        ],
        [
            "The database does not answer",
            "Nothing was changed. Try again in a minute; if that does not help, phone the administrator.",
        ],
    ),
    row(
        "internal",
        ["Серверде қате болды", "Қайталап көріңіз. Көмектеспесе, осы кодты әкімшіге айтыңыз."],
        ["На сервере произошла ошибка", "Попробуйте ещё раз. Если не поможет, сообщите этот код администратору."],
        ["The server failed", "Try again. If that does not help, tell the administrator this code."],
    ),
];

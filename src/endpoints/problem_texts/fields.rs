//! Words for what is wrong with one field: `model::invalid::Fault`. The page names the field itself, so the words do not.

use super::FaultRow;

/// `{n}` is the fault's number.
pub(super) const ROWS: &[FaultRow] = &[
    FaultRow {
        code: "field_missing",
        kk: "Міндетті түрде толтырыңыз",
        ru: "Нужно обязательно заполнить",
        en: "Please fill this in",
    },
    FaultRow {
        code: "field_too_short",
        kk: "Тым қысқа, кемінде қанша таңба керек: {n}",
        ru: "Слишком коротко, нужно символов не меньше: {n}",
        en: "Too short, characters needed: at least {n}",
    },
    FaultRow {
        code: "field_too_long",
        kk: "Тым ұзын, ең көбі қанша таңба: {n}",
        ru: "Слишком длинно, можно символов не больше: {n}",
        en: "Too long, characters allowed: at most {n}",
    },
    FaultRow {
        code: "field_too_many",
        kk: "Тым көп, ең көбі: {n}",
        ru: "Слишком много, можно не больше: {n}",
        en: "Too many, at most: {n}",
    },
    FaultRow {
        code: "field_malformed",
        kk: "Дұрыс жазылмаған, үлгіге қараңыз",
        ru: "Записано не так, сверьтесь с образцом",
        en: "Not written as expected, look at the example",
    },
    FaultRow {
        code: "field_unknown",
        kk: "Мұндай мән жоқ, тізімнен таңдаңыз",
        ru: "Такого значения нет, выберите из списка",
        en: "No such value, choose from the list",
    },
    FaultRow {
        code: "field_out_of_range",
        kk: "Рұқсат етілген шектен тыс",
        ru: "За пределами допустимого",
        en: "Outside of what is allowed",
    },
    FaultRow {
        code: "field_check_digit",
        kk: "Нөмірде қате бар, сандарды тексеріңіз",
        ru: "В номере ошибка, проверьте цифры",
        en: "The number has a mistake, check its digits",
    },
    FaultRow {
        code: "field_past", kk: "Бұл уақыт өтіп кеткен", ru: "Это время уже прошло", en: "This time is over"
    },
    FaultRow {
        code: "field_future",
        kk: "Бұл күн әлі келген жоқ",
        ru: "Эта дата ещё не наступила",
        en: "This date has not come yet",
    },
    FaultRow {
        code: "field_contradicts",
        kk: "Басқа өріске қайшы келеді",
        ru: "Противоречит другому полю",
        en: "Contradicts another field",
    },
    FaultRow {
        code: "field_guessable",
        kk: "Оңай табылады, басқасын ойлап табыңыз",
        ru: "Слишком легко угадать, придумайте другой",
        en: "Too easy to guess, think of another",
    },
];

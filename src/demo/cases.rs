//! Why the clinic's patients were referred, and how far each of them has come: a referral in every status, a visit in every one that a
//! desk shows. A table; `telling` plays it.

use crate::model::appointment::{CancelReason, Channel, FailureCode};

pub(super) struct Case {
    pub(super) patient: &'static str,
    pub(super) specialty: &'static str,
    pub(super) reason: &'static str,
    pub(super) icd10: &'static str,
    pub(super) is_urgent: bool,
    /// When the referral came, before everything that follows from it.
    pub(super) hours_ago: u32,
    pub(super) story: Story,
}

pub(super) enum Story {
    Received,
    Taken,
    Rejected,
    Cancelled,
    /// On the waiting list; on a cart, any will do.
    Waits(Channel),
    Visit(Visit),
}

pub(super) struct Visit {
    /// `None`: at home, by link.
    pub(super) cart: Option<&'static str>,
    pub(super) start: Start,
    pub(super) comes_to: ComesTo,
}

#[derive(Clone, Copy)]
pub(super) enum Start {
    /// Minutes from now, as it were on a clock that goes in steps of five.
    FromNow(i32),
    /// Days from today, and the hour on the clinic's clock.
    Day(i32, i8),
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum ComesTo {
    Booked,
    /// By telephone, through the contact centre.
    Confirmed,
    CheckedIn,
    /// With what the specialist concluded, and recommends.
    Completed(&'static str, &'static str),
    /// The system says so and nobody has confirmed it.
    NoShowProposed,
    NoShow,
    Failed(FailureCode),
    Cancelled(CancelReason),
}

use ComesTo::{Booked, Completed, Confirmed};
use Start::{Day, FromNow};

const fn case(
    patient: &'static str,
    (specialty, icd10): (&'static str, &'static str),
    reason: &'static str,
    hours_ago: u32,
    story: Story,
) -> Case {
    Case { patient, specialty, reason, icd10, is_urgent: false, hours_ago, story }
}

const fn urgent(case: Case) -> Case {
    Case { is_urgent: true, ..case }
}

const fn visit(cart: Option<&'static str>, start: Start, comes_to: ComesTo) -> Story {
    Story::Visit(Visit { cart, start, comes_to })
}

const PRESNOVKA: Option<&str> = Some("presnovka-1");
const BLAGOVESHCHENKA: Option<&str> = Some("blagoveshchenka-1");
const AT_HOME: Option<&str> = None;

pub(super) const CASES: [Case; 26] = [
    // The inbox.
    urgent(case(
        "zoya",
        ("cardiology", "I50.0"),
        "Одышка в покое, отёки ног, вес +4 кг за неделю.",
        1,
        Story::Received,
    )),
    case("anatoly", ("pulmonology", "J44.1"), "Кашель с мокротой третью неделю, курит 30 лет.", 3, Story::Received),
    case("gulmira", ("endocrinology", "E04.1"), "Узел щитовидной железы 14 мм по УЗИ.", 7, Story::Received),
    case("samat", ("ophthalmology", "H52.1"), "Снижение зрения вдаль за год на 1,5 диоптрии.", 20, Story::Received),
    case("irina", ("neurology", "G43.0"), "Приступы головной боли с аурой, 6 за месяц.", 26, Story::Taken),
    // Today.
    case(
        "tatyana",
        ("cardiology", "I20.8"),
        "Боль за грудиной при подъёме на второй этаж.",
        50,
        visit(
            PRESNOVKA,
            FromNow(-95),
            Completed(
                "Стабильная стенокардия напряжения, II функциональный класс.",
                "Бета-блокатор, статин, нитрат при боли. Велоэргометрия в городе в течение месяца, повторная консультация с результатом.",
            ),
        ),
    ),
    case(
        "marat",
        ("neurology", "M54.4"),
        "Боль в пояснице с отдачей в левую ногу.",
        60,
        visit(AT_HOME, FromNow(-40), ComesTo::NoShowProposed),
    ),
    case(
        "saule",
        ("endocrinology", "E11.9"),
        "Сахар натощак 9–11 ммоль/л на двух препаратах.",
        72,
        visit(AT_HOME, FromNow(5), ComesTo::CheckedIn),
    ),
    case(
        "yerbol",
        ("cardiology", "I10"),
        "Давление 170/100 на трёх препаратах.",
        49,
        visit(PRESNOVKA, FromNow(10), Confirmed),
    ),
    case(
        "dinara",
        ("dermatology", "L40.0"),
        "Бляшки на локтях и голове, мазь не помогает.",
        45,
        visit(BLAGOVESHCHENKA, FromNow(25), Booked),
    ),
    case(
        "viktor",
        ("cardiology", "I48.0"),
        "Перебои в сердце, на ЭКГ фибрилляция предсердий.",
        40,
        visit(AT_HOME, FromNow(60), Confirmed),
    ),
    case(
        "fariza",
        ("neurology", "G40.2"),
        "Судороги во сне, второй раз за полгода.",
        38,
        visit(BLAGOVESHCHENKA, FromNow(90), Booked),
    ),
    case(
        "alikhan",
        ("pulmonology", "J45.0"),
        "Ночной кашель и свист, семь лет, у матери астма.",
        30,
        visit(PRESNOVKA, FromNow(120), ComesTo::Cancelled(CancelReason::PatientIll)),
    ),
    // Tomorrow and the day after: the contact centre's work list.
    case(
        "aisulu",
        ("endocrinology", "O24.4"),
        "Беременность 26 недель, сахар после еды до 8,9.",
        28,
        visit(AT_HOME, Day(1, 14), Booked),
    ),
    case(
        "nikolai",
        ("cardiology", "I25.2"),
        "Инфаркт два года назад, подбор лечения.",
        27,
        visit(PRESNOVKA, Day(1, 10), Booked),
    ),
    case(
        "gulmira",
        ("dermatology", "L30.0"),
        "Зудящая сыпь на голенях с лета.",
        25,
        visit(PRESNOVKA, Day(1, 11), Confirmed),
    ),
    case(
        "irina",
        ("cardiology", "I34.0"),
        "Шум при осмотре, просят решить об эхокардиографии.",
        24,
        visit(BLAGOVESHCHENKA, Day(2, 12), Booked),
    ),
    case(
        "samat",
        ("pulmonology", "J30.1"),
        "Насморк и слезотечение каждую весну.",
        22,
        visit(AT_HOME, Day(3, 15), Booked),
    ),
    // Who waits for an earlier time.
    urgent(case(
        "kulyash",
        ("cardiology", "I50.1"),
        "Ухудшение сердечной недостаточности, 75 лет.",
        33,
        Story::Waits(Channel::Cart),
    )),
    case(
        "anatoly",
        ("cardiology", "I20.9"),
        "Боли в сердце при нагрузке, решить о нагрузочной пробе.",
        52,
        Story::Waits(Channel::Cart),
    ),
    // The days before.
    case(
        "saule",
        ("ophthalmology", "H36.0"),
        "Диабет 12 лет, осмотр глазного дна.",
        120,
        visit(
            PRESNOVKA,
            Day(-1, 10),
            Completed(
                "Непролиферативная диабетическая ретинопатия обоих глаз.",
                "Контроль сахара и давления, осмотр глазного дна через 6 месяцев.",
            ),
        ),
    ),
    case(
        "viktor",
        ("pulmonology", "J42"),
        "Одышка, спирометрия в районе.",
        150,
        visit(
            PRESNOVKA,
            Day(-2, 9),
            Completed(
                "Хронический бронхит, обструкции по спирометрии нет.",
                "Отказ от курения, прививка от гриппа и пневмококка, спирометрия через год.",
            ),
        ),
    ),
    case(
        "zoya",
        ("dermatology", "L97"),
        "Язва голени не заживает второй месяц.",
        170,
        visit(PRESNOVKA, Day(-3, 11), ComesTo::Failed(FailureCode::CartOffline)),
    ),
    case(
        "marat",
        ("ophthalmology", "H40.1"),
        "Повышенное внутриглазное давление.",
        180,
        visit(AT_HOME, Day(-4, 16), ComesTo::NoShow),
    ),
    case(
        "tatyana",
        ("endocrinology", "E03.9"),
        "Контроль гипотиреоза: анализы готовы в поликлинике.",
        200,
        Story::Rejected,
    ),
    case("fariza", ("ophthalmology", "H10.1"), "Покраснение глаз, прошло до приёма.", 210, Story::Cancelled),
];

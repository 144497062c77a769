//! Where the clinic is and who is in it. Phone numbers are nobody's; IINs have a right check digit and no owner.

use super::{DemoError, Ids, some};
use crate::model::cart::{Cart, CartCheck, CartInput, NewCart};
use crate::model::ids::{CartId, PatientId, ScheduleId, SiteId, UserId};
use crate::model::patient::{NewPatient, Patient, PatientInput};
use crate::model::record::Stamp;
use crate::model::schedule::{NewSchedule, Resource, Schedule, ScheduleInput};
use crate::model::site::{NewSite, Site, SiteInput};
use crate::model::time::{UnixMillis, Zone};
use crate::model::user::{NewUser, User, UserInput};
use crate::storage::{Change, patients, places, schedules, users};

/// Key, name, kind, kilometres to the hub, telephone.
const SITES: [(&str, &str, &str, u32, &str); 4] = [
    ("presnovka", "Пресновская районная больница", "hospital", 140, "+7 715 000 00 11"),
    ("blagoveshchenka", "Благовещенская врачебная амбулатория", "ambulatory", 115, "+7 715 000 00 12"),
    ("petropavlovsk", "Городская больница, Петропавловск", "hospital", 0, "+7 715 000 00 13"),
    ("centre", "Телемедицинский центр, Петропавловск", "centre", 0, "+7 715 000 00 14"),
];

pub(super) struct Person {
    /// Also the name to sign in by.
    pub(super) key: &'static str,
    name: &'static str,
    site: &'static str,
    roles: &'static str,
    specialty: &'static str,
    languages: &'static str,
}

const fn person(
    key: &'static str,
    name: &'static str,
    site: &'static str,
    roles: &'static str,
    specialty: &'static str,
    languages: &'static str,
) -> Person {
    Person { key, name, site, roles, specialty, languages }
}

const PEOPLE: [Person; 16] = [
    person("aigul", "Нурланова Айгүл", "presnovka", "nurse", "", "kk,ru"),
    person("svetlana", "Мороз Светлана", "blagoveshchenka", "nurse", "", "ru"),
    person("daniyar", "Ахметов Данияр", "petropavlovsk", "specialist", "cardiology", "kk,ru,en"),
    person("asel", "Жұмабаева Әсел", "petropavlovsk", "specialist", "endocrinology", "kk,ru"),
    person("vadim", "Ким Вадим", "petropavlovsk", "specialist", "neurology", "ru,en"),
    person("gulnar", "Сәрсенова Гүлнар", "petropavlovsk", "specialist", "dermatology", "kk,ru"),
    person("timur", "Абдрахманов Тимур", "petropavlovsk", "specialist", "pulmonology", "kk,ru"),
    person("olga", "Шевченко Ольга", "petropavlovsk", "specialist", "ophthalmology", "ru"),
    person("yerlan", "Сейтказин Ерлан", "presnovka", "family_doctor", "", "kk,ru"),
    person("igor", "Лысенко Игорь", "blagoveshchenka", "family_doctor", "", "ru"),
    person("zhanna", "Ибраева Жанна", "centre", "contact_operator", "", "kk,ru"),
    person("madina", "Тулегенова Мадина", "centre", "operator", "", "kk,ru"),
    person("nurlan", "Оразбаев Нұрлан", "centre", "senior", "", "kk,ru"),
    person("bakyt", "Омаров Бақыт", "petropavlovsk", "manager", "", "kk,ru"),
    person("ruslan", "Искаков Руслан", "petropavlovsk", "admin", "", "ru,kk,en"),
    person("larisa", "Дитрих Лариса", "petropavlovsk", "nurse,contact_operator", "", "ru"),
];

/// Who can sign in, and as what.
pub(super) fn logins() -> impl Iterator<Item = (&'static str, &'static str)> {
    PEOPLE.iter().map(|person| (person.key, person.roles))
}

/// Key, site, name, what is on it, when it was heard of last (minutes ago), whether its check passed.
const CARTS: [(&str, &str, &str, &str, u32, bool); 3] = [
    ("presnovka-1", "presnovka", "Тележка 1", "exam_camera,otoscope,ptz,stethoscope,vital_signs", 0, true),
    ("presnovka-2", "presnovka", "Тележка 2", "dermatoscope,exam_camera", 190, false),
    ("blagoveshchenka-1", "blagoveshchenka", "Тележка", "exam_camera,stethoscope,vital_signs", 0, true),
];

/// Key, site, name, IIN, language, whether an interpreter is needed. Numbered telephones: +7 700 000 00 01 and on.
const PATIENTS: [(&str, &str, &str, &str, &str, bool); 16] = [
    ("saule", "presnovka", "Оспанова Сәуле Қайратқызы", "580314490008", "kk", false),
    ("nikolai", "presnovka", "Гордеев Николай Петрович", "491102390171", "ru", false),
    ("aisulu", "presnovka", "Қасымова Айсұлу Болатқызы", "870625490347", "kk", false),
    ("yerbol", "presnovka", "Жүнісов Ербол Сағатұлы", "720109390513", "kk", true),
    ("tatyana", "presnovka", "Кравченко Татьяна Ивановна", "640830490681", "ru", false),
    ("alikhan", "presnovka", "Бекенов Әлихан Нұрланұлы", "170418590857", "kk", false),
    ("zoya", "presnovka", "Шмидт Зоя Фёдоровна", "450521491025", "ru", false),
    ("marat", "presnovka", "Мұқанов Марат Серікұлы", "801203391196", "kk", false),
    ("dinara", "blagoveshchenka", "Темірханова Динара Асқарқызы", "940912491360", "kk", false),
    ("viktor", "presnovka", "Лебедев Виктор Андреевич", "550707391536", "ru", false),
    ("kulyash", "presnovka", "Ахметжанова Күләш Оразбекқызы", "510227491704", "kk", true),
    ("irina", "blagoveshchenka", "Полищук Ирина Васильевна", "781016491873", "ru", false),
    ("samat", "presnovka", "Есенов Самат Ғалымұлы", "090305592049", "kk", false),
    ("fariza", "blagoveshchenka", "Нұрпейісова Фариза Дәулетқызы", "900529492210", "kk", false),
    ("anatoly", "blagoveshchenka", "Марченко Анатолий Юрьевич", "670411392381", "ru", false),
    ("gulmira", "presnovka", "Сыздықова Гүлмира Төлегенқызы", "830819492559", "kk", false),
];

/// Every day, so that a demonstration on a Sunday has its slots: start, end, slot's minutes, channel.
const HOURS: [(&str, &str, u16, &str); 3] =
    [("09:00", "13:00", 30, "cart"), ("14:00", "17:00", 30, "home_link"), ("17:00", "18:00", 20, "phone")];

/// Who came to live in the database.
pub(super) struct People {
    pub(super) zone: Zone,
    pub(super) users: Vec<(&'static str, User)>,
    pub(super) patients: Vec<(&'static str, Patient)>,
    pub(super) schedules: Vec<Schedule>,
}

impl People {
    pub(super) fn user(&self, key: &str) -> Result<&User, DemoError> {
        found(&self.users, key).ok_or(DemoError::Misfit("a user"))
    }

    pub(super) fn patient(&self, key: &str) -> Result<&Patient, DemoError> {
        found(&self.patients, key).ok_or(DemoError::Misfit("a patient"))
    }

    pub(super) fn of_specialty(&self, specialty: &str) -> Result<&User, DemoError> {
        let treats = |user: &User| user.details.specialty.as_ref().is_some_and(|own| own.as_str() == specialty);
        let mut users = self.users.iter().map(|(_, user)| user);
        users.find(|user| treats(user)).ok_or(DemoError::Misfit("a specialist"))
    }

    /// With a role, at a site.
    pub(super) fn nurse_of(&self, site: SiteId) -> Result<&User, DemoError> {
        use crate::model::role::Role;
        let is_nurse = |user: &&User| user.details.site == site && user.details.roles.contains(Role::Nurse);
        self.users.iter().map(|(_, user)| user).find(is_nurse).ok_or(DemoError::Misfit("a nurse"))
    }
}

fn found<'a, T>(all: &'a [(&'static str, T)], key: &str) -> Option<&'a T> {
    all.iter().find(|(own, _)| *own == key).map(|(_, value)| value)
}

impl Ids {
    pub(super) fn site(&self, key: &str) -> SiteId {
        SiteId::new(self.began, self.random("site", key))
    }

    pub(super) fn cart(&self, key: &str) -> CartId {
        CartId::new(self.began, self.random("cart", key))
    }

    fn stamp(&self) -> Stamp {
        Stamp::first(None, self.began)
    }
}

pub(super) async fn settle(change: &mut Change, ids: &Ids, now: UnixMillis, zone: &Zone) -> Result<People, DemoError> {
    for (key, name, kind, km, phone) in SITES {
        let input = SiteInput {
            kind: some(kind),
            name: some(name),
            time_zone: Some(zone.to_string()),
            km_to_hub: Some(km),
            phone: some(phone),
        };
        let site = Site { id: ids.site(key), details: NewSite::validate(&input)?, stamp: ids.stamp() };
        places::create_site(change, &site).await?;
    }
    for (key, site, name, capabilities, minutes_ago, passed) in CARTS {
        let cart = cart(ids, (key, site, name, capabilities))?;
        let last_seen = crate::model::time::before(now, std::time::Duration::from_secs(60 * u64::from(minutes_ago)));
        let check = Some(if passed { CartCheck::Passed } else { CartCheck::Failed });
        places::create_cart(change, &Cart { last_seen: Some(last_seen), check, ..cart }).await?;
    }
    let mut people = People { zone: zone.clone(), users: Vec::new(), patients: Vec::new(), schedules: Vec::new() };
    for person in &PEOPLE {
        let user = user(ids, person)?;
        users::create(change, &user).await?;
        if user.details.specialty.is_some() {
            people.schedules.extend(week(ids, &user, &people.zone)?);
        }
        people.users.push((person.key, user));
    }
    for schedule in &people.schedules {
        schedules::create(change, schedule).await?;
    }
    for (index, row) in PATIENTS.iter().enumerate() {
        let patient = patient(ids, *row, index, &people.zone)?;
        patients::create(change, &patient).await?;
        people.patients.push((row.0, patient));
    }
    Ok(people)
}

fn cart(ids: &Ids, (key, site, name, capabilities): (&str, &str, &str, &str)) -> Result<Cart, DemoError> {
    let input =
        CartInput { site: Some(ids.site(site).to_string()), name: some(name), capabilities: some(capabilities) };
    Ok(Cart {
        id: ids.cart(key),
        details: NewCart::validate(&input)?,
        last_seen: None,
        check: None,
        stamp: ids.stamp(),
    })
}

fn user(ids: &Ids, person: &Person) -> Result<User, DemoError> {
    let input = UserInput {
        site: Some(ids.site(person.site).to_string()),
        name: some(person.name),
        roles: some(person.roles),
        specialty: some(person.specialty),
        languages: some(person.languages),
    };
    let id = UserId::new(ids.began, ids.random("user", person.key));
    Ok(User { id, details: NewUser::validate(&input)?, stamp: ids.stamp() })
}

fn week(ids: &Ids, user: &User, zone: &Zone) -> Result<Vec<Schedule>, DemoError> {
    let valid_from = zone.local(ids.began).date().to_string();
    let mut week = Vec::new();
    for weekday in 1..=7 {
        for (start, end, slot_minutes, channel) in HOURS {
            let input = ScheduleInput {
                time_zone: Some(zone.to_string()),
                weekday: Some(weekday),
                start: some(start),
                end: some(end),
                slot_minutes: Some(slot_minutes),
                channel: some(channel),
                valid_from: some(&valid_from),
                valid_to: None,
            };
            let id = ScheduleId::new(ids.began, ids.random("schedule", &format!("{} {weekday} {start}", user.id)));
            let details = NewSchedule::validate(&input, Resource::Specialist(user.id))?;
            week.push(Schedule { id, details, stamp: ids.stamp() });
        }
    }
    Ok(week)
}

fn patient(
    ids: &Ids,
    (key, site, name, iin, language, needs_interpreter): (&str, &str, &str, &str, &str, bool),
    index: usize,
    zone: &Zone,
) -> Result<Patient, DemoError> {
    let input = PatientInput {
        iin: some(iin),
        mis_id: Some(format!("DEMO-{:03}", index + 1)),
        name: some(name),
        phone: Some(format!("+7 700 000 00 {:02}", index + 1)),
        language: some(language),
        needs_interpreter,
        phc_site: Some(ids.site(site).to_string()),
        ..PatientInput::default()
    };
    let details = NewPatient::validate(&input, zone.local(ids.began).date())?;
    Ok(Patient { id: PatientId::new(ids.began, ids.random("patient", key)), details, stamp: ids.stamp() })
}

//! Whom the consultation is for. What identifies the person is private: nothing of it is printed. No SQL.

use super::email::Email;
use super::ids::{PatientId, SiteId};
use super::iin::Iin;
use super::invalid::{Fault, Fields, Invalid, TextLimit};
use super::language::Language;
use super::phone::Phone;
use super::private::Private;
use super::record::Stamp;
use super::time::parse_date;
use super::words::words;
use jiff::civil::Date;
use serde::Deserialize;

const NAME: TextLimit = TextLimit { min: 2, max: 200 };
const NUMBER: TextLimit = TextLimit { min: 1, max: 40 };
const ADDRESS: TextLimit = TextLimit { min: 2, max: 300 };
/// Nobody born earlier is alive.
const EARLIEST_BIRTH: Date = Date::constant(1895, 1, 1);

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Patient {
    pub id: PatientId,
    pub details: NewPatient,
    pub stamp: Stamp,
}

words! {
    Sex {
        Male = "male",
        Female = "female",
    }
}

/// A patient's fields, each found right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewPatient {
    pub iin: Option<Iin>,
    /// A passport's or another document's number, for whom has no IIN.
    pub other_id: Option<Private<String>>,
    /// The patient's number in the MIS.
    pub mis_id: Option<String>,
    pub name: Private<String>,
    pub birth_date: Private<Date>,
    pub sex: Sex,
    pub phone: Option<Phone>,
    /// Where messages go when there is no telephone, or no gateway for SMS.
    pub email: Option<Email>,
    pub language: Language,
    pub needs_interpreter: bool,
    pub address: Option<Private<String>>,
    /// Where the family doctor is.
    pub phc_site: Option<SiteId>,
}

/// As a form or an integrator sends it.
#[derive(Clone, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PatientInput {
    pub iin: Option<String>,
    pub other_id: Option<String>,
    pub mis_id: Option<String>,
    pub name: Option<String>,
    /// `YYYY-MM-DD`; may be left out beside an IIN, which tells it.
    pub birth_date: Option<String>,
    /// As `birth_date`.
    pub sex: Option<String>,
    pub phone: Option<String>,
    pub email: Option<String>,
    pub language: Option<String>,
    #[serde(default)]
    pub needs_interpreter: bool,
    pub address: Option<String>,
    pub phc_site: Option<String>,
}

impl NewPatient {
    /// `today` is the clinic's date.
    ///
    /// # Errors
    /// Every field that is not right.
    pub fn validate(input: &PatientInput, today: Date) -> Result<Self, Invalid> {
        let mut fields = Fields::new();
        let iin: Option<Option<Iin>> = fields.optional("iin", input.iin.as_deref());
        let other_id = fields.optional_line("other_id", input.other_id.as_deref(), NUMBER);
        let mis_id = fields.optional_line("mis_id", input.mis_id.as_deref(), NUMBER);
        let name = fields.line("name", input.name.as_deref(), NAME);
        let (birth_date, sex) = match &iin {
            Some(Some(iin)) => birth_beside_iin(&mut fields, input, iin),
            _ => (birth_date(&mut fields, input), fields.required("sex", input.sex.as_deref())),
        };
        if let Some(date) = birth_date {
            fields.demand("birth_date", date <= today, Fault::Future);
            fields.demand("birth_date", date >= EARLIEST_BIRTH, Fault::OutOfRange);
        }
        let phone = fields.optional("phone", input.phone.as_deref());
        let email = fields.optional("email", input.email.as_deref());
        let language = fields.required("language", input.language.as_deref());
        let address = fields.optional_line("address", input.address.as_deref(), ADDRESS);
        let phc_site = fields.optional("phc_site", input.phc_site.as_deref());
        let needs_interpreter = input.needs_interpreter;
        fields.finish((|| {
            Some(Self {
                iin: iin?,
                other_id: other_id?.map(Private::new),
                mis_id: mis_id?,
                name: Private::new(name?),
                birth_date: Private::new(birth_date?),
                sex: sex?,
                phone: phone?,
                email: email?,
                language: language?,
                needs_interpreter,
                address: address?.map(Private::new),
                phc_site: phc_site?,
            })
        })())
    }
}

fn birth_date(fields: &mut Fields, input: &PatientInput) -> Option<Date> {
    let text = input.birth_date.as_deref().map(str::trim).unwrap_or_default();
    let date = if text.is_empty() { Err(Fault::Missing) } else { parse_date(text) };
    fields.take("birth_date", date)
}

/// The IIN tells both; what is said besides must agree with it.
fn birth_beside_iin(fields: &mut Fields, input: &PatientInput, iin: &Iin) -> (Option<Date>, Option<Sex>) {
    if input.birth_date.is_some() {
        let said = birth_date(fields, input);
        fields.demand("birth_date", said.is_none_or(|said| said == iin.birth_date()), Fault::Contradicts);
    }
    let sex: Option<Option<Sex>> = fields.optional("sex", input.sex.as_deref());
    fields.demand("sex", sex.flatten().is_none_or(|said| said == iin.sex()), Fault::Contradicts);
    (Some(iin.birth_date()), Some(iin.sex()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TODAY: Date = Date::constant(2026, 11, 23);
    /// A made-up number of a woman born on 1985-03-14.
    const IIN: &str = "850314400129";

    fn input() -> PatientInput {
        let text = |text: &str| Some(text.to_owned());
        PatientInput {
            name: text("Сейтқали Әлия"),
            birth_date: text("1985-03-14"),
            sex: text("female"),
            phone: text("8 701 123 45 67"),
            language: text("kk"),
            ..PatientInput::default()
        }
    }

    fn told(input: &PatientInput) -> Vec<(&'static str, &'static str)> {
        let faults = NewPatient::validate(input, TODAY).unwrap_err().0;
        faults.iter().map(|fault| (fault.field, fault.fault.code())).collect()
    }

    #[test]
    fn a_patient_needs_no_document_but_a_name_a_birth_date_a_sex_and_a_language() {
        assert!(NewPatient::validate(&PatientInput { phone: None, ..input() }, TODAY).is_ok());
        let missing: Vec<_> = told(&PatientInput::default()).into_iter().map(|(field, _)| field).collect();
        assert_eq!(missing, ["name", "birth_date", "sex", "language"]);
    }

    #[test]
    fn an_iin_tells_birth_date_and_sex() {
        let short = PatientInput { iin: Some(IIN.to_owned()), birth_date: None, sex: None, ..input() };
        let patient = NewPatient::validate(&short, TODAY).unwrap();
        assert_eq!((*patient.birth_date.reveal(), patient.sex), (Date::constant(1985, 3, 14), Sex::Female));
    }

    #[test]
    fn what_contradicts_the_iin_is_named() {
        let wrong = PatientInput {
            iin: Some(IIN.to_owned()),
            birth_date: Some("1985-03-15".to_owned()),
            sex: Some("male".to_owned()),
            ..input()
        };
        assert_eq!(told(&wrong), [("birth_date", "field_contradicts"), ("sex", "field_contradicts")]);
    }

    #[test]
    fn a_mistyped_iin_is_told_with_its_field() {
        let wrong = PatientInput { iin: Some("850314400125".to_owned()), ..input() };
        assert_eq!(told(&wrong), [("iin", "field_check_digit")]);
    }

    #[test]
    fn nobody_is_born_tomorrow_or_in_the_century_before_last() {
        let born = |date: &str| PatientInput { birth_date: Some(date.to_owned()), ..input() };
        assert!(NewPatient::validate(&born("2026-11-23"), TODAY).is_ok());
        assert_eq!(told(&born("2026-11-24")), [("birth_date", "field_future")]);
        assert_eq!(told(&born("1894-12-31")), [("birth_date", "field_out_of_range")]);
        assert_eq!(told(&born("14.03.1985")), [("birth_date", "field_malformed")]);
    }

    #[test]
    fn a_patient_prints_without_anything_that_identifies_the_person() {
        let text = |text: &str| Some(text.to_owned());
        let email = text("aliya@mail.kz");
        let input =
            PatientInput { iin: text(IIN), other_id: text("N12345"), email, address: text("Мира 5"), ..input() };
        let printed = format!("{:?}", NewPatient::validate(&input, TODAY).unwrap());
        for secret in ["Сейтқали", "850314", "1985", "7011234567", "N12345", "aliya", "Мира"] {
            assert!(!printed.contains(secret), "{printed}");
        }
    }
}

//! Appointments as an iCalendar (RFC 5545) that calendars subscribe to: when, where and how, and nothing of the patient. Writes text alone:
//! whose appointments and which, the caller has found.

use crate::model::appointment::{Appointment, Channel, Status};
use crate::model::language::Language::{self, English, Kazakh, Russian};
use crate::model::time::{UnixMillis, utc};
use crate::storage::agenda::Entry;
use icalendar::{Calendar, Class, Component as _, Event, EventLike as _, EventStatus, Property};

/// How often a calendar should ask again (RFC 7986 §5.7).
const REFRESH: &str = "PT15M";

/// All of `entries` in one calendar, in the words of its owner.
#[must_use]
pub fn render(entries: &[Entry], language: Language) -> String {
    let mut calendar = Calendar::empty();
    for (key, value) in [
        ("VERSION", "2.0"),
        ("PRODID", "-//Kenes//Kenes//EN"),
        ("CALSCALE", "GREGORIAN"),
        ("NAME", name(language)),
        // What calendars read that are older than RFC 7986.
        ("X-WR-CALNAME", name(language)),
    ] {
        calendar.append_property((key, value));
    }
    let refresh = Property::new("REFRESH-INTERVAL", REFRESH).add_parameter("VALUE", "DURATION").done();
    calendar.append_property(refresh);
    for entry in entries {
        calendar.push(event(entry, language));
    }
    calendar.to_string()
}

/// Its id stays when it is changed, and its sequence grows, so that a calendar moves or strikes out what it has (RFC 5545 §3.8.7.4).
fn event(entry: &Entry, language: Language) -> Event {
    let appointment = &entry.appointment;
    let mut event = Event::with_uid(&format!("{}@kenes", appointment.id));
    event
        .add_property("DTSTAMP", date_time(appointment.stamp.updated))
        .add_property("CREATED", date_time(appointment.stamp.created))
        .add_property("LAST-MODIFIED", date_time(appointment.stamp.updated))
        .add_property("DTSTART", date_time(appointment.time.start()))
        .add_property("DTEND", date_time(appointment.time.end()))
        .add_property("TRANSP", if appointment.status.is_live() { "OPAQUE" } else { "TRANSPARENT" })
        .sequence(appointment.stamp.version.0)
        .class(Class::Private)
        .summary(&summary(appointment, &entry.site_name, language));
    if appointment.channel == Channel::Cart {
        event.location(&entry.site_name);
    }
    event.status(status(appointment.status)).done()
}

fn status(status: Status) -> EventStatus {
    match status {
        Status::Proposed => EventStatus::Tentative,
        Status::Booked | Status::Confirmed | Status::CheckedIn | Status::InCall | Status::Completed => {
            EventStatus::Confirmed
        }
        Status::Cancelled | Status::NoShow | Status::Failed | Status::EnteredInError => EventStatus::Cancelled,
    }
}

fn summary(appointment: &Appointment, site: &str, language: Language) -> String {
    match (appointment.channel, language) {
        (Channel::Cart, Kazakh) => format!("Консультация, арба: {site}"),
        (Channel::Cart, Russian) => format!("Консультация, тележка: {site}"),
        (Channel::Cart, English) => format!("Consultation, cart: {site}"),
        (Channel::HomeLink, Kazakh) => "Консультация, үйден сілтемемен".to_owned(),
        (Channel::HomeLink, Russian) => "Консультация, по ссылке из дома".to_owned(),
        (Channel::HomeLink, English) => "Consultation, by link from home".to_owned(),
        (Channel::Phone, Kazakh) => "Консультация, телефонмен".to_owned(),
        (Channel::Phone, Russian) => "Консультация, по телефону".to_owned(),
        (Channel::Phone, English) => "Consultation, by telephone".to_owned(),
    }
}

fn name(language: Language) -> &'static str {
    match language {
        Kazakh => "Кеңес: консультациялар",
        Russian => "Kenes: консультации",
        English => "Kenes: consultations",
    }
}

/// In UTC (RFC 5545 §3.3.5), so that no calendar needs our zones.
fn date_time(at: UnixMillis) -> String {
    utc(at).strftime("%Y%m%dT%H%M%SZ").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::private::Private;
    use crate::model::record::Version;
    use crate::model::testing::{appointment, id};
    use crate::model::time::Zone;
    use crate::storage::agenda::PatientSummary;
    use ical::parser::ical::component::IcalEvent;
    use std::collections::BTreeMap;

    const SITE: &str = "Пресновская районная больница; корпус 2, отделение телемедицины";

    fn entry(status: Status) -> Entry {
        let mut appointment = appointment(status);
        appointment.stamp.version = Version(3);
        Entry {
            appointment,
            site_name: SITE.to_owned(),
            site_phone: None,
            zone: Zone::named("Asia/Almaty").unwrap(),
            patient: PatientSummary {
                name: Private::new("Сейтқали Әлия".to_owned()),
                birth_date: Private::new(jiff::civil::date(1985, 3, 14)),
                language: Kazakh,
                phone: Some("+77011234567".parse().unwrap()),
                needs_interpreter: false,
            },
            specialist_name: Private::new("Ким Вера".to_owned()),
            specialist_site: id(11),
            specialty: None,
            cart: None,
            referral: None,
            room: None,
            consents: BTreeMap::new(),
        }
    }

    /// As another implementation reads it.
    fn parsed(text: &str) -> Vec<IcalEvent> {
        let calendars: Vec<_> = ical::IcalParser::new(text.as_bytes()).collect::<Result<_, _>>().unwrap();
        assert_eq!(calendars.len(), 1);
        calendars.into_iter().next().unwrap().events
    }

    fn value(event: &IcalEvent, name: &str) -> String {
        let named: Vec<_> = event.properties.iter().filter(|property| property.name == name).collect();
        assert_eq!(named.len(), 1, "{name}");
        named[0].value.clone().unwrap_or_default()
    }

    #[test]
    fn a_visit_is_read_by_another_implementation_as_it_is() {
        let events = parsed(&render(&[entry(Status::Booked), entry(Status::Cancelled)], Russian));
        let expected = [
            ("UID", format!("{}@kenes", appointment(Status::Booked).id)),
            ("DTSTART", "20261123T120000Z".to_owned()),
            ("DTEND", "20261123T123000Z".to_owned()),
            ("SEQUENCE", "3".to_owned()),
            ("STATUS", "CONFIRMED".to_owned()),
            ("TRANSP", "OPAQUE".to_owned()),
            ("CLASS", "PRIVATE".to_owned()),
            ("LOCATION", SITE.replace(';', "\\;").replace(',', "\\,")),
        ];
        for (name, expected) in expected {
            assert_eq!(value(&events[0], name), expected, "{name}");
        }
        assert!(value(&events[0], "SUMMARY").contains("тележка: Пресновская"));
        assert_eq!(
            (value(&events[1], "STATUS").as_str(), value(&events[1], "TRANSP").as_str()),
            ("CANCELLED", "TRANSPARENT")
        );
    }

    #[test]
    fn lines_end_as_the_standard_says_and_have_at_most_75_octets() {
        let text = render(&[entry(Status::Booked)], Kazakh);
        assert!(text.ends_with("END:VCALENDAR\r\n"));
        for line in text.split_terminator("\r\n") {
            assert!(line.len() <= 75 && !line.contains('\n'), "{line}");
        }
    }

    #[test]
    fn a_calendar_knows_no_patient() {
        for channel in Channel::ALL {
            for status in Status::ALL {
                let mut entry = entry(*status);
                entry.appointment.channel = *channel;
                let text = render(&[entry], English).replace("\r\n ", "");
                for secret in ["Сейтқали", "Әлия", "1985", "7011234567"] {
                    assert!(!text.contains(secret), "{text}");
                }
            }
        }
    }

    #[test]
    fn an_empty_calendar_is_one() {
        assert!(parsed(&render(&[], Kazakh)).is_empty());
    }
}

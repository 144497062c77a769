//! What a message says, in the patient's language. An SMS has at most two parts whatever the letters; an e-mail says the same and whom
//! its link is for. Dates and times are the clinic's. No diagnosis, no specialty, no name: a telephone is read by others, too.

use crate::model::appointment::Channel;
use crate::model::language::Language::{self, English, Kazakh, Russian};
use crate::model::message::MessageKind::{self, Booked, Cancelled, ConfirmAsk, Link, Offer, Reminder, Rescheduled};
use jiff::civil::DateTime;

/// UTF-16 units of two parts of an SMS, each less its header (3GPP TS 23.040 §9.2.3.24.1). Latin letters alone would have more room; what
/// fits here fits in any case.
const SMS_UNITS: usize = 2 * 67;

/// What a message is about.
#[derive(Clone, Debug)]
pub(super) struct Facts<'a> {
    pub(super) kind: MessageKind,
    pub(super) channel: Channel,
    /// On the clinic's clock.
    pub(super) start: DateTime,
    /// Where the cart is.
    pub(super) place: &'a str,
    pub(super) link: Option<&'a str>,
    /// Of an offer; its start for everything else.
    pub(super) answer_by: DateTime,
}

pub(super) struct Email {
    pub(super) subject: String,
    pub(super) body: String,
}

/// Two parts at most: a site's name that is too long is cut. A link is not, which a `http.public_url` of up to 25 characters never needs.
pub(super) fn sms(language: Language, facts: &Facts<'_>) -> String {
    let whole = in_one_line(language, facts);
    let over = units(&whole).saturating_sub(SMS_UNITS);
    if over == 0 || !whole.ends_with(facts.place) {
        return whole;
    }
    let place = cut(facts.place, units(facts.place).saturating_sub(over));
    in_one_line(language, &Facts { place: &place, ..facts.clone() })
}

pub(super) fn email(language: Language, facts: &Facts<'_>) -> Email {
    let news = news(language, facts);
    let mut body = format!("{news}\n\n{}\n", what_to_do(language, facts));
    if facts.link.is_some() {
        body.push('\n');
        body.push_str(for_you_alone(language));
        body.push('\n');
    }
    Email { subject: news.trim_end_matches(['.', ':']).to_owned(), body }
}

fn in_one_line(language: Language, facts: &Facts<'_>) -> String {
    format!("{} {}", news(language, facts), what_to_do(language, facts)).trim_end().to_owned()
}

fn news(language: Language, facts: &Facts<'_>) -> String {
    let (day, time) = (facts.start.strftime("%d.%m.%Y"), facts.start.strftime("%H:%M"));
    match (facts.kind, language) {
        (Booked, Kazakh) => format!("Дәрігер қабылдауы: {day} {time}."),
        (Booked, Russian) => format!("Приём врача: {day} в {time}."),
        (Booked, English) => format!("Doctor's visit: {day} at {time}."),
        (ConfirmAsk, Kazakh) => format!("Дәрігер қабылдауы {day} {time}. Қатысасыз ба?"),
        (ConfirmAsk, Russian) => format!("Приём врача {day} в {time}. Вы будете?"),
        (ConfirmAsk, English) => format!("Doctor's visit {day} at {time}. Will you be there?"),
        (Reminder, Kazakh) => format!("Еске саламыз: дәрігер қабылдауы {day} {time}."),
        (Reminder, Russian) => format!("Напоминаем: приём врача {day} в {time}."),
        (Reminder, English) => format!("Reminder: doctor's visit {day} at {time}."),
        (Rescheduled, Kazakh) => format!("Қабылдау өзгерді: {day} {time}."),
        (Rescheduled, Russian) => format!("Приём врача изменён: {day} в {time}."),
        (Rescheduled, English) => format!("Doctor's visit changed: {day} at {time}."),
        (Cancelled, Kazakh) => format!("{day} {time} дәрігер қабылдауы болмайды."),
        (Cancelled, Russian) => format!("Приём врача {day} в {time} отменён."),
        (Cancelled, English) => format!("Doctor's visit {day} at {time} is cancelled."),
        (Offer, Kazakh) => format!("Бос қабылдау: {day} {time}."),
        (Offer, Russian) => format!("Есть время у врача: {day} в {time}."),
        (Offer, English) => format!("A doctor is free: {day} at {time}."),
        (Link, Kazakh) => format!("Қабылдауға сілтеме, {day} {time}:"),
        (Link, Russian) => format!("Ссылка на приём врача {day} в {time}:"),
        (Link, English) => format!("Link to the doctor's visit {day} at {time}:"),
    }
}

fn what_to_do(language: Language, facts: &Facts<'_>) -> String {
    let (link, place) = (facts.link.unwrap_or_default(), facts.place);
    let by = facts.answer_by.strftime("%H:%M");
    match (facts.kind, facts.channel, language) {
        (Cancelled, _, _) => String::new(),
        (ConfirmAsk | Link, _, _) => link.to_owned(),
        (Offer, _, Kazakh) => format!("Жауап мерзімі {by}: {link}"),
        (Offer, _, Russian) => format!("Ответ до {by}: {link}"),
        (Offer, _, English) => format!("Answer by {by}: {link}"),
        (_, Channel::HomeLink, Kazakh) => format!("Кіру: {link}"),
        (_, Channel::HomeLink, Russian) => format!("Вход: {link}"),
        (_, Channel::HomeLink, English) => format!("Enter: {link}"),
        (_, Channel::Cart, Kazakh) => format!("Орны: {place}"),
        (_, Channel::Cart, Russian) => format!("Место: {place}"),
        (_, Channel::Cart, English) => format!("Place: {place}"),
        (_, Channel::Phone, Kazakh) => "Дәрігер сізге қоңырау шалады.".to_owned(),
        (_, Channel::Phone, Russian) => "Врач вам позвонит.".to_owned(),
        (_, Channel::Phone, English) => "The doctor will phone you.".to_owned(),
    }
}

fn for_you_alone(language: Language) -> &'static str {
    match language {
        Kazakh => "Сілтеме тек сізге арналған, оны ешкімге жібермеңіз.",
        Russian => "Ссылка только для вас, не пересылайте её.",
        English => "The link is for you alone; do not pass it on.",
    }
}

fn units(text: &str) -> usize {
    text.encode_utf16().count()
}

/// The beginning of `text` that has at most so many units with the ellipsis.
fn cut(text: &str, most: usize) -> String {
    let mut left = most.saturating_sub(1);
    let fits = |c: &char| {
        let is_in = c.len_utf16() <= left;
        left = left.saturating_sub(c.len_utf16());
        is_in
    };
    let mut kept: String = text.chars().take_while(fits).collect();
    kept.truncate(kept.trim_end().len());
    kept.push('…');
    kept
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::join_link::LINK_PREFIX;
    use crate::model::message::carries_link;
    use jiff::civil::date;

    /// The longest link that a message must have room for: 25 characters of `http.public_url`, the page, the token of 256 bits.
    const LONGEST_LINK: usize = 25 + "/visit#".len() + LINK_PREFIX.len() + 43;

    /// Every kind by every channel in every language.
    fn all<'a>(link: &'a str, place: &'a str) -> Vec<(Language, Facts<'a>)> {
        let mut all = Vec::new();
        for kind in MessageKind::ALL {
            for channel in Channel::ALL {
                for language in Language::ALL {
                    let start = date(2026, 12, 24).at(9, 5, 0, 0);
                    let link = carries_link(*kind, *channel).then_some(link);
                    let facts = Facts {
                        kind: *kind,
                        channel: *channel,
                        start,
                        place,
                        link,
                        answer_by: date(2026, 12, 23).at(22, 30, 0, 0),
                    };
                    all.push((*language, facts));
                }
            }
        }
        all
    }

    #[test]
    fn every_sms_fits_into_two_parts_with_the_longest_link_and_place() {
        let (link, place) = ("x".repeat(LONGEST_LINK), "Пресновская районная больница ".repeat(4));
        for (language, facts) in all(&link, place.trim()) {
            let text = sms(language, &facts);
            assert!(units(&text) <= SMS_UNITS, "{} units: {text}", units(&text));
            assert!(
                facts.link.is_none_or(|link| text.ends_with(link)),
                "the link is whole and nothing follows it: {text}"
            );
        }
    }

    #[test]
    fn every_message_says_the_day_and_the_time_as_people_here_write_them() {
        for (language, facts) in all("L", "P") {
            let (sms, email) = (sms(language, &facts), email(language, &facts));
            for text in [&sms, &email.subject, &email.body] {
                assert!(text.contains("24.12.2026") && text.contains("09:05"), "{text}");
            }
            assert_eq!(sms.contains("22:30"), facts.kind == Offer, "{sms}");
        }
    }

    #[test]
    fn every_language_has_words_of_its_own() {
        for (_, facts) in all("L", "P") {
            let [kk, ru, en] = [Kazakh, Russian, English].map(|language| sms(language, &facts));
            assert!(kk != ru && ru != en && kk != en, "{kk} | {ru} | {en}");
            assert!(en.is_ascii(), "{en}");
            assert!(kk.chars().any(|c| "әіңғүұқөһ".contains(c)), "{kk}");
        }
    }

    #[test]
    fn messages_read_as_sentences() {
        let texts: Vec<String> = all("https://k.kz/visit#t", "Presnovka hospital")
            .into_iter()
            .filter(|(language, _)| *language == English)
            .map(|(language, facts)| sms(language, &facts))
            .collect();
        for expected in [
            "Doctor's visit: 24.12.2026 at 09:05. Place: Presnovka hospital",
            "Doctor's visit: 24.12.2026 at 09:05. Enter: https://k.kz/visit#t",
            "Doctor's visit: 24.12.2026 at 09:05. The doctor will phone you.",
            "Doctor's visit 24.12.2026 at 09:05. Will you be there? https://k.kz/visit#t",
            "Doctor's visit 24.12.2026 at 09:05 is cancelled.",
            "A doctor is free: 24.12.2026 at 09:05. Answer by 22:30: https://k.kz/visit#t",
        ] {
            assert!(texts.iter().any(|text| text == expected), "{expected}\n{texts:#?}");
        }
    }

    #[test]
    fn a_place_is_cut_between_letters_and_a_link_never() {
        assert_eq!(cut("Пресновка", 5), "Прес…");
        assert_eq!(cut("Пре сновка", 5), "Пре…");
        assert_eq!(cut("😀😀😀", 4), "😀…");
        let long = "x".repeat(200);
        let (_, facts) = all(&long, "P").into_iter().find(|(_, facts)| facts.link.is_some()).unwrap();
        assert!(sms(Russian, &facts).ends_with(&long));
    }

    #[test]
    fn an_email_says_for_whom_its_link_is() {
        for (language, facts) in all("L", "P") {
            let body = email(language, &facts).body;
            assert_eq!(body.contains(for_you_alone(language)), facts.link.is_some(), "{body}");
        }
    }
}

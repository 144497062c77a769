//! When messages are due by the clinic's clock, and to whom they go.

use super::*;
use crate::model::appointment::{Appointment, CancelReason, Channel, Status};
use crate::model::record::Stamp;
use crate::model::testing::{DAY, HOUR, MINUTE, NOON, appointment, id};
use crate::model::time::{Interval, Zone, parse_rfc3339};
use crate::model::waitlist::WaitlistOffer;
use MessageKind::{Booked, Cancelled, ConfirmAsk, Link, Offer, Reminder, Rescheduled};

fn almaty() -> Zone {
    Zone::named("Asia/Almaty").unwrap()
}

fn at(text: &str) -> UnixMillis {
    parse_rfc3339(&format!("{text}:00+05:00")).unwrap()
}

fn starting(start: &str) -> Appointment {
    Appointment { time: Interval::new(at(start), at(start).plus(HOUR)).unwrap(), ..appointment(Status::Booked) }
}

/// Kinds and times of what a booking made at `now` for `start` makes due, in the clinic's time.
fn due(start: &str, now: &str) -> Vec<(MessageKind, String)> {
    let due = on_booked(&starting(start), &almaty(), at(now));
    due.iter().map(|due| (due.kind, almaty().local(due.at).strftime("%d %H:%M").to_string())).collect()
}

fn line(kind: MessageKind, at: &str) -> (MessageKind, String) {
    (kind, at.to_owned())
}

#[test]
fn a_visit_next_week_brings_news_a_question_two_days_ahead_and_a_reminder() {
    let lines = [line(Booked, "20 15:00"), line(ConfirmAsk, "24 10:00"), line(Reminder, "26 11:30")];
    assert_eq!(due("2026-11-26T14:30", "2026-11-20T15:00"), lines);
}

#[test]
fn who_books_two_days_ahead_is_asked_on_the_day_before() {
    let lines = [line(Booked, "24 15:00"), line(ConfirmAsk, "25 10:00"), line(Reminder, "26 11:30")];
    assert_eq!(due("2026-11-26T14:30", "2026-11-24T15:00"), lines);
}

#[test]
fn who_books_for_tomorrow_is_not_asked_and_who_books_for_soon_not_reminded() {
    assert_eq!(due("2026-11-26T14:30", "2026-11-25T15:00"), [line(Booked, "25 15:00"), line(Reminder, "26 11:30")]);
    assert_eq!(due("2026-11-26T14:30", "2026-11-26T11:00"), [line(Booked, "26 11:00")]);
}

#[test]
fn nobody_is_reminded_at_night() {
    let reminder = |start| due(start, "2026-11-20T15:00").last().unwrap().1.clone();
    assert_eq!(reminder("2026-11-26T11:00"), "26 08:00");
    assert_eq!(reminder("2026-11-26T09:30"), "26 08:00");
    assert_eq!(reminder("2026-11-26T08:30"), "25 20:00", "an hour is left at least");
    assert_eq!(reminder("2026-11-26T23:30"), "25 20:00");
    assert_eq!(reminder("2026-11-26T01:30"), "25 20:00");
}

#[test]
fn a_message_expires_with_the_visits_start_and_after_a_day() {
    let due = on_booked(&starting("2026-11-26T14:30"), &almaty(), at("2026-11-20T15:00"));
    assert_eq!(due[0].expires, at("2026-11-21T15:00"));
    assert_eq!(due[2].expires, at("2026-11-26T14:30"));
    assert!(on_booked(&starting("2026-11-26T14:30"), &almaty(), at("2026-11-26T14:30")).is_empty());
}

#[test]
fn a_rescheduled_visit_brings_one_message_and_a_dead_patient_none() {
    let new = Appointment { rescheduled_from: Some(id(5)), ..starting("2026-11-26T14:30") };
    assert_eq!(on_booked(&new, &almaty(), NOON)[0].kind, Rescheduled);
    for reason in CancelReason::ALL {
        let old = Appointment { cancel_reason: Some(*reason), ..starting("2026-11-26T14:30") };
        let is_silent = matches!(reason, CancelReason::Rescheduled | CancelReason::PatientDied);
        assert_eq!(on_cancelled(&old, NOON).is_none(), is_silent, "{reason}");
    }
}

#[test]
fn an_offer_expires_as_a_message_when_it_expires() {
    let offer = WaitlistOffer {
        id: id(1),
        entry: id(2),
        slot: id(3),
        expires: NOON.plus(2 * HOUR),
        result: None,
        stamp: Stamp::first(None, NOON),
    };
    assert_eq!(on_offered(&offer, NOON).unwrap().expires, NOON.plus(2 * HOUR));
    assert_eq!(on_offered(&offer, NOON.plus(2 * HOUR)), None);
}

#[test]
fn a_visits_link_can_be_sent_while_it_lasts() {
    let visit = starting("2026-11-26T14:30");
    assert!(on_link(&visit, at("2026-11-26T15:00")).is_some());
    assert_eq!(on_link(&visit, at("2026-11-26T15:30")), None);
}

#[test]
fn what_is_not_true_any_more_is_not_wanted() {
    let wanted = |status| -> Vec<_> {
        let visit = appointment(status);
        MessageKind::ALL.iter().copied().filter(|kind| is_wanted(*kind, &visit)).collect()
    };
    assert_eq!(wanted(Status::Booked), [Booked, ConfirmAsk, Reminder, Rescheduled, Link]);
    assert_eq!(wanted(Status::Confirmed), [Booked, Reminder, Rescheduled, Link]);
    assert_eq!(wanted(Status::CheckedIn), [Booked, Rescheduled, Link]);
    assert_eq!(wanted(Status::Cancelled), [Cancelled]);
    assert!(wanted(Status::Completed).is_empty() && wanted(Status::EnteredInError).is_empty());
}

#[test]
fn who_answers_by_link_gets_one_and_who_comes_to_the_cart_gets_the_place() {
    let with_link =
        |channel| -> Vec<_> { MessageKind::ALL.iter().copied().filter(|kind| carries_link(*kind, channel)).collect() };
    assert_eq!(with_link(Channel::Cart), [ConfirmAsk, Offer, Link]);
    assert_eq!(with_link(Channel::Phone), [ConfirmAsk, Offer, Link]);
    assert_eq!(with_link(Channel::HomeLink), [Booked, ConfirmAsk, Reminder, Rescheduled, Offer, Link]);
}

fn recipient(phone: Option<&str>, email: Option<&str>) -> Recipient {
    let (phone, email) = (phone.map(|text| text.parse().unwrap()), email.map(|text| text.parse().unwrap()));
    Recipient { patient: id(2), language: Language::Kazakh, phone, email }
}

#[test]
fn an_sms_is_preferred_and_email_stands_in() {
    let both = recipient(Some("+77011234567"), Some("aliya@mail.kz"));
    let to = |recipient: &Recipient, sms, email| Address::of(recipient, Gateways { sms, email }).map(|to| to.channel());
    assert_eq!(to(&both, true, true), Ok(MessageChannel::Sms));
    assert_eq!(to(&both, false, true), Ok(MessageChannel::Email));
    assert_eq!(to(&both, false, false), Err(NO_GATEWAY));
    assert_eq!(to(&recipient(None, Some("aliya@mail.kz")), true, true), Ok(MessageChannel::Email));
    assert_eq!(to(&recipient(Some("+77011234567"), None), false, true), Err(NO_GATEWAY));
    assert_eq!(to(&recipient(None, None), true, true), Err(NO_ADDRESS));
}

#[test]
fn a_masked_address_is_recognised_and_not_usable() {
    let recipient = recipient(Some("+77011234567"), Some("aliya@mail.kz"));
    let masked = |sms| Address::of(&recipient, Gateways { sms, email: true }).unwrap().masked();
    assert_eq!(masked(true), "+7701***4567");
    assert_eq!(masked(false), "a***@mail.kz");
}

#[test]
fn a_retry_waits_twice_as_long_each_time_but_for_half_an_hour_at_most() {
    let first = Duration::from_secs(30);
    for (attempts, longest) in [(1, first), (2, 2 * first), (4, 8 * first), (9, 30 * MINUTE), (u32::MAX, 30 * MINUTE)] {
        for random in [0, 1, 12_345, u64::MAX] {
            let delay = retry_after(first, attempts, random);
            assert!(delay <= longest && delay >= longest / 2, "{attempts} {random} {delay:?}");
        }
    }
    assert_ne!(retry_after(DAY, 1, 1), retry_after(DAY, 1, 2));
}

/// For a visit two hours after noon.
fn queued() -> Message {
    let due = Due { kind: Booked, at: NOON, expires: NOON.plus(2 * HOUR) };
    Message::new(id(1), &recipient(Some("+77011234567"), None), About::Visit(id(3)), due, NOON)
}

fn sending() -> Message {
    let to = Address::Sms("+77011234567".parse().unwrap());
    queued().sending(&to, MINUTE, NOON.plus(MINUTE))
}

#[test]
fn a_message_to_nowhere_fails_at_once() {
    let due = Due { kind: Booked, at: NOON, expires: NOON.plus(HOUR) };
    let message = Message::new(id(1), &recipient(None, None), About::Visit(id(3)), due, NOON);
    assert_eq!((message.status, message.error.as_deref()), (MessageStatus::Failed, Some(NO_ADDRESS)));
    assert_eq!(message.to_masked, None);
    assert_eq!((queued().status, queued().error), (MessageStatus::Queued, None));
}

#[test]
fn a_message_on_its_way_comes_back_when_its_sender_is_silent() {
    let sending = sending();
    assert_eq!((sending.status, sending.attempts), (MessageStatus::Sending, 1));
    assert_eq!(sending.next, NOON.plus(2 * MINUTE));
    assert_eq!(sending.sending(&Address::Email("a@mail.kz".parse().unwrap()), MINUTE, NOON).attempts, 2);
}

#[test]
fn what_the_gateway_takes_is_sent_and_what_it_never_takes_is_failed() {
    let sent = sending().after(Outcome::Accepted { provider_id: Some("7".to_owned()) }, MINUTE, NOON);
    assert_eq!((sent.status, sent.provider_id.as_deref()), (MessageStatus::Sent, Some("7")));
    let refused = sending().after(Outcome::Refused("refused".to_owned()), MINUTE, NOON);
    assert_eq!((refused.status, refused.error.as_deref()), (MessageStatus::Failed, Some("refused")));
}

#[test]
fn what_fails_is_tried_again_until_it_is_worth_nothing() {
    let failed = |retry| sending().after(Outcome::Failed("timeout".to_owned()), retry, NOON);
    assert_eq!((failed(HOUR).status, failed(HOUR).next), (MessageStatus::Queued, NOON.plus(HOUR)));
    assert_eq!((failed(2 * HOUR).status, failed(2 * HOUR).error.as_deref()), (MessageStatus::Expired, Some("timeout")));
}

#[test]
fn what_got_no_answer_is_tried_again_and_may_have_arrived() {
    let unknown = Outcome::Unknown("timeout".to_owned());
    assert!(!unknown.is_surely_unsent() && Outcome::Failed(String::new()).is_surely_unsent());
    assert_eq!(sending().after(unknown, MINUTE, NOON).status, MessageStatus::Queued);
}

#[test]
fn a_delivery_report_is_believed_once_and_before_the_gateways_answer_too() {
    let reported = |message: &Message, report| message.reported(report, NOON).map(|message| message.status);
    let sent = sending().after(Outcome::Accepted { provider_id: None }, MINUTE, NOON);
    for message in [&queued(), &sending(), &sent] {
        assert_eq!(reported(message, DeliveryReport::Delivered), Some(MessageStatus::Delivered));
    }
    let failed = sent.reported(DeliveryReport::Failed, NOON).unwrap();
    assert_eq!((failed.status, failed.error.as_deref()), (MessageStatus::Failed, Some(UNDELIVERED)));
    assert_eq!(reported(&failed, DeliveryReport::Delivered), None);
}

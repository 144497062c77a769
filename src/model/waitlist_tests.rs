//! Who is asked first, how, and whose answer counts.

use super::*;
use crate::model::slot::{Hold, SlotKind, SlotState};
use crate::model::testing::{DAY, HOUR, MINUTE, NOON, id};
use crate::model::time::before;

fn entry(n: u64, priority: Priority, since: UnixMillis) -> WaitlistEntry {
    let details = NewWaitlistEntry {
        referral: id(100 + n),
        specialty: "cardiology".parse().unwrap(),
        channel: Channel::Cart,
        cart: Some(id(4)),
        window: Interval::new(NOON, NOON.plus(14 * DAY)).unwrap(),
        priority,
    };
    WaitlistEntry {
        id: id(n),
        patient: id(200 + n),
        details,
        status: WaitlistStatus::Waiting,
        lost: None,
        stamp: Stamp::first(None, since),
    }
}

fn slot(starts_in: Duration) -> Slot {
    Slot {
        id: id(50),
        specialist: id(3),
        specialty: "cardiology".parse().unwrap(),
        time: Interval::new(NOON.plus(starts_in), NOON.plus(starts_in + HOUR)).unwrap(),
        channel: Channel::Cart,
        kind: SlotKind::Competitive,
        state: SlotState::Free,
        stamp: Stamp::first(None, NOON),
    }
}

fn freed(starts_in: Duration) -> FreedSlot {
    FreedSlot::of(&slot(starts_in), Some(id(4)))
}

fn offer(starts_in: Duration) -> Result<WaitlistOffer, Refusal> {
    let stamp = Stamp::first(Some(id(7)), NOON);
    WaitlistOffer::make(id(60), &entry(1, Priority::Routine, NOON), &freed(starts_in), stamp)
}

#[test]
fn the_urgent_are_asked_first_and_then_the_oldest() {
    let entries = [
        entry(1, Priority::Routine, before(NOON, 9 * DAY)),
        entry(2, Priority::Urgent, before(NOON, DAY)),
        entry(3, Priority::Routine, before(NOON, 5 * DAY)),
        entry(4, Priority::Urgent, before(NOON, 2 * DAY)),
    ];
    let order: Vec<_> = queue(&entries, &freed(3 * DAY)).iter().map(|entry| entry.id).collect();
    assert_eq!(order, [id(4), id(2), id(1), id(3)]);
}

#[test]
fn another_specialty_channel_cart_or_window_is_not_asked() {
    let waiting = entry(1, Priority::Urgent, NOON);
    let of = |change: &dyn Fn(&mut NewWaitlistEntry)| {
        let mut entry = waiting.clone();
        change(&mut entry.details);
        queue(&[entry], &freed(3 * DAY)).len()
    };
    assert_eq!(of(&|_| {}), 1);
    assert_eq!(of(&|details| details.specialty = "neurology".parse().unwrap()), 0);
    assert_eq!(of(&|details| details.channel = Channel::HomeLink), 0);
    assert_eq!(of(&|details| details.cart = Some(id(5))), 0);
    let until = |end| Interval::new(NOON, NOON.plus(end)).unwrap();
    assert_eq!(of(&|details| details.window = until(2 * DAY)), 0);
    assert_eq!(of(&|details| details.window = until(3 * DAY + HOUR / 2)), 0, "half of the visit is none");
}

#[test]
fn who_no_longer_waits_is_not_asked() {
    let booked = WaitlistEntry { status: WaitlistStatus::Booked, ..entry(1, Priority::Urgent, NOON) };
    assert!(queue(std::slice::from_ref(&booked), &freed(3 * DAY)).is_empty());
    let made = WaitlistOffer::make(id(60), &booked, &freed(3 * DAY), Stamp::first(None, NOON));
    assert_eq!(made, Err(Refusal::NotWaiting));
}

#[test]
fn an_offer_lasts_two_hours() {
    let offer = offer(3 * DAY).unwrap();
    assert_eq!(offer.expires, NOON.plus(2 * HOUR));
    assert!(offer.accept(&slot(3 * DAY), before(offer.expires, MINUTE)).is_ok());
    assert_eq!(offer.accept(&slot(3 * DAY), offer.expires), Err(Refusal::OfferExpired));
    assert_eq!(offer.decline(offer.expires), Err(Refusal::OfferExpired));
}

#[test]
fn less_than_24_hours_ahead_it_becomes_a_telephone_call() {
    assert!(matches!(outreach(freed(DAY).time, NOON), Ok(Outreach::Offer { .. })));
    assert_eq!(outreach(freed(DAY - MINUTE).time, NOON), Ok(Outreach::PhoneCall));
    assert_eq!(offer(DAY - MINUTE), Err(Refusal::OfferTooLate));
    assert_eq!(outreach(freed(Duration::ZERO).time, NOON), Err(Refusal::SlotPast));
}

#[test]
fn the_first_acceptance_wins() {
    let offer = offer(3 * DAY).unwrap();
    let hold = Hold { by: id(8), until: NOON.plus(HOUR) };
    for state in [SlotState::Busy, SlotState::Held(hold), SlotState::Blocked] {
        let taken = Slot { state, ..slot(3 * DAY) };
        assert_eq!(offer.accept(&taken, NOON), Err(Refusal::SlotTaken));
    }
    assert_eq!(offer.accept(&slot(3 * DAY), NOON), Ok(OfferResult::Accepted));
}

#[test]
fn an_offer_is_answered_once() {
    let declined = WaitlistOffer { result: Some(OfferResult::Declined), ..offer(3 * DAY).unwrap() };
    assert_eq!(declined.accept(&slot(3 * DAY), NOON), Err(Refusal::OfferAnswered));
    assert_eq!(declined.decline(NOON), Err(Refusal::OfferAnswered));
}

#[test]
fn a_form_is_read_with_its_faults_by_field() {
    let text = |text: &str| Some(text.to_owned());
    let input = WaitlistInput {
        referral: Some(id::<ReferralId>(1).to_string()),
        specialty: text("cardiology"),
        channel: text("cart"),
        cart: Some(id::<CartId>(4).to_string()),
        earliest: text("2026-11-24T00:00:00+05:00"),
        latest: text("2026-12-08T00:00:00+05:00"),
        priority: None,
    };
    let good = NewWaitlistEntry::validate(&input, Priority::Urgent, NOON).unwrap();
    assert_eq!(good.priority, Priority::Urgent, "the referral's, where the form says nothing");
    let wrong = WaitlistInput {
        channel: text("phone"),
        latest: text("2026-11-20T00:00:00+05:00"),
        priority: text("high"),
        ..input
    };
    let faults = NewWaitlistEntry::validate(&wrong, Priority::Urgent, NOON).unwrap_err().0;
    let told: Vec<_> = faults.iter().map(|fault| (fault.field, fault.fault)).collect();
    let expected = [
        ("cart", Fault::Contradicts),
        ("latest", Fault::Past),
        ("latest", Fault::Contradicts),
        ("priority", Fault::Unknown),
    ];
    assert_eq!(told, expected);
}

//! Messages to patients from the event that causes them to the gateway that takes them: a real HTTP and SMTP conversation over loopback,
//! gateways that fail, servers that end half-way.

use crate::clinic::{self, MINUTE, new_id};
use crate::databases::{TestDatabase, self_signed};
use crate::receivers::{Answer, MailReceiver, SmsReceiver};
use kenes::accounts::secret;
use kenes::clock;
use kenes::config::{self, Messages as Settings};
use kenes::messages::sender::{RunningSender, Sender};
use kenes::messages::{self as send, on_event, on_link_wanted, on_offer};
use kenes::metrics::Metrics;
use kenes::model::appointment::{Appointment, CancelReason, Channel, Event, Facts};
use kenes::model::ids::MessageId;
use kenes::model::language::Language;
use kenes::model::message::{
    Address, DeliveryReport, Message, MessageChannel, MessageKind, MessageStatus, NO_GATEWAY, WITHDRAWN,
};
use kenes::model::record::Stamp;
use kenes::model::referral::Priority;
use kenes::model::time::{Interval, UnixMillis};
use kenes::model::waitlist::{FreedSlot, NewWaitlistEntry, WaitlistEntry, WaitlistOffer, WaitlistStatus};
use kenes::storage::{
    Change, Database, StorageError, appointments, audit, messages, patients, slots, visits, waitlist,
};
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;

on_both_databases!(
    a_visit_by_link_is_told_with_a_link_that_opens_it,
    neither_text_nor_link_is_kept,
    a_gateway_that_fails_or_says_nothing_is_asked_again,
    what_a_gateway_refuses_is_not_repeated,
    a_message_is_given_up_when_the_visit_starts,
    a_message_outlives_the_server,
    a_message_outlives_a_sender_that_dies_while_sending,
    a_delivery_report_is_kept_and_comes_before_the_answer_too,
    a_letter_arrives_as_it_was_written,
    a_mail_server_that_is_busy_is_asked_again_and_one_that_refuses_is_not,
    without_a_gateway_staff_see_at_once_whom_to_telephone,
    a_cancelled_visit_withdraws_what_waits_and_says_so,
    what_is_not_true_any_more_is_not_sent,
    an_offer_is_told_with_a_link_of_its_own,
    two_servers_send_each_message_once,
);

/// How long anything here may take.
const WITHIN: Duration = Duration::from_secs(20);
const BASE: &str = "https://kenes.example.kz";

struct World {
    test: TestDatabase,
    database: Database,
    settings: Settings,
}

impl World {
    async fn new(test: TestDatabase, variables: &[(&str, String)]) -> Self {
        let database = clinic::open(&test).await;
        Self { test, database, settings: Self::settings(variables) }
    }

    fn settings(variables: &[(&str, String)]) -> Settings {
        let quick = [("KENES_MESSAGES_RETRY_MS", "100".to_owned()), ("KENES_MESSAGES_TIMEOUT_MS", "1000".to_owned())];
        let all = quick.iter().chain(variables).map(|(name, value)| ((*name).to_owned(), value.clone()));
        config::load(None, all).unwrap().messages
    }

    async fn with_sms(test: TestDatabase, gateway: &SmsReceiver) -> Self {
        let url = ("KENES_SMS_URL", format!("http://{}/sms", gateway.address));
        Self::new(test, &[url, ("KENES_SMS_TOKEN", "hunter2".to_owned())]).await
    }

    async fn with_mail(test: TestDatabase, server: &MailReceiver) -> Self {
        let variables = [
            ("KENES_SMTP_HOST", "127.0.0.1".to_owned()),
            ("KENES_SMTP_PORT", server.address.port().to_string()),
            ("KENES_SMTP_SECURITY", "none".to_owned()),
            ("KENES_SMTP_FROM", "Кеңес <kenes@hospital.kz>".to_owned()),
        ];
        Self::new(test, &variables).await
    }

    fn sender(&self) -> RunningSender {
        let metrics = Arc::new(Metrics::new().unwrap());
        Sender::new(self.settings.clone(), BASE.to_owned(), self.database.clone(), metrics).unwrap().spawn()
    }

    async fn change(&self) -> Change {
        self.database.change(clinic::nurse(), clock::unix_ms()).await.unwrap()
    }

    /// A visit of patient `n` in two hours, booked with its messages. Answers the visit and the message that tells of it.
    async fn book(&self, n: u64, channel: Channel) -> (Appointment, MessageId) {
        self.book_in(n, channel, 120 * MINUTE).await
    }

    async fn book_in(&self, n: u64, channel: Channel, ahead: Duration) -> (Appointment, MessageId) {
        let start = clock::unix_ms().plus(ahead);
        let visit = clinic::Visit { specialist: n, patient: n, cart: None, start_minute: 0, minutes: 30 };
        let proposed = Appointment {
            time: Interval::new(start, start.plus(30 * MINUTE)).unwrap(),
            channel,
            cart: (channel == Channel::Cart).then(|| clinic::cart(n).id),
            ..visit.appointment(None)
        };
        let mut change = self.change().await;
        appointments::create(&mut change, &proposed).await.unwrap();
        let booking = clinic::decide(&proposed, Event::Book);
        let visit = appointments::apply(&mut change, &proposed, &booking).await.unwrap();
        on_event(&mut change, &visit, &booking).await.unwrap();
        change.commit().await.unwrap();
        let news = self.messages(&visit).await.into_iter().find(|message| message.kind == MessageKind::Booked);
        (visit, news.unwrap().id)
    }

    async fn messages(&self, visit: &Appointment) -> Vec<Message> {
        messages::of_appointment(&self.database, visit.id).await.unwrap()
    }

    async fn find(&self, id: MessageId) -> Message {
        messages::find(&self.database, id).await.unwrap().unwrap()
    }

    /// The message when it is as wanted.
    async fn until(&self, id: MessageId, is_wanted: impl Fn(&Message) -> bool) -> Message {
        let mut notices = self.database.notices();
        let waiting = async {
            loop {
                let message = self.find(id).await;
                if is_wanted(&message) {
                    return message;
                }
                notices.recv().await.unwrap();
            }
        };
        match timeout(WITHIN, waiting).await {
            Ok(message) => message,
            Err(_) => panic!("not as wanted: {:?}", self.find(id).await),
        }
    }

    async fn settled(&self, id: MessageId) -> Message {
        self.until(id, |message| !message.status.is_open()).await
    }
}

/// For `localhost`, and the file that says who may be trusted with it.
fn identity(folder: &Path) -> (Arc<ServerConfig>, String) {
    let (certificate, key) = (folder.join("gateway.pem"), folder.join("gateway-key.pem"));
    self_signed(&certificate, &key);
    let chain = CertificateDer::pem_file_iter(&certificate).unwrap().collect::<Result<Vec<_>, _>>().unwrap();
    let config = ServerConfig::builder_with_provider(rustls::crypto::aws_lc_rs::default_provider().into())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, PrivateKeyDer::from_pem_file(key).unwrap())
        .unwrap();
    (Arc::new(config), certificate.to_str().unwrap().to_owned())
}

#[tokio::test]
async fn a_gateway_is_spoken_to_by_tls_and_only_when_it_is_the_one() {
    let test = TestDatabase::sqlite();
    let (tls, trusted) = identity(&test.folder);
    let gateway = SmsReceiver::start_with_tls(tls).await;
    let url = ("KENES_SMS_URL", format!("https://localhost:{}/sms", gateway.address.port()));
    let token = ("KENES_SMS_TOKEN", "hunter2".to_owned());
    let mut world = World::new(test, &[url.clone(), token.clone()]).await;
    let (_, id) = world.book(0, Channel::Cart).await;
    let sender = world.sender();
    let failed = world.until(id, |message| message.error.is_some()).await;
    assert_eq!(failed.error.as_deref(), Some("unreachable"));
    assert!(gateway.requests().is_empty(), "a stranger gets nothing to read");
    sender.stop().await;
    world.settings = World::settings(&[url, token, ("KENES_MESSAGES_CA_FILE", trusted)]);
    let sender = world.sender();
    assert_eq!(world.settled(id).await.status, MessageStatus::Sent);
    sender.stop().await;
}

#[tokio::test]
async fn a_mail_server_is_spoken_to_by_tls_and_only_when_it_is_the_one() {
    let test = TestDatabase::sqlite();
    let (tls, trusted) = identity(&test.folder);
    let server = MailReceiver::start_with_tls(tls).await;
    let settings = [
        ("KENES_SMTP_HOST", "localhost".to_owned()),
        ("KENES_SMTP_PORT", server.address.port().to_string()),
        ("KENES_SMTP_FROM", "kenes@hospital.kz".to_owned()),
        ("KENES_MESSAGES_CA_FILE", trusted),
    ];
    let mut world = World::new(test, &settings[..3]).await;
    with_email(&world, 0).await;
    let (_, id) = world.book(0, Channel::Cart).await;
    let sender = world.sender();
    let failed = world.until(id, |message| message.error.is_some()).await;
    assert_eq!(failed.error.as_deref(), Some("unreachable"));
    sender.stop().await;
    world.settings = World::settings(&settings);
    let sender = world.sender();
    assert_eq!(world.settled(id).await.status, MessageStatus::Sent);
    assert_eq!(server.letters().len(), 1);
    sender.stop().await;
}

fn token_in(text: &str) -> &str {
    text.split_once(&format!("{BASE}/visit#")).unwrap().1.split_whitespace().next().unwrap()
}

async fn a_visit_by_link_is_told_with_a_link_that_opens_it(test: TestDatabase) {
    let gateway = SmsReceiver::start(&[]).await;
    let world = World::with_sms(test, &gateway).await;
    let sender = world.sender();
    let (visit, id) = world.book(0, Channel::HomeLink).await;
    let sent = world.settled(id).await;
    assert_eq!((sent.status, sent.provider_id.as_deref()), (MessageStatus::Sent, Some("gateway-1")));
    assert_eq!((sent.channel, sent.to_masked.as_deref()), (MessageChannel::Sms, Some("+7701***4567")));
    assert_eq!(gateway.authorization(), "Bearer hunter2");
    let request = &gateway.requests()[0];
    assert_eq!((&request["id"], &request["to"]), (&id.to_string().into(), &"+77011234567".into()));
    assert_eq!(request["sender"], "Kenes");
    let text = request["text"].as_str().unwrap();
    assert!(text.contains("Дәрігер"), "the patient speaks Kazakh: {text}");
    let token = token_in(text);
    assert_eq!(token.len(), "v_".len() + 43, "256 bits");
    let link = visits::find_link(&world.database, &secret::hash(token)).await.unwrap().unwrap();
    assert_eq!((link.appointment, link.check(clock::unix_ms())), (visit.id, Ok(())));
    sender.stop().await;
}

async fn neither_text_nor_link_is_kept(test: TestDatabase) {
    use sqlx::{Executor as _, Row as _};
    let gateway = SmsReceiver::start(&[]).await;
    let world = World::with_sms(test, &gateway).await;
    let sender = world.sender();
    let (visit, id) = world.book(0, Channel::HomeLink).await;
    world.settled(id).await;
    let text = gateway.requests()[0]["text"].as_str().unwrap().to_owned();
    let secrets = [token_in(&text), "Дәрігер", "+77011234567"];
    let mut intruder = world.test.intrude().await;
    let row = intruder.fetch_one("SELECT * FROM messages").await.unwrap();
    let columns: Vec<String> = (0..row.len()).filter_map(|at| row.try_get(at).ok()).collect();
    let trail: Vec<String> = audit::of_entity(&world.database, "appointment", &visit.id.to_string())
        .await
        .unwrap()
        .into_iter()
        .map(|entry| entry.detail)
        .collect();
    assert!(trail.iter().any(|detail| detail.contains("\"sent\"")), "{trail:?}");
    for kept in columns.iter().chain(&trail) {
        assert!(!secrets.iter().any(|secret| kept.contains(secret)), "{kept}");
    }
    sender.stop().await;
}

async fn a_gateway_that_fails_or_says_nothing_is_asked_again(test: TestDatabase) {
    let gateway = SmsReceiver::start(&[Answer::Status(500), Answer::Silence, Answer::Status(429)]).await;
    let world = World::with_sms(test, &gateway).await;
    let sender = world.sender();
    let (visit, id) = world.book(0, Channel::HomeLink).await;
    let failed = world.until(id, |message| message.error.is_some()).await;
    assert_eq!((failed.status, failed.error.as_deref()), (MessageStatus::Queued, Some("http_500")));
    world.until(id, |message| message.error.as_deref() == Some("timeout")).await;
    let sent = world.settled(id).await;
    assert_eq!((sent.status, sent.attempts, sent.error), (MessageStatus::Sent, 4, None));
    let requests = gateway.requests();
    assert!(requests.iter().all(|request| request["id"] == id.to_string()), "one message, whatever the attempt");
    let links = visits::links(&world.database, visit.id).await.unwrap();
    let live = links.iter().filter(|link| link.revoked.is_none()).count();
    assert_eq!((links.len(), live), (4, 2), "the link of an attempt without an answer may be in the patient's hands");
    sender.stop().await;
}

async fn what_a_gateway_refuses_is_not_repeated(test: TestDatabase) {
    let gateway = SmsReceiver::start(&[Answer::Status(422)]).await;
    let world = World::with_sms(test, &gateway).await;
    let sender = world.sender();
    let (_, id) = world.book(0, Channel::Cart).await;
    let failed = world.settled(id).await;
    assert_eq!((failed.status, failed.error.as_deref()), (MessageStatus::Failed, Some("refused")));
    sender.stop().await;
    assert_eq!(gateway.requests().len(), 1);
}

async fn a_message_is_given_up_when_the_visit_starts(test: TestDatabase) {
    let gateway = SmsReceiver::start(&[Answer::Status(503); 100]).await;
    let world = World::with_sms(test, &gateway).await;
    let sender = world.sender();
    let (_, id) = world.book_in(0, Channel::HomeLink, Duration::from_millis(1500)).await;
    let expired = world.settled(id).await;
    assert_eq!((expired.status, expired.error.as_deref()), (MessageStatus::Expired, Some("http_503")));
    assert!(gateway.requests().len() > 1);
    sender.stop().await;
}

async fn a_message_outlives_the_server(test: TestDatabase) {
    let gateway = SmsReceiver::start(&[Answer::Status(500)]).await;
    let world = World::with_sms(test, &gateway).await;
    let sender = world.sender();
    let (_, id) = world.book(0, Channel::HomeLink).await;
    world.until(id, |message| message.error.is_some()).await;
    sender.stop().await;
    let World { test, database, settings } = world;
    database.close().await;
    // A folder is served by one at a time.
    drop(database);
    let world = World { database: test.open().await, test, settings };
    let sender = world.sender();
    assert_eq!(world.settled(id).await.status, MessageStatus::Sent);
    sender.stop().await;
}

async fn a_message_outlives_a_sender_that_dies_while_sending(test: TestDatabase) {
    let gateway = SmsReceiver::start(&[]).await;
    let world = World::with_sms(test, &gateway).await;
    let (_, id) = world.book(0, Channel::HomeLink).await;
    let queued = world.find(id).await;
    let to = Address::Sms("+77011234567".parse().unwrap());
    let held = queued.sending(&to, Duration::from_millis(500), clock::unix_ms());
    let mut change = world.change().await;
    messages::update(&mut change, &queued, &held).await.unwrap();
    change.commit().await.unwrap();
    // And then nothing more is heard of it.
    let sender = world.sender();
    let sent = world.settled(id).await;
    assert_eq!((sent.status, sent.attempts), (MessageStatus::Sent, 2));
    assert!(sent.updated >= held.next, "not before its lease has run out");
    sender.stop().await;
}

async fn a_delivery_report_is_kept_and_comes_before_the_answer_too(test: TestDatabase) {
    let gateway = SmsReceiver::start(&[Answer::Status(202), Answer::Silence]).await;
    let world = World::with_sms(test, &gateway).await;
    let sender = world.sender();
    let report = async |id, report| send::report(&world.database, id, report, clock::unix_ms()).await;
    let (_, first) = world.book(0, Channel::HomeLink).await;
    world.settled(first).await;
    let news = report(first, DeliveryReport::Delivered).await.unwrap();
    assert_eq!(news.unwrap().status, MessageStatus::Delivered);
    assert_eq!(report(first, DeliveryReport::Failed).await.unwrap(), None, "what is delivered stays so");

    let (_, second) = world.book(1, Channel::HomeLink).await;
    world.until(second, |message| message.status == MessageStatus::Sending).await;
    report(second, DeliveryReport::Delivered).await.unwrap();
    tokio::time::sleep(Duration::from_millis(1500)).await;
    assert_eq!(world.find(second).await.status, MessageStatus::Delivered, "the answer that did not come is forgotten");
    let unknown = report(new_id(), DeliveryReport::Delivered).await;
    assert!(matches!(unknown, Err(StorageError::Missing("message"))));
    sender.stop().await;
}

/// Patient `n` without a telephone and with an address.
async fn with_email(world: &World, n: u64) {
    let seen = clinic::patient(n);
    let mut details = seen.details.clone();
    (details.phone, details.email) = (None, Some("aliya@mail.kz".parse().unwrap()));
    details.language = Language::Russian;
    let mut change = world.change().await;
    patients::update(&mut change, &seen, details).await.unwrap();
    change.commit().await.unwrap();
}

async fn a_letter_arrives_as_it_was_written(test: TestDatabase) {
    use mailparse::MailHeaderMap as _;
    let server = MailReceiver::start(&[]).await;
    let world = World::with_mail(test, &server).await;
    with_email(&world, 0).await;
    let sender = world.sender();
    let (_, id) = world.book(0, Channel::HomeLink).await;
    let sent = world.settled(id).await;
    assert_eq!((sent.status, sent.channel), (MessageStatus::Sent, MessageChannel::Email));
    assert_eq!(sent.to_masked.as_deref(), Some("a***@mail.kz"));

    let letter = server.letters().remove(0);
    assert_eq!((letter.from.as_str(), letter.to.as_str()), ("kenes@hospital.kz", "aliya@mail.kz"));
    assert!(letter.data.lines().all(|line| line.len() <= 998), "RFC 5322 §2.1.1");
    let mail = mailparse::parse_mail(letter.data.as_bytes()).unwrap();
    let header = |name| mail.headers.get_first_value(name).unwrap();
    assert_eq!(header("From"), "Кеңес <kenes@hospital.kz>");
    assert_eq!(header("To"), "aliya@mail.kz");
    assert_eq!(header("Message-ID"), format!("<{id}@hospital.kz>"));
    assert!(header("Subject").starts_with("Приём врача"), "{}", header("Subject"));
    assert!(mailparse::dateparse(&header("Date")).is_ok());
    assert_eq!(mail.ctype.mimetype, "text/plain");
    let body = mail.get_body().unwrap();
    assert!(body.contains("не пересылайте"), "{body}");
    assert!(visits::find_link(&world.database, &secret::hash(token_in(&body))).await.unwrap().is_some());
    sender.stop().await;
}

async fn a_mail_server_that_is_busy_is_asked_again_and_one_that_refuses_is_not(test: TestDatabase) {
    let server = MailReceiver::start(&["451 Later", "250 OK", "550 Nobody here"]).await;
    let world = World::with_mail(test, &server).await;
    let sender = world.sender();
    with_email(&world, 0).await;
    let (visit, id) = world.book(0, Channel::HomeLink).await;
    let sent = world.settled(id).await;
    assert_eq!((sent.status, sent.error, sent.attempts), (MessageStatus::Sent, None, 2));
    let mut change = world.change().await;
    on_link_wanted(&mut change, &visit).await.unwrap();
    change.commit().await.unwrap();
    let messages = world.messages(&visit).await;
    let link = messages.iter().find(|message| message.kind == MessageKind::Link).unwrap();
    let refused = world.settled(link.id).await;
    assert_eq!((refused.status, refused.error.as_deref()), (MessageStatus::Failed, Some("refused")));
    assert_eq!(server.letters().len(), 1);
    sender.stop().await;
}

async fn without_a_gateway_staff_see_at_once_whom_to_telephone(test: TestDatabase) {
    let world = World::new(test, &[]).await;
    let sender = world.sender();
    let (visit, id) = world.book_in(0, Channel::Cart, 5 * 24 * 60 * MINUTE).await;
    let failed = world.settled(id).await;
    assert_eq!((failed.status, failed.error.as_deref()), (MessageStatus::Failed, Some(NO_GATEWAY)));
    let waiting = world.messages(&visit).await;
    assert_eq!(
        waiting.iter().filter(|message| message.status == MessageStatus::Queued).count(),
        2,
        "a gateway may come"
    );
    sender.stop().await;
}

async fn a_cancelled_visit_withdraws_what_waits_and_says_so(test: TestDatabase) {
    let gateway = SmsReceiver::start(&[]).await;
    let world = World::with_sms(test, &gateway).await;
    let sender = world.sender();
    let (visit, id) = world.book_in(0, Channel::HomeLink, 5 * 24 * 60 * MINUTE).await;
    world.settled(id).await;
    let mut change = world.change().await;
    let cancel = Event::Cancel(CancelReason::SpecialistUnavailable);
    let cancelled = visit.decide(&clinic::actor(), cancel, &Facts::default(), clock::unix_ms()).unwrap();
    let visit = appointments::apply(&mut change, &visit, &cancelled).await.unwrap();
    on_event(&mut change, &visit, &cancelled).await.unwrap();
    change.commit().await.unwrap();
    let messages = world.messages(&visit).await;
    let of = |kind| messages.iter().find(|message| message.kind == kind).unwrap();
    for kind in [MessageKind::ConfirmAsk, MessageKind::Reminder] {
        assert_eq!((of(kind).status, of(kind).error.as_deref()), (MessageStatus::Expired, Some(WITHDRAWN)));
    }
    assert_eq!(world.settled(of(MessageKind::Cancelled).id).await.status, MessageStatus::Sent);
    let text = gateway.requests()[1]["text"].as_str().unwrap().to_owned();
    assert!(text.contains("болмайды") && !text.contains(BASE), "{text}");
    sender.stop().await;
}

async fn what_is_not_true_any_more_is_not_sent(test: TestDatabase) {
    let gateway = SmsReceiver::start(&[]).await;
    let world = World::with_sms(test, &gateway).await;
    let (visit, id) = world.book(0, Channel::HomeLink).await;
    let mut change = world.change().await;
    let cancel = Event::Cancel(CancelReason::PatientDied);
    let cancelled = visit.decide(&clinic::actor(), cancel, &Facts::default(), clock::unix_ms()).unwrap();
    appointments::apply(&mut change, &visit, &cancelled).await.unwrap();
    change.commit().await.unwrap();
    let sender = world.sender();
    let expired = world.settled(id).await;
    assert_eq!((expired.status, expired.error.as_deref()), (MessageStatus::Expired, Some(WITHDRAWN)));
    assert!(gateway.requests().is_empty());
    sender.stop().await;
}

/// An offer to patient 0, two days ahead.
async fn offer(world: &World) -> WaitlistOffer {
    let now = clock::unix_ms();
    let start = now.plus(48 * 60 * MINUTE);
    let mut slot = clinic::slot(0, 0);
    slot.time = Interval::new(start, start.plus(30 * MINUTE)).unwrap();
    let referral = clinic::referral(0);
    let details = NewWaitlistEntry {
        referral: referral.id,
        specialty: referral.details.specialty,
        channel: Channel::Cart,
        cart: None,
        window: Interval::new(UnixMillis(0), start.plus(48 * 60 * MINUTE)).unwrap(),
        priority: Priority::Routine,
    };
    let stamp = Stamp::first(None, now);
    let patient = clinic::patient(0).id;
    let entry = WaitlistEntry { id: new_id(), patient, details, status: WaitlistStatus::Waiting, lost: None, stamp };
    let offer = WaitlistOffer::make(new_id(), &entry, &FreedSlot::of(&slot, None), stamp).unwrap();
    let mut change = world.change().await;
    slots::publish(&mut change, &[slot]).await.unwrap();
    waitlist::join(&mut change, &entry).await.unwrap();
    waitlist::offer(&mut change, &offer).await.unwrap();
    on_offer(&mut change, &offer, &entry).await.unwrap();
    change.commit().await.unwrap();
    offer
}

async fn an_offer_is_told_with_a_link_of_its_own(test: TestDatabase) {
    let gateway = SmsReceiver::start(&[]).await;
    let world = World::with_sms(test, &gateway).await;
    let sender = world.sender();
    let mut notices = world.database.notices();
    let offer = offer(&world).await;
    let sent =
        async { while notices.recv().await.unwrap().entity != "waitlist_offer" || gateway.requests().is_empty() {} };
    timeout(WITHIN, sent).await.unwrap();
    let text = gateway.requests()[0]["text"].as_str().unwrap().to_owned();
    let token = secret::hash(token_in(&text));
    let (_, found) = waitlist::find_by_link(&world.database, &token).await.unwrap().unwrap();
    assert_eq!(found, offer.id);
    assert_eq!(visits::find_link(&world.database, &token).await.unwrap(), None, "there is no visit yet");
    sender.stop().await;
}

async fn two_servers_send_each_message_once(test: TestDatabase) {
    let gateway = SmsReceiver::start(&[]).await;
    let world = World::with_sms(test, &gateway).await;
    let mut ids = Vec::new();
    for n in 0..clinic::PEOPLE {
        ids.push(world.book(n, Channel::HomeLink).await.1);
    }
    let senders = [world.sender(), world.sender()];
    for id in ids {
        assert_eq!(world.settled(id).await.attempts, 1);
    }
    for sender in senders {
        sender.stop().await;
    }
    assert_eq!(u64::try_from(gateway.requests().len()).unwrap(), clinic::PEOPLE);
}

//! Sessions, keys, pairing codes, identities and tries: by digests, once, and as often as allowed.

use crate::clinic::{self, MINUTE, MORNING, id, new_id};
use crate::databases::TestDatabase;
use kenes::model::account::{Holder, Login, Proof};
use kenes::model::api_key::{ApiKey, NewApiKey};
use kenes::model::ids::UserId;
use kenes::model::join_link::TokenHash;
use kenes::model::sign_in::{LOCK, LOCKED_AFTER};
use kenes::model::time::UnixMillis;
use kenes::storage::accounts::{self, NewHolder};
use kenes::storage::{Author, Database, StorageError, api_keys, identities, pairings, sign_ins};
use std::time::Duration;

on_both_databases!(
    a_session_is_found_by_its_digest_and_ends_with_a_new_password,
    only_whom_a_one_time_password_let_in_must_change_it,
    a_key_is_found_by_its_digest_until_it_is_revoked,
    a_pairing_code_is_taken_once_and_replaced_by_the_next,
    a_person_has_one_account_at_a_provider_and_an_account_one_person,
    tries_side_by_side_are_counted_one_after_the_other,
    a_lock_is_seen_and_lifted_by_a_new_password,
);

const NURSE: u64 = 1;
const LATER: UnixMillis = UnixMillis(MORNING.0 + 3_600_000);

fn hash(n: u8) -> TokenHash {
    TokenHash([n; 32])
}

fn nurse() -> UserId {
    id(NURSE)
}

/// The clinic, with a login for its nurse.
async fn open(test: &TestDatabase, must_change: bool) -> Database {
    let database = clinic::open(test).await;
    let mut change = database.change(Author::System, MORNING).await.unwrap();
    let login = Login::new("aigul").unwrap();
    accounts::create_credential(&mut change, nurse(), &login, "a hash".to_owned(), must_change).await.unwrap();
    change.commit().await.unwrap();
    database
}

async fn open_session(database: &Database, n: u8, proof: Proof) {
    let mut change = database.change(clinic::nurse(), MORNING).await.unwrap();
    accounts::open_session(&mut change, &hash(n), NewHolder::User(nurse(), proof), LATER).await.unwrap();
    change.commit().await.unwrap();
}

async fn a_session_is_found_by_its_digest_and_ends_with_a_new_password(test: TestDatabase) {
    let database = open(&test, false).await;
    for n in [1, 2] {
        open_session(&database, n, Proof::Password).await;
    }
    let session = accounts::find_session(&database, &hash(1)).await.unwrap().unwrap();
    assert!(matches!(session.holder, Holder::User { id, must_change_password: false, .. } if id == nurse()));
    assert_eq!((session.used, session.expires), (MORNING, LATER));
    assert_eq!(accounts::find_session(&database, &hash(3)).await.unwrap(), None);

    let mut change = database.change(clinic::nurse(), MORNING).await.unwrap();
    accounts::set_password(&mut change, nurse(), "another".to_owned(), false, Some(&hash(1))).await.unwrap();
    change.commit().await.unwrap();
    assert!(accounts::find_session(&database, &hash(1)).await.unwrap().is_some(), "the one that changed it goes on");
    assert_eq!(accounts::find_session(&database, &hash(2)).await.unwrap(), None);
}

async fn only_whom_a_one_time_password_let_in_must_change_it(test: TestDatabase) {
    let database = open(&test, true).await;
    open_session(&database, 1, Proof::Password).await;
    open_session(&database, 2, Proof::Oidc).await;
    for (n, expected) in [(1, true), (2, false)] {
        let session = accounts::find_session(&database, &hash(n)).await.unwrap().unwrap();
        assert!(
            matches!(session.holder, Holder::User { must_change_password, .. } if must_change_password == expected)
        );
    }
}

async fn a_key_is_found_by_its_digest_until_it_is_revoked(test: TestDatabase) {
    let database = clinic::open(&test).await;
    let details = NewApiKey {
        name: "Damumed".to_owned(),
        site: clinic::site().id,
        source: "damumed".to_owned(),
        scopes: "referrals:read,referrals:write".parse().unwrap(),
        expires: LATER,
    };
    let made = |n: u8| ApiKey {
        id: new_id(),
        hash: hash(n),
        details: details.clone(),
        used: None,
        revoked: None,
        created_by: Some(nurse()),
        created: MORNING,
    };
    let keys = [made(1), made(2)];
    let mut change = database.change(clinic::nurse(), MORNING).await.unwrap();
    for key in &keys {
        api_keys::create(&mut change, key).await.unwrap();
    }
    change.commit().await.unwrap();
    assert_eq!(api_keys::find(&database, &hash(1)).await.unwrap().as_ref(), Some(&keys[0]));
    assert_eq!(api_keys::find(&database, &hash(3)).await.unwrap(), None);
    let newest = api_keys::list(&database, None, 1).await.unwrap();
    assert_eq!(api_keys::list(&database, Some(newest[0].id), 10).await.unwrap().len(), 1);

    api_keys::note_use(&database, keys[0].id, MORNING.plus(MINUTE)).await.unwrap();
    let mut change = database.change(clinic::nurse(), LATER).await.unwrap();
    api_keys::revoke(&mut change, keys[0].id).await.unwrap();
    assert!(matches!(api_keys::revoke(&mut change, keys[0].id).await, Err(StorageError::Missing("key"))));
    change.commit().await.unwrap();
    let found = api_keys::find(&database, &hash(1)).await.unwrap().unwrap();
    assert_eq!((found.used, found.revoked), (Some(MORNING.plus(MINUTE)), Some(LATER)));
}

async fn offer(database: &Database, cart: u64, n: u8) {
    let mut change = database.change(clinic::nurse(), MORNING).await.unwrap();
    pairings::offer(&mut change, clinic::cart(cart).id, &hash(n), LATER).await.unwrap();
    change.commit().await.unwrap();
}

/// Types a code at `now` and pairs the cart by it.
async fn take(database: &Database, n: u8, now: UnixMillis) -> bool {
    let mut change = database.change(Author::System, now).await.unwrap();
    let Some(cart) = pairings::take(&mut change, &hash(n)).await.unwrap() else { return false };
    pairings::end(&mut change, cart).await.unwrap();
    accounts::open_session(&mut change, &hash(100 + n), NewHolder::Cart(cart), LATER).await.unwrap();
    change.commit().await.unwrap();
    true
}

async fn a_pairing_code_is_taken_once_and_replaced_by_the_next(test: TestDatabase) {
    let database = clinic::open(&test).await;
    offer(&database, 0, 1).await;
    offer(&database, 0, 2).await;
    assert!(!take(&database, 1, MORNING).await, "replaced");
    assert!(!take(&database, 2, LATER).await, "expired");
    let takers = (0..8).map(|_| {
        let database = database.clone();
        tokio::spawn(async move { take(&database, 2, MORNING).await })
    });
    let mut taken = 0;
    for taker in takers.collect::<Vec<_>>() {
        taken += u32::from(taker.await.unwrap());
    }
    assert_eq!(taken, 1);
    offer(&database, 0, 3).await;
    assert!(take(&database, 3, MORNING).await);
    assert_eq!(accounts::find_session(&database, &hash(102)).await.unwrap(), None, "the former device is let go");
    assert!(accounts::find_session(&database, &hash(103)).await.unwrap().is_some());
}

async fn a_person_has_one_account_at_a_provider_and_an_account_one_person(test: TestDatabase) {
    let database = clinic::open(&test).await;
    let link = async |issuer: &str, subject: &str, user: UserId| {
        let mut change = database.change(Author::System, MORNING).await.unwrap();
        identities::link(&mut change, issuer, subject, user).await?;
        change.commit().await
    };
    link("https://id.example", "s-1", nurse()).await.unwrap();
    link("https://other.example", "s-1", nurse()).await.unwrap();
    let doctor = clinic::specialist(0);
    for (subject, user) in [("s-1", doctor), ("s-2", nurse())] {
        let refused = link("https://id.example", subject, user).await;
        assert!(matches!(refused, Err(StorageError::Exists("identity"))), "{subject}");
    }
    assert_eq!(identities::find(&database, "https://id.example", "s-1").await.unwrap(), Some(nurse()));
    assert_eq!(identities::find(&database, "https://id.example", "s-2").await.unwrap(), None);
}

async fn tries_side_by_side_are_counted_one_after_the_other(test: TestDatabase) {
    let database = clinic::open(&test).await;
    let tries = (0..16).map(|_| {
        let database = database.clone();
        tokio::spawn(async move { sign_ins::attempt(&database, &hash(1), None, MORNING).await.unwrap().is_ok() })
    });
    let mut admitted = 0;
    for attempt in tries.collect::<Vec<_>>() {
        admitted += u32::from(attempt.await.unwrap());
    }
    assert_eq!(admitted, 3, "the fourth has to wait");
    sign_ins::succeeded(&database, &hash(1)).await.unwrap();
    assert_eq!(sign_ins::attempt(&database, &hash(1), None, MORNING).await.unwrap().unwrap().count, 1);
}

async fn a_lock_is_seen_and_lifted_by_a_new_password(test: TestDatabase) {
    let database = open(&test, false).await;
    let mut now = MORNING;
    let mut last = None;
    while last.is_none_or(|count| count < LOCKED_AFTER) {
        match sign_ins::attempt(&database, &hash(1), Some(nurse()), now).await.unwrap() {
            Ok(attempts) => last = Some(attempts.count),
            Err(wait) => now = now.plus(wait),
        }
    }
    assert_eq!(sign_ins::locked(&database, now).await.unwrap(), [nurse()]);
    assert!(sign_ins::attempt(&database, &hash(1), Some(nurse()), now.plus(MINUTE)).await.unwrap().is_err());
    assert!(sign_ins::locked(&database, now.plus(LOCK)).await.unwrap().is_empty());

    let mut change = database.change(Author::System, now).await.unwrap();
    accounts::set_password(&mut change, nurse(), "another".to_owned(), true, None).await.unwrap();
    change.commit().await.unwrap();
    assert!(sign_ins::locked(&database, now).await.unwrap().is_empty());
    let after = sign_ins::attempt(&database, &hash(1), Some(nurse()), now.plus(Duration::from_secs(1))).await.unwrap();
    assert_eq!(after.unwrap().count, 1);
}

//! `GET /api/v1/live`: a WebSocket on which signed-in people hear which records have changed, so that no page asks again and again. It
//! says no more than that: the page fetches what it may see.

use super::caller::Caller;
use super::openapi::Problems;
use super::{Problem, origin};
use crate::app::App;
use crate::storage::Notice;
use axum::extract::ws::{Message, WebSocket};
use axum::extract::{State, WebSocketUpgrade};
use axum::http::HeaderMap;
use axum::response::Response;
use serde_json::json;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::{RecvError, TryRecvError};
use tokio::time::{Instant, sleep, sleep_until, timeout};

/// Changes are collected for so long and told together: a booking changes five records at once.
const COLLECT: Duration = Duration::from_millis(50);
/// A page without news hears a ping this often, and answers it.
const PING_EVERY: Duration = Duration::from_secs(20);
const DEAD_AFTER: Duration = Duration::from_secs(45);
const WRITE_WITHIN: Duration = Duration::from_secs(10);
/// What a client has to say is nothing.
const MAX_MESSAGE_BYTES: usize = 1024;

/// A WebSocket that tells which records change.
///
/// # Errors
/// The [`Problem`] that kept it from opening.
#[utoipa::path(get, path = "/live", tag = "live",
    responses((status = 101, description = "Messages `{\"changed\":[{\"topic\":\"appointments\",\"id\":\"..\"}]}`"), Problems))]
pub async fn live(
    State(app): State<Arc<App>>,
    caller: Caller,
    headers: HeaderMap,
    upgrade: Result<WebSocketUpgrade, axum::extract::ws::rejection::WebSocketUpgradeRejection>,
) -> Result<Response, Problem> {
    let upgrade = upgrade.map_err(|_| Problem::BadRequest)?;
    if app.rooms.is_draining() {
        return Err(Problem::Draining);
    }
    if !origin::is_own(&headers, &app.allowed_origins) {
        return Err(Problem::Forbidden);
    }
    let permit = Arc::clone(&app.sockets).try_acquire_owned().map_err(|_| Problem::Busy)?;
    let notices = app.database.notices();
    let seat = caller.user().map(|user| app.presence.sit_down(user));
    Ok(upgrade.max_message_size(MAX_MESSAGE_BYTES).on_upgrade(move |socket| async move {
        tokio::select! {
            () = tell(socket, notices) => {}
            () = app.rooms.drained() => {}
        }
        drop((seat, permit));
    }))
}

async fn tell(mut socket: WebSocket, mut notices: Receiver<Notice>) {
    let mut heard = Instant::from_std(crate::clock::now());
    let mut ping_at = heard + PING_EVERY;
    loop {
        let message = tokio::select! {
            notice = notices.recv() => match notice {
                Ok(notice) => {
                    sleep(COLLECT).await;
                    changed(notice, &mut notices)
                }
                // Too much has happened to be told one by one.
                Err(RecvError::Lagged(_)) => r#"{"changed":[{"topic":"everything","id":""}]}"#.to_owned(),
                Err(RecvError::Closed) => return,
            },
            incoming = socket.recv() => match incoming {
                Some(Ok(Message::Close(_)) | Err(_)) | None => return,
                Some(Ok(_)) => {
                    heard = Instant::from_std(crate::clock::now());
                    continue;
                }
            },
            () = sleep_until(ping_at) => {
                ping_at += PING_EVERY;
                if Instant::from_std(crate::clock::now()) > heard + DEAD_AFTER {
                    return;
                }
                if !send(&mut socket, Message::Ping(Vec::new().into())).await {
                    return;
                }
                continue;
            }
        };
        if !send(&mut socket, Message::Text(message.into())).await {
            return;
        }
    }
}

async fn send(socket: &mut WebSocket, message: Message) -> bool {
    matches!(timeout(WRITE_WITHIN, socket.send(message)).await, Ok(Ok(())))
}

/// The first notice and those behind it, each record once.
fn changed(first: Notice, notices: &mut Receiver<Notice>) -> String {
    let mut seen = BTreeSet::from([(topic(first.entity), first.id)]);
    loop {
        match notices.try_recv() {
            Ok(notice) => drop(seen.insert((topic(notice.entity), notice.id))),
            Err(TryRecvError::Lagged(_)) => drop(seen.insert(("everything", String::new()))),
            Err(TryRecvError::Empty | TryRecvError::Closed) => break,
        }
    }
    let changed: Vec<_> = seen.iter().map(|(topic, id)| json!({ "topic": topic, "id": id })).collect();
    json!({ "changed": changed }).to_string()
}

/// As the API names its lists.
fn topic(entity: &'static str) -> &'static str {
    match entity {
        "appointment" => "appointments",
        "referral" => "referrals",
        "slot" => "slots",
        "waitlist" | "waitlist_offer" => "waitlist",
        "cart" => "carts",
        "user" => "users",
        "site" => "sites",
        "patient" => "patients",
        other => other,
    }
}

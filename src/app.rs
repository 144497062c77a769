//! What every handler shares: one value, made at start, never replaced.

use crate::accounts::oidc::Oidc;
use crate::accounts::password::Passwords;
use crate::address_limit::AddressLimit;
use crate::messages::ReportToken;
use crate::metrics::Metrics;
use crate::presence::Presence;
use crate::rooms::Rooms;
use crate::storage::Database;
use crate::tokens::TokenKey;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;

pub struct App {
    pub database: Database,
    pub passwords: Passwords,
    pub presence: Arc<Presence>,
    /// Of the SMS gateway.
    pub report_token: ReportToken,
    /// What links begin with that people are sent.
    pub link_base: String,
    pub tokens: TokenKey,
    pub join_token_life: Duration,
    /// How far ahead specialists can be booked.
    pub horizon: Duration,
    pub join_limit: AddressLimit,
    /// Passwords and sign-ins at a provider, as one address tries them.
    pub sign_in_limit: AddressLimit,
    pub pairing_limit: AddressLimit,
    /// Requests of checks of a link before a call.
    pub link_check_limit: AddressLimit,
    /// One permit per such check's media.
    pub trials: Arc<Semaphore>,
    /// Sign-in at a provider, where one is configured.
    pub oidc: Option<Oidc>,
    /// Origins beside the server's own whose pages may open the WebSocket.
    pub allowed_origins: Vec<String>,
    /// One permit per open WebSocket.
    pub sockets: Arc<Semaphore>,
    pub rooms: Arc<Rooms>,
    pub metrics: Arc<Metrics>,
}

//! Who comes by a single-visit link: the token in the `Authorization` header, which no log and no address line shows.

use super::offer::Invited;
use crate::accounts::secret;
use crate::app::App;
use crate::clock;
use crate::endpoints::Problem;
use crate::endpoints::caller::bearer;
use crate::model::join_link::JoinToken;
use crate::model::refusal::Refusal;
use crate::model::time::UnixMillis;
use crate::storage::agenda::{self, Entry};
use crate::storage::{Author, visits, waitlist};
use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::request::Parts;
use std::net::SocketAddr;
use std::sync::Arc;

/// The holder of a link that works now. It opens its own visit and nothing else.
pub struct Guest {
    pub link: JoinToken,
    pub now: UnixMillis,
}

/// What a link opens.
pub enum Opened {
    Visit(Guest),
    Offer(Invited),
}

impl FromRequestParts<Arc<App>> for Opened {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Problem> {
        let ConnectInfo(from) =
            ConnectInfo::<SocketAddr>::from_request_parts(parts, app).await.map_err(|_| Problem::Internal)?;
        if !app.join_limit.admit(from.ip(), clock::now()) {
            return Err(Problem::RateLimited);
        }
        let hash = secret::hash(bearer(&parts.headers).ok_or(Problem::NotSignedIn)?);
        let now = clock::unix_ms();
        if let Some(link) = visits::find_link(&app.database, &hash).await? {
            link.check(now)?;
            return Ok(Self::Visit(Guest { link, now }));
        }
        let (id, offer) = waitlist::find_by_link(&app.database, &hash).await?.ok_or(Problem::InvitationInvalid)?;
        Ok(Self::Offer(Invited { id, hash, offer, now }))
    }
}

impl FromRequestParts<Arc<App>> for Guest {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Problem> {
        match Opened::from_request_parts(parts, app).await? {
            Opened::Visit(guest) => Ok(guest),
            Opened::Offer(_) => Err(Problem::InvitationInvalid),
        }
    }
}

impl Guest {
    #[must_use]
    pub fn author(&self) -> Author {
        Author::Link(self.link.id)
    }

    /// # Errors
    /// An interpreter or a family doctor decides nothing for the patient.
    pub fn require_patient(&self) -> Result<(), Problem> {
        if self.link.details.role.acts_for_patient() { Ok(()) } else { Err(Refusal::NotAllowed.into()) }
    }

    /// # Errors
    /// The database failed.
    pub async fn entry(&self, app: &App) -> Result<Entry, Problem> {
        agenda::find(&app.database, self.link.appointment).await?.ok_or(Problem::NotFound)
    }
}

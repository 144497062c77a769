//! Who comes by a single-visit link: the token in the `Authorization` header, which no log and no address line shows.

use crate::accounts::secret;
use crate::app::App;
use crate::clock;
use crate::endpoints::Problem;
use crate::endpoints::caller::bearer;
use crate::model::join_link::JoinToken;
use crate::model::refusal::Refusal;
use crate::model::time::UnixMillis;
use crate::storage::agenda::{self, Entry};
use crate::storage::{Author, visits};
use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::request::Parts;
use std::net::SocketAddr;
use std::sync::Arc;

/// The holder of a link that works now. It opens its own visit and nothing else.
pub struct Guest {
    pub link: JoinToken,
    pub now: UnixMillis,
}

impl FromRequestParts<Arc<App>> for Guest {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Problem> {
        let ConnectInfo(from) =
            ConnectInfo::<SocketAddr>::from_request_parts(parts, app).await.map_err(|_| Problem::Internal)?;
        if !app.join_limit.admit(from.ip(), clock::now()) {
            return Err(Problem::RateLimited);
        }
        let token = bearer(&parts.headers).ok_or(Problem::NotSignedIn)?;
        let link = visits::find_link(&app.database, &secret::hash(token)).await?.ok_or(Problem::InvitationInvalid)?;
        let now = clock::unix_ms();
        link.check(now)?;
        Ok(Self { link, now })
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

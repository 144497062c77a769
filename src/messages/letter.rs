//! What a message is about at the moment when it is sent, and the link that goes into it.

use super::text::Facts;
use crate::accounts::secret::{self, Secret};
use crate::links;
use crate::model::appointment::{Appointment, Channel};
use crate::model::ids::{JoinTokenId, WaitlistOfferId};
use crate::model::join_link::{GuestRole, JoinToken, LINK_PREFIX, NewJoinToken, OFFER_LINK_PREFIX};
use crate::model::message::{About, Message, carries_link, is_wanted};
use crate::model::patient::Patient;
use crate::model::site::Site;
use crate::model::time::UnixMillis;
use crate::storage::{
    Change, Database, StorageError, appointments, patients, places, referrals, slots, visits, waitlist,
};

pub(super) struct Letter {
    pub(super) patient: Patient,
    about: Subject,
    site: Site,
    channel: Channel,
    start: UnixMillis,
    answer_by: UnixMillis,
}

enum Subject {
    Visit(Appointment),
    Offer(WaitlistOfferId),
}

/// A link as it stands in a text, and what withdraws it.
pub(super) struct Link {
    pub(super) url: String,
    pub(super) revocable: Option<JoinTokenId>,
}

/// `None`: it is not wanted any more.
pub(super) async fn gather(
    database: &Database,
    message: &Message,
    now: UnixMillis,
) -> Result<Option<Letter>, StorageError> {
    match message.about {
        About::Visit(id) => {
            let visit = appointments::find(database, id).await?.filter(|visit| is_wanted(message.kind, visit));
            match visit {
                Some(visit) => of_visit(database, visit).await.map(Some),
                None => Ok(None),
            }
        }
        About::Offer(id) => of_offer(database, id, now).await,
    }
}

async fn of_visit(database: &Database, visit: Appointment) -> Result<Letter, StorageError> {
    let patient = patients::find(database, visit.patient).await?.ok_or(StorageError::Missing("patient"))?;
    let site = places::find_site(database, visit.site).await?.ok_or(StorageError::Missing("site"))?;
    let (channel, start) = (visit.channel, visit.time.start());
    Ok(Letter { patient, site, channel, start, answer_by: start, about: Subject::Visit(visit) })
}

async fn of_offer(database: &Database, id: WaitlistOfferId, now: UnixMillis) -> Result<Option<Letter>, StorageError> {
    let offer = waitlist::find_offer(database, id).await?.filter(|offer| offer.is_open(now));
    let Some(offer) = offer else { return Ok(None) };
    let entry = waitlist::find(database, offer.entry).await?.ok_or(StorageError::Missing("waiting list entry"))?;
    let slot = slots::find(database, offer.slot).await?.ok_or(StorageError::Missing("slot"))?;
    let patient = patients::find(database, entry.patient).await?.ok_or(StorageError::Missing("patient"))?;
    let referral = referrals::find(database, entry.details.referral).await?.ok_or(StorageError::Missing("referral"))?;
    let site = places::find_site(database, referral.details.site).await?.ok_or(StorageError::Missing("site"))?;
    let (channel, start) = (slot.channel, slot.time.start());
    Ok(Some(Letter { patient, site, channel, start, answer_by: offer.expires, about: Subject::Offer(id) }))
}

impl Letter {
    /// Makes a link where the message carries one. A repeated message carries another: the one before it is nowhere to be read.
    pub(super) async fn make_link(
        &self,
        change: &mut Change,
        message: &Message,
        base: &str,
    ) -> Result<Option<Link>, StorageError> {
        if !carries_link(message.kind, self.channel) {
            return Ok(None);
        }
        // The page tells by it what the link opens.
        let prefix = match self.about {
            Subject::Visit(_) => LINK_PREFIX,
            Subject::Offer(_) => OFFER_LINK_PREFIX,
        };
        let token = Secret::random(prefix)?;
        let url = links::visit(base, &token.text);
        let now = change.now();
        let id = JoinTokenId::new(now, secret::random()?);
        let revocable = match &self.about {
            Subject::Offer(offer) => {
                waitlist::create_link(change, *offer, id, &token.hash).await?;
                None
            }
            Subject::Visit(visit) => {
                let details = NewJoinToken { role: GuestRole::Patient, name: self.patient.details.name.clone() };
                // A visit that is over needs no link; its message has expired.
                let Some(window) = details.role.window(visit.time, now) else { return Ok(None) };
                let link = JoinToken {
                    id,
                    hash: token.hash,
                    appointment: visit.id,
                    details,
                    window,
                    revoked: None,
                    created_by: None,
                    created: now,
                };
                visits::create_link(change, &link).await?;
                Some(id)
            }
        };
        Ok(Some(Link { url, revocable }))
    }

    pub(super) fn facts<'a>(&'a self, message: &Message, link: Option<&'a Link>) -> Facts<'a> {
        let zone = &self.site.details.zone;
        Facts {
            kind: message.kind,
            channel: self.channel,
            start: zone.local(self.start),
            place: &self.site.details.name,
            link: link.map(|link| link.url.as_str()),
            answer_by: zone.local(self.answer_by),
        }
    }
}

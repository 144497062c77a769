//! The first administrator: made at the first start that finds nobody who could sign in as one, with a password to be used once.

use super::password::{self, HashFailed, Passwords};
use super::secret;
use crate::model::account::Login;
use crate::model::ids::{SiteId, UserId};
use crate::model::private::Private;
use crate::model::record::Stamp;
use crate::model::role::{Role, Roles};
use crate::model::site::{NewSite, Site, SiteKind};
use crate::model::time::{UnixMillis, Zone};
use crate::model::user::{NewUser, User};
use crate::storage::{Author, Database, StorageError, accounts, places, users};

/// What the first administrator signs in as.
const LOGIN: &str = "admin";
/// The administrator has to work somewhere; the site is renamed and the zone set at the first sign-in.
const SITE_NAME: &str = "Kenes";
const SITE_ZONE: &str = "Asia/Almaty";

#[derive(Debug, thiserror::Error)]
pub enum FirstRunError {
    #[error(transparent)]
    Storage(#[from] StorageError),
    #[error(transparent)]
    Password(#[from] HashFailed),
    #[error("the system's random source failed")]
    Random(#[from] aws_lc_rs::error::Unspecified),
    #[error("a constant of this module is not valid")]
    Constant,
}

/// What the start prints once.
pub struct FirstAdmin {
    pub login: &'static str,
    pub password: Private<String>,
}

/// Makes the first administrator when there is none.
///
/// # Errors
/// The database or the system's random source failed.
pub async fn ensure_admin(
    database: &Database,
    passwords: &Passwords,
    now: UnixMillis,
) -> Result<Option<FirstAdmin>, FirstRunError> {
    if accounts::has_admin(database).await? {
        return Ok(None);
    }
    let password = password::one_time()?;
    let hashed = passwords.hash(&password).await?;
    let login = Login::new(LOGIN).map_err(|_| FirstRunError::Constant)?;
    let site = places::sites(database).await?.into_iter().next();
    let mut change = database.change(Author::System, now).await?;
    let site = match site {
        Some(site) => site,
        None => {
            let site = first_site(now)?;
            places::create_site(&mut change, &site).await?;
            site
        }
    };
    let admin = User {
        id: UserId::new(now, secret::random()?),
        details: NewUser {
            site: site.id,
            name: Private::new(LOGIN.to_owned()),
            roles: Roles::NONE.with(Role::Admin),
            specialty: None,
            languages: "ru,kk".parse().map_err(|_| FirstRunError::Constant)?,
        },
        stamp: Stamp::first(None, now),
    };
    users::create(&mut change, &admin).await?;
    accounts::create_credential(&mut change, admin.id, &login, hashed, true).await?;
    change.commit().await?;
    Ok(Some(FirstAdmin { login: LOGIN, password }))
}

fn first_site(now: UnixMillis) -> Result<Site, FirstRunError> {
    let details = NewSite {
        name: SITE_NAME.to_owned(),
        kind: SiteKind::Centre,
        zone: Zone::named(SITE_ZONE).map_err(|_| FirstRunError::Constant)?,
        km_to_hub: 0,
        phone: None,
    };
    Ok(Site { id: SiteId::new(now, secret::random()?), details, stamp: Stamp::first(None, now) })
}

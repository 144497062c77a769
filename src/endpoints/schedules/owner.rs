//! Whose schedule a request is about, and whether the caller may read or change it. Knows nothing of its hours.

use crate::app::App;
use crate::endpoints::Problem;
use crate::endpoints::caller::Caller;
use crate::endpoints::request::{invalid, parsed};
use crate::model::ids::SiteId;
use crate::model::invalid::Fault;
use crate::model::refusal::Refusal;
use crate::model::role::{Reach, Right, Role};
use crate::model::schedule::Resource;
use crate::model::time::Zone;
use crate::model::user::User;
use crate::storage::{places, users};

/// What a request names.
#[derive(Clone, Copy)]
pub(super) struct Asked<'a> {
    pub(super) specialist: Option<&'a str>,
    pub(super) cart: Option<&'a str>,
}

pub(super) struct Owner {
    pub(super) resource: Resource,
    pub(super) zone: Zone,
    /// Who treats patients, and has slots.
    pub(super) specialist: Option<User>,
    site: SiteId,
}

impl Owner {
    /// Whom `asked` names; a specialist who names nobody means oneself.
    ///
    /// # Errors
    /// Nobody of this id, or out of the caller's reach.
    pub(super) async fn of(app: &App, caller: &Caller, right: Right, asked: Asked<'_>) -> Result<Self, Problem> {
        let reach = caller.require(right)?;
        let (field, resource) = match (asked.specialist, asked.cart) {
            (Some(id), None) => ("specialist", Resource::Specialist(parsed("specialist", id)?)),
            (None, Some(id)) => ("cart", Resource::Cart(parsed("cart", id)?)),
            (Some(_), Some(_)) => return Err(invalid("cart", Fault::Contradicts)),
            (None, None) => match caller.user() {
                Some(own) if reach == Reach::Own => ("specialist", Resource::Specialist(own)),
                _ => return Err(invalid("specialist", Fault::Missing)),
            },
        };
        let owner = Self::read(app, resource).await?.ok_or_else(|| invalid(field, Fault::Unknown))?;
        if owner.is_within(caller, reach) { Ok(owner) } else { Err(Refusal::NotAllowed.into()) }
    }

    /// The owner of what is known already; `None`: out of the caller's reach.
    ///
    /// # Errors
    /// Without the right altogether.
    pub(super) async fn within_reach(
        app: &App,
        caller: &Caller,
        right: Right,
        resource: Resource,
    ) -> Result<Option<Self>, Problem> {
        let reach = caller.require(right)?;
        Ok(Self::read(app, resource).await?.filter(|owner| owner.is_within(caller, reach)))
    }

    /// # Errors
    /// The request names somebody else.
    pub(super) fn require_same(&self, specialist: Option<&str>, cart: Option<&str>) -> Result<(), Problem> {
        let (own_specialist, own_cart) = super::columns(self.resource);
        let is_same = |named: Option<&str>, own: Option<String>| named.is_none() || named == own.as_deref();
        if !is_same(specialist, own_specialist.map(|id| id.to_string())) {
            return Err(invalid("specialist", Fault::Contradicts));
        }
        if !is_same(cart, own_cart.map(|id| id.to_string())) {
            return Err(invalid("cart", Fault::Contradicts));
        }
        Ok(())
    }

    async fn read(app: &App, resource: Resource) -> Result<Option<Self>, Problem> {
        let (site, specialist) = match resource {
            Resource::Specialist(id) => {
                let Some(user) = users::find(&app.database, id).await? else { return Ok(None) };
                (user.details.site, Some(user).filter(|user| user.details.roles.contains(Role::Specialist)))
            }
            Resource::Cart(id) => {
                let Some(cart) = places::find_cart(&app.database, id).await? else { return Ok(None) };
                (cart.details.site, None)
            }
        };
        let zone = places::find_site(&app.database, site).await?.ok_or(Problem::Internal)?.details.zone;
        Ok(Some(Self { resource, zone, specialist, site }))
    }

    fn is_within(&self, caller: &Caller, reach: Reach) -> bool {
        match reach {
            Reach::Everywhere => true,
            Reach::Site => self.site == caller.site,
            Reach::Own => caller.user().map(Resource::Specialist) == Some(self.resource),
        }
    }
}

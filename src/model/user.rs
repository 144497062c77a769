//! A person with an account: where, in which roles, of which specialty. How one proves to be that person is not here.

use super::ids::{SiteId, UserId};
use super::invalid::{Fault, Fields, Invalid, TextLimit};
use super::language::Languages;
use super::private::Private;
use super::record::Stamp;
use super::role::{Role, Roles};
use super::specialty::Specialty;
use serde::Deserialize;

const NAME: TextLimit = TextLimit { min: 2, max: 200 };

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    pub id: UserId,
    pub details: NewUser,
    pub stamp: Stamp,
}

/// A user's fields, each found right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewUser {
    pub site: SiteId,
    pub name: Private<String>,
    pub roles: Roles,
    /// A specialist has one.
    pub specialty: Option<Specialty>,
    pub languages: Languages,
}

#[derive(Clone, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UserInput {
    pub site: Option<String>,
    pub name: Option<String>,
    /// Words with commas.
    pub roles: Option<String>,
    pub specialty: Option<String>,
    /// Codes with commas.
    pub languages: Option<String>,
}

impl NewUser {
    /// # Errors
    /// Every field that is not right.
    pub fn validate(input: &UserInput) -> Result<Self, Invalid> {
        let mut fields = Fields::new();
        let site = fields.required("site", input.site.as_deref());
        let name = fields.line("name", input.name.as_deref(), NAME);
        let roles: Option<Roles> = fields.required("roles", input.roles.as_deref());
        let specialty: Option<Option<Specialty>> = fields.optional("specialty", input.specialty.as_deref());
        let languages = fields.required("languages", input.languages.as_deref());
        if let (Some(roles), Some(specialty)) = (roles, &specialty) {
            fields.demand("roles", roles.iter().all(Role::is_for_accounts), Fault::Contradicts);
            fields.demand("specialty", specialty.is_some() || !roles.contains(Role::Specialist), Fault::Missing);
        }
        let name = name.map(Private::new);
        fields.finish((|| {
            Some(Self { site: site?, name: name?, roles: roles?, specialty: specialty?, languages: languages? })
        })())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::testing::id;

    fn cardiologist() -> UserInput {
        UserInput {
            site: Some(id::<SiteId>(1).to_string()),
            name: Some("Ахметова Әлия".to_owned()),
            roles: Some("specialist".to_owned()),
            specialty: Some("cardiology".to_owned()),
            languages: Some("kk,ru".to_owned()),
        }
    }

    fn fault(input: &UserInput) -> (&'static str, Fault) {
        let faults = NewUser::validate(input).unwrap_err().0;
        assert_eq!(faults.len(), 1, "{faults:?}");
        (faults[0].field, faults[0].fault)
    }

    #[test]
    fn a_specialist_has_a_specialty() {
        assert!(NewUser::validate(&cardiologist()).is_ok());
        assert_eq!(fault(&UserInput { specialty: None, ..cardiologist() }), ("specialty", Fault::Missing));
    }

    #[test]
    fn nobody_signs_in_as_a_cart_or_as_a_patient() {
        for role in ["cart", "patient", "integrator"] {
            let roles = Some(format!("specialist,{role}"));
            assert_eq!(fault(&UserInput { roles, ..cardiologist() }), ("roles", Fault::Contradicts));
        }
    }

    #[test]
    fn a_user_prints_without_the_name() {
        let printed = format!("{:?}", NewUser::validate(&cardiologist()).unwrap());
        assert!(!printed.contains("Ахметова"), "{printed}");
    }
}

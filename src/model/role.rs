//! Who people are to the system, and what each role may do: one table, least privilege first. What an appointment's change asks for
//! stands in `appointment`, whose table this one must not repeat. Knows no accounts and no sign-in.

use super::words::{UnknownWord, words};
use std::fmt;
use std::str::FromStr;

words! {
    /// The people of product.md, the paired cart and the patient by link.
    Role {
        Nurse = "nurse",
        Specialist = "specialist",
        FamilyDoctor = "family_doctor",
        /// Operator-doctor of the telemedicine centre.
        Operator = "operator",
        /// Shift senior of the same centre.
        Senior = "senior",
        /// Operator of the region's contact centre.
        ContactOperator = "contact_operator",
        Manager = "manager",
        Admin = "admin",
        Integrator = "integrator",
        /// A paired device, with no person's account.
        Cart = "cart",
        /// By a single-visit link, with no account.
        Patient = "patient",
    }
}

words! {
    Right {
        ReadPatients = "patients:read",
        WritePatients = "patients:write",
        ReadReferrals = "referrals:read",
        WriteReferrals = "referrals:write",
        ReadSchedules = "schedules:read",
        WriteSchedules = "schedules:write",
        ReadAppointments = "appointments:read",
        /// Propose, hold, book and reschedule; the appointment's own table says who may do which step.
        WriteAppointments = "appointments:write",
        WriteConclusions = "conclusions:write",
        ReadConclusions = "conclusions:read",
        WorkWaitlist = "waitlist:work",
        WorkReconfirmation = "reconfirmation:work",
        GiveConsent = "consent:give",
        InviteToVisit = "links:write",
        CheckCart = "carts:check",
        Monitor = "monitoring:work",
        LeadShift = "monitoring:lead",
        ReadReports = "reports:read",
        WriteSites = "sites:write",
        WriteUsers = "users:write",
        WriteCarts = "carts:write",
        WriteTexts = "texts:write",
        ReadAudit = "audit:read",
    }
}

/// How far a right goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reach {
    /// What names this person, this cart or this visit.
    Own,
    /// What belongs to the person's site, as sender or as receiver.
    Site,
    Everywhere,
}

use Reach::{Everywhere, Own, Site};
use Right::*;

/// What each role may do; a right that is not in the row is refused.
const TABLE: [(Role, &[(Right, Reach)]); 11] = [
    (
        Role::Nurse,
        &[
            (ReadPatients, Site),
            (WritePatients, Site),
            (ReadReferrals, Site),
            (WriteReferrals, Site),
            (ReadSchedules, Everywhere),
            (ReadAppointments, Site),
            (WriteAppointments, Site),
            (ReadConclusions, Site),
            (WorkWaitlist, Site),
            (WorkReconfirmation, Site),
            (GiveConsent, Site),
            (InviteToVisit, Site),
            (CheckCart, Site),
        ],
    ),
    (
        Role::Specialist,
        &[
            (ReadPatients, Own),
            (ReadReferrals, Own),
            (ReadSchedules, Own),
            (WriteSchedules, Own),
            (ReadAppointments, Own),
            (WriteAppointments, Own),
            (WriteConclusions, Own),
            (ReadConclusions, Own),
            (InviteToVisit, Own),
        ],
    ),
    (
        Role::FamilyDoctor,
        &[
            (ReadPatients, Own),
            (WritePatients, Own),
            (ReadReferrals, Own),
            (WriteReferrals, Own),
            (ReadAppointments, Own),
            (ReadConclusions, Own),
        ],
    ),
    (
        Role::Operator,
        &[
            (ReadPatients, Site),
            (WritePatients, Site),
            (ReadReferrals, Site),
            (ReadSchedules, Everywhere),
            (ReadAppointments, Site),
            (WriteAppointments, Site),
            (GiveConsent, Site),
            (InviteToVisit, Site),
            (Monitor, Own),
        ],
    ),
    (
        Role::Senior,
        &[
            (ReadPatients, Site),
            (ReadReferrals, Site),
            (ReadSchedules, Everywhere),
            (ReadAppointments, Everywhere),
            (WriteAppointments, Everywhere),
            (WorkWaitlist, Everywhere),
            (InviteToVisit, Site),
            (Monitor, Site),
            (LeadShift, Site),
            (ReadReports, Site),
        ],
    ),
    (
        Role::ContactOperator,
        &[
            (ReadPatients, Everywhere),
            (ReadSchedules, Everywhere),
            (ReadAppointments, Everywhere),
            (WriteAppointments, Everywhere),
            (WorkWaitlist, Everywhere),
            (WorkReconfirmation, Everywhere),
        ],
    ),
    (Role::Manager, &[(ReadSchedules, Everywhere), (ReadReports, Everywhere)]),
    (
        Role::Admin,
        &[
            (ReadSchedules, Everywhere),
            (WriteSchedules, Everywhere),
            (ReadAppointments, Everywhere),
            (WriteAppointments, Everywhere),
            (CheckCart, Everywhere),
            (ReadReports, Everywhere),
            (WriteSites, Everywhere),
            (WriteUsers, Everywhere),
            (WriteCarts, Everywhere),
            (WriteTexts, Everywhere),
            (ReadAudit, Everywhere),
        ],
    ),
    (
        Role::Integrator,
        &[
            (WritePatients, Own),
            (ReadReferrals, Own),
            (WriteReferrals, Own),
            (ReadAppointments, Own),
            (ReadConclusions, Own),
        ],
    ),
    (Role::Cart, &[(ReadAppointments, Own), (CheckCart, Own)]),
    (Role::Patient, &[(ReadAppointments, Own), (GiveConsent, Own)]),
];

impl Role {
    /// How far this role's `right` goes; `None`: it has it not at all.
    #[must_use]
    pub fn reach(self, right: Right) -> Option<Reach> {
        let (_, rights) = TABLE.iter().find(|(role, _)| *role == self)?;
        rights.iter().find(|(granted, _)| *granted == right).map(|(_, reach)| *reach)
    }

    /// A role that a person's account may carry; a cart is paired, a patient comes by link, an integrator has an API key.
    #[must_use]
    pub fn is_for_accounts(self) -> bool {
        !matches!(self, Self::Cart | Self::Patient | Self::Integrator)
    }
}

/// The roles of one account. Written as words with commas.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Roles(u16);

impl Roles {
    pub const NONE: Self = Self(0);

    #[must_use]
    pub fn with(self, role: Role) -> Self {
        Self(self.0 | bit(role))
    }

    #[must_use]
    pub fn contains(self, role: Role) -> bool {
        self.0 & bit(role) != 0
    }

    #[must_use]
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    pub fn iter(self) -> impl Iterator<Item = Role> {
        Role::ALL.iter().copied().filter(move |role| self.contains(*role))
    }

    /// The farthest that any of the roles goes.
    #[must_use]
    pub fn reach(self, right: Right) -> Option<Reach> {
        self.iter().filter_map(|role| role.reach(right)).max()
    }
}

fn bit(role: Role) -> u16 {
    1 << (role as u16)
}

impl FromIterator<Role> for Roles {
    fn from_iter<I: IntoIterator<Item = Role>>(roles: I) -> Self {
        roles.into_iter().fold(Self::NONE, Self::with)
    }
}

impl fmt::Display for Roles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words: Vec<_> = self.iter().map(Role::as_str).collect();
        f.write_str(&words.join(","))
    }
}

impl FromStr for Roles {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        text.split(',').filter(|word| !word.is_empty()).map(str::parse).collect()
    }
}

#[cfg(test)]
#[path = "role_tests.rs"]
mod tests;

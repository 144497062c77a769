//! A place of the network: hospital, ambulatory or centre, with its clock. No SQL.

use super::ids::SiteId;
use super::invalid::{Fault, Fields, Invalid, TextLimit};
use super::phone::Phone;
use super::record::Stamp;
use super::time::Zone;
use super::words::words;
use serde::Deserialize;

const NAME: TextLimit = TextLimit { min: 2, max: 120 };
/// Farther than any village of Kazakhstan from its hub.
const MAX_KM_TO_HUB: u32 = 5_000;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Site {
    pub id: SiteId,
    pub details: NewSite,
    pub stamp: Stamp,
}

words! {
    SiteKind {
        Hospital = "hospital",
        Ambulatory = "ambulatory",
        Centre = "centre",
    }
}

/// A site's fields, each found right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewSite {
    pub kind: SiteKind,
    pub name: String,
    pub zone: Zone,
    /// One way, by road; what a consultation saves is twice this.
    pub km_to_hub: u32,
    /// Where its patients call.
    pub phone: Option<Phone>,
}

#[derive(Clone, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SiteInput {
    #[schema(value_type = SiteKind)]
    pub kind: Option<String>,
    #[schema(value_type = String, min_length = 2, max_length = 120)]
    pub name: Option<String>,
    /// As IANA names it.
    #[schema(value_type = String, example = "Asia/Almaty")]
    pub time_zone: Option<String>,
    #[schema(value_type = u32, maximum = 5000)]
    pub km_to_hub: Option<u32>,
    pub phone: Option<String>,
}

impl NewSite {
    /// # Errors
    /// Every field that is not right.
    pub fn validate(input: &SiteInput) -> Result<Self, Invalid> {
        let mut fields = Fields::new();
        let kind = fields.required("kind", input.kind.as_deref());
        let name = fields.line("name", input.name.as_deref(), NAME);
        let zone = fields.required("time_zone", input.time_zone.as_deref());
        let km_to_hub = fields.take("km_to_hub", input.km_to_hub.ok_or(Fault::Missing));
        fields.demand("km_to_hub", km_to_hub.is_none_or(|km| km <= MAX_KM_TO_HUB), Fault::OutOfRange);
        let phone = fields.optional("phone", input.phone.as_deref());
        fields.finish((|| Some(Self { kind: kind?, name: name?, zone: zone?, km_to_hub: km_to_hub?, phone: phone? }))())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn presnovka() -> SiteInput {
        SiteInput {
            kind: Some("hospital".to_owned()),
            name: Some("Presnovka district hospital".to_owned()),
            time_zone: Some("Asia/Almaty".to_owned()),
            km_to_hub: Some(130),
            phone: Some("8 (715-44) 2-12-34".to_owned()),
        }
    }

    #[test]
    fn a_site_has_a_kind_a_name_a_clock_and_a_distance() {
        let site = NewSite::validate(&presnovka()).unwrap();
        assert_eq!((site.zone.name(), site.phone.unwrap().reveal()), ("Asia/Almaty", "+77154421234"));
        let faults = NewSite::validate(&SiteInput::default()).unwrap_err().0;
        let missing: Vec<_> = faults.iter().map(|fault| fault.field).collect();
        assert_eq!(missing, ["kind", "name", "time_zone", "km_to_hub"]);
    }

    #[test]
    fn a_zone_that_iana_does_not_know_is_a_fault_of_its_field() {
        let input = SiteInput { time_zone: Some("Asia/Presnovka".to_owned()), ..presnovka() };
        let faults = NewSite::validate(&input).unwrap_err().0;
        assert_eq!((faults[0].field, faults[0].fault), ("time_zone", Fault::Unknown));
    }
}

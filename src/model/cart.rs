//! A telemedicine cart: what is on it, whether it is alive, what its last check said. No clock: its light is a function of `now`.

use super::ids::{CartId, SiteId};
use super::invalid::{Fields, Invalid, TextLimit};
use super::record::Stamp;
use super::time::UnixMillis;
use super::words::{UnknownWord, words};
use serde::Deserialize;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// A paired cart says this often that it is there.
pub const HEARTBEAT: Duration = Duration::from_secs(15);
/// Silent for so long, it is offline.
pub const OFFLINE_AFTER: Duration = Duration::from_secs(60);
/// A visit whose cart is offline so long before it starts raises an alert.
pub const ALERT_BEFORE_VISIT: Duration = Duration::from_secs(30 * 60);

const NAME: TextLimit = TextLimit { min: 1, max: 80 };

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cart {
    pub id: CartId,
    pub details: NewCart,
    pub last_seen: Option<UnixMillis>,
    pub check: Option<CartCheck>,
    pub stamp: Stamp,
}

/// A cart's fields, each found right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewCart {
    pub site: SiteId,
    pub name: String,
    pub capabilities: Capabilities,
}

words! {
    Capability {
        Ptz = "ptz",
        ExamCamera = "exam_camera",
        Otoscope = "otoscope",
        Dermatoscope = "dermatoscope",
        Stethoscope = "stethoscope",
        VitalSigns = "vital_signs",
    }
}

words! {
    /// What the cart's own check found: the worst of camera, microphone, speaker, network and echo.
    CartCheck {
        Passed = "passed",
        Degraded = "degraded",
        Failed = "failed",
    }
}

words! {
    /// The cart as the desks show it.
    CartLight {
        /// Alive, and its last check found nothing bad.
        Green = "green",
        /// A heartbeat is late, or the last check found something.
        Yellow = "yellow",
        /// Silent for a minute, never seen, or failed its check.
        Red = "red",
    }
}

words! {
    /// What came of one part of a check.
    PartResult {
        Ok = "ok",
        Failed = "failed",
        /// Nobody tried it.
        Skipped = "skipped",
    }
}

/// The parts of a cart's check, one by one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CheckedParts {
    pub camera: PartResult,
    pub microphone: PartResult,
    pub speaker: PartResult,
    pub network: PartResult,
    pub echo: PartResult,
}

impl CartCheck {
    /// Without picture, sound or network there is no visit; an echo or a part that nobody tried is a visit with trouble.
    #[must_use]
    pub fn of(parts: &CheckedParts) -> Self {
        let needed = [parts.camera, parts.microphone, parts.speaker, parts.network];
        if needed.contains(&PartResult::Failed) {
            Self::Failed
        } else if needed.contains(&PartResult::Skipped) || parts.echo != PartResult::Ok {
            Self::Degraded
        } else {
            Self::Passed
        }
    }
}

impl Cart {
    #[must_use]
    pub fn is_online(&self, now: UnixMillis) -> bool {
        is_online(self.last_seen, now)
    }

    #[must_use]
    pub fn light(&self, now: UnixMillis) -> CartLight {
        let is_late = self.last_seen.is_none_or(|seen| now.since(seen) > 2 * HEARTBEAT);
        match self.check {
            _ if !self.is_online(now) => CartLight::Red,
            Some(CartCheck::Failed) => CartLight::Red,
            Some(CartCheck::Degraded) => CartLight::Yellow,
            _ if is_late => CartLight::Yellow,
            Some(CartCheck::Passed) | None => CartLight::Green,
        }
    }

    /// The visit that starts at `start` is near, and the cart is not there for it.
    #[must_use]
    pub fn endangers_visit(&self, start: UnixMillis, now: UnixMillis) -> bool {
        !self.is_online(now) && start.plus(OFFLINE_AFTER) > now && start.since(now) <= ALERT_BEFORE_VISIT
    }
}

/// Whether a cart last heard of at `seen` counts as there.
#[must_use]
pub fn is_online(seen: Option<UnixMillis>, now: UnixMillis) -> bool {
    seen.is_some_and(|seen| now.since(seen) < OFFLINE_AFTER)
}

/// What a cart can do beyond a camera, a microphone and a speaker. Written as sorted words with commas.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Capabilities(Vec<Capability>);

impl Capabilities {
    #[must_use]
    pub fn contains(&self, capability: Capability) -> bool {
        self.0.contains(&capability)
    }

    #[must_use]
    pub fn as_slice(&self) -> &[Capability] {
        &self.0
    }
}

impl FromIterator<Capability> for Capabilities {
    fn from_iter<I: IntoIterator<Item = Capability>>(capabilities: I) -> Self {
        let mut sorted: Vec<_> = capabilities.into_iter().collect();
        sorted.sort_unstable();
        sorted.dedup();
        Self(sorted)
    }
}

impl fmt::Display for Capabilities {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words: Vec<_> = self.0.iter().map(|capability| capability.as_str()).collect();
        f.write_str(&words.join(","))
    }
}

impl FromStr for Capabilities {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        text.split(',').filter(|word| !word.is_empty()).map(str::parse).collect()
    }
}

#[derive(Clone, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CartInput {
    pub site: Option<String>,
    pub name: Option<String>,
    /// Words with commas.
    pub capabilities: Option<String>,
}

impl NewCart {
    /// # Errors
    /// Every field that is not right.
    pub fn validate(input: &CartInput) -> Result<Self, Invalid> {
        let mut fields = Fields::new();
        let site = fields.required("site", input.site.as_deref());
        let name = fields.line("name", input.name.as_deref(), NAME);
        let capabilities: Option<Option<Capabilities>> = fields.optional("capabilities", input.capabilities.as_deref());
        fields.finish((|| Some(Self { site: site?, name: name?, capabilities: capabilities?.unwrap_or_default() }))())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::invalid::Fault;
    use crate::model::testing::{MINUTE, NOON, id, stamp};
    use crate::model::time::before;

    fn cart(silent_for: Duration, check: Option<CartCheck>) -> Cart {
        let details = NewCart { site: id(1), name: "Cart 1".to_owned(), capabilities: Capabilities::default() };
        Cart { id: id(2), details, last_seen: Some(before(NOON, silent_for)), check, stamp: stamp() }
    }

    #[test]
    fn a_cart_is_red_after_60_seconds_of_silence() {
        let seconds = |silent| cart(Duration::from_secs(silent), None).light(NOON);
        assert_eq!(seconds(15), CartLight::Green);
        assert_eq!(seconds(31), CartLight::Yellow);
        assert_eq!(seconds(59), CartLight::Yellow);
        assert_eq!(seconds(60), CartLight::Red);
    }

    #[test]
    fn a_cart_that_was_never_seen_is_red() {
        assert_eq!(Cart { last_seen: None, ..cart(MINUTE, None) }.light(NOON), CartLight::Red);
    }

    #[test]
    fn a_check_colours_a_cart_that_is_there() {
        let light = |check| cart(HEARTBEAT, Some(check)).light(NOON);
        assert_eq!(light(CartCheck::Passed), CartLight::Green);
        assert_eq!(light(CartCheck::Degraded), CartLight::Yellow);
        assert_eq!(light(CartCheck::Failed), CartLight::Red);
    }

    #[test]
    fn a_check_is_as_good_as_its_worst_part() {
        use PartResult::{Failed, Ok, Skipped};
        let well = CheckedParts { camera: Ok, microphone: Ok, speaker: Ok, network: Ok, echo: Ok };
        assert_eq!(CartCheck::of(&well), CartCheck::Passed);
        assert_eq!(CartCheck::of(&CheckedParts { microphone: Failed, ..well }), CartCheck::Failed);
        assert_eq!(CartCheck::of(&CheckedParts { speaker: Skipped, ..well }), CartCheck::Degraded);
        assert_eq!(CartCheck::of(&CheckedParts { echo: Failed, ..well }), CartCheck::Degraded);
    }

    #[test]
    fn an_offline_cart_raises_an_alert_30_minutes_before_the_visit() {
        let offline = cart(5 * MINUTE, None);
        assert!(!offline.endangers_visit(NOON.plus(31 * MINUTE), NOON));
        assert!(offline.endangers_visit(NOON.plus(30 * MINUTE), NOON));
        assert!(!cart(HEARTBEAT, None).endangers_visit(NOON.plus(10 * MINUTE), NOON));
        assert!(!offline.endangers_visit(before(NOON, 10 * MINUTE), NOON), "a visit that is over is in no danger");
    }

    #[test]
    fn capabilities_are_sorted_and_come_once() {
        let capabilities: Capabilities = "stethoscope,ptz,ptz".parse().unwrap();
        assert_eq!(capabilities.to_string(), "ptz,stethoscope");
        assert!(capabilities.contains(Capability::Ptz));
    }

    #[test]
    fn a_capability_that_nobody_knows_is_a_fault_of_its_field() {
        let input = CartInput {
            site: Some(id::<SiteId>(1).to_string()),
            name: Some("Cart 1".to_owned()),
            capabilities: Some("laser".to_owned()),
        };
        let faults = NewCart::validate(&input).unwrap_err().0;
        assert_eq!((faults[0].field, faults[0].fault), ("capabilities", Fault::Unknown));
    }
}

//! What a page measured of its link before a call, as a place's history keeps it. What it means is said where it is shown.

use super::ids::{LinkCheckId, SiteId};
use super::invalid::{Fault, Fields, Invalid};
use super::time::UnixMillis;
use super::words::words;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// No page waits longer for an answer.
const MAX_RTT_MS: u32 = 60_000;

words! {
    /// By what media came through.
    Transport {
        Udp = "udp",
        /// ICE-TCP.
        Tcp = "tcp",
        /// TURN over TLS.
        Turn = "turn",
    }
}

words! {
    /// Where the page was.
    Place {
        Cart = "cart",
        Desk = "desk",
        /// A patient's or another guest's, who came by a link.
        Home = "home",
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkCheck {
    pub id: LinkCheckId,
    pub site: SiteId,
    pub place: Place,
    pub at: UnixMillis,
    pub measured: Measured,
}

/// Null: it could not be measured.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Measured {
    /// Null: media came through by none.
    pub transport: Option<Transport>,
    /// Without load.
    #[schema(maximum = 60_000)]
    pub rtt_ms: Option<u32>,
    pub up_bps: Option<u32>,
    pub down_bps: Option<u32>,
    #[schema(maximum = 100)]
    pub lost_up_percent: Option<u8>,
    #[schema(maximum = 100)]
    pub lost_down_percent: Option<u8>,
}

impl Measured {
    /// # Errors
    /// Figures that nobody measures.
    pub fn validated(self) -> Result<Self, Invalid> {
        let mut fields = Fields::new();
        let bounds = [
            ("rtt_ms", self.rtt_ms, MAX_RTT_MS),
            ("lost_up_percent", self.lost_up_percent.map(u32::from), 100),
            ("lost_down_percent", self.lost_down_percent.map(u32::from), 100),
        ];
        for (field, value, most) in bounds {
            fields.demand(field, value.is_none_or(|value| value <= most), Fault::OutOfRange);
        }
        fields.finish(Some(self))
    }
}

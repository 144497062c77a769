//! Between signaling's names and the SFU's. The two crates do not know each other; what one calls a mid, the other must too.

use kenes_sfu::description::{self, Flow, MediaKind};
use kenes_sfu::event::{self, LinkReport};
use kenes_sfu::ids::{Mid, Rid};
use kenes_signaling::ids;
use kenes_signaling::message::{LinkQuality, Ratio};
use kenes_signaling::room::{CloseReason, Direction, Section};

/// `None` for a mid that no answered offer can hold; both crates allow the same ones.
pub(super) fn to_sfu_mid(mid: &ids::Mid) -> Option<Mid> {
    Mid::new(mid.as_str())
}

pub(super) fn to_signaling_mid(mid: Mid) -> Option<ids::Mid> {
    ids::Mid::new(mid.as_str()).ok()
}

pub(super) fn to_signaling_rid(rid: &Rid) -> Option<ids::Rid> {
    ids::Rid::new(rid.as_str()).ok()
}

/// `None` for a section in which nothing runs: the room is not told of it.
pub(super) fn to_signaling_section(section: &description::Section) -> Option<Section> {
    let direction = match &section.flow {
        Flow::Uplink { .. } => Direction::Uplink,
        Flow::Downlink { .. } => Direction::Downlink,
        Flow::Inactive => return None,
    };
    let kind = match section.kind {
        MediaKind::Audio => ids::MediaKind::Audio,
        MediaKind::Video => ids::MediaKind::Video,
        MediaKind::Other => return None,
    };
    Some(Section { mid: to_signaling_mid(section.mid)?, kind, direction })
}

pub(super) fn to_signaling_close_reason(reason: event::CloseReason) -> CloseReason {
    match reason {
        event::CloseReason::ConsentExpired => CloseReason::ConsentExpired,
        event::CloseReason::HandshakeTimeout => CloseReason::HandshakeTimeout,
        event::CloseReason::HandshakeFailed => CloseReason::HandshakeFailed,
        event::CloseReason::ClosedByPeer => CloseReason::ClosedByPeer,
    }
}

pub(super) fn to_link_quality(report: &LinkReport) -> LinkQuality {
    let millis = |duration: std::time::Duration| u32::try_from(duration.as_millis()).unwrap_or(u32::MAX);
    LinkQuality {
        loss_ratio: Ratio::clamped(f64::from(report.loss_ratio)),
        rtt_ms: report.rtt.map(millis),
        jitter_ms: millis(report.jitter),
        rate_bps: report.rate_bps,
        estimate_bps: report.estimate_bps,
        mos: None,
    }
}

//! The wire contract of `PROTOCOL.md` as types. Golden files in `signaling/golden/` hold both languages to it.
//!
//! A [`ClientMessage`] is made by [`ClientMessage::parse`] alone, so one that exists is within every bound; what needs the room
//! to judge (rights, targets, mids, revisions) is [`crate::room`]'s.

mod client;
mod parse;
mod server;

pub use client::{
    AppDraft, AppKind, AudioWish, ClientMessage, DownlinkStats, Intent, Join, Limited, Moderate, ModerateOp, Offer,
    Published, Ratio, Recipient, Resume, Rung, Stats, UplinkStats, VideoWish,
};
pub use parse::ParseError;
pub use server::{
    App, ByeReason, ErrorCode, ErrorMessage, HostStatus, IceServer, Joined, LinkQuality, ParticipantView, Permissions,
    Quality, QualityCause, ReconnectTier, RenegotiateReason, ResumeGrant, Role, ServerMessage, SlotView, State, Status,
    TrackView, Waiting,
};

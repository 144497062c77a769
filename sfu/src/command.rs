//! What the control plane tells a shard. Values only; each is idempotent or harmless when its target is gone.

use crate::description::PeerDescription;
use crate::ids::{Mid, PeerKey, RoomKey, TrackKey};

#[derive(Clone, Debug)]
pub enum Command {
    /// A new PeerConnection. Its answer is already on the way; STUN may arrive before or after this.
    OpenPeer { peer: PeerKey, room: RoomKey, description: Box<PeerDescription> },
    /// ICE restart of a living PeerConnection: new credentials, everything else as before (RFC 8445 §9).
    RestartIce { peer: PeerKey, description: Box<PeerDescription> },
    /// The control plane retires a peer: a new generation, a leave, a removal. No event answers it.
    ClosePeer { peer: PeerKey },
    /// Whether a track's packets are forwarded (server-side mute). True for a new track.
    SetForwarding { track: TrackKey, forwarding: bool },
    /// Put a track on a listening slot, or clear the slot.
    BindAudio { subscriber: PeerKey, mid: Mid, track: Option<TrackKey> },
    /// Put a track on a viewing slot, or clear the slot. `max_height` is what the viewer displays, in device pixels
    /// (0 = pause); `priority` 0..=3.
    BindVideo { subscriber: PeerKey, mid: Mid, track: Option<TrackKey>, max_height: u16, priority: u8 },
}

//! Names of things inside the SFU. Newtypes, no `Deref`: an SSRC cannot be added to a sequence number by accident.

use std::fmt;

/// A room: the set of peers that may subscribe to each other. Chosen by the control plane, unique in the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RoomKey(pub u64);

/// One PeerConnection (one generation of one participant). Chosen by the control plane, never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PeerKey(pub u64);

/// What one peer publishes on one media section: the pair is stable for the life of the PeerConnection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TrackKey {
    pub peer: PeerKey,
    pub mid: Mid,
}

/// Synchronisation source (RFC 3550 §3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Ssrc(pub u32);

/// RTP payload type, 0..=127 (RFC 3550 §5.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PayloadType(pub u8);

/// RTP sequence number as on the wire (RFC 3550 §5.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SeqNo(pub u16);

/// RTP timestamp in the codec's clock as on the wire (RFC 3550 §5.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RtpTimestamp(pub u32);

/// Media identification tag, `a=mid` (RFC 5888 §4, in packets RFC 8843 §15.1), at most 16 token characters.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Mid(ShortText);

/// Restriction identifier, `a=rid` (RFC 8851 §4, in packets RFC 8852 §3), at most 16 alphanumeric characters.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Rid(ShortText);

/// Dense index of a peer within its shard, reused after the peer is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct PeerIndex(pub usize);

/// Dense index of a track within its shard, reused after the track is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct TrackIndex(pub usize);

/// Position of a section in its peer's description.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct SectionIndex(pub usize);

macro_rules! short_text_id {
    ($name:ident) => {
        impl $name {
            /// `None` when empty, longer than 16 bytes or not visible ASCII.
            #[must_use]
            pub fn new(text: &str) -> Option<Self> {
                Self::from_bytes(text.as_bytes())
            }

            /// The same from a header extension's bytes.
            #[must_use]
            pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
                ShortText::new(bytes).map(Self)
            }

            #[must_use]
            pub fn as_str(&self) -> &str {
                self.0.as_str()
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({})", stringify!($name), self.as_str())
            }
        }
    };
}

short_text_id!(Mid);
short_text_id!(Rid);

/// Up to 16 bytes of visible ASCII, held inline so that a key is `Copy` and needs no allocation.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct ShortText {
    bytes: [u8; 16],
    len: u8,
}

impl ShortText {
    fn new(text: &[u8]) -> Option<Self> {
        let len = u8::try_from(text.len()).ok().filter(|len| (1..=16).contains(len))?;
        if !text.iter().all(u8::is_ascii_graphic) {
            return None;
        }
        let mut bytes = [0; 16];
        bytes.get_mut(..text.len())?.copy_from_slice(text);
        Some(Self { bytes, len })
    }

    fn as_str(&self) -> &str {
        let used = self.bytes.get(..usize::from(self.len)).unwrap_or_default();
        std::str::from_utf8(used).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mid_of_17_characters_is_refused() {
        assert!(Mid::new("0123456789abcdef").is_some());
        assert!(Mid::new("0123456789abcdefg").is_none());
        assert!(Mid::new("").is_none());
        assert!(Mid::new("a b").is_none());
    }

    #[test]
    fn a_rid_reads_back_as_it_was_written() {
        assert_eq!(Rid::new("q").map(|rid| rid.as_str().to_owned()), Some("q".to_owned()));
    }
}

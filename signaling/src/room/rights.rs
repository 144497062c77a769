//! What each role may do: the table of `PROTOCOL.md`, nothing else.

use crate::ids::Source;
use crate::message::{ModerateOp, Permissions, Role};

impl Role {
    /// What this role may publish.
    #[must_use]
    pub fn sources(self) -> &'static [Source] {
        use Source::{Camera, Exam, Microphone, Screen, Stethoscope};
        match self {
            Self::Nurse => &[Microphone, Camera, Exam, Screen, Stethoscope],
            Self::Specialist | Self::Guest => &[Microphone, Camera, Screen],
            Self::Patient => &[Microphone, Camera],
        }
    }

    /// What this role may do to others.
    #[must_use]
    pub fn moderation(self) -> &'static [ModerateOp] {
        if self.is_host() { &ModerateOp::ALL } else { &[] }
    }

    /// Those who enter at once and admit others.
    #[must_use]
    pub fn is_host(self) -> bool {
        matches!(self, Self::Nurse | Self::Specialist)
    }

    pub(super) fn permissions(self) -> Permissions {
        Permissions { publish: self.sources().to_vec(), moderate: self.moderation().to_vec() }
    }
}

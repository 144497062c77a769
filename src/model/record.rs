//! What every row that changes carries: its version for optimistic concurrency (`If-Match`/`ETag`), who made it and when. No SQL.

use super::ids::UserId;
use super::refusal::Refusal;
use super::time::UnixMillis;

/// Counts the changes of a row, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version(pub u32);

impl Version {
    pub const FIRST: Self = Self(1);

    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }

    /// # Errors
    /// [`Refusal::Changed`]: the caller looked at another version.
    pub fn expect(self, seen: Self) -> Result<(), Refusal> {
        if self == seen { Ok(()) } else { Err(Refusal::Changed) }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    pub version: Version,
    /// `None`: the system itself, an integrator or a patient by link; the audit trail says which.
    pub created_by: Option<UserId>,
    pub created: UnixMillis,
    pub updated: UnixMillis,
}

impl Stamp {
    #[must_use]
    pub fn first(created_by: Option<UserId>, now: UnixMillis) -> Self {
        Self { version: Version::FIRST, created_by, created: now, updated: now }
    }

    #[must_use]
    pub fn changed(self, now: UnixMillis) -> Self {
        Self { version: self.version.next(), updated: now, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_counts_the_version_and_keeps_the_origin() {
        let stamp = Stamp::first(None, UnixMillis(1)).changed(UnixMillis(5));
        assert_eq!((stamp.version, stamp.created, stamp.updated), (Version(2), UnixMillis(1), UnixMillis(5)));
    }

    #[test]
    fn a_change_on_an_old_version_is_refused() {
        assert_eq!(Version(3).expect(Version(2)), Err(Refusal::Changed));
        assert_eq!(Version(3).expect(Version(3)), Ok(()));
    }
}

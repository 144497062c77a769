//! What was just committed, for whoever shows it: which record, and nothing of what it says. One process; a lost notice is a stale page
//! until the next one, never a lost change.

/// Notices kept for a reader that is behind; one that falls further is told how many it missed.
pub(super) const NOTICES_HELD: usize = 1024;

/// A record that is another by now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// As in the audit trail.
    pub entity: &'static str,
    pub id: String,
}

//! A bad link, as a district has it: one seeded model, driven by whatever clock its user has.
//!
//! [`Link`] is one direction: a bottleneck with a queue, then loss, duplication, delay, jitter and reordering. The simulation
//! drives it by virtual time, the emulator ([`emulator`]) by the real one between two network namespaces, so that browsers
//! live on the same links as simulated clients. Knows nothing of what it carries.

pub mod emulator;
mod model;

pub use model::capacity::{Capacity, Step};
pub use model::link::{Arrival, Counters, Link};
pub use model::loss::Loss;
pub use model::profile::{Outage, Profile, ProfileError};
pub use model::queue::Queue;
pub use model::recording::RecordingError;

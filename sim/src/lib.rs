//! Whole consultations on virtual time: the real shard, independent WebRTC clients (`str0m`) at both ends, and the links of
//! `kenes-link` between them. One seed is one run. What is judged is what a person would notice.

mod camera;
pub mod catalog;
mod chance;
mod clock;
pub mod compare;
mod direct;
mod dtls;
mod ear;
mod media;
mod microphone;
mod network;
pub mod oracle;
mod page;
mod person;
pub mod rural;
mod scenario;
mod screen;
mod world;

pub use ear::Heard;
pub use network::Carried;
pub use scenario::{Experience, Report, Scenario};
pub use screen::Seen;

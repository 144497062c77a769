//! What one peer publishes: reception state per layer, key-frame requests, sound levels.
//!
//! Owns no packet and knows no subscriber: it says what is new, what is missing and what it looks like.

pub(crate) mod keyframe;
pub(crate) mod layer;
pub(crate) mod missing;
pub(crate) mod reception;
pub(crate) mod sound;
pub(crate) mod track;
mod transit;

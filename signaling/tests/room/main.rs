//! The room's behaviours, through its public API alone: inputs in, effects out, time by hand.

#![cfg(test)]

mod attendance;
mod chat;
mod entry;
mod media;
mod moderation;
mod quality;
mod slots;
mod stage;
mod walk;

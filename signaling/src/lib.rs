//! Kenes signaling.

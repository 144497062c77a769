//! Tests of `transport::stun`.

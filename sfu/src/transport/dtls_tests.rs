//! Tests of `transport::dtls`.

//! Tests of `transport::ice`.

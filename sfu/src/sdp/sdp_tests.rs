//! Tests of `sdp`: real offers of browsers, hostile ones, and answers that browsers took.

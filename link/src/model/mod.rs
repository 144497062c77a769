//! The model's parts, in the order in which a packet meets them: queue, capacity, loss, and the way (`link`).

pub(crate) mod capacity;
pub(crate) mod link;
pub(crate) mod loss;
pub(crate) mod mobile;
pub(crate) mod profile;
pub(crate) mod queue;
pub(crate) mod recording;

//! `/api/v1/visit`: what a patient, and whoever helps, does by a link: reads the visit, confirms or cancels it, decides about consent,
//! checks in, joins, says how it was. No account, no cookie.

mod guest;
mod join;
mod offer;
mod steps;
pub mod view;

pub use guest::Guest;
pub use join::{__path_join, join};
pub use offer::{__path_answer_offer, __path_read_offer, answer_offer, read_offer};
pub use steps::{
    __path_cancel, __path_check_in, __path_confirm, __path_consent, __path_survey, cancel, check_in, confirm, consent,
    survey,
};
pub use view::{__path_read, read};

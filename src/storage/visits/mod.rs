//! What gathers around one appointment: links for whom has no account, consents, the contact centre's calls, and the consultation as it
//! took place, with who was there and how it was.

mod calls;
mod consents;
mod links;
mod people;
mod record;

pub use calls::{add_call, calls, calls_within};
pub use consents::{add_consent, consents, record_consent};
pub use links::{create_link, find_link, link_by_id, links, renew_link, revoke_link};
pub use people::{Arrival, depart, enter_call, join, people};
pub use record::{
    abandon, begin, close, find_by_room, keep_open, of_appointment, open, open_rooms, overdue, reopen, set_survey_score,
};

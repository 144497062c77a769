//! Proving who one is: secrets that are stored as digests, passwords, a sign-in provider, the first administrator. Who may do what is the model's, what is
//! kept is storage's; nothing of a password or a secret is logged.

pub mod first_run;
pub mod oidc;
pub mod password;
pub mod recovery;
pub mod secret;

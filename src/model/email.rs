//! Addresses of e-mail, as far as a form can know that one is right: whether anybody reads it, only a letter tells. Never printed.

use super::invalid::Fault;
use std::fmt;
use std::str::FromStr;

/// RFC 5321 §4.5.3.1: 256 octets with the angle brackets around it ..
const MAX_BYTES: usize = 254;
/// .. of which the part before the `@` has at most so many.
const MAX_LOCAL_BYTES: usize = 64;

/// In ASCII; the domain in lower case, which means the same (RFC 5321 §2.4).
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Email(String);

impl Email {
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl FromStr for Email {
    type Err = Fault;

    fn from_str(text: &str) -> Result<Self, Fault> {
        let text = text.trim();
        if text.len() > MAX_BYTES {
            return Err(Fault::TooLong(MAX_BYTES));
        }
        let (local, domain) = text.rsplit_once('@').ok_or(Fault::Malformed)?;
        let is_local = (1..=MAX_LOCAL_BYTES).contains(&local.len()) && local.split('.').all(is_atom);
        let is_domain = domain.contains('.') && domain.split('.').all(is_label);
        if is_local && is_domain {
            Ok(Self(format!("{local}@{}", domain.to_ascii_lowercase())))
        } else {
            Err(Fault::Malformed)
        }
    }
}

/// RFC 5322 §3.2.3. Quoted local parts are allowed by it and used by nobody.
fn is_atom(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&byte))
}

/// RFC 1035 §2.3.1, with a digit at its beginning allowed (RFC 1123 §2.1).
fn is_label(text: &str) -> bool {
    let is_inner = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    (1..=63).contains(&text.len()) && is_inner && !text.starts_with('-') && !text.ends_with('-')
}

impl fmt::Debug for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Email(***)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_kept_with_its_domain_in_lower_case() {
        assert_eq!(" Aigul.S+a@Mail.KZ ".parse::<Email>().unwrap().reveal(), "Aigul.S+a@mail.kz");
    }

    #[test]
    fn what_no_letter_reaches_is_refused() {
        let long = format!("{}@mail.kz", "a".repeat(65));
        for text in [
            "",
            "a",
            "@mail.kz",
            "a@",
            "a@mail",
            "a b@mail.kz",
            "a..b@mail.kz",
            "a@-mail.kz",
            "a@mail..kz",
            "а@mail.kz",
            "a\r\n@mail.kz",
            &long,
        ] {
            assert_eq!(text.parse::<Email>(), Err(Fault::Malformed), "{text}");
        }
    }

    #[test]
    fn debug_never_prints_it() {
        assert_eq!(format!("{:?}", "a@mail.kz".parse::<Email>()), "Ok(Email(***))");
    }
}

//! The code that pairs a cart: shown to an administrator, typed on the cart, good once and for minutes. Draws no random numbers and
//! knows no digest.

use super::invalid::Fault;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// From the administrator's desk to the cart.
pub const PAIRING_LIFE: Duration = Duration::from_secs(10 * 60);

const DIGITS: usize = 8;
const CODES: u64 = 10_u64.pow(8);

/// Eight digits. Its `Debug` hides them.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct PairingCode(u32);

impl PairingCode {
    /// One of a hundred million, as likely as every other to within one in 10^11.
    #[must_use]
    pub fn new(random: [u8; 8]) -> Self {
        Self(u32::try_from(u64::from_le_bytes(random) % CODES).unwrap_or_default())
    }

    /// As it is digested: without what makes it readable.
    #[must_use]
    pub fn digits(self) -> String {
        format!("{:0DIGITS$}", self.0)
    }
}

/// In two groups, as it is read out and typed.
impl fmt::Display for PairingCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04} {:04}", self.0 / 10_000, self.0 % 10_000)
    }
}

impl fmt::Debug for PairingCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PairingCode(***)")
    }
}

impl FromStr for PairingCode {
    type Err = Fault;

    /// Spaces and hyphens between the digits are the reader's.
    fn from_str(text: &str) -> Result<Self, Fault> {
        let digits: String = text.chars().filter(|c| !matches!(c, ' ' | '-' | '\u{a0}')).collect();
        let is_code = digits.len() == DIGITS && digits.bytes().all(|digit| digit.is_ascii_digit());
        digits.parse().ok().filter(|_| is_code).map(Self).ok_or(Fault::Malformed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_shown_in_two_groups_and_typed_in_any() {
        let code = PairingCode::new(12_345_678_u64.to_le_bytes());
        assert_eq!(code.to_string(), "1234 5678");
        for typed in ["1234 5678", "12345678", "1234-5678", " 12 34 56 78 "] {
            assert_eq!(typed.parse(), Ok(code), "{typed}");
        }
    }

    #[test]
    fn a_small_number_keeps_its_noughts() {
        let code = PairingCode::new(42_u64.to_le_bytes());
        assert_eq!((code.to_string().as_str(), code.digits().as_str()), ("0000 0042", "00000042"));
    }

    #[test]
    fn what_has_no_eight_digits_is_no_code() {
        for typed in ["", "1234567", "123456789", "1234567a", "+1234567", "١٢٣٤٥٦٧٨"] {
            assert_eq!(typed.parse::<PairingCode>(), Err(Fault::Malformed), "{typed}");
        }
    }

    #[test]
    fn a_code_is_not_printed() {
        assert_eq!(format!("{:?}", PairingCode::new([7; 8])), "PairingCode(***)");
    }
}

//! Kazakhstan's individual identification number: twelve digits with the date of birth, the sex and a check digit.
//!
//! `YYMMDD G NNNN C`: G tells century and sex (1, 2: 1800s; 3, 4: 1900s; 5, 6: 2000s; odd is male), C is the check digit. Never printed:
//! `Debug` shows nothing, there is no `Display`.

use super::invalid::Fault;
use super::patient::Sex;
use jiff::civil::Date;
use std::fmt;
use std::str::FromStr;

const DIGITS: usize = 12;
const FIRST_WEIGHTS: [u32; 11] = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11];
/// Used when the first weights give 10.
const SECOND_WEIGHTS: [u32; 11] = [3, 4, 5, 6, 7, 8, 9, 10, 11, 1, 2];

#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Iin {
    text: String,
    birth_date: Date,
    sex: Sex,
}

impl Iin {
    /// The digits, for the database, the form and the letter to the MIS.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.text
    }

    #[must_use]
    pub fn birth_date(&self) -> Date {
        self.birth_date
    }

    #[must_use]
    pub fn sex(&self) -> Sex {
        self.sex
    }
}

impl FromStr for Iin {
    type Err = Fault;

    fn from_str(text: &str) -> Result<Self, Fault> {
        let digits: Vec<u32> = text.chars().map_while(|c| c.to_digit(10)).collect();
        if digits.len() != DIGITS || text.len() != DIGITS {
            return Err(Fault::Malformed);
        }
        let [y1, y2, m1, m2, d1, d2, century_and_sex, .., check] = digits[..] else { return Err(Fault::Malformed) };
        let (century, sex) = match century_and_sex {
            1 => (1800, Sex::Male),
            2 => (1800, Sex::Female),
            3 => (1900, Sex::Male),
            4 => (1900, Sex::Female),
            5 => (2000, Sex::Male),
            6 => (2000, Sex::Female),
            _ => return Err(Fault::Malformed),
        };
        let birth_date = date(century + y1 * 10 + y2, m1 * 10 + m2, d1 * 10 + d2).ok_or(Fault::Malformed)?;
        if check_digit(&digits) != Some(check) {
            return Err(Fault::CheckDigit);
        }
        Ok(Self { text: text.to_owned(), birth_date, sex })
    }
}

/// `None`: both rows of weights give 10, and no number is issued with such digits.
fn check_digit(digits: &[u32]) -> Option<u32> {
    let rest = |weights: [u32; 11]| digits.iter().zip(weights).map(|(digit, weight)| digit * weight).sum::<u32>() % 11;
    [rest(FIRST_WEIGHTS), rest(SECOND_WEIGHTS)].into_iter().find(|rest| *rest != 10)
}

fn date(year: u32, month: u32, day: u32) -> Option<Date> {
    Date::new(i16::try_from(year).ok()?, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()
}

impl fmt::Debug for Iin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Iin(***)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The numbers are made up.
    fn parse(text: &str) -> Result<Iin, Fault> {
        text.parse()
    }

    #[test]
    fn a_number_tells_the_birth_date_and_the_sex() {
        let iin = parse(&with_check_digit("85031440012")).unwrap();
        assert_eq!((iin.birth_date(), iin.sex()), (Date::constant(1985, 3, 14), Sex::Female));
        let child = parse(&with_check_digit("19070150034")).unwrap();
        assert_eq!((child.birth_date(), child.sex()), (Date::constant(2019, 7, 1), Sex::Male));
    }

    #[test]
    fn the_check_digit_follows_the_weights_one_to_eleven() {
        // 9*1 + 1*3 + 1*5 + 3*7 + 1*11 = 49, and 49 mod 11 = 5.
        assert!(parse("901010300015").is_ok());
    }

    #[test]
    fn a_wrong_check_digit_is_told_from_a_wrong_shape() {
        let good = with_check_digit("85031440012");
        let check = good[11..].parse::<u32>().unwrap();
        let bad = format!("{}{}", &good[..11], (check + 1) % 10);
        assert_eq!(parse(&bad), Err(Fault::CheckDigit));
    }

    #[test]
    fn a_digit_mistyped_or_two_neighbours_swapped_are_noticed() {
        let good = with_check_digit("85031440012");
        // The eleventh digit weighs 11, which is nothing modulo 11: the state's rule does not notice it.
        for at in 7..10 {
            let mut digits: Vec<u8> = good.bytes().collect();
            digits[at] = b'0' + (digits[at] - b'0' + 1) % 10;
            assert_eq!(parse(&String::from_utf8(digits).unwrap()), Err(Fault::CheckDigit), "digit {at}");
        }
        let mut digits: Vec<u8> = good.bytes().collect();
        digits.swap(8, 9);
        assert_eq!(parse(&String::from_utf8(digits).unwrap()), Err(Fault::CheckDigit));
    }

    #[test]
    fn the_second_weights_count_when_the_first_give_ten() {
        let second =
            (0..10_000).map(|serial| format!("8503144{serial:04}")).find(|stem| rest(stem, FIRST_WEIGHTS) == 10);
        let stem = second.unwrap();
        let check = rest(&stem, SECOND_WEIGHTS);
        assert_eq!(parse(&format!("{stem}{}", check % 10)).is_ok(), check != 10);
    }

    #[test]
    fn no_number_has_ten_by_both_weights() {
        let is_ten = |stem: &String| rest(stem, FIRST_WEIGHTS) == 10 && rest(stem, SECOND_WEIGHTS) == 10;
        let stem = (0..10_000).map(|serial| format!("8503144{serial:04}")).find(is_ten).unwrap();
        for check in 0..10 {
            assert_eq!(parse(&format!("{stem}{check}")), Err(Fault::CheckDigit));
        }
    }

    #[test]
    fn what_is_no_date_or_no_century_is_malformed() {
        for text in [
            "",
            "8503144001",
            "850314-00123",
            "851314400121",
            "850230400121",
            "850314000121",
            "850314700121",
            "８50314400121",
        ] {
            assert_eq!(parse(text), Err(Fault::Malformed), "{text}");
        }
    }

    #[test]
    fn debug_never_prints_it() {
        assert_eq!(format!("{:?}", parse(&with_check_digit("85031440012")).unwrap()), "Iin(***)");
    }

    fn rest(stem: &str, weights: [u32; 11]) -> u32 {
        stem.chars().zip(weights).map(|(c, weight)| c.to_digit(10).unwrap() * weight).sum::<u32>() % 11
    }

    fn with_check_digit(stem: &str) -> String {
        let first = rest(stem, FIRST_WEIGHTS);
        format!("{stem}{}", if first == 10 { rest(stem, SECOND_WEIGHTS) } else { first })
    }
}

//! A value that no log, error or panic may show: names, telephone numbers, addresses, medical text. Keeps nothing else.

use std::fmt;

/// Prints as `***`. There is no `Display` and no `Deref`: whoever needs the value says [`Private::reveal`], which a reviewer can find.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Private<T>(T);

impl<T> Private<T> {
    pub const fn new(value: T) -> Self {
        Self(value)
    }

    pub const fn reveal(&self) -> &T {
        &self.0
    }
}

impl<T> fmt::Debug for Private<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_prints_nothing_of_the_value() {
        assert_eq!(format!("{:?}", Some(Private::new("Әлия"))), "Some(***)");
    }
}

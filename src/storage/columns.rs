//! Reads a row's columns into the model's types. What does not parse is an error of this version, not a panic.

use super::StorageError;
use crate::model::record::{Stamp, Version};
use crate::model::time::{Interval, UnixMillis};
use sqlx::any::AnyRow;
use sqlx::{Any, Decode, Row as _, Type};
use std::str::FromStr;

pub(super) struct Columns<'a>(pub(super) &'a AnyRow);

impl Columns<'_> {
    /// A column of one of the database's own types.
    pub(super) fn plain<'r, T: Decode<'r, Any> + Type<Any>>(&'r self, column: &'static str) -> Result<T, StorageError> {
        Ok(self.0.try_get(column)?)
    }

    /// Text that is an id, a word, a date or the like.
    pub(super) fn parsed<T: FromStr>(&self, column: &'static str) -> Result<T, StorageError> {
        self.plain::<String>(column)?.parse().map_err(|_| StorageError::Unreadable { column })
    }

    pub(super) fn parsed_if_any<T: FromStr>(&self, column: &'static str) -> Result<Option<T>, StorageError> {
        let text = self.plain::<Option<String>>(column)?;
        text.map(|text| text.parse().map_err(|_| StorageError::Unreadable { column })).transpose()
    }

    pub(super) fn number<T: TryFrom<i64>>(&self, column: &'static str) -> Result<T, StorageError> {
        T::try_from(self.plain(column)?).map_err(|_| StorageError::Unreadable { column })
    }

    pub(super) fn number_if_any<T: TryFrom<i64>>(&self, column: &'static str) -> Result<Option<T>, StorageError> {
        let number = self.plain::<Option<i64>>(column)?;
        number.map(|number| T::try_from(number).map_err(|_| StorageError::Unreadable { column })).transpose()
    }

    pub(super) fn time(&self, column: &'static str) -> Result<UnixMillis, StorageError> {
        self.number(column).map(UnixMillis)
    }

    pub(super) fn time_if_any(&self, column: &'static str) -> Result<Option<UnixMillis>, StorageError> {
        let ms = self.plain::<Option<i64>>(column)?;
        ms.map(|ms| u64::try_from(ms).map(UnixMillis).map_err(|_| StorageError::Unreadable { column })).transpose()
    }

    pub(super) fn interval(&self) -> Result<Interval, StorageError> {
        let interval = Interval::new(self.time("start_ms")?, self.time("end_ms")?);
        interval.ok_or(StorageError::Unreadable { column: "end_ms" })
    }

    pub(super) fn stamp(&self) -> Result<Stamp, StorageError> {
        Ok(Stamp {
            version: Version(self.number("version")?),
            created_by: self.parsed_if_any("created_by")?,
            created: self.time("created_ms")?,
            updated: self.time("updated_ms")?,
        })
    }
}

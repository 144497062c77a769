//! Merging of defaults, file and environment. The defaults are the schema: a key that they lack is unknown, and a value has
//! the TOML type that the default has. Ranges are `validate`'s job.

use super::{ConfigError, DEFAULT_TOML};
use std::path::Path;
use toml::{Table, Value};

const ENVIRONMENT_PREFIX: &str = "KENES_";
/// Their values are not printed, whatever is wrong with them.
const SECRET_KEYS: [&str; 6] =
    ["tokens.key", "storage.database_url", "sms.token", "sms.delivery_secret", "smtp.password", "oidc.client_secret"];

/// Two levels: section, key.
pub(super) struct Merged(Table);

impl Merged {
    pub(super) fn defaults() -> Result<Self, ConfigError> {
        parse("config/default.toml", DEFAULT_TOML).map(Self)
    }

    pub(super) fn apply_file(&mut self, path: &Path) -> Result<(), ConfigError> {
        let name = path.display().to_string();
        let text = std::fs::read_to_string(path)
            .map_err(|error| ConfigError::Unreadable { path: name.clone(), reason: error.to_string() })?;
        for (section, values) in parse(&name, &text)? {
            let Value::Table(values) = values else {
                return Err(self.unknown(section, &name));
            };
            if !self.0.contains_key(&section) {
                return Err(self.unknown(section, &name));
            }
            for (key, value) in values {
                self.set(&section, &key, value, &format!("{section}.{key}"), &name)?;
            }
        }
        Ok(())
    }

    pub(super) fn apply_environment(
        &mut self,
        variables: impl Iterator<Item = (String, String)>,
    ) -> Result<(), ConfigError> {
        for (name, text) in variables {
            let Some(rest) = name.strip_prefix(ENVIRONMENT_PREFIX) else { continue };
            let (section, key) = rest.split_once('_').unwrap_or((rest, ""));
            let (section, key) = (section.to_ascii_lowercase(), key.to_ascii_lowercase());
            let Some(default) = self.value(&section, &key) else {
                return Err(self.unknown_in(&section, name, "the environment"));
            };
            let value = from_text(default, &text).map_err(|allowed| bad_value(&section, &key, &text, allowed))?;
            self.set(&section, &key, value, &name, "the environment")?;
        }
        Ok(())
    }

    pub(super) fn value(&self, section: &str, key: &str) -> Option<&Value> {
        self.0.get(section)?.get(key)
    }

    fn set(&mut self, section: &str, key: &str, value: Value, written: &str, origin: &str) -> Result<(), ConfigError> {
        let Some(slot) = self.0.get_mut(section).and_then(|table| table.get_mut(key)) else {
            return Err(self.unknown_in(section, written.to_owned(), origin));
        };
        if !slot.same_type(&value) {
            return Err(bad_value(section, key, &value.to_string(), kind_of(slot)));
        }
        *slot = value;
        Ok(())
    }

    fn unknown(&self, section: String, origin: &str) -> ConfigError {
        self.unknown_in("", section, origin)
    }

    /// Names the keys of `section`, or the sections when there is no such one.
    fn unknown_in(&self, section: &str, key: String, origin: &str) -> ConfigError {
        let level = self.0.get(section).and_then(Value::as_table).unwrap_or(&self.0);
        let allowed = level.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
        ConfigError::UnknownKey { key, origin: origin.to_owned(), allowed }
    }
}

pub(super) fn bad_value(section: &str, key: &str, value: &str, allowed: impl Into<String>) -> ConfigError {
    let key = format!("{section}.{key}");
    let value = if SECRET_KEYS.contains(&key.as_str()) { "(hidden)".to_owned() } else { value.to_owned() };
    ConfigError::BadValue { key, value, allowed: allowed.into() }
}

fn parse(path: &str, text: &str) -> Result<Table, ConfigError> {
    text.parse().map_err(|error: toml::de::Error| ConfigError::NotToml {
        path: path.to_owned(),
        reason: error.message().to_owned(),
    })
}

fn from_text(default: &Value, text: &str) -> Result<Value, &'static str> {
    let parsed = match default {
        Value::Integer(_) => text.parse().ok().map(Value::Integer),
        Value::Boolean(_) => text.parse().ok().map(Value::Boolean),
        Value::Array(_) => Some(Value::Array(list(text))),
        _ => Some(Value::String(text.to_owned())),
    };
    parsed.ok_or_else(|| kind_of(default))
}

fn list(text: &str) -> Vec<Value> {
    text.split(',').map(str::trim).filter(|item| !item.is_empty()).map(|item| Value::String(item.to_owned())).collect()
}

fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Integer(_) => "a whole number",
        Value::Boolean(_) => "true, false",
        Value::Array(_) => "a list of strings",
        _ => "a string",
    }
}

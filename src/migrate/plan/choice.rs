//! A decision that is made, or that a person must make: `"?"` in the plan.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// What stands for a decision that nobody has made yet.
const OPEN: &str = "?";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Choice<T> {
    /// `"?"`: `apply` refuses while one is left.
    Open,
    Made(T),
}

impl<T> Choice<T> {
    #[must_use]
    pub fn made(&self) -> Option<&T> {
        match self {
            Self::Made(value) => Some(value),
            Self::Open => None,
        }
    }

    #[must_use]
    pub fn is_open(&self) -> bool {
        matches!(self, Self::Open)
    }
}

impl<T: Default + PartialEq> Choice<T> {
    /// Made as it would be if nothing were said.
    pub(super) fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

impl<T: Default> Default for Choice<T> {
    fn default() -> Self {
        Self::Made(T::default())
    }
}

impl<T: Serialize> Serialize for Choice<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Open => serializer.serialize_str(OPEN),
            Self::Made(value) => value.serialize(serializer),
        }
    }
}

impl<'de, T: DeserializeOwned> Deserialize<'de> for Choice<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = toml::Value::deserialize(deserializer)?;
        if value.as_str() == Some(OPEN) {
            return Ok(Self::Open);
        }
        T::deserialize(value).map(Self::Made).map_err(|error| serde::de::Error::custom(error.message()))
    }
}

//! Go's struct tags: a field that a variable of the environment fills, and the default that stands in for it.

use std::ops::Range;

use super::lex::Literal;
use super::reading::Reading;
use crate::lang::config::{names_database, value};
use crate::lang::{Confidence, EnvRead, Role, Value, names};
use crate::text::Span;

/// `json:"path" env:"DB_PATH"`
pub(super) fn looks_like_tags(raw: &str) -> bool {
    !raw.contains('\n') && raw.contains(":\"") && pairs(raw).next().is_some_and(|(key, _)| !key.is_empty())
}

/// Keys with the places of their values.
fn pairs(raw: &str) -> impl Iterator<Item = (&str, Range<usize>)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let rest = raw.get(at..)?;
        let key = rest.trim_start();
        let from = at + rest.len() - key.len();
        let (name, _) = key.split_once(":\"")?;
        let word = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'));
        let start = from + name.len() + 2;
        let length = raw.get(start..)?.find('"')?;
        at = start + length + 1;
        word.then_some((name, start..start + length))
    })
}

impl Reading<'_> {
    /// Reports the default of a field, and the variable that is read for it.
    pub(super) fn tags(&mut self, literal: Literal) {
        let raw = self.source.slice(literal.inner);
        let start = literal.inner.start as usize;
        let mut variable = None;
        let mut default: Option<(Span, Value)> = None;
        for (key, range) in pairs(raw) {
            let text = raw.get(range.clone()).unwrap_or("");
            match key {
                "env" | "envconfig" => {
                    variable = text.split(',').next().filter(|name| crate::lang::config::is_variable(name));
                }
                "default" | "envDefault" | "env-default" | "conf" => {
                    // `conf:"default:x.db"`
                    let path = text.strip_prefix("default:").unwrap_or(text);
                    let from = start + range.end - path.len();
                    let found = value(path);
                    if names_database(&found) {
                        default = Some((Span::new(from, from + path.len()), found));
                    }
                }
                _ => {}
            }
        }
        let named = variable.filter(|name| default.is_some() || names::env_names_database(name));
        if let Some(name) = named {
            let (place, language) = (self.source.place(literal.span), self.gather.language);
            let default = default.as_ref().map(|(_, value)| value.clone());
            self.gather.facts.env_reads.push(EnvRead {
                place,
                name: name.to_owned(),
                default,
                falls_back: false,
                language,
            });
        }
        let (span, value) = match (named, default) {
            (Some(name), Some((span, default))) => {
                let default = default.with_origin(self.source.place(span));
                (span, Value::env(name, Some(default)))
            }
            (Some(name), None) => (literal.span, Value::env(name, None)),
            (None, Some((span, default))) => (span, default),
            (None, None) => return,
        };
        self.gather.refer(span, Role::Binds, value, "struct tag", Confidence::High, None);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_told_by_their_shape() {
        assert!(looks_like_tags("yaml:\"path\" env:\"DB_PATH\""));
        for no in ["see x.db", "", "a b:\"c\"", ":\"", "{\"a\":\"b.db\"}"] {
            assert!(!looks_like_tags(no), "{no}");
        }
    }
}

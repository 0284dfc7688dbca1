//! Reads of environment variables, with the default that stands beside, behind or below them.

use std::sync::LazyLock;

use regex::Regex;

use super::calls;
use super::reading::Reading;
use crate::lang::config::{is_folder_variable, is_variable, names_database};
use crate::lang::{Confidence, EnvRead, Role, Value, names};
use crate::text::Span;

/// A place that reads a variable.
#[derive(Debug)]
pub(super) struct Getter {
    pub(super) name: String,
    /// The whole call, or `ENV["X"]`.
    pub(super) call: Span,
    /// The name that it gives the value.
    pub(super) variable: Option<String>,
    /// Which literal is its default.
    pub(super) default: Option<usize>,
}

/// A function longer than this does more than read a variable.
const LONGEST_WRAPPER: usize = 1500;

#[expect(clippy::unwrap_used, reason = "a constant pattern, compiled by a test")]
static GETTER: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)(?:[\w.:$>-]*(?:getenv|lookupenv|get_env|env_or|envor|getenvironmentvariable|fetch_env!?|env!)|[\w.:]*\benv(?:::var(?:_os)?|\.fetch|\.get|\.key\?|\.string|\.str)?|dotenvy?::var|\$_env|\$_server)\s*[(\[]\s*$").unwrap()
});

impl Reading<'_> {
    /// The source's own functions that read the variable they are given: `func opt(name, fallback string)`.
    fn wrappers(&self) -> Vec<String> {
        let code = &self.lexed.code;
        let mut wrappers = Vec::new();
        for (index, (start, name)) in self.functions.iter().enumerate() {
            let end = self.functions.get(index + 1).map_or(code.len(), |(next, _)| *next);
            let end = calls::floor(code, end.min(start + LONGEST_WRAPPER));
            let Some(text) = code.get(*start..end) else { continue };
            let Some(head) = text.find(name.as_str()).map(|at| at + name.len()) else { continue };
            let open = calls::open_after(text, head);
            let Some(close) = calls::closing(text, open) else { continue };
            let body = text.get(close..).unwrap_or("");
            let parameters = text.get(open + 1..close).unwrap_or("");
            let first = parameters.split(',').next().unwrap_or("");
            let reads = first.split(|letter: char| !letter.is_alphanumeric() && letter != '_').any(|word| {
                !word.is_empty()
                    && body.match_indices(word).any(|(at, _)| {
                        let after = body.get(at + word.len()..).unwrap_or("").trim_start();
                        after.starts_with([')', ']', ',']) && GETTER.is_match(calls::line_before(body, at))
                    })
            });
            if reads {
                wrappers.push(name.clone());
            }
        }
        wrappers
    }

    pub(super) fn find_getters(&mut self) {
        let wrappers = self.wrappers();
        let mut getters = Vec::new();
        for (index, literal) in self.lexed.literals.iter().enumerate() {
            let name = self.source.slice(literal.inner);
            if name.len() < 3 || !is_variable(name) || name.bytes().any(|byte| byte.is_ascii_lowercase()) {
                continue;
            }
            let at = literal.span.start as usize;
            let before = calls::line_before(&self.lexed.code, at);
            let Some(length) = GETTER.find(before).map(|hit| before.len() - hit.start()).or_else(|| {
                let call = before.trim_end().strip_suffix('(')?;
                let word = call.rsplit(|letter: char| !letter.is_alphanumeric() && letter != '_').next()?;
                wrappers.iter().any(|wrapper| wrapper == word).then(|| before.len() - call.len() + word.len())
            }) else {
                continue;
            };
            let start = at - length;
            let open = calls::open_after(&self.lexed.code, start);
            let end = calls::closing(&self.lexed.code, open).map_or(literal.span.end as usize, |end| end + 1);
            let variable = calls::assigned(&self.source.text, &self.lexed.code, start);
            let default = self.default_beside(open, end, index);
            getters.push(Getter { name: name.to_owned(), call: Span::new(start, end), variable, default });
        }
        self.getters = getters;
        for position in 0..self.getters.len() {
            let below = self.getters.get(position).and_then(|getter| self.default_below(getter));
            if let Some(getter) = self.getters.get_mut(position)
                && getter.default.is_none()
            {
                getter.default = below;
            }
        }
    }

    /// `env("X", "y.db")`, `env("X") || "y.db"`, `var("X").unwrap_or("y.db")`.
    fn default_beside(&self, open: usize, end: usize, own: usize) -> Option<usize> {
        let arguments = calls::arguments(&self.lexed.code, open);
        if let Some(&second) = arguments.get(1)
            && let Some(&literal) = self.literals_in(second).first()
        {
            return Some(literal);
        }
        let next = (own + 1..self.lexed.literals.len())
            .find(|&index| self.lexed.literals.get(index).is_some_and(|literal| literal.span.start as usize >= end))?;
        let start = self.lexed.literals.get(next)?.span.start as usize;
        let between = self.lexed.code.get(end..start).filter(|words| words.len() < 160)?;
        let operators =
            ["||", "??", "?:", "unwrap_or", "orElse", "getOrElse", " or ", "if_none", "default", "OrDefault", "//"];
        let goes_on = between
            .lines()
            .skip(1)
            .all(|line| line.trim().is_empty() || line.trim_start().starts_with(['.', '|', '?', ':', ')', 'o', '/']));
        (!between.contains(';') && goes_on && operators.iter().any(|operator| between.contains(operator)))
            .then_some(next)
    }

    /// `p := os.Getenv("X")`, and below it `if p == "" { p = "y.db" }`.
    fn default_below(&self, getter: &Getter) -> Option<usize> {
        let variable = getter.variable.as_deref()?;
        let from = self.lexed.literals.partition_point(|literal| literal.span.start < getter.call.end);
        let until = getter.call.end + 400;
        (from..self.lexed.literals.len())
            .take_while(|&index| self.lexed.literals.get(index).is_some_and(|literal| literal.span.start < until))
            .find(|&index| {
                let Some(literal) = self.lexed.literals.get(index) else { return false };
                let at = literal.span.start as usize;
                names_database(&self.value_of(literal))
                    && calls::assigned(&self.source.text, &self.lexed.code, at).as_deref() == Some(variable)
            })
    }

    /// Reports the reads; one whose default names a database speaks at the default.
    pub(super) fn report_getters(&mut self) {
        for getter in std::mem::take(&mut self.getters) {
            let literal = getter.default.and_then(|index| self.lexed.literals.get(index).copied());
            let default = literal.map(|literal| self.own_value(&literal));
            let by_name = names::env_names_database(&getter.name);
            let by_default = default.as_ref().is_some_and(names_database);
            if !by_name && !by_default && !is_folder_variable(&getter.name) {
                continue;
            }
            let (place, language) = (self.source.place(getter.call), self.gather.language);
            let default = default.filter(|_| by_name || by_default || is_folder_variable(&getter.name));
            self.gather.facts.env_reads.push(EnvRead {
                place,
                name: getter.name.clone(),
                default: default.clone(),
                falls_back: false,
                language,
            });
            if !by_name && !by_default {
                continue;
            }
            let name = getter.variable.as_deref();
            let place = literal.filter(|_| default.is_some()).map_or(getter.call, |literal| literal.span);
            let default =
                default.map(|default| if by_default { default.with_origin(self.source.place(place)) } else { default });
            let value = Value::env(getter.name.clone(), default);
            self.gather.refer(place, Role::Binds, value, "environment variable", Confidence::High, name);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ways_to_read_a_variable() {
        for yes in [
            "os.Getenv(",
            "x = ENV[",
            "ENV.fetch(",
            "std::env::var(",
            "System.getenv(",
            "$_ENV[",
            "env(",
            "env!(",
            "getEnv(",
            "process.env[",
        ] {
            assert!(GETTER.is_match(yes), "{yes}");
        }
        for no in ["sql.Open(", "seven(", "event(", "os.Setenv("] {
            assert!(!GETTER.is_match(no), "{no}");
        }
    }
}

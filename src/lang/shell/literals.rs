//! Shells whose grammar is not known here (fish, PowerShell, batch), read by their words alone; and values of running text.

use super::{Confidence, Facts, Language, Part, Reference, Role, Value, names};
use crate::text::{Source, Span};

/// What a name in running text says: variables are unknown parts.
pub(super) fn value(text: &str) -> Value {
    let mut value = names::value_of(text);
    if !text.contains('$') {
        return value;
    }
    value.parts.clear();
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        let (plain, tail) = rest.split_at(at);
        if !plain.is_empty() {
            value.parts.push(Part::Text(plain.to_owned()));
        }
        let length = match tail.strip_prefix("${") {
            Some(inner) => inner.find('}').map_or(tail.len(), |end| end + 3),
            None => 1 + tail[1..].bytes().take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_').count(),
        };
        let (variable, after) = tail.split_at(length.min(tail.len()));
        value.parts.push(Part::Unknown(variable.to_owned()));
        rest = after;
    }
    if !rest.is_empty() {
        value.parts.push(Part::Text(rest.to_owned()));
    }
    value
}

pub(super) fn read(source: &Source) -> Facts {
    let mut facts = Facts::default();
    let mut start = 0;
    for line in source.text.split_inclusive('\n') {
        let words = line.trim_start();
        let comment = words.starts_with('#')
            || words.starts_with("::")
            || words.get(..4).is_some_and(|head| head.eq_ignore_ascii_case("rem "));
        let spoken = ["echo", "Write-Host", "Write-Output", "Write-Error", "throw"]
            .iter()
            .any(|word| words.get(..word.len()).is_some_and(|head| head.eq_ignore_ascii_case(word)));
        let opens = words.contains("sqlite3 ") || words.contains("sqlite3.exe ");
        let mut opened = false;
        for found in names::mentions(line) {
            let text = &line[found.clone()];
            let before = line[..found.start].trim_end();
            let role = if comment || spoken {
                Role::Mentions
            } else if opens && !opened && before.contains("sqlite3") {
                opened = true;
                Role::Opens
            } else {
                Role::Binds
            };
            // The literal with its quotes, where it is one.
            let quoted = ["\"", "'"]
                .iter()
                .any(|quote| line[..found.start].ends_with(quote) && line[found.end..].starts_with(quote));
            let grow = usize::from(quoted && role != Role::Mentions);
            let span = Span::new(start + found.start - grow, start + found.end + grow);
            let construct = match role {
                Role::Mentions if comment => "comment",
                Role::Mentions => "text",
                Role::Opens => "sqlite3 command",
                _ => "command",
            };
            let place = source.place(span);
            facts.references.push(Reference {
                values: vec![value(text).with_origin(place.clone())].into(),
                place,
                role,
                construct: construct.into(),
                language: Language::Shell,
                confidence: Confidence::Medium,
                name: None,
                symbol: None,
                generated: false,
            });
        }
        start += line.len();
    }
    facts
}

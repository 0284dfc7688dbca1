//! Templates: `"{}.db".format(x)`, `"%s.db" % x`. Fills the holes with what is known.

use super::evaluate::{Val, paths_of};
use super::paths;
use crate::lang::value::{Part, Value};

/// Fills a template's holes, in order, with what is known of the arguments.
pub(super) fn fill(template: &Value, holes: &[&str], args: &[Vec<Val>]) -> Value {
    let mut out = Value { origin: template.origin.clone(), ..Value::default() };
    let mut next = 0;
    for part in &template.parts {
        let Part::Text(text) = part else {
            out.parts.push(part.clone());
            continue;
        };
        let mut rest = text.as_str();
        loop {
            let hit = holes.iter().filter_map(|hole| rest.find(hole).map(|at| (at, hole.len()))).min();
            let (at, length) = match hit {
                Some(hit) => hit,
                None => match named_hole(rest) {
                    Some(hit) => hit,
                    None => break,
                },
            };
            paths::push_text(&mut out.parts, &rest[..at]);
            let hole = &rest[at..at + length];
            let value = args.get(next).cloned().map(paths_of).and_then(|values| values.into_iter().next());
            next += 1;
            match value {
                Some(value) => {
                    if out.parts.is_empty()
                        || matches!(out.parts.as_slice(), [Part::Text(text)] if text.ends_with("://") || text.ends_with(":///"))
                    {
                        out.base = value.base;
                    }
                    paths::append(&mut out.parts, &value.parts);
                }
                None => out.parts.push(Part::Unknown(hole.to_owned())),
            }
            rest = &rest[at + length..];
        }
        paths::push_text(&mut out.parts, rest);
    }
    paths::settle(out)
}

/// `{name}` in a template: its place and length.
fn named_hole(text: &str) -> Option<(usize, usize)> {
    let open = text.find('{')?;
    let close = text[open..].find('}')?;
    Some((open, close + 1))
}

//! What a literal comes to with what is joined in front of it: `dir + "/x.db"`, `filepath.Join(dir, "x.db")`, holes inside it.

use super::calls;
use super::lex::Literal;
use super::openers::{JOIN_METHODS, JOINS, TEMPORARY};
use super::reading::Reading;
use super::scope;
use super::style::Hole;
use crate::lang::config::{Quoting, decoded};
use crate::lang::{Base, Part, Value, names};
use crate::text::{Snippet, Span};

/// Joins of more pieces than this are taken as unknown in front.
const MAX_PIECES: usize = 6;

impl Reading<'_> {
    /// The text of a literal after escapes, with the way back.
    pub(super) fn decoded(&self, literal: &Literal) -> Snippet {
        let raw = self.source.slice(literal.inner);
        let quoting = if literal.escapes { Quoting::Double } else { Quoting::Verbatim };
        decoded(raw, literal.inner.start as usize, quoting)
    }

    /// The value of a literal with everything joined in front of it.
    pub(super) fn value_of(&self, literal: &Literal) -> Value {
        let (mut parts, temporary) = self.parts_before(literal.span.start as usize, 0);
        let own = self.filled(literal, self.own_value(literal));
        let joined = !parts.is_empty();
        parts.extend(own.parts);
        let mut value = Value { parts: merged(parts), ..own };
        if joined {
            let probe = crate::lang::config::probe(&value);
            if let Some(engine) = names::url_engine(&probe) {
                value.engine = engine;
            }
            if names::is_memory(&probe) {
                value.base = Base::Memory;
                return value;
            }
        }
        if temporary || self.is_temporary_line(literal.span.start as usize, &value) {
            value.base = Base::Temporary;
        }
        value
    }

    /// `fmt.Sprintf("file:%s?mode=ro", path)`: the holes of a format with what the call gives them.
    fn filled(&self, literal: &Literal, mut value: Value) -> Value {
        let is_hole = |part: &Part| matches!(part, Part::Unknown(words) if matches!(words.as_str(), "%" | ""));
        if !value.parts.iter().any(is_hole) {
            return value;
        }
        let at = literal.span.start as usize;
        let Some(call) = calls::around(&self.lexed.code, at).filter(|call| call.bracket == b'(') else { return value };
        let callee = self.lexed.code.get(call.callee.range()).unwrap_or("").to_ascii_lowercase();
        if !["printf", "format", "format!"].iter().any(|format| callee.ends_with(format)) {
            return value;
        }
        let open = calls::open_after(&self.lexed.code, call.callee.end as usize);
        let mut given = calls::arguments(&self.lexed.code, open).into_iter().skip(call.index + 1);
        let mut parts = Vec::with_capacity(value.parts.len());
        for part in std::mem::take(&mut value.parts) {
            match is_hole(&part).then(|| given.next()).flatten().filter(|span| !span.is_empty()) {
                Some(span) if self.is_given_twice(span) => {
                    parts.push(Part::Unknown(self.source.slice(span).to_owned()))
                }
                Some(span) => {
                    let (piece, temporary) = self.piece(span);
                    if temporary {
                        value.base = Base::Temporary;
                    }
                    parts.extend(piece);
                }
                None => parts.push(part),
            }
        }
        value.parts = merged(parts);
        value
    }

    /// A name that its function gives more than one value (`mode := "prod"`, then `mode = "demo"`) has none that is sure.
    fn is_given_twice(&self, span: Span) -> bool {
        let values = self.constants.get(self.source.slice(span)).map_or(&[][..], Vec::as_slice);
        let here = scope::index(&self.functions, span.start as usize);
        values.iter().filter(|(at, _)| scope::index(&self.functions, *at) == here).count() > 1
    }

    /// The value of the literal by itself.
    pub(super) fn own_value(&self, literal: &Literal) -> Value {
        let text = self.decoded(literal).text;
        if self.known { holes(names::unwrap_dsn(&text), self.style.holes) } else { crate::lang::config::value(&text) }
    }

    /// What is joined in front of `at`, and whether it is a folder that is thrown away.
    fn parts_before(&self, at: usize, pieces: usize) -> (Vec<Part>, bool) {
        if pieces >= MAX_PIECES {
            return (vec![Part::Unknown("..".to_owned())], false);
        }
        let first = calls::floor(&self.lexed.code, at.saturating_sub(400));
        let before = self.lexed.code.get(first..at).unwrap_or("");
        if let Some(rest) = calls::concatenated(before) {
            let operand = last_operand(calls::last_expression(rest));
            let end = first + rest.len();
            return self.operand(Span::new(end - operand.len().min(end), end), pieces);
        }
        let Some(call) = calls::around(&self.lexed.code, at).filter(|call| call.bracket == b'(') else {
            return (Vec::new(), false);
        };
        let callee = self.lexed.code.get(call.callee.range()).unwrap_or("").to_ascii_lowercase();
        let method = JOIN_METHODS.iter().any(|method| callee.ends_with(method)) && !is_function_join(&callee);
        if !method && !is_function_join(&callee) {
            return (Vec::new(), false);
        }
        let open = calls::open_after(&self.lexed.code, call.callee.end as usize);
        let arguments = calls::arguments(&self.lexed.code, open);
        let mut spans: Vec<Span> = arguments.get(..call.index.min(arguments.len())).unwrap_or(&[]).to_vec();
        if method {
            spans.insert(0, self.receiver(call.callee, &callee));
        }
        let mut parts = Vec::new();
        let mut temporary = false;
        for span in spans {
            let (piece, thrown_away) = self.piece(span);
            temporary |= thrown_away;
            parts.extend(piece);
            if !ends_with_slash(&parts) && !parts.is_empty() {
                parts.push(Part::Text("/".to_owned()));
            }
        }
        (parts, temporary)
    }

    /// What a method is called on: `dir` of `dir.join`, `Path::new("x")` of `Path::new("x").join`.
    fn receiver(&self, callee: Span, lower: &str) -> Span {
        let method = lower.rfind('.').unwrap_or(0);
        if method > 0 {
            return Span::new(callee.start as usize, callee.start as usize + method);
        }
        let end = callee.start as usize;
        let before = self.lexed.code.get(..end).unwrap_or("");
        let first = calls::floor(before, end.saturating_sub(400));
        let words = calls::last_expression(before.get(first..).unwrap_or(""));
        Span::new(end - words.len().min(end), end)
    }

    /// One operand and whatever stands in front of it.
    fn operand(&self, span: Span, pieces: usize) -> (Vec<Part>, bool) {
        let (mut parts, mut temporary) = self.parts_before(span.start as usize, pieces + 1);
        let (own, thrown_away) = self.piece(span);
        temporary |= thrown_away;
        parts.extend(own);
        (parts, temporary)
    }

    /// The value of an expression that is joined: a literal, a constant, a variable of the environment, or unknown.
    fn piece(&self, span: Span) -> (Vec<Part>, bool) {
        let words = self.source.slice(span).trim();
        let lower = words.to_ascii_lowercase();
        let inside = self.literals_in(span);
        if words == "Rails.root" {
            return (vec![Part::Text(String::new())], false);
        }
        let wraps = ["path::new(", "pathbuf::from(", "path(", "new file(", "paths.get("];
        if let [literal] = inside.as_slice()
            && let Some(literal) = self.lexed.literals.get(*literal)
            && (literal.span == span || wraps.iter().any(|wrap| lower.contains(wrap)))
        {
            return (self.own_value(literal).parts, false);
        }
        let name = words.rsplit(['.', ':', '>', '$', '@', '&', '*']).next().unwrap_or(words);
        let temporary = TEMPORARY.iter().any(|folder| lower.contains(folder))
            || self.temporaries.contains(name)
            || words.split(['.', '(', '-']).next().is_some_and(|root| self.temporaries.contains(root));
        if let Some(getter) =
            self.getters.iter().find(|getter| getter.call == span || getter.variable.as_deref() == Some(name))
        {
            let default = getter.default.and_then(|index| self.lexed.literals.get(index));
            return (Value::env(getter.name.clone(), default.map(|default| self.own_value(default))).parts, false);
        }
        if let Some(value) = self.constant(name, span.start as usize, words.contains('.'))
            && value.pattern().len() < 200
        {
            return (value.parts.clone(), temporary || value.base == Base::Temporary);
        }
        let mut words = words.split_whitespace().collect::<Vec<_>>().join(" ");
        if words.len() > 80 {
            words = name.chars().take(80).collect();
        }
        (vec![Part::Unknown(words)], temporary)
    }

    /// `t.TempDir()` and its like anywhere on the line, before a name without a folder of its own.
    fn is_temporary_line(&self, at: usize, value: &Value) -> bool {
        let absolute = matches!(value.parts.first(), Some(Part::Text(text)) if text.starts_with(['/', '.']));
        let line = calls::line_before(&self.lexed.code, at).to_ascii_lowercase();
        !absolute && TEMPORARY.iter().any(|folder| line.contains(&format!("{folder}(")))
    }

    /// The value that a name has at `at`: given before in the same function, else at the top of the file;
    /// a member (`cfg.Path`) has the only value that is ever given to it.
    pub(super) fn constant(&self, name: &str, at: usize, member: bool) -> Option<&Value> {
        let values = self.constants.get(name)?;
        let here = scope::index(&self.functions, at);
        let near = values.iter().rev().find(|(place, _)| *place < at && scope::index(&self.functions, *place) == here);
        let top = || values.iter().find(|(place, _)| scope::is_top(&self.functions, *place, &self.source.text));
        let only = || values.first().filter(|_| member && values.len() == 1);
        near.or_else(top).or_else(only).map(|(_, value)| value)
    }

    /// Positions of the literals that lie in a span.
    pub(super) fn literals_in(&self, span: Span) -> Vec<usize> {
        let from = self.lexed.literals.partition_point(|literal| literal.span.start < span.start);
        (from..self.lexed.literals.len())
            .take_while(|&index| self.lexed.literals.get(index).is_some_and(|literal| literal.span.end <= span.end))
            .collect()
    }
}

fn is_function_join(callee: &str) -> bool {
    JOINS.iter().any(|join| {
        callee.strip_suffix(join).is_some_and(|head| {
            !head.ends_with(|c: char| c.is_alphanumeric() || c == '_') && (join.contains('.') || !head.ends_with('.'))
        })
    })
}

fn ends_with_slash(parts: &[Part]) -> bool {
    matches!(parts.last(), Some(Part::Text(text)) if text.ends_with(['/', '\\']) || text.is_empty())
}

/// The rightmost operand of a sum.
fn last_operand(expression: &str) -> &str {
    let mut depth = 0_usize;
    for (position, byte) in expression.bytes().enumerate().rev() {
        match byte {
            b')' | b']' | b'}' => depth += 1,
            b'(' | b'[' | b'{' => depth = depth.saturating_sub(1),
            b'+' | b'|' | b'?' if depth == 0 => return expression.get(position + 1..).unwrap_or("").trim(),
            _ => {}
        }
    }
    expression.trim_start_matches("return ").trim()
}

fn merged(parts: Vec<Part>) -> Vec<Part> {
    let mut out: Vec<Part> = Vec::new();
    for part in parts {
        match (out.last_mut(), part) {
            (Some(Part::Text(before)), Part::Text(text)) => before.push_str(&text),
            (_, part) => out.push(part),
        }
    }
    out.retain(|part| !matches!(part, Part::Text(text) if text.is_empty()));
    if out.is_empty() {
        out.push(Part::Text(String::new()));
    }
    out
}

/// The value of a text with the holes of its language.
fn holes(text: &str, kinds: &[Hole]) -> Value {
    let mut parts = Vec::new();
    let mut plain = String::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        match kinds.iter().find_map(|&kind| hole(rest, kind)) {
            Some((words, length)) => {
                if !plain.is_empty() {
                    parts.push(Part::Text(std::mem::take(&mut plain)));
                }
                parts.push(Part::Unknown(words));
                rest = rest.get(length..).unwrap_or("");
            }
            None => {
                plain.push(first);
                rest = rest.get(first.len_utf8()..).unwrap_or("");
            }
        }
    }
    if !plain.is_empty() || parts.is_empty() {
        parts.push(Part::Text(plain));
    }
    if let [Part::Text(text)] = parts.as_slice() {
        return names::value_of(text);
    }
    let mut value = Value { parts, ..Value::default() };
    if let Some(engine) = names::url_engine(&crate::lang::config::probe(&value)) {
        value.engine = engine;
    }
    value
}

/// The hole at the start of a text, and its length.
pub(super) fn hole(text: &str, kind: Hole) -> Option<(String, usize)> {
    let between = |open: &str, close: char| {
        let rest = text.strip_prefix(open)?;
        let end = rest.find(close)?;
        let words = rest.get(..end)?;
        (!words.contains(['\n', '{'])).then(|| (words.to_owned(), open.len() + end + close.len_utf8()))
    };
    match kind {
        Hole::DollarBrace => between("${", '}'),
        Hole::HashBrace => between("#{", '}'),
        Hole::Swift => between("\\(", ')').or_else(|| between("(", ')').filter(|_| false)),
        Hole::Brace => between("{", '}').filter(|(words, _)| !words.contains([' ', '"'])),
        Hole::Dollar => {
            let rest = text.strip_prefix('$')?;
            let length = rest.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_').count();
            let name = rest.get(..length)?;
            name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
                .then(|| (name.to_owned(), length + 1))
        }
        Hole::Percent => {
            let rest = text.strip_prefix('%')?;
            let flags = rest.bytes().take_while(|byte| b"-+0123456789.[]".contains(byte)).count();
            let verb = rest.get(flags..)?.chars().next()?;
            matches!(verb, 's' | 'd' | 'v' | 'q' | 'x' | 'u' | '@').then(|| ("%".to_owned(), flags + 2))
        }
    }
}

//! Says in lines of text what a front end read, so that tests are tables. For tests only.

use crate::lang::{Facts, Language, Value, read};
use crate::text::{Source, Span};

/// One line for each reference: `line:column role token -> pattern (name)`.
pub(in crate::lang) fn references(path: &str, language: Language, text: &str) -> Vec<String> {
    let source = Source::new(path, text.as_bytes().to_vec());
    let facts = read(&source, language);
    sound(&source, &facts);
    facts
        .references
        .iter()
        .map(|reference| {
            let role = format!("{:?}", reference.role).to_lowercase();
            let at = reference.place.start;
            let token = source.slice(reference.place.span);
            let pattern = reference.values.iter().map(Value::pattern).collect::<Vec<_>>().join(" | ");
            let name = reference.name.as_ref().map(|name| format!(" ({name})")).unwrap_or_default();
            format!("{}:{} {role} {token} -> {pattern}{name}", at.line, at.column)
        })
        .collect()
}

/// One line for each fact of another kind.
pub(in crate::lang) fn others(path: &str, language: Language, text: &str) -> Vec<String> {
    let source = Source::new(path, text.as_bytes().to_vec());
    let facts = read(&source, language);
    let mut lines = Vec::new();
    for setting in &facts.settings {
        lines.push(format!("{}: set {}={}", setting.place.start.line, setting.name, setting.value.pattern()));
    }
    for read in &facts.env_reads {
        let default = read.default.as_ref().map(|default| format!(" else {}", default.pattern())).unwrap_or_default();
        lines.push(format!("{}: read {}{default}", read.place.start.line, read.name));
    }
    for mount in &facts.mounts {
        lines.push(format!("{}: mount {} on {}", mount.place.start.line, mount.host, mount.container));
    }
    for copy in &facts.copies {
        let from = copy.from.iter().map(Value::pattern).collect::<Vec<_>>().join(" | ");
        lines.push(format!("{}: {} {from}", copy.place.start.line, copy.construct));
    }
    lines
}

/// Whatever the text: no panic, and every place lies in it, between characters.
pub(in crate::lang) fn sound_for(path: &str, language: Language, bytes: Vec<u8>) {
    let source = Source::new(path, bytes);
    let facts = read(&source, language);
    sound(&source, &facts);
}

fn sound(source: &Source, facts: &Facts) {
    let mut facts = facts.clone();
    facts.for_each_place(&mut |place| {
        assert!(inside(source, place.span), "{:?} is not a place of the source", place.span);
    });
    let mut last = 0;
    for reference in &facts.references {
        let span = reference.place.span;
        assert!(span.start >= last && !span.is_empty(), "places overlap at {span:?}");
        last = span.end;
    }
}

fn inside(source: &Source, span: Span) -> bool {
    span.start <= span.end && source.text.get(span.range()).is_some()
}

/// Text that looks enough like configuration to reach the odd corners.
pub(in crate::lang) fn odd_text() -> impl proptest::strategy::Strategy<Value = String> {
    let pieces = [
        "x.db",
        "DATABASE_PATH",
        "sqlite:///",
        "=",
        ": ",
        "- ",
        "\n",
        "  ",
        "\"",
        "'",
        "`",
        "\\",
        "${",
        "}",
        ":-",
        "{{",
        "}}",
        "é",
        "🙂",
        "#",
        "//",
        "/*",
        "*/",
        "$(",
        ")",
        "(",
        "[",
        "]",
        "{",
        ",",
        "|",
        ">",
        "environment",
        "volumes",
        "command",
        "run",
        "services",
        "./a:/b",
        "RUN ",
        "ENV ",
        "COPY ",
        "CMD ",
        "<<EOF",
        "EOF",
        "\r\n",
        "\t",
        "<!--",
        "-->",
        "r#\"",
        "--",
        ";",
        "os.Getenv(",
        "sql.Open(",
        "[x]",
        "&a ",
        "*a",
        "!t",
        "%(here)s",
        "\0",
        "```",
        "/",
    ];
    proptest::strategy::Strategy::prop_map(
        proptest::collection::vec(proptest::sample::select(pieces.to_vec()), 0..40),
        |pieces| pieces.concat(),
    )
}

//! Commands that configuration holds: shell text, and lists of arguments as `exec` takes them.

use super::{Gather, Token, mask};
use crate::lang::{Confidence, Language, Role, names};
use crate::text::{Snippet, Span};

/// Longer lists are data and not a command.
const MAX_ARGUMENTS: usize = 256;

/// Shell text; `span` is its whole token. In compose files `$$` stands for the shell's own `$`.
pub(in crate::lang) fn shell_text(gather: &mut Gather<'_>, text: &Snippet, span: Span, construct: &str) {
    let mut script = if text.text.contains("$$") { undollared(text) } else { text.clone() };
    if script.text.contains("{{") || script.text.contains("{%") {
        script.text = mask::as_variables(&script.text);
    }
    gather.snippet(&script, Language::Shell);
    if !text.text.trim_end().contains('\n') {
        words(gather, span, construct);
    }
}

/// The words of a command line that name databases, where the shell's reader gave none.
fn words(gather: &mut Gather<'_>, span: Span, construct: &str) {
    let start = span.start as usize;
    let raw = gather.source.slice(span);
    for range in names::mentions(raw) {
        let value = super::value(raw.get(range.clone()).unwrap_or(""));
        let span = Span::new(start + range.start, start + range.end);
        gather.refer(span, Role::Configures, value, construct, Confidence::Medium, None);
    }
}

/// A program and its arguments, each with its whole token.
pub(in crate::lang) fn exec(gather: &mut Gather<'_>, arguments: &[(Snippet, Span)], construct: &str) {
    let mut arguments = arguments.get(..arguments.len().min(MAX_ARGUMENTS)).unwrap_or(arguments);
    match arguments.first().map(|(first, _)| first.text.as_str()) {
        Some("CMD-SHELL") => {
            if let Some((text, span)) = arguments.get(1) {
                shell_text(gather, text, *span, construct);
            }
            return;
        }
        Some("CMD") => arguments = arguments.get(1..).unwrap_or(&[]),
        _ => {}
    }
    let code = arguments.windows(3).find_map(|window| match window {
        [program, flag, (code, span)] => {
            interpreter(&program.0.text, &flag.0.text).map(|language| (language, code, *span))
        }
        _ => None,
    });
    match code {
        Some((Language::Shell, code, span)) => shell_text(gather, code, span, construct),
        Some((language, code, _)) => gather.snippet(code, language),
        None => gather.snippet(&joined(gather, arguments), Language::Shell),
    }
    for (text, span) in arguments {
        if text.text.contains('\n') {
            continue;
        }
        let token = Token { text: text.text.clone(), span: *span };
        if !text.text.contains(char::is_whitespace) {
            gather.configure("", &token, construct);
        }
    }
}

/// The language of the code that follows `program flag`.
fn interpreter(program: &str, flag: &str) -> Option<Language> {
    let program = program.rsplit('/').next().unwrap_or(program);
    let flags = flag.strip_prefix('-').filter(|flags| flags.len() <= 4)?;
    match program {
        "sh" | "bash" | "ash" | "dash" | "zsh" if flags.ends_with('c') => Some(Language::Shell),
        _ if program.starts_with("python") && flags.ends_with('c') => Some(Language::Python),
        "node" | "bun" | "deno" if flags == "e" || flags == "-eval" => Some(Language::Javascript),
        _ => None,
    }
}

/// The arguments as one shell command, each in quotes, each with the way back to its own token.
fn joined(gather: &Gather<'_>, arguments: &[(Snippet, Span)]) -> Snippet {
    let mut command = Snippet::default();
    for (text, span) in arguments {
        let (start, end) = (span.start as usize, span.end as usize);
        let plain = text.text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_./:=@%+,-".contains(&byte));
        let quoted = gather.source.slice(*span).len() > text.text.len();
        let quote = match (text.text.contains('\''), text.text.contains(['"', '\\', '`'])) {
            _ if plain && !quoted => "",
            (false, _) if !text.text.contains('$') => "'",
            (_, false) => "\"",
            // No way to quote it that keeps its places: another word stands in for it.
            _ => continue,
        };
        if !command.text.is_empty() {
            command.push(" ", start);
        }
        command.push(quote, start);
        copy(&mut command, text);
        command.push(quote, end.saturating_sub(1));
    }
    command
}

/// Appends a snippet with its way back, letter by letter: commands are short.
fn copy(into: &mut Snippet, text: &Snippet) {
    for (at, letter) in text.text.char_indices() {
        let offset = u32::try_from(at).unwrap_or(u32::MAX);
        into.push(letter.encode_utf8(&mut [0; 4]), text.host(offset) as usize);
    }
}

fn undollared(text: &Snippet) -> Snippet {
    let mut out = Snippet::default();
    let mut skip = false;
    for (at, letter) in text.text.char_indices() {
        if letter == '$' && skip {
            skip = false;
            continue;
        }
        skip = letter == '$';
        let offset = u32::try_from(at).unwrap_or(u32::MAX);
        out.push(letter.encode_utf8(&mut [0; 4]), text.host(offset) as usize);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn interpreters_and_their_flags() {
        assert_eq!(interpreter("/bin/sh", "-c"), Some(Language::Shell));
        assert_eq!(interpreter("bash", "-lc"), Some(Language::Shell));
        assert_eq!(interpreter("python3.11", "-c"), Some(Language::Python));
        assert_eq!(interpreter("python", "-m"), None);
        assert_eq!(interpreter("sqlite3", "-c"), None);
    }

    #[test]
    fn doubled_dollars_are_one() {
        let text = Snippet::verbatim("echo $$DB $X", 5);
        let out = undollared(&text);
        assert_eq!(out.text, "echo $DB $X");
        assert_eq!(out.host(6), 5 + 7);
    }
}

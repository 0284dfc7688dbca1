//! Writing the comment that allows rules for a line, in the comment syntax of its language. Knows no rule and no file on disk.

use super::Language;
use super::allow::allows;
use super::write::{Refusal, is_comment, parses_as_well};
use crate::text::{Edit, Source, Span, apply};

/// The comment above a 1-based line that allows these rules for it.
///
/// # Errors
/// In words for people: where the language has no comments, or the line stands inside a text that a comment would change.
pub fn write_allow(
    source: &Source,
    language: Language,
    line: u32,
    rules: &[&str],
    reason: &str,
) -> Result<Edit, Refusal> {
    let Some((open, close)) = brackets(&source.path, language) else {
        return Err(Refusal::because("its language has no comments"));
    };
    if reason.contains(['\n', '\r']) || !close.is_empty() && reason.contains(close.trim()) {
        return Err(Refusal::because("the reason would end the comment"));
    }
    let text = source.line(line);
    let indent: String = text.chars().take_while(|letter| matches!(letter, ' ' | '\t')).collect();
    let start = source.line_start(line).ok_or_else(|| Refusal::because("the file has no such line"))?;
    let ending = if source.text.contains("\r\n") { "\r\n" } else { "\n" };
    let comment = format!("{open}dbguard: allow[{}] {}{close}", rules.join(", "), reason.trim());
    let edit = Edit::insert(start, format!("{indent}{comment}{ending}"));
    let inside = || Refusal::because("the line stands inside a text, which a comment would change");
    let above = if line > 1 { source.line(line - 1).trim_end() } else { "" };
    if above.ends_with('\\') && language != Language::Dockerfile || is_in_text(source, language, start) {
        return Err(inside());
    }
    let after = apply(&source.text, std::slice::from_ref(&edit)).map_err(|_| inside())?;
    let at = start as usize + indent.len();
    let sees = |covered: u32| {
        let written = allows(&Source::new(source.path.clone(), after.clone().into_bytes()), language);
        rules.iter().all(|rule| written.iter().any(|it| it.rule == *rule && it.lines == (covered, covered)))
    };
    let understood = parses_as_well(language, &source.text, &after)
        && is_comment(language, &after, Span::new(at, at + comment.len()))
        && sees(line + 1);
    if understood { Ok(edit) } else { Err(inside()) }
}

/// What opens and closes a comment; `None` where nothing does.
fn brackets(path: &str, language: Language) -> Option<(&'static str, &'static str)> {
    let name = path.rsplit('/').next().unwrap_or(path);
    let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
    match language {
        Language::Python
        | Language::Shell
        | Language::Yaml
        | Language::Toml
        | Language::Dotenv
        | Language::Dockerfile
        | Language::Ini
        | Language::Ignore => Some(("# ", "")),
        // Code, markup and style in one file: what a comment is depends on the part.
        Language::Javascript | Language::Typescript if matches!(ending, "vue" | "svelte" | "astro" | "html") => None,
        Language::Javascript | Language::Typescript => Some(("// ", "")),
        Language::Sql => Some(("-- ", "")),
        Language::Markdown => Some(("<!-- ", " -->")),
        Language::Json => matches!(ending, "jsonc" | "json5").then_some(("// ", "")),
        Language::Other => match ending {
            "c" | "cc" | "cpp" | "cxx" | "h" | "hpp" | "cs" | "java" | "go" | "rs" | "kt" | "kts" | "swift"
            | "scala" | "dart" | "groovy" | "gradle" | "m" | "mm" => Some(("// ", "")),
            "rb" | "pl" | "pm" | "r" | "R" | "ex" | "exs" | "tcl" | "ps1" | "nix" | "cmake" | "tf" | "hcl" | "mk"
            | "jl" | "gd" => Some(("# ", "")),
            "lua" | "hs" | "elm" => Some(("-- ", "")),
            "xml" | "svg" | "xaml" | "csproj" => Some(("<!-- ", " -->")),
            _ => None,
        },
    }
}

/// Whether an offset stands inside a text over several lines, in languages that no grammar is asked of.
fn is_in_text(source: &Source, language: Language, at: u32) -> bool {
    let Some(before) = source.text.get(..at as usize) else { return true };
    let odd = |mark: &str| before.matches(mark).count() % 2 == 1;
    match language {
        Language::Markdown => odd("```") || odd("~~~"),
        Language::Sql | Language::Dotenv | Language::Ini => odd("'") || odd("\""),
        Language::Other => odd("\"\"\"") || odd("`") || before.contains("<<"),
        Language::Dockerfile => before.contains("<<"),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(path: &str, language: Language, line: u32, text: &str) -> Result<String, Refusal> {
        let source = Source::new(path, text.as_bytes().to_vec());
        write_allow(&source, language, line, &["a", "b"], "why").map(|edit| apply(text, &[edit]).unwrap())
    }

    #[test]
    fn a_comment_stands_above_the_line_in_every_language() {
        for (path, language, line, text, expected) in [
            (
                "a.py",
                Language::Python,
                2,
                "def f():\n    x = 'a.db'\n",
                "def f():\n    # dbguard: allow[a, b] why\n    x = 'a.db'\n",
            ),
            (
                "a.py",
                Language::Python,
                2,
                "x = f(\r\n  'a.db')\r\n",
                "x = f(\r\n  # dbguard: allow[a, b] why\r\n  'a.db')\r\n",
            ),
            ("a.yml", Language::Yaml, 2, "a:\n  b: a.db\n", "a:\n  # dbguard: allow[a, b] why\n  b: a.db\n"),
            ("a.ts", Language::Typescript, 1, "open('a.db')", "// dbguard: allow[a, b] why\nopen('a.db')"),
            ("a.sql", Language::Sql, 1, "ATTACH 'a.db' AS a;", "-- dbguard: allow[a, b] why\nATTACH 'a.db' AS a;"),
            (".env", Language::Dotenv, 1, "A=a.db\n", "# dbguard: allow[a, b] why\nA=a.db\n"),
            ("Dockerfile", Language::Dockerfile, 1, "ENV A=a.db\n", "# dbguard: allow[a, b] why\nENV A=a.db\n"),
            ("a.sh", Language::Shell, 2, "x\nsqlite3 a.db\n", "x\n# dbguard: allow[a, b] why\nsqlite3 a.db\n"),
            ("a.toml", Language::Toml, 1, "a = 'a.db'\n", "# dbguard: allow[a, b] why\na = 'a.db'\n"),
            ("a.go", Language::Other, 1, "open(\"a.db\")\n", "// dbguard: allow[a, b] why\nopen(\"a.db\")\n"),
            ("a.md", Language::Markdown, 1, "`a.db`\n", "<!-- dbguard: allow[a, b] why -->\n`a.db`\n"),
        ] {
            assert_eq!(written(path, language, line, text).as_deref(), Ok(expected), "{path}");
        }
    }

    #[test]
    fn no_text_is_changed_by_a_comment() {
        for (path, language, line, text) in [
            ("a.json", Language::Json, 1, "{\"a\": \"a.db\"}\n"),
            ("a.py", Language::Python, 2, "x = '''\nATTACH 'a.db'\n'''\n"),
            ("a.py", Language::Python, 2, "x = 1 + \\\n  f('a.db')\n"),
            ("a.ts", Language::Typescript, 2, "x = `\nATTACH 'a.db'\n`\n"),
            ("a.sh", Language::Shell, 2, "cat <<X\nsqlite3 a.db\nX\n"),
            ("a.sh", Language::Shell, 2, "run \\\n  --db a.db\n"),
            ("a.yml", Language::Yaml, 3, "a:\n  run: |\n    sqlite3 a.db\n"),
            ("a.sql", Language::Sql, 2, "SELECT 'x\na.db';\n"),
            ("a.go", Language::Other, 2, "x := `\na.db`\n"),
            ("a.md", Language::Markdown, 2, "```\na.db\n```\n"),
            ("a.vue", Language::Javascript, 1, "open('a.db')\n"),
            ("a.py", Language::Python, 9, "x\n"),
        ] {
            assert!(written(path, language, line, text).is_err(), "{path}: {text}");
        }
        let source = Source::new("a.md", b"a.db".to_vec());
        assert!(write_allow(&source, Language::Markdown, 1, &["a"], "x --> y").is_err());
    }
}

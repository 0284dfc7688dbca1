//! What kind of file a source is: code, configuration, test, documents, or other people's.

use super::Context;
use crate::lang::Language;

/// Folders, in lower case.
pub const TEST_FOLDERS: [&str; 9] =
    ["tests", "test", "testing", "__tests__", "spec", "specs", "testdata", "fixtures", "e2e"];
pub const DOCUMENT_FOLDERS: [&str; 3] = ["docs", "doc", "documentation"];

/// Beginnings, ends and middles of names.
pub const TEST_NAMES: [&str; 7] = ["test_*", "*_test.*", "conftest.*", "tests.*", "*.test.*", "*.vitest.*", "*.spec.*"];

/// By path first (a YAML file among the tests is a fixture), then by language.
pub(super) fn context_of(path: &str, language: Language, is_test: &dyn Fn(&str) -> bool) -> Context {
    let lower = path.to_ascii_lowercase();
    let mut folders: Vec<&str> = lower.split('/').collect();
    let name = folders.pop().unwrap_or("");
    // A workflow called `tests.yml` configures the machine that runs them.
    if lower.starts_with(".github/") && language == Language::Yaml {
        return Context::Config;
    }
    if folders.iter().any(|folder| TEST_FOLDERS.contains(folder)) || is_test_name(name) || is_test(path) {
        return if language == Language::Markdown { Context::Docs } else { Context::Test };
    }
    if language == Language::Markdown
        || folders.iter().any(|folder| DOCUMENT_FOLDERS.contains(folder)) && !matches!(language, Language::Yaml)
    {
        return Context::Docs;
    }
    match language {
        Language::Yaml
        | Language::Toml
        | Language::Json
        | Language::Ini
        | Language::Dotenv
        | Language::Dockerfile
        | Language::Ignore => Context::Config,
        _ => Context::Code,
    }
}

fn is_test_name(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or(name);
    stem.starts_with("test_")
        || stem.ends_with("_test")
        || stem == "conftest"
        || stem == "tests"
        || name.contains(".test.")
        || name.contains(".vitest.")
        || name.contains(".spec.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_tests_are_those_that_are_told() {
        for name in TEST_NAMES {
            assert!(is_test_name(&name.replace('*', "x")), "{name}");
        }
    }

    #[test]
    fn contexts_by_path_and_language() {
        let cases = [
            ("app/main.py", Language::Python, Context::Code),
            ("tests/conf.yml", Language::Yaml, Context::Test),
            (".github/workflows/tests.yml", Language::Yaml, Context::Config),
            ("app/test_db.py", Language::Python, Context::Test),
            ("pkg/db_test.go", Language::Other, Context::Test),
            ("web/a.vitest.ts", Language::Typescript, Context::Test),
            ("web/a.spec.ts", Language::Typescript, Context::Test),
            ("docs/setup.py", Language::Python, Context::Docs),
            ("README.md", Language::Markdown, Context::Docs),
            ("docker-compose.yml", Language::Yaml, Context::Config),
            ("contest/main.py", Language::Python, Context::Code),
        ];
        for (path, language, context) in cases {
            assert_eq!(context_of(path, language, &|_| false), context, "{path}");
        }
    }
}

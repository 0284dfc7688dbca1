//! Globs over paths of the tree, as the policy writes them. Looks at no file.

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

use super::Written;

/// Compiled globs. One without a `/` matches a name in any folder; a `*` never crosses a `/`, a `**` does.
#[derive(Debug, Clone, Default)]
pub struct Globs(GlobSet);

impl Globs {
    /// Globs that do not compile match nothing: the policy's reader has told of them.
    pub fn new<'a>(patterns: impl IntoIterator<Item = &'a str>) -> Self {
        let mut builder = GlobSetBuilder::new();
        for pattern in patterns {
            // One that matches nothing keeps the numbers of the others.
            let glob = compile(pattern).or_else(|_| GlobBuilder::new("/\u{0}").build());
            if let Ok(glob) = glob {
                builder.add(glob);
            }
        }
        Self(builder.build().unwrap_or_default())
    }

    #[must_use]
    pub fn of(patterns: &[Written<String>]) -> Self {
        Self::new(patterns.iter().map(|pattern| pattern.value.as_str()))
    }

    #[must_use]
    pub fn is_match(&self, path: &str) -> bool {
        self.0.is_match(path)
    }

    /// Which patterns match, by their number.
    #[must_use]
    pub fn matching(&self, path: &str) -> Vec<usize> {
        self.0.matches(path)
    }

    /// For rooms that know no policy.
    #[must_use]
    pub fn into_set(self) -> GlobSet {
        self.0
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

pub(super) fn compile(pattern: &str) -> Result<globset::Glob, globset::Error> {
    let pattern = pattern.trim_start_matches("./");
    let anywhere = !pattern.trim_end_matches('/').contains('/');
    let pattern = match (anywhere, pattern.ends_with('/')) {
        (true, true) => format!("**/{pattern}**"),
        (true, false) => format!("**/{pattern}"),
        (false, true) => format!("{pattern}**"),
        (false, false) => pattern.to_owned(),
    };
    GlobBuilder::new(&pattern).literal_separator(true).build()
}

/// Whether `path` is what the policy calls `words`: the same path, the last components of it, or a glob over either.
#[must_use]
pub fn matches_path(words: &str, path: &str) -> bool {
    let words = words.trim_start_matches("./");
    let path = path.trim_start_matches("./");
    if path == words {
        return true;
    }
    let tail = !words.starts_with('/');
    if words.contains(['*', '?', '[', '{']) {
        let matches = |pattern: &str| {
            GlobBuilder::new(pattern)
                .literal_separator(true)
                .build()
                .is_ok_and(|glob| glob.compile_matcher().is_match(path))
        };
        return matches(words) || tail && matches(&format!("**/{words}"));
    }
    tail && path.strip_suffix(words).is_some_and(|head| head.ends_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs_as_people_write_them() {
        for (glob, path, expected) in [
            ("tests/**", "tests/unit/test_a.py", true),
            ("tests/**", "app/tests/test_a.py", false),
            ("**/conftest.py", "conftest.py", true),
            (".env*", ".env.local", true),
            (".env*", "deploy/.env", true),
            ("config/", "config/a/b.py", true),
            ("docs/", "app/docs/x.md", true),
            ("services/*/light_rag*.py", "services/core/light_rag_api.py", true),
            ("services/*/light_rag*.py", "services/a/b/light_rag.py", false),
            ("./scripts/run.py", "scripts/run.py", true),
            ("docker-compose*.yml", "docker-compose.prod.yml", true),
            ("/tmp/**", "/tmp/x/y.db", true),
        ] {
            assert_eq!(Globs::new([glob]).is_match(path), expected, "{glob} {path}");
        }
    }

    #[test]
    fn a_glob_that_does_not_compile_leaves_the_numbers_of_the_others() {
        assert_eq!(Globs::new(["a/[", "b/**"]).matching("b/c"), [1]);
        assert_eq!(Globs::new(["a/["]).matching("a/["), Vec::<usize>::new());
    }

    #[test]
    fn databases_by_what_the_policy_calls_them() {
        for (words, path, expected) in [
            ("auth.db", "data/auth.db", true),
            ("auth.db", "data/oauth.db", false),
            ("data/auth.db", "auth.db", false),
            ("/app/data/zoe.db", "/app/data/zoe.db", true),
            ("/data/zoe.db", "/app/data/zoe.db", false),
            ("cache_*.db", "data/cache_7.db", true),
            ("data/cache_*.db", "other/cache_7.db", false),
        ] {
            assert_eq!(matches_path(words, path), expected, "{words} {path}");
        }
    }
}

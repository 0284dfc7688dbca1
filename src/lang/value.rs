//! What is known statically of a path: its parts in order, and where each was written.

use serde::{Deserialize, Serialize};

use crate::text::Place;

/// One way a path can turn out. A reference that has several keeps them all, the likeliest first.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct Value {
    pub engine: Engine,
    pub base: Base,
    pub parts: Vec<Part>,
    /// Where the literal that names the database was written; the thing to fix.
    pub origin: Option<Place>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Engine {
    #[default]
    Sqlite,
    Postgresql,
    Mysql,
    /// A database URL of another kind, or one whose kind is not known.
    Other,
}

/// What a path's text is relative to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub enum Base {
    /// As written: absolute if it says so, else relative to wherever the process starts.
    #[default]
    Written,
    /// Relative to the root of the tree: it was reached from a file's own place (`__file__`, `import.meta.url`, `__dirname`).
    Root,
    /// Below a folder that is thrown away (`tmp_path`, `tempfile`, `mkdtemp`, `t.TempDir()`).
    Temporary,
    /// Below the user's home folder.
    Home,
    /// `:memory:`, `sqlite://` alone, `file::memory:`.
    Memory,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Part {
    Text(String),
    /// An environment variable, with what stands in for it when it is not set.
    Env {
        name: String,
        default: Option<Box<Value>>,
    },
    /// Anything not known; the words are those of the source (`device_id`, `row[0]`).
    Unknown(String),
}

impl Value {
    /// A literal path or URL.
    #[must_use]
    pub fn text(text: impl Into<String>) -> Self {
        Self { parts: vec![Part::Text(text.into())], ..Self::default() }
    }

    #[must_use]
    pub fn env(name: impl Into<String>, default: Option<Value>) -> Self {
        Self { parts: vec![Part::Env { name: name.into(), default: default.map(Box::new) }], ..Self::default() }
    }

    #[must_use]
    pub fn unknown(words: impl Into<String>) -> Self {
        Self { parts: vec![Part::Unknown(words.into())], ..Self::default() }
    }

    #[must_use]
    pub fn with_origin(mut self, origin: Place) -> Self {
        self.origin = Some(origin);
        self
    }

    /// The text under the documented defaults; `None` while a part is unknown or a variable has no default.
    #[must_use]
    pub fn rendered(&self) -> Option<String> {
        let mut out = String::new();
        for part in &self.parts {
            match part {
                Part::Text(text) => out.push_str(text),
                Part::Env { default: Some(default), .. } => out.push_str(&default.rendered()?),
                Part::Env { default: None, .. } | Part::Unknown(_) => return None,
            }
        }
        Some(out)
    }

    /// The text with `*` for what is not known: a glob that every possible path matches.
    #[must_use]
    pub fn pattern(&self) -> String {
        let mut out = String::new();
        for part in &self.parts {
            match part {
                Part::Text(text) => out.push_str(text),
                Part::Env { default: Some(default), .. } => out.push_str(&default.pattern()),
                Part::Env { default: None, .. } | Part::Unknown(_) => {
                    if !out.ends_with('*') {
                        out.push('*');
                    }
                }
            }
        }
        out
    }

    /// Every environment variable in it, outermost first.
    #[must_use]
    pub fn envs(&self) -> Vec<&str> {
        let mut names = Vec::new();
        self.collect_envs(&mut names);
        names
    }

    fn collect_envs<'a>(&'a self, names: &mut Vec<&'a str>) {
        for part in &self.parts {
            if let Part::Env { name, default } = part {
                if !names.contains(&name.as_str()) {
                    names.push(name);
                }
                if let Some(default) = default {
                    default.collect_envs(names);
                }
            }
        }
    }

    /// The variable that stands for the whole path, if one does: `os.getenv("DATABASE_PATH", "zoe.db")` and not `f"{DATA_DIR}/zoe.db"`.
    #[must_use]
    pub fn whole_env(&self) -> Option<(&str, Option<&Value>)> {
        let mut parts = self.parts.as_slice();
        if let [Part::Text(scheme), rest @ ..] = parts
            && (scheme.ends_with(":///") || matches!(scheme.as_str(), "file:" | "file://" | "sqlite:" | "sqlite://"))
        {
            parts = rest;
        }
        if let [rest @ .., Part::Text(query)] = parts
            && query.starts_with('?')
        {
            parts = rest;
        }
        match parts {
            [Part::Env { name, default }] => Some((name, default.as_deref())),
            _ => None,
        }
    }

    /// What a path is relative to that has this one as a default: a database in memory is no folder.
    #[must_use]
    pub fn below(&self) -> Base {
        if self.base == Base::Memory { Base::Written } else { self.base }
    }

    /// Nothing of it is known.
    #[must_use]
    pub fn is_opaque(&self) -> bool {
        // `file:{path}?mode=ro` says how it is opened, and not which.
        let says_how = |text: &str| matches!(text, "file:" | "file://" | "file:///") || text.starts_with('?');
        let unknown = |part: &Part| match part {
            Part::Unknown(_) => true,
            Part::Text(text) => self.parts.len() > 1 && says_how(text),
            Part::Env { .. } => false,
        };
        self.base != Base::Memory && self.parts.iter().all(unknown)
    }

    /// The last component of the path (no query, no scheme), with `*` for what is not known.
    #[must_use]
    pub fn file_name(&self) -> Option<String> {
        let pattern = self.pattern();
        let path = super::names::strip_url(&pattern);
        let name = path.rsplit(['/', '\\']).next().unwrap_or("");
        (!name.is_empty() && name != "*").then(|| name.to_owned())
    }
}

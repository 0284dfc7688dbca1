//! What is true of a sprawling application, told by whoever wrote it. Knows nothing of dbguard.

/// All that a scan of the application should find.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Truth {
    /// Places in code, configuration and tests that open, bind or configure a database, in order of place.
    /// These are the ones that count; what prose says stands in `mentions`.
    pub references: Vec<Expected>,
    /// Places in documents that speak of a database.
    pub mentions: Vec<Expected>,
    /// The database files, sorted by path.
    pub databases: Vec<Database>,
    pub duplicates: Vec<Duplicate>,
    /// Files that an ignore rule covers and that were committed all the same.
    pub committed_anyway: Vec<String>,
    /// Every text that was written, sorted.
    pub texts: Vec<String>,
}

/// One reference as it was written.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Expected {
    pub file: String,
    /// 1-based; the column counts characters.
    pub line: u32,
    pub column: u32,
    pub end_line: u32,
    pub end_column: u32,
    /// `opens`, `binds`, `configures` or `mentions`.
    pub role: &'static str,
    /// Basename of the database, a glob where parts are not known; `None` where the code does not tell.
    pub database: Option<String>,
    /// Its identity: relative to the root once mounts and base folders are resolved.
    pub path: Option<String>,
    /// Other databases that the same place can name.
    pub others: Vec<String>,
    /// Environment variables that decide it, outermost first.
    pub envs: Vec<String>,
    /// `code`, `config`, `test` or `docs`.
    pub context: &'static str,
    /// The words that stand there.
    pub text: String,
}

impl Expected {
    #[must_use]
    pub fn opens(&self) -> bool {
        self.role == "opens"
    }
}

/// A database file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Database {
    pub path: String,
    /// Tables of the application with their rows, sorted by name; none for the empty ones.
    pub tables: Vec<(String, u64)>,
    /// The file has no bytes.
    pub zero_bytes: bool,
    /// Part of its rows stands in a `-wal` beside it.
    pub wal: bool,
}

/// A table that stands in several databases.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Duplicate {
    pub table: String,
    /// `(database, rows, columns)`, the one with the most rows first.
    pub sides: Vec<(String, u64, Vec<String>)>,
    /// For each later side how its rows stand to those of the first, by the natural key; `None` where they are of another kind.
    pub compared: Vec<Option<Compared>>,
}

/// How the rows of a side stand to those of the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Compared {
    /// Rows of the first that this side lacks.
    pub lacks: u64,
    /// Rows of this side that the first lacks.
    pub alone: u64,
}

impl Truth {
    /// The files that hold at least one reference that counts.
    #[must_use]
    pub fn files(&self) -> Vec<&str> {
        let mut files: Vec<&str> = self.references.iter().map(|reference| reference.file.as_str()).collect();
        files.dedup();
        files
    }
}

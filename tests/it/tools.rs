//! Programs of others that tests run as their users would: pre-commit, prek, zizmor, maturin, actionlint, Django.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// The folder with the tools, each in `bin`; what is missing is installed first, so that no test is skipped.
pub(crate) fn tools() -> &'static Path {
    static TOOLS: OnceLock<PathBuf> = OnceLock::new();
    TOOLS.get_or_init(|| {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let done = Command::new(root.join("tests/install-tools")).output().unwrap();
        assert!(done.status.success(), "tests/install-tools: {}", String::from_utf8_lossy(&done.stderr));
        root.join("target/tools")
    })
}

/// A tool from PyPI.
pub(crate) fn tool(name: &str) -> Command {
    Command::new(tools().join("bin").join(name))
}

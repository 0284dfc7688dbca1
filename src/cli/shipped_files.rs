//! `dbguard shipped-files`: manual pages and completions, as files for packages to ship. Must not know how they are packed.

use std::path::{Path, PathBuf};

use clap::ValueEnum;
use clap_complete::Shell;

use super::failure::{Exit, Failure};
use super::{Session, command};

/// Write the manual pages and the completions that a package ships
#[derive(Debug, clap::Args)]
#[command(hide = true, after_help = "Examples:\n  dbguard shipped-files target/shipped")]
pub(super) struct Args {
    /// The folder to write to; gets `man/man1` and `completions`
    #[arg(value_name = "FOLDER")]
    folder: PathBuf,
}

pub(super) fn run(args: &Args, session: &Session<'_>) -> Result<Exit, Failure> {
    let folder = session.world.cwd.join(&args.folder);
    let (manual, completions) = (folder.join("man").join("man1"), folder.join("completions"));
    let unwritten = |path: &Path| {
        let path = path.to_path_buf();
        move |error: std::io::Error| Failure::unwritten(&path, &error)
    };
    for folder in [&manual, &completions] {
        std::fs::create_dir_all(folder).map_err(unwritten(folder))?;
    }
    // Names of subcommands stand in the pages of their parents, so the whole command is built once and walked by the library.
    clap_mangen::generate_to(command(), &manual).map_err(unwritten(&manual))?;
    for shell in Shell::value_variants() {
        clap_complete::generate_to(*shell, &mut command(), "dbguard", &completions).map_err(unwritten(&completions))?;
    }
    Ok(Exit::Clean)
}

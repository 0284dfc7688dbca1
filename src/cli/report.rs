//! Where reports go: one format to standard output, as many as one likes to files.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::ValueEnum;

use super::Session;
use super::failure::Failure;
use crate::output::Look;

/// `FORMAT=FILE` of `--output`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ToFile<F> {
    pub(super) format: F,
    pub(super) file: PathBuf,
}

/// Reads `FORMAT=FILE`.
pub(super) fn to_file<F: ValueEnum>(words: &str) -> Result<ToFile<F>, String> {
    let names = || {
        let names = F::value_variants().iter().filter_map(ValueEnum::to_possible_value);
        names.map(|name| name.get_name().to_owned()).collect::<Vec<_>>().join(", ")
    };
    let Some((format, file)) = words.split_once('=') else {
        return Err(format!("write it as FORMAT=FILE, with one of these formats: {}", names()));
    };
    if file.is_empty() {
        return Err("the file's name is missing after `=`".to_owned());
    }
    match F::from_str(format, false) {
        Ok(format) => Ok(ToFile { format, file: PathBuf::from(file) }),
        Err(_) => Err(format!("there is no format `{format}`; there are: {}", names())),
    }
}

/// Writes each report: to its file, and the one that is for standard output last, so that a failure is not buried above it.
pub(super) fn deliver<F: Copy>(
    session: &Session<'_>,
    to_stdout: F,
    to_files: &[ToFile<F>],
    mut write: impl FnMut(F, &Look, &mut dyn Write) -> io::Result<()>,
) -> Result<(), Failure> {
    for ToFile { format, file } in to_files {
        let path = session.world.cwd.join(file);
        save(&path, |out| write(*format, &Look { colour: false, width: None }, out))
            .map_err(|error| Failure::unwritten(file, &error))?;
    }
    session.write(|out| write(to_stdout, &session.look(), out))
}

/// Writes a file whole: what was there stays until the new text is complete, and nobody sees half of it.
pub(super) fn save(path: &Path, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    let mut text = Vec::new();
    write(&mut text)?;
    // A link stays one, and a device is written to and not replaced.
    let path = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
    let about = std::fs::metadata(&path);
    if about.as_ref().is_ok_and(|about| !about.is_file()) {
        return std::fs::OpenOptions::new().write(true).open(&path)?.write_all(&text);
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut builder = tempfile::Builder::new();
    builder.prefix(".dbguard-");
    // Those of any new file: what the user's mask leaves of reading and writing for all.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let mut file = builder.tempfile_in(folder)?;
    file.write_all(&text)?;
    if let Ok(about) = about {
        file.as_file().set_permissions(about.permissions())?;
    }
    file.persist(&path).map(drop).map_err(|error| error.error)
}

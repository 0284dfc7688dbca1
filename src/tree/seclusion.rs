//! Folders that are left alone by design, though they may be committed: what others wrote and what machines made.

/// Folders that packages are installed to by hand; to ask every folder would mean to list it twice.
const TARGETS: [&str; 11] = [
    "lib",
    "libs",
    "deps",
    "dependencies",
    "ext",
    "external",
    "externals",
    "package",
    "packages",
    "python",
    "libraries",
];

/// Files that start a program of one's own: a serverless function lies among the packages it needs.
const OWN_PROGRAM: [&str; 10] = [
    "main.py",
    "app.py",
    "handler.py",
    "lambda_function.py",
    "function_app.py",
    "manage.py",
    "wsgi.py",
    "pyproject.toml",
    "setup.py",
    "requirements.txt",
];

/// Folders that are left alone wherever they lie.
pub const INSTALLED: [&str; 5] = ["node_modules", "bower_components", "jspm_packages", ".yarn", ".pnpm-store"];
pub const VENDORED: [&str; 6] = ["third_party", "third-party", "thirdparty", "_vendor", "_vendored", "vendored"];
pub const BUILT: [&str; 18] = [
    "__pycache__",
    ".tox",
    ".nox",
    ".mypy_cache",
    ".pytest_cache",
    ".ruff_cache",
    ".hypothesis",
    ".eggs",
    ".ipynb_checkpoints",
    ".gradle",
    ".next",
    ".nuxt",
    ".svelte-kit",
    ".parcel-cache",
    ".turbo",
    ".terraform",
    ".serverless",
    ".angular",
];

/// Why a folder is left alone; `None` when it is to be walked.
///
/// `has` tells whether the folder holds something of that name, `ends` whether it holds a name with that ending,
/// `beside` whether its parent does.
pub(super) fn reason(
    name: &str,
    ignored: bool,
    has: &dyn Fn(&str) -> bool,
    ends: &dyn Fn(&str) -> bool,
    beside: &dyn Fn(&str) -> bool,
) -> Option<&'static str> {
    if has("pyvenv.cfg") || has("conda-meta") || has("bin/activate") || has("Scripts/activate") {
        return Some("a virtual environment");
    }
    if has("CACHEDIR.TAG") {
        return Some("a cache, by its CACHEDIR.TAG");
    }
    match name {
        "site-packages" | "dist-packages" => Some("a virtual environment"),
        "venv" | ".venv" | "env" | ".env" if (has("bin") || has("Scripts")) && (has("lib") || has("Lib")) => {
            Some("a virtual environment")
        }
        _ if INSTALLED.contains(&name) => Some("installed packages"),
        _ if VENDORED.contains(&name) => Some("code of others (vendored)"),
        // An application may well sell something: a Django app named `vendor` has models.
        "vendor" if !["models.py", "apps.py", "views.py", "urls.py", "routes.py"].into_iter().any(has) => {
            Some("code of others (vendored)")
        }
        // `pip install --target lib`: packages with their metadata, and no program of one's own beside them.
        _ if TARGETS.iter().any(|target| name.trim_end_matches(|last: char| last.is_ascii_digit()) == *target)
            && ends(".dist-info")
            && !OWN_PROGRAM.into_iter().any(has) =>
        {
            Some("installed packages")
        }
        _ if BUILT.contains(&name) => Some("built output"),
        _ if name.ends_with(".egg-info") || name.ends_with(".dist-info") => Some("built output"),
        "dist" | "build" | "_build" | "out" if is_built(name, ignored, has, ends, beside) => Some("built output"),
        ".git" | ".hg" | ".svn" | ".jj" | ".bzr" => Some("the history of a version control system"),
        ".dbguard" => Some("dbguard's own"),
        _ => None,
    }
}

/// What `fix` writes a file into before it takes the place of the old one. It stays where a process is killed in between.
pub(super) fn half_written(name: &str) -> Option<&'static str> {
    (name.starts_with(".dbguard-") && name.ends_with(".tmp")).then_some("left by an interrupted fix: delete it")
}

/// `dist` and `build` are also names for folders of sources: only what looks like a machine's work is one.
fn is_built(
    name: &str,
    ignored: bool,
    has: &dyn Fn(&str) -> bool,
    ends: &dyn Fn(&str) -> bool,
    beside: &dyn Fn(&str) -> bool,
) -> bool {
    if ignored && name != "out" {
        return true;
    }
    let packed = [".whl", ".map", ".min.js", ".min.css", ".d.ts", ".d.mts", ".tar.gz", ".pyz"].into_iter().any(ends);
    let made = ["CMakeCache.txt", "build.ninja", "asset-manifest.json", "bdist.linux-x86_64", "_next"];
    let project = beside("package.json") || beside("tsconfig.json");
    packed
        || made.into_iter().any(has)
        || project && (has("index.html") || has("index.js") || has("main.js") || has("index.mjs") || has("index.cjs"))
        || name == "_build" && (has("html") || has("doctrees"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_55_vendored_and_built_folders() {
        for (name, ignored, inside, outside, expected) in [
            ("whatever", false, &["pyvenv.cfg"][..], &[][..], true),
            ("target", false, &["CACHEDIR.TAG"], &[], true),
            ("target", false, &["main.py"], &[], false),
            ("node_modules", false, &[], &[], true),
            ("vendor", false, &["modules.txt"], &[], true),
            ("vendor", false, &["models.py"], &[], false),
            ("lib3", false, &["requests", "requests-2.31.0.dist-info"], &[], true),
            ("package", false, &["app.py", "requests", "requests-2.31.0.dist-info"], &[], false),
            ("dist", false, &["app.py"], &[], false),
            ("dist", true, &["app.py"], &[], true),
            ("dist", false, &["index.js"], &["package.json"], true),
            ("build", false, &["x.whl"], &[], true),
            ("build", false, &["make.py"], &[], false),
            ("env", false, &["settings.py"], &[], false),
            ("env", false, &["bin", "lib"], &[], true),
            ("src", true, &[], &[], false),
        ] {
            let has = |name: &str| inside.contains(&name);
            let ends = |ending: &str| inside.iter().any(|name| name.ends_with(ending));
            let beside = |name: &str| outside.contains(&name);
            assert_eq!(reason(name, ignored, &has, &ends, &beside).is_some(), expected, "{name} {inside:?}");
        }
    }
}

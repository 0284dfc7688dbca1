//! Code and data in one run: files that a caller prepared are replaced after the target is published, and come back with it.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use dbguard::migrate::Silent;
use dbguard::migrate::Stop;
use dbguard::migrate::plan;
use dbguard::migrate::run::{FileChange, Half, Outcome, Request, Undo, Undone, apply, digest, rollback};
use dbguard::text::Source;

use crate::consolidation::{PLAN, dumps, project, sql};
use crate::sandbox::Sandbox;

const OLD: &str = "DB = 'data/auth.db'\n";
const NEW: &str = "DB = 'data/zoe.db'\n";

fn with_code() -> Sandbox {
    let sandbox = project("wal").file("app/login.py", OLD).file("app/tool.py", OLD);
    fs::set_permissions(sandbox.path().join("app/tool.py"), fs::Permissions::from_mode(0o755)).unwrap();
    sandbox
}

fn changes() -> Vec<FileChange> {
    ["app/login.py", "app/tool.py"]
        .map(|path| FileChange { path: path.to_owned(), before: digest(OLD.as_bytes()), after: NEW.into() })
        .into()
}

fn run(
    sandbox: &Sandbox,
    half: Half,
    changes: &[FileChange],
    check: &dyn Fn() -> Result<(), Stop>,
) -> Result<Outcome, Stop> {
    let plan = plan::read(&Source::new("migration.toml", PLAN.into())).unwrap();
    apply(&Request {
        root: &sandbox.path(),
        plan: &plan,
        plan_text: PLAN,
        changes,
        uses: &[],
        half,
        who: "tester",
        patience: Duration::from_secs(5),
        check,
        check_env: &[],
        judge: &|_| Ok(()),
        progress: &Silent,
        hold: None,
    })
}

fn undo(sandbox: &Sandbox, force: bool) -> Result<Undone, Stop> {
    let patience = Duration::from_secs(5);
    rollback(&Undo { root: &sandbox.path(), run: None, force, who: "tester", patience, progress: &Silent, hold: None })
}

fn code(sandbox: &Sandbox) -> [String; 2] {
    ["app/login.py", "app/tool.py"].map(|path| fs::read_to_string(sandbox.path().join(path)).unwrap())
}

#[test]
fn both_halves_move_and_both_come_back() {
    let sandbox = with_code();
    let before = dumps(&sandbox);
    let seen = std::cell::RefCell::new(Vec::new());
    let check = || {
        let rows = sql(sandbox.path().join("data/zoe.db"), "SELECT count(*) FROM sessions");
        seen.borrow_mut().push((code(&sandbox)[0].clone(), rows));
        Ok(())
    };
    let outcome = run(&sandbox, Half::Both, &changes(), &check).unwrap();
    assert_eq!(outcome.files, 2);
    assert_eq!(seen.into_inner(), [(NEW.to_owned(), "300".to_owned())], "the check sees both");
    assert_eq!(code(&sandbox), [NEW, NEW]);
    let mode = fs::metadata(sandbox.path().join("app/tool.py")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o755);
    assert_eq!(undo(&sandbox, false).unwrap().files, 2);
    assert_eq!(code(&sandbox), [OLD, OLD]);
    assert!(dumps(&sandbox) == before);
}

#[test]
fn a_check_that_says_no_puts_both_halves_back() {
    let sandbox = with_code();
    let before = dumps(&sandbox);
    let no = || Err(Stop::new("a statement no longer compiles", "app/login.py:7", "mend it"));
    let stop = run(&sandbox, Half::Both, &changes(), &no).unwrap_err();
    assert_eq!(stop.title, "a statement no longer compiles");
    assert_eq!(stop.happened, "app/login.py:7; everything was put back");
    assert_eq!(code(&sandbox), [OLD, OLD]);
    assert!(dumps(&sandbox) == before);
}

#[test]
fn a_file_that_changed_meanwhile_is_never_overwritten() {
    let sandbox = with_code();
    let stale = [FileChange { path: "app/login.py".to_owned(), before: digest(b"older"), after: NEW.into() }];
    let stop = run(&sandbox, Half::Both, &stale, &|| Ok(())).unwrap_err();
    assert_eq!(stop.title, "a file of the code changed meanwhile");
    assert_eq!(code(&sandbox), [OLD, OLD]);
    // Edited after the move: an undo keeps the edit until it is told to go over it, and even then saves it.
    run(&sandbox, Half::Both, &changes(), &|| Ok(())).unwrap();
    fs::write(sandbox.path().join("app/login.py"), "edited\n").unwrap();
    let stop = undo(&sandbox, false).unwrap_err();
    assert_eq!((stop.title.as_str(), stop.happened.as_str()), ("files of the code were edited since", "app/login.py"));
    assert_eq!(code(&sandbox), ["edited\n", NEW]);
    undo(&sandbox, true).unwrap();
    assert_eq!(code(&sandbox), [OLD, OLD]);
    let kept = crate::consolidation::last_run(&sandbox).join("code").join(digest(b"edited\n"));
    assert_eq!(fs::read_to_string(kept).unwrap(), "edited\n");
}

#[test]
fn one_half_leaves_the_other_alone() {
    let sandbox = with_code();
    let before = dumps(&sandbox);
    run(&sandbox, Half::Code, &changes(), &|| Ok(())).unwrap();
    assert_eq!(code(&sandbox), [NEW, NEW]);
    assert!(dumps(&sandbox) == before);
    undo(&sandbox, false).unwrap();
    assert_eq!(code(&sandbox), [OLD, OLD]);
    run(&sandbox, Half::Data, &changes(), &|| Ok(())).unwrap();
    assert_eq!(code(&sandbox), [OLD, OLD]);
    assert_eq!(sql(sandbox.path().join("data/zoe.db"), "SELECT count(*) FROM sessions"), "300");
}

#[test]
fn a_link_is_followed_and_stays_a_link_and_outside_is_refused() {
    let sandbox = with_code();
    fs::rename(sandbox.path().join("app/login.py"), sandbox.path().join("real.py")).unwrap();
    std::os::unix::fs::symlink("../real.py", sandbox.path().join("app/login.py")).unwrap();
    run(&sandbox, Half::Code, &changes(), &|| Ok(())).unwrap();
    assert!(fs::symlink_metadata(sandbox.path().join("app/login.py")).unwrap().is_symlink());
    assert_eq!(fs::read_to_string(sandbox.path().join("real.py")).unwrap(), NEW);
    let elsewhere = Sandbox::new().file("login.py", OLD);
    let sandbox = with_code();
    fs::remove_file(sandbox.path().join("app/login.py")).unwrap();
    std::os::unix::fs::symlink(elsewhere.path().join("login.py"), sandbox.path().join("app/login.py")).unwrap();
    let stop = run(&sandbox, Half::Code, &changes(), &|| Ok(())).unwrap_err();
    assert_eq!(stop.title, "a file of the code lies outside the project");
    assert_eq!(fs::read_to_string(elsewhere.path().join("login.py")).unwrap(), OLD);
}

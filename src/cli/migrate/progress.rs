//! How far a run is, on standard error: bars on a terminal, lines of JSON for programs. Decides nothing.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use clap::ValueEnum;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::json;

use crate::cli::{Session, warn};
use crate::migrate::{Progress, Silent};

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum When {
    /// Bars on a terminal, nothing elsewhere
    Auto,
    /// A line of JSON for each step, and at most five a second in between
    Json,
    None,
}

/// What hears of the progress.
pub(super) fn of(when: When, session: &Session<'_>) -> Box<dyn Progress> {
    match when {
        When::Json => Box::new(Lines::default()),
        When::Auto if !session.global.quiet && std::io::IsTerminal::is_terminal(&std::io::stderr()) => {
            Box::new(Bars::default())
        }
        _ => Box::new(Silent),
    }
}

#[derive(Default)]
struct Bars(Mutex<Option<ProgressBar>>);

impl Progress for Bars {
    fn begin(&self, step: &str, rows: u64, bytes: u64) {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        let template = match (rows, bytes) {
            (0, 0) => "{prefix:24} {spinner} {elapsed} {msg}",
            (0, _) => "{prefix:24} {wide_bar} {bytes}/{total_bytes} {bytes_per_sec} {eta} left",
            _ => "{prefix:24} {wide_bar} {human_pos}/{human_len} rows {per_sec} {eta} left",
        };
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        if rows + bytes > 0 {
            bar.set_length(if rows > 0 { rows } else { bytes });
        }
        bar.set_prefix(step.to_owned());
        bar.enable_steady_tick(Duration::from_millis(100));
        if let Ok(mut held) = self.0.lock() {
            *held = Some(bar);
        }
    }

    fn advance(&self, rows: u64, bytes: u64) {
        if let Some(bar) = self.0.lock().ok().as_ref().and_then(|held| held.as_ref()) {
            bar.inc(if rows > 0 { rows } else { bytes });
        }
    }

    fn end(&self) {
        if let Some(bar) = self.0.lock().ok().and_then(|mut held| held.take()) {
            bar.finish_and_clear();
        }
    }
}

/// A step under way: its name, what it expects, what is done, when that was last told.
struct Step {
    name: String,
    rows: (u64, u64),
    bytes: (u64, u64),
    began: Instant,
    told: Instant,
}

#[derive(Default)]
struct Lines(Mutex<Option<Step>>);

const PAUSE: Duration = Duration::from_millis(200);

fn tell(event: &str, step: &Step) {
    let milliseconds = u64::try_from(step.began.elapsed().as_millis()).unwrap_or(u64::MAX);
    warn(
        &json!({
            "event": event, "step": step.name, "rows": step.rows.0, "rows_expected": step.rows.1, "bytes": step.bytes.0,
            "bytes_expected": step.bytes.1, "milliseconds": milliseconds,
        })
        .to_string(),
    );
}

impl Progress for Lines {
    fn begin(&self, step: &str, rows: u64, bytes: u64) {
        let now = Instant::now();
        let step = Step { name: step.to_owned(), rows: (0, rows), bytes: (0, bytes), began: now, told: now };
        tell("begin", &step);
        if let Ok(mut held) = self.0.lock() {
            *held = Some(step);
        }
    }

    fn advance(&self, rows: u64, bytes: u64) {
        let Ok(mut held) = self.0.lock() else { return };
        let Some(step) = held.as_mut() else { return };
        step.rows.0 += rows;
        step.bytes.0 += bytes;
        if step.told.elapsed() >= PAUSE {
            step.told = Instant::now();
            tell("advance", step);
        }
    }

    fn end(&self) {
        if let Some(step) = self.0.lock().ok().and_then(|mut held| held.take()) {
            tell("end", &step);
        }
    }
}

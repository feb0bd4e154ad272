//! How an import shows that it is moving: a bar with rate and remaining time on a terminal, a line every few
//! seconds elsewhere.

use daybook_import::{Phase, Progress};
use indicatif::{ProgressBar, ProgressState, ProgressStyle};
use std::{
    fmt,
    io::IsTerminal,
    sync::Mutex,
    time::{Duration, Instant},
};

/// Between two lines where there is no terminal.
const PAUSE: Duration = Duration::from_secs(2);

pub(super) enum ImportProgress {
    Bar(ProgressBar),
    Lines(Mutex<Option<Instant>>),
}

impl ImportProgress {
    pub(super) fn new() -> Self {
        if !std::io::stderr().is_terminal() {
            return Self::Lines(Mutex::new(None));
        }
        // Of a length that is not known yet nothing is done: a bar over zero lines would be full.
        Self::Bar(ProgressBar::no_length().with_style(style("{msg}")))
    }

    pub(super) fn show(&self, progress: Progress) {
        match self {
            Self::Bar(bar) => {
                if progress.lines_total > 0 && bar.length().is_none() {
                    bar.set_style(style(
                        "{msg:9} {wide_bar} {human_pos}/{human_len} lines  {rate}  {eta} left",
                    ));
                    bar.set_length(progress.lines_total);
                }
                bar.set_position(progress.lines_done);
                bar.set_message(name(progress.phase));
                if progress.phase == Phase::Done {
                    bar.finish_and_clear();
                }
            }
            Self::Lines(last) => {
                let Ok(mut last) = last.lock() else { return };
                let now = Instant::now();
                if progress.phase == Phase::Importing && last.is_none_or(|last| now - last >= PAUSE) {
                    *last = Some(now);
                    eprintln!("{}", line(progress));
                }
            }
        }
    }
}

fn style(template: &str) -> ProgressStyle {
    let rate = |state: &ProgressState, to: &mut dyn fmt::Write| {
        // What cannot be written to a terminal's line is not shown.
        let _ = write!(to, "{:.0} lines/s", state.per_sec());
    };
    let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    style.with_key("rate", rate)
}

const fn name(phase: Phase) -> &'static str {
    match phase {
        Phase::Planning => "planning",
        Phase::Importing => "importing",
        Phase::Checking => "checking",
        Phase::Done => "done",
    }
}

fn line(progress: Progress) -> String {
    let Progress { phase, lines_done, lines_total, elapsed } = progress;
    let elapsed_ms = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX).max(1);
    let rate = lines_done.saturating_mul(1_000) / elapsed_ms;
    let left = lines_total.saturating_sub(lines_done).checked_div(rate);
    let left = left.map_or_else(|| "unknown".to_owned(), |seconds| format!("{seconds} s"));
    format!("{}: {lines_done} of {lines_total} lines, {rate} lines/s, {left} left", name(phase))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_begins_empty_and_tells_whole_lines() {
        let bar = ProgressBar::no_length().with_style(style("{rate}"));
        let shown = ImportProgress::Bar(bar.clone());
        let progress =
            |phase, lines_total| Progress { phase, lines_done: 0, lines_total, elapsed: Duration::ZERO };
        shown.show(progress(Phase::Planning, 0));
        assert_eq!(bar.length(), None, "nothing is done while it is not known of how much");
        shown.show(progress(Phase::Importing, 541_909));
        assert_eq!((bar.length(), bar.position()), (Some(541_909), 0));
    }

    #[test]
    fn a_line_tells_how_far_how_fast_and_how_long_still() {
        let progress = Progress {
            phase: Phase::Importing,
            lines_done: 100_000,
            lines_total: 500_000,
            elapsed: Duration::from_secs(4),
        };
        assert_eq!(line(progress), "importing: 100000 of 500000 lines, 25000 lines/s, 16 s left");
    }
}

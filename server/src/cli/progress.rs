//! How an import shows that it is moving: a bar with rate and remaining time on a terminal, a line every few
//! seconds elsewhere.

use daybook_import::{Phase, Progress};
use indicatif::{ProgressBar, ProgressStyle};
use std::{
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
        let bar = ProgressBar::new(0);
        let style = "{msg:9} {wide_bar} {human_pos}/{human_len} lines  {per_sec}  {eta} left";
        bar.set_style(ProgressStyle::with_template(style).unwrap_or_else(|_| ProgressStyle::default_bar()));
        Self::Bar(bar)
    }

    pub(super) fn show(&self, progress: Progress) {
        match self {
            Self::Bar(bar) => {
                bar.set_length(progress.lines_total);
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

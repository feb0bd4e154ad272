//! A progress bar with rate and time left, on a terminal, for anything that takes longer than two seconds.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};
use std::{
    fmt,
    io::{self, IsTerminal as _},
    time::{Duration, Instant},
};

/// What takes less is not worth a bar.
const QUIET: Duration = Duration::from_secs(2);

/// How far a command has got. Silent where nobody watches.
pub(crate) struct Progress {
    bar: ProgressBar,
    began: Instant,
    wanted: bool,
}

impl Progress {
    /// Begins to count `what` up to `total`.
    pub(crate) fn new(what: &'static str, total: u64) -> Self {
        let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::hidden());
        let form = "{msg} {bar:30} {human_pos}/{human_len} {percent}% {rate} {eta} left";
        if let Ok(style) = ProgressStyle::with_template(form) {
            let rate = |state: &ProgressState, to: &mut dyn fmt::Write| {
                // What cannot be written to a terminal's line is not shown.
                let _ = write!(to, "{:.0}/s", state.per_sec());
            };
            bar.set_style(style.with_key("rate", rate));
        }
        Self { bar: bar.with_message(what), began: Instant::now(), wanted: io::stderr().is_terminal() }
    }

    /// It has come to `done` of the total.
    pub(crate) fn reach(&mut self, done: u64) {
        if self.wanted && self.began.elapsed() > QUIET {
            self.bar.set_draw_target(ProgressDrawTarget::stderr_with_hz(8));
            self.wanted = false;
        }
        self.bar.set_position(done);
    }

    /// The events handled per second so far.
    pub(crate) fn rate(&self, done: u64) -> u64 {
        let micros = self.began.elapsed().as_micros().max(1);
        u64::try_from(u128::from(done) * 1_000_000 / micros).unwrap_or(u64::MAX)
    }

    pub(crate) fn elapsed(&self) -> Duration {
        self.began.elapsed()
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

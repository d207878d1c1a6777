//! Progress on standard error: a spinner on a terminal, and no output to a file or a pipe.

use std::io::{self, IsTerminal as _};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use crate::output::note;

/// A spinner on standard error. It disappears when it is dropped.
#[derive(Clone)]
pub(crate) struct Progress(ProgressBar);

impl Progress {
    /// Starts a spinner with the elapsed time and a message.
    pub(crate) fn begin(message: &str) -> Self {
        let progress = Self::styled("{spinner} {elapsed} {msg}");
        progress.show(message);
        progress
    }

    /// Starts a spinner with a message, the number of bytes and their rate.
    pub(crate) fn bytes(message: &str) -> Self {
        let progress =
            Self::styled("{spinner} {elapsed} {msg}: {binary_bytes}, {binary_bytes_per_sec}");
        progress.show(message);
        progress
    }

    /// Starts a spinner for a command that prints its result line by line; hidden if the result
    /// goes to a terminal.
    pub(crate) fn beside_lines(message: &str) -> Self {
        if io::stdout().is_terminal() {
            Self(ProgressBar::hidden())
        } else {
            Self::begin(message)
        }
    }

    fn styled(template: &str) -> Self {
        if !io::stderr().is_terminal() {
            return Self(ProgressBar::hidden());
        }
        let bar = ProgressBar::new_spinner();
        // The template is a constant; if it were invalid, the default would serve.
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        bar.enable_steady_tick(Duration::from_millis(120));
        Self(bar)
    }

    /// Replaces the message.
    pub(crate) fn show(&self, message: &str) {
        self.0.set_message(message.to_owned());
    }

    /// Counts bytes.
    pub(crate) fn add(&self, bytes: usize) {
        self.0.inc(bytes as u64);
    }

    /// Prints a line above the spinner; it stays.
    pub(crate) fn note(&self, line: &str) {
        self.0.suspend(|| note(line));
    }

    /// Removes the spinner.
    pub(crate) fn end(&self) {
        self.0.finish_and_clear();
    }
}

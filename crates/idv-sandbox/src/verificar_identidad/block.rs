//! Blocks senders of repeated invalid calls for a time ("empty connections").

use std::time::Duration;

use http::StatusCode;
use jiff::Timestamp;

use super::account::Account;
use super::rules;
use crate::clock::later;
use crate::exchange::Answer;
use crate::rule::Refusal;

/// The times of counted calls, and the end of a block. On the loopback interface there is one
/// sender.
#[derive(Debug, Default)]
pub(super) struct Block {
    counted: Vec<Timestamp>,
    until: Option<Timestamp>,
}

impl Block {
    /// Returns the response to a blocked sender.
    pub(super) fn refuse(&mut self, account: &Account, now: Timestamp) -> Option<Answer> {
        self.until = self.until.filter(|until| now < *until);
        self.until?;
        let status =
            StatusCode::from_u16(account.blocked_status).unwrap_or(StatusCode::TOO_MANY_REQUESTS);
        let answer = Answer::page(status, "Your connection is blocked.");
        Some(answer.refused(Refusal::by(&rules::REPETITION)))
    }

    /// Counts an invalid or empty call, and blocks the sender after too many.
    pub(super) fn count(&mut self, account: &Account, now: Timestamp) {
        let window = Duration::from_secs(account.block_window_seconds);
        self.counted.retain(|at| now < later(*at, window));
        self.counted.push(now);
        if account.block_after > 0 && self.counted.len() >= account.block_after {
            self.counted.clear();
            self.until = Some(later(now, Duration::from_secs(account.block_seconds)));
        }
    }
}

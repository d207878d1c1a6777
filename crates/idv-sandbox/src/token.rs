//! Tokens that a vendor issues, and that expire unless they are used.

use std::collections::HashMap;
use std::time::Duration;

use jiff::Timestamp;

use crate::clock::later;

/// The tokens that a vendor has issued.
#[derive(Debug, Default)]
pub(crate) struct Tokens(HashMap<String, Token>);

/// A token.
#[derive(Debug)]
pub(crate) struct Token {
    /// The id of its account.
    pub(crate) account: String,
    pub(crate) used: Timestamp,
}

impl Tokens {
    /// Adds a new token of an account.
    pub(crate) fn insert(&mut self, token: String, account: &str, now: Timestamp) {
        self.0.insert(
            token,
            Token {
                account: account.to_owned(),
                used: now,
            },
        );
    }

    /// Returns a token that was used within the time `idle`, and removes expired ones.
    pub(crate) fn alive(
        &mut self,
        token: &str,
        idle: Duration,
        now: Timestamp,
    ) -> Option<&mut Token> {
        self.0.retain(|_, token| now < later(token.used, idle));
        self.0.get_mut(token)
    }

    /// Invalidates every token.
    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }
}

//! How the program ends.

use std::io;
use std::process::ExitCode;

use idv::{Effect, Error, ErrorKind};
use idv_flow::FlowError;

use crate::output;

/// How the program ends: documented in `--help` and in the README.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Done.
    Done,
    /// It failed.
    Failed,
    /// It was used or configured wrongly; nothing was sent.
    Usage,
    /// The person is not verified.
    NotVerified,
    /// Nobody knows whether the vendor acted.
    EffectUnknown,
    /// It is not settled, or not there yet.
    Open,
    /// Somebody pressed Ctrl-C.
    Interrupted,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Done => 0,
            Exit::Failed => 1,
            Exit::Usage => 2,
            Exit::NotVerified => 3,
            Exit::EffectUnknown => 4,
            Exit::Open => 5,
            Exit::Interrupted => 130,
        })
    }
}

/// Why the program ends without an answer: one line on standard error.
#[derive(Debug)]
pub(crate) struct Failure {
    exit: Exit,
    text: String,
}

impl Failure {
    /// A failure in words.
    pub(crate) fn new(exit: Exit, text: impl Into<String>) -> Self {
        Self { exit, text: text.into() }
    }

    /// Wrong usage, in words.
    pub(crate) fn usage(text: impl Into<String>) -> Self {
        Self::new(Exit::Usage, text)
    }

    /// Prints the line, and says how to end.
    pub(crate) fn report(&self) -> Exit {
        // Nobody reads standard output any more: there is nothing to say, and nobody to say it to.
        if !self.text.is_empty() {
            output::note(&format!("idv: {}", self.text));
        }
        self.exit
    }

    /// The words.
    #[cfg(test)]
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// How to end.
    #[cfg(test)]
    pub(crate) const fn exit(&self) -> Exit {
        self.exit
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let before_sending = error.attempts() == 0;
        let exit = match error.kind() {
            _ if error.effect() == Effect::Unknown => Exit::EffectUnknown,
            ErrorKind::Config | ErrorKind::Unsupported => Exit::Usage,
            ErrorKind::InvalidRequest { .. } if before_sending => Exit::Usage,
            _ => Exit::Failed,
        };
        Self::new(exit, format!("{error}{}", hint(&error)))
    }
}

impl From<FlowError> for Failure {
    fn from(error: FlowError) -> Self {
        match error {
            FlowError::Vendor(error) => error.into(),
            FlowError::UnknownProvider(_) => Self::usage(format!("{error}: choose it, or name it in flow.also")),
            FlowError::Invalid(_) => Self::usage(error.to_string()),
            // A store's failures never tell what is stored.
            FlowError::Store(_) => Self::new(Exit::Failed, whole(&error)),
            _ => Self::new(Exit::Failed, error.to_string()),
        }
    }
}

impl From<io::Error> for Failure {
    /// A failure to write the answer. A reader that went away is not one.
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            return Self::new(Exit::Done, "");
        }
        Self::new(Exit::Failed, format!("the answer cannot be written: {error}"))
    }
}

/// An error and what is beneath it, in one line.
pub(crate) fn whole(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text += &format!(": {error}");
        source = error.source();
    }
    text
}

/// What to do about it.
fn hint(error: &Error) -> String {
    let hint = match error.kind() {
        _ if error.effect() == Effect::Unknown => {
            "look before repeating: `idv find`, `idv poll` or `idv list`; where `idv providers` says keyed, repeat with the same --reference"
        }
        ErrorKind::Unauthorized => "check the credentials, and whether they are for this host",
        ErrorKind::Unavailable => "try again later; `transport.root_certificates` names an authority of your own",
        ErrorKind::NotReady => "try again later, or use `idv watch`",
        ErrorKind::RateLimited => match error.retry_after() {
            Some(wait) => return format!("; try again in {} s", wait.as_secs().max(1)),
            None => "try again later",
        },
        ErrorKind::LimitExceeded => "raise --limit or calls.max_answer_bytes",
        _ => return String::new(),
    };
    format!("; {hint}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_sent_is_a_usage_error_and_what_is_unknown_says_so() {
        let cases = [
            (Error::config("x"), Exit::Usage),
            (Error::invalid("reference", "x"), Exit::Usage),
            (Error::new(ErrorKind::Unsupported), Exit::Usage),
            (Error::new(ErrorKind::Unavailable), Exit::Failed),
            (Error::new(ErrorKind::Unavailable).with_effect(Effect::Unknown), Exit::EffectUnknown),
            (Error::malformed("x"), Exit::Failed),
        ];
        for (error, exit) in cases {
            let failure = Failure::from(error);
            assert_eq!(failure.exit(), exit, "{}", failure.text());
            assert!(!failure.text().contains('\n'));
        }
    }

    #[test]
    fn a_reader_that_went_away_is_no_failure() {
        let failure = Failure::from(io::Error::from(io::ErrorKind::BrokenPipe));
        assert_eq!((failure.exit(), failure.text()), (Exit::Done, ""));
    }
}

//! Exit codes, and the line that explains a failure.

use std::io;
use std::process::ExitCode;

use idv::{
    Capability, CreateSafety, Effect, Error, ErrorKind, Operation, ProviderId, TransportCause,
    VendorInfo,
};
use idv_flow::FlowError;

use crate::output;

/// The program's exit codes, documented in `--help` and in the README.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// The command succeeded.
    Done,
    /// The command failed.
    Failed,
    /// Wrong usage or configuration; nothing was sent.
    Usage,
    /// The person is not verified.
    NotVerified,
    /// It is unknown whether the vendor acted.
    EffectUnknown,
    /// The outcome or the report is not available yet.
    Open,
    /// The user interrupted the program.
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

/// A failure of a command: an exit code and one line for standard error.
#[derive(Debug)]
pub(crate) struct Failure {
    exit: Exit,
    text: String,
    /// The vendor's error text, which may contain personal data.
    vendor_text: Option<String>,
}

/// The maximum length of the vendor's error text, in characters.
const MAX_TEXT: usize = 500;

impl Failure {
    /// Creates a failure with its explanation.
    pub(crate) fn new(exit: Exit, text: impl Into<String>) -> Self {
        Self {
            exit,
            text: text.into(),
            vendor_text: None,
        }
    }

    /// Creates a failure for wrong usage.
    pub(crate) fn usage(text: impl Into<String>) -> Self {
        Self::new(Exit::Usage, text)
    }

    /// Prints the line and returns the exit code. `verbose` adds the vendor's error text.
    pub(crate) fn report(&self, verbose: bool) -> Exit {
        // An empty text means that the reader of standard output has gone.
        if !self.text.is_empty() {
            output::failure(&self.line(verbose));
        }
        self.exit
    }

    fn line(&self, verbose: bool) -> String {
        let words = match &self.vendor_text {
            Some(text) if verbose => {
                let text: String = text.chars().take(MAX_TEXT).collect();
                format!("; the vendor's text: {text}")
            }
            Some(_) => "; --verbose prints the vendor's error text".to_owned(),
            None => String::new(),
        };
        format!("{}{words}", self.text)
    }

    /// Returns the explanation.
    #[cfg(test)]
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// Returns the exit code.
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
        let mut failure = Self::new(exit, format!("{error}{}", hint(&error)));
        let words = [
            error.vendor_code(),
            error.vendor_text().map(|text| text.expose().as_str()),
        ];
        let words: Vec<&str> = words.into_iter().flatten().collect();
        failure.vendor_text = (!words.is_empty()).then(|| words.join(": "));
        failure
    }
}

impl From<FlowError> for Failure {
    fn from(error: FlowError) -> Self {
        match error {
            FlowError::Vendor(error) => error.into(),
            FlowError::UnknownAccount(_) => {
                Self::usage(format!("{error}: select it, or list it in flow.also"))
            }
            FlowError::Invalid(_) => Self::usage(error.to_string()),
            // A store's failures never contain stored data.
            FlowError::Store(_) => Self::new(Exit::Failed, whole(&error)),
            _ => Self::new(Exit::Failed, error.to_string()),
        }
    }
}

impl From<io::Error> for Failure {
    /// Explains a failure to write the result. A closed pipe is not a failure.
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            return Self::new(Exit::Done, "");
        }
        Self::new(Exit::Failed, format!("cannot write the result: {error}"))
    }
}

/// Formats an error with its sources in one line.
pub(crate) fn whole(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text += &format!(": {error}");
        source = error.source();
    }
    text
}

/// Suggests a next step from the cause of the failure and the vendor's capabilities.
fn hint(error: &Error) -> String {
    let hint = match error.kind() {
        _ if error.effect() == Effect::Unknown => {
            return format!("; {}", look_first(error.provider(), error.operation()));
        }
        ErrorKind::Unauthorized => "check the credentials, and that they belong to this host",
        ErrorKind::Unsupported => "`idv providers` shows each vendor's capabilities",
        ErrorKind::Unavailable => match error.transport_cause() {
            Some(TransportCause::Certificate) => {
                "`transport.root_certificates` adds your own certificate authority"
            }
            Some(TransportCause::Tls) => "check that the vendor's address uses TLS",
            Some(TransportCause::Dns | TransportCause::Refused | TransportCause::Unreachable) => {
                "check the vendor's address in the configuration, and the network"
            }
            Some(TransportCause::Request) => "check the vendor's address in the configuration",
            _ => "try again later",
        },
        ErrorKind::NotReady => wait_for_it(error.provider()),
        ErrorKind::RateLimited => match error.retry_after() {
            Some(wait) => return format!("; try again in {} s", wait.as_secs().max(1)),
            None => "try again later",
        },
        ErrorKind::LimitExceeded => "raise --limit or calls.max_answer_bytes",
        _ => return String::new(),
    };
    format!("; {hint}")
}

/// Explains how to wait for a result, from the vendor's capabilities.
fn wait_for_it(provider: Option<&ProviderId>) -> &'static str {
    let can = |capability| has(provider, capability);
    if can(Capability::Polling) {
        "try again later, or use `idv watch`"
    } else if can(Capability::Callbacks) {
        "the vendor sends a callback when it is ready"
    } else {
        "try again later"
    }
}

/// Explains how to find out whether the vendor acted, from the vendor's capabilities.
fn look_first(provider: Option<&ProviderId>, operation: Option<Operation>) -> String {
    const PANEL: &str = "look up the reference in the vendor's panel";
    const ADOPT: &str =
        "in a flow, `idv flow operator ID --adopt VENDOR_ID` takes over an existing verification";
    let has = |capability| has(provider, capability);
    if operation != Some(Operation::Create) {
        let check = if has(Capability::Polling) {
            "`idv poll` shows the state"
        } else {
            PANEL
        };
        return format!("{check}; the command may be repeated");
    }
    // The lost response contained the vendor's id, so the verification cannot be polled by it.
    match vendor(provider).map(|vendor| vendor.create_safety) {
        Some(CreateSafety::Keyed) => {
            "repeat the command with the same --reference: the vendor creates one verification"
                .to_owned()
        }
        _ if has(Capability::Lookup) => {
            format!("before you repeat it, search with `idv find REFERENCE`; {ADOPT}")
        }
        _ if has(Capability::Listing) => {
            format!("before you repeat it, search with `idv list`; {ADOPT}")
        }
        _ => format!("before you repeat it, {PANEL}; {ADOPT}"),
    }
}

fn vendor(provider: Option<&ProviderId>) -> Option<VendorInfo> {
    idv::providers()
        .into_iter()
        .find(|vendor| Some(&vendor.provider) == provider)
}

fn has(provider: Option<&ProviderId>, capability: Capability) -> bool {
    vendor(provider).is_some_and(|vendor| vendor.has(capability))
}

#[cfg(test)]
mod tests {
    use idv::{Sent, TransportError};

    use super::*;

    #[test]
    fn exit_code_follows_effect_and_kind() {
        let cases = [
            (Error::config("x"), Exit::Usage),
            (Error::invalid("reference", "x"), Exit::Usage),
            (Error::new(ErrorKind::Unsupported), Exit::Usage),
            (Error::new(ErrorKind::Unavailable), Exit::Failed),
            (
                Error::new(ErrorKind::Unavailable).with_effect(Effect::Unknown),
                Exit::EffectUnknown,
            ),
            (Error::malformed("x"), Exit::Failed),
        ];
        for (error, exit) in cases {
            let failure = Failure::from(error);
            assert_eq!(failure.exit(), exit, "{}", failure.text());
            assert!(!failure.text().contains('\n'));
        }
    }

    #[test]
    fn hint_follows_cause_of_failed_connection() {
        for (cause, named) in [
            (TransportCause::Certificate, "transport.root_certificates"),
            (TransportCause::Tls, "TLS"),
            (TransportCause::Dns, "address"),
            (TransportCause::Refused, "address"),
            (TransportCause::Timeout, "later"),
        ] {
            let error = Error::new(ErrorKind::Unavailable)
                .with_source(TransportError::new(Sent::No, cause));
            assert!(hint(&error).contains(named), "{cause}: {}", hint(&error));
        }
    }

    #[test]
    fn hint_names_only_the_vendors_capabilities() {
        for (provider, named) in [
            ("cm-id-scan", "vendor's panel"),
            ("identify24", "vendor's panel"),
            ("identity-tm", "idv find"),
            ("idnow", "same --reference"),
        ] {
            let text = look_first(Some(&ProviderId::new(provider)), Some(Operation::Create));
            assert!(text.contains(named), "{text}");
            assert!(
                !text.contains("idv poll") && !text.contains("idv list"),
                "{text}"
            );
        }
        let silent = idv::providers()
            .into_iter()
            .find(|vendor| !vendor.has(Capability::Polling))
            .unwrap();
        for (provider, named) in [
            (ProviderId::new("idnow"), "idv watch"),
            (silent.provider.clone(), "callback"),
            (ProviderId::new("unknown"), "later"),
        ] {
            let text = wait_for_it(Some(&provider));
            assert!(text.contains(named), "{provider}: {text}");
        }
        let text = look_first(Some(&silent.provider), Some(Operation::Delete));
        assert!(!text.contains("idv poll"), "{text}");
    }

    #[test]
    fn vendors_text_is_printed_only_on_request() {
        let error = Error::new(ErrorKind::NotFound)
            .with_vendor_code("GONE")
            .with_vendor_text("a\u{1b}[31m ".repeat(1000));
        let failure = Failure::from(error);
        assert!(
            !failure.line(false).contains("[31m") && failure.line(false).contains("--verbose"),
            "{}",
            failure.line(false)
        );
        let line = failure.line(true);
        assert!(
            line.contains("GONE: a") && line.contains("[31m") && line.chars().count() < 700,
            "{line}"
        );
    }

    #[test]
    fn closed_pipe_is_not_a_failure() {
        let failure = Failure::from(io::Error::from(io::ErrorKind::BrokenPipe));
        assert_eq!((failure.exit(), failure.text()), (Exit::Done, ""));
    }
}

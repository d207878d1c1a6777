//! What the demo needs of a vendor's part of the sandbox.

use idv::{Client, Environment, Result, Secret, Url, VerificationId};
use idv_sandbox::{SandboxError, Step};

/// A vendor's part of the sandbox.
pub(crate) trait Stage {
    /// The provider's id.
    fn provider(&self) -> &'static str;

    /// A client of it, whose callbacks are proven by `secret`.
    fn connect(&self, secret: Secret, environment: Environment) -> Result<Client>;

    /// Lets the vendor report to `url`, where its accounts have one address for all verifications.
    fn report_to(&self, url: &Url) -> Result<(), SandboxError>;

    /// Lets the person and the vendor's people act out a scenario, from now on.
    fn act(&self, id: &VerificationId, scenario: &str) -> Result<Vec<Step>, SandboxError>;

    /// A callback to `url` that says that the person is verified, as anybody could write it who knows the vendor's document.
    fn forgery(&self, url: &Url, id: &VerificationId) -> Forged;
}

/// A callback that pretends to come from the vendor.
pub(crate) enum Forged {
    /// A body, by POST.
    Body(String),
    /// An address, by GET.
    Visit(Url),
}

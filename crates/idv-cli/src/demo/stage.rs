//! What the demo needs of a vendor's part of the sandbox.

use async_trait::async_trait;
use idv::{Client, Environment, Error, Result, Secret, Url, VerificationId};
use idv_sandbox::{SandboxError, Step};

use super::story::{Expected, Scenario};

/// A vendor's part of the sandbox.
#[async_trait(?Send)]
pub(crate) trait Stage {
    /// The provider's id.
    fn provider(&self) -> &'static str;

    /// A client of it, whose callbacks are proven by `secret`.
    fn connect(&self, secret: Secret, environment: Environment) -> Result<Client>;

    /// Lets the vendor report to `url`, where its accounts have one address for all verifications.
    async fn report_to(&self, client: &Client, url: &Url) -> Result<()>;

    /// Lets the person and the vendor's people act out a scenario, from now on.
    fn act(&self, id: &VerificationId, scenario: &str) -> Result<Vec<Step>, SandboxError>;

    /// What comes of a scenario at this vendor, where it cannot be what comes of it elsewhere.
    fn comes_out(&self, _scenario: &str) -> Option<Expected> {
        None
    }

    /// The scenarios of this vendor alone.
    fn own(&self) -> &'static [Scenario] {
        &[]
    }

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

/// The address for callbacks of an account, with the secret that proves them where the vendor's guard lives in the address.
pub(crate) fn proven(client: &Client, url: &Url) -> Url {
    let mut url = url.clone();
    if let Some((name, secret)) =
        client.provider().capabilities().callbacks.and_then(|callbacks| callbacks.auth().parameter_for(""))
    {
        url.query_pairs_mut().append_pair(name, secret.expose());
    }
    url
}

/// The sandbox refused something.
#[allow(clippy::needless_pass_by_value, reason = "it stands behind map_err")]
pub(crate) fn refused(error: SandboxError) -> Error {
    Error::config(error.to_string())
}

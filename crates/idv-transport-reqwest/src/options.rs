//! Options of the transport.

use std::time::Duration;

/// Options of a [`ReqwestTransport`](crate::ReqwestTransport).
///
/// The defaults suit a backend that calls a vendor over the internet.
///
/// ```
/// use std::time::Duration;
/// use idv_transport_reqwest::TransportOptions;
///
/// let options = TransportOptions::default().connect_timeout(Duration::from_secs(3)).user_agent("bank/1.0");
/// assert_eq!(options.user_agent, "bank/1.0");
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct TransportOptions {
    /// The timeout for a connection, including DNS, TCP and TLS. A request that fails here was not
    /// sent. Default: 10 s.
    pub connect_timeout: Duration,
    /// The longest silence of the vendor, before the response or between two chunks of it. Default:
    /// 30 s.
    pub read_timeout: Duration,
    /// The timeout for one exchange, from its first byte to its last. Default: none, because
    /// [`CallPolicy`](idv_core::call::CallPolicy) limits calls, and downloads of evidence may take
    /// long.
    pub total_timeout: Option<Duration>,
    /// Certificate authorities in PEM format to trust in addition to those of the operating system,
    /// for example that of a corporate proxy or of the sandbox.
    pub extra_root_certificates: Option<String>,
    /// The `User-Agent` header. Default: `idv/` and the version.
    pub user_agent: String,
    /// Whether URLs without TLS are refused. Default: `false`, because the configuration of each
    /// vendor already requires TLS, except on the loopback interface and for vendors whose document
    /// has URLs without it.
    pub https_only: bool,
    /// Whether `HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY` apply. Default: `false`,
    /// because a variable that was set for another program must not reroute personal data.
    pub environment_proxies: bool,
}

impl TransportOptions {
    idv_core::setters! {
        connect_timeout: Duration,
        read_timeout: Duration,
        total_timeout: Option<Duration>,
        https_only: bool,
        environment_proxies: bool,
    }

    /// Sets [`extra_root_certificates`](Self#structfield.extra_root_certificates).
    #[must_use]
    pub fn extra_root_certificates(mut self, pem: impl Into<String>) -> Self {
        self.extra_root_certificates = Some(pem.into());
        self
    }

    /// Sets [`user_agent`](Self#structfield.user_agent).
    #[must_use]
    pub fn user_agent(mut self, user_agent: impl Into<String>) -> Self {
        self.user_agent = user_agent.into();
        self
    }
}

impl Default for TransportOptions {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(10),
            read_timeout: Duration::from_secs(30),
            total_timeout: None,
            extra_root_certificates: None,
            user_agent: concat!("idv/", env!("CARGO_PKG_VERSION")).to_owned(),
            https_only: false,
            environment_proxies: false,
        }
    }
}

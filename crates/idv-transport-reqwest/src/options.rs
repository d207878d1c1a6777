//! What may be chosen about the transport.

use std::time::Duration;

/// How requests travel. The defaults suit a backend that talks to a vendor over the internet.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct TransportOptions {
    /// How long making a connection may take: name, route and TLS together. 10 s. What fails here was not sent.
    pub connect_timeout: Duration,
    /// How long the vendor may be silent, before the answer begins or between two pieces of it. 30 s.
    pub read_timeout: Duration,
    /// How long one exchange may take from its first byte to its last. No limit: the calls above have their own deadline, and
    /// evidence takes as long as it takes.
    pub total_timeout: Option<Duration>,
    /// Certificates to trust beside those of the operating system, in PEM, one or many: of a company's proxy, or of the sandbox.
    pub extra_root_certificates: Option<String>,
    /// What the program calls itself. `idv/` and the version.
    pub user_agent: String,
    /// Whether an address without TLS is refused. Off: each vendor's configuration demands TLS already, and leaves out only the
    /// loopback interface and what the vendor's document leaves out.
    pub https_only: bool,
    /// Whether the proxies are used that `HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY` name. Off: a variable that
    /// somebody set for another program must not reroute personal data.
    pub environment_proxies: bool,
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

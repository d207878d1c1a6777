//! The table `transport`.

use std::time::Duration;

use idv_core::adapter::settings::PositiveMillis;

idv_core::settings! {
    /// Options of the transport. They are parsed even if the transport is not compiled in, because
    /// a feature must not change the meaning of a configuration.
    #[derive(PartialEq)]
    #[cfg_attr(not(feature = "reqwest"), allow(dead_code, reason = "read for its errors"))]
    pub(crate) struct TransportSettings {
        optional {
            /// The timeout for a connection. Default: 10 s.
            connect_timeout("connect_timeout_ms"): Option<Duration> as PositiveMillis,
            /// The longest silence of the vendor during an exchange. Default: 30 s.
            read_timeout("read_timeout_ms"): Option<Duration> as PositiveMillis,
            /// The timeout for one exchange. Default: none.
            total_timeout("total_timeout_ms"): Option<Duration> as PositiveMillis,
            /// A PEM file with further trusted certificate authorities.
            root_certificates: Option<String>,
            /// Whether the proxies in the environment are used. Default: `false`.
            environment_proxies: Option<bool>,
        }
    }
}

impl TransportSettings {
    /// Builds an environment with a new transport.
    #[cfg(feature = "reqwest")]
    pub(crate) fn environment(&self) -> idv_core::Result<idv_core::Environment> {
        let mut options = idv_transport_reqwest::TransportOptions::default();
        options.connect_timeout = self.connect_timeout.unwrap_or(options.connect_timeout);
        options.read_timeout = self.read_timeout.unwrap_or(options.read_timeout);
        options.total_timeout = self.total_timeout;
        options.environment_proxies = self
            .environment_proxies
            .unwrap_or(options.environment_proxies);
        if let Some(path) = &self.root_certificates {
            let pem = std::fs::read_to_string(path).map_err(|error| {
                let kind = error.kind();
                idv_core::Error::config(format!(
                    "`transport.root_certificates`: {path} cannot be read: {kind}"
                ))
            })?;
            options.extra_root_certificates = Some(pem);
        }
        idv_transport_reqwest::environment(options)
    }
}

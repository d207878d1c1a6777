//! The table `transport`.

use std::time::Duration;

use idv_core::adapter::settings::PositiveMillis;

idv_core::settings! {
    /// What is changed about how requests travel. It is read whether or not the transport is compiled in, since a feature must not change
    /// the meaning of a configuration.
    #[derive(PartialEq)]
    #[cfg_attr(not(feature = "reqwest"), allow(dead_code, reason = "read for its errors"))]
    pub(crate) struct TransportSettings {
        optional {
            /// The time to connect in.
            connect_timeout("connect_timeout_ms"): Option<Duration> as PositiveMillis,
            /// The time that the vendor may be silent.
            read_timeout("read_timeout_ms"): Option<Duration> as PositiveMillis,
            /// The time that one exchange may take.
            total_timeout("total_timeout_ms"): Option<Duration> as PositiveMillis,
            /// A file of certificates in PEM that are trusted as well.
            root_certificates: Option<String>,
            /// Whether the proxies of the environment are used.
            environment_proxies: Option<bool>,
        }
    }
}

impl TransportSettings {
    /// Returns an environment with a transport of its own.
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

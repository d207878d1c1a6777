//! The table `transport`: what is changed about how requests travel.

use serde::Deserialize;

use crate::lenient::{Flag, Number};

/// Each of them optional. It is read whether or not the transport is compiled in, since a feature must not change what a
/// configuration means.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[cfg_attr(not(feature = "reqwest"), allow(dead_code, reason = "read for its errors alone"))]
pub(crate) struct TransportTable {
    connect_timeout_ms: Option<Number>,
    read_timeout_ms: Option<Number>,
    total_timeout_ms: Option<Number>,
    root_certificates: Option<String>,
    environment_proxies: Option<Flag>,
}

impl TransportTable {
    pub(crate) const KEYS: &'static [&'static str] =
        &["connect_timeout_ms", "read_timeout_ms", "total_timeout_ms", "root_certificates", "environment_proxies"];

    /// The options that this makes of the default ones.
    #[cfg(feature = "reqwest")]
    pub(crate) fn options(&self) -> idv_core::Result<idv_transport_reqwest::TransportOptions> {
        use std::time::Duration;

        let mut options = idv_transport_reqwest::TransportOptions::default();
        if let Some(Number(number)) = self.connect_timeout_ms {
            options.connect_timeout = Duration::from_millis(number);
        }
        if let Some(Number(number)) = self.read_timeout_ms {
            options.read_timeout = Duration::from_millis(number);
        }
        options.total_timeout = self.total_timeout_ms.map(|Number(number)| Duration::from_millis(number));
        if let Some(path) = &self.root_certificates {
            let pem = std::fs::read_to_string(path).map_err(|error| {
                idv_core::Error::config(format!("transport.root_certificates: {path} cannot be read: {}", error.kind()))
            })?;
            options.extra_root_certificates = Some(pem);
        }
        if let Some(Flag(on)) = self.environment_proxies {
            options.environment_proxies = on;
        }
        Ok(options)
    }
}

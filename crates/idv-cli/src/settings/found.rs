//! Limits a configuration file that was found in the working directory rather than named by the
//! user.
//!
//! Such a file may belong to a downloaded project. It must not send credentials or personal data to
//! its author's hosts.

use idv::adapter::settings::{Place, SettingKind, Table, is_loopback};
use idv::{Config, Url};
use idv_flow::FlowConfig;
use serde_json::Value;

use crate::failure::Failure;

/// A table of the configuration that a command uses.
pub(super) struct Used<'a> {
    table: &'a Table,
    /// The keys whose host is neither the vendor's nor this machine.
    foreign_hosts: Vec<&'static str>,
}

impl<'a> Used<'a> {
    /// Returns the table of an account; `None` if the configuration has none.
    pub(super) fn account(config: &'a Config, account: &str) -> Option<Self> {
        let (vendor, table) = (config.vendor(account)?, config.settings(account)?);
        let addresses = vendor
            .settings
            .iter()
            .filter(|setting| setting.kind == SettingKind::Address)
            .map(|setting| setting.key);
        let is_foreign = |key: &&str| {
            table
                .get(key)
                .and_then(Value::as_str)
                .is_some_and(|address| !is_known(address, vendor.domains))
        };
        Some(Self {
            table,
            foreign_hosts: addresses.filter(is_foreign).collect(),
        })
    }

    /// Returns the table of flows.
    pub(super) fn flow(table: &'a Table, flow: &FlowConfig) -> Self {
        // A variable is set by the user; a file may not be written by the user.
        let is_variable = table
            .get("store")
            .is_some_and(|store| store.get("env").is_some());
        let is_foreign = flow
            .store
            .as_ref()
            .is_some_and(|store| !is_variable && !store.is_local());
        let is_elsewhere = flow
            .webhook_url
            .as_ref()
            .is_some_and(|url| !is_loopback(url));
        let foreign_hosts = [("store", is_foreign), ("webhook.url", is_elsewhere)];
        Self {
            table,
            foreign_hosts: foreign_hosts
                .into_iter()
                .filter_map(|(key, is_foreign)| is_foreign.then_some(key))
                .collect(),
        }
    }

    /// Refuses a file with a host that is neither the vendor's nor this machine. The user's own
    /// variables may name any host.
    pub(super) fn check_hosts(&self, name: &str) -> Result<(), Failure> {
        let of_file = |key: &&&str| matches!(self.table.place(key), Some(Place::File { .. }));
        let Some(key) = self.foreign_hosts.iter().find(of_file) else {
            return Ok(());
        };
        Err(Failure::usage(format!(
            "{name}: `{}.{key}` is neither a host of the vendor nor this machine, and the file was found in the working directory; \
             if you trust the file, name it: --config {name}",
            self.table.path()
        )))
    }

    /// Lists the variables without the prefix `IDV_` from which the table takes credentials:
    /// `API_TOKEN` (`idnow.api_key`).
    pub(super) fn foreign_variables(&self) -> Vec<String> {
        let of_key = |(key, value)| {
            let path = format!("{}.{key}", self.table.path());
            references(value)
                .into_iter()
                .map(move |variable| format!("{variable} (`{path}`)"))
                .collect::<Vec<_>>()
        };
        self.table.values().iter().flat_map(of_key).collect()
    }
}

/// Lists the variables without the prefix `IDV_` that a value refers to.
fn references(value: &Value) -> Vec<&str> {
    match value {
        Value::Array(values) => values.iter().flat_map(references).collect(),
        Value::Object(reference) => {
            let name = reference.get("env").and_then(Value::as_str);
            name.filter(|name| !name.starts_with("IDV_"))
                .into_iter()
                .collect()
        }
        _ => Vec::new(),
    }
}

/// Returns whether an address or host name is on this machine or in one of the domains.
fn is_known(address: &str, domains: &[&str]) -> bool {
    let url = if address.contains("://") {
        Url::parse(address)
    } else {
        Url::parse(&format!("https://{address}"))
    };
    url.is_ok_and(|url| {
        let host = url.host_str().unwrap_or_default();
        let is_in = |domain: &&str| {
            host == *domain
                || host
                    .strip_suffix(domain)
                    .is_some_and(|rest| rest.ends_with('.'))
        };
        is_loopback(&url) || domains.iter().any(is_in)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_hosts_are_vendor_and_this_machine() {
        let domains = ["idnow.de", "online-ident.ch"];
        for address in [
            "https://gateway.idnow.de",
            "https://idnow.de:8443/x",
            "gateway.test.idnow.de",
            "go.online-ident.ch",
            "http://127.0.0.1:7701",
            "http://[::1]:1",
            "http://localhost:7701/",
        ] {
            assert!(is_known(address, &domains), "{address}");
        }
        for address in [
            "",
            "https://evil.example",
            "evil.example",
            "https://idnow.de.evil.example",
            "https://evilidnow.de",
            "https://idnow.de@evil.example/",
            "https://evil.example/?idnow.de",
            "https://evil.example#.idnow.de",
            "http://10.0.0.1",
            "//evil.example",
            "https:\\\\evil.example",
        ] {
            assert!(!is_known(address, &domains), "{address}");
        }
    }

    #[test]
    fn foreign_variables_are_listed_with_their_keys() {
        let values = serde_json::json!({
            "api_key": { "env": "GITHUB_TOKEN" },
            "callback_secret": [{ "env": "A" }, { "env": "IDV_B" }],
            "company": "env",
        });
        let table = Table::new(
            "idnow",
            values.as_object().unwrap().clone(),
            Default::default(),
        );
        let used = Used {
            table: &table,
            foreign_hosts: Vec::new(),
        };
        assert_eq!(
            used.foreign_variables(),
            [
                "GITHUB_TOKEN (`idnow.api_key`)",
                "A (`idnow.callback_secret`)"
            ]
        );
    }
}

//! Limits what a file may do that was found in the working directory and not named by the user.
//!
//! Such a file may come with a project that was only downloaded. It must not send credentials or people's data to a host of its author.

use idv::Url;
use idv::adapter::settings::is_loopback;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::FLOW;
use super::overrides::Overrides;
use crate::failure::Failure;
use crate::flow_table::Place;

/// The domains of each vendor, by its document.
const DOMAINS: [(&str, &[&str]); 5] = [
    ("cm-id-scan", &["cm.com"]),
    ("identify24", &["identify24.de"]),
    ("identity-tm", &["identity.tm"]),
    ("idnow", &["idnow.de", "online-ident.ch"]),
    ("verificar-identidad", &["mensatek.com"]),
];

/// The keys of vendors' tables that say where requests go.
const ADDRESSES: [&str; 4] = ["base_url", "gateway_url", "go_url", "host"];

/// Refuses a file whose addresses lead elsewhere than to the vendor or to this machine. The user's own variables may lead anywhere.
pub(super) fn check_hosts(name: &str, root: &DeTable<'_>, tables: &[&str], overrides: &Overrides) -> Result<(), Failure> {
    let refused = |table: &str, key: &str| {
        Failure::usage(format!(
            "{name}: `{table}.{key}` is neither the vendor's nor on this machine, and the file was only found in the working directory; \
             if you trust it, name it: --config {name}"
        ))
    };
    for (table, domains) in DOMAINS.iter().filter(|(table, _)| tables.contains(table)) {
        for key in ADDRESSES.into_iter().filter(|key| !overrides.gives(&[table, key])) {
            if text(root, table, key).is_some_and(|address| !is_known(address, domains)) {
                return Err(refused(table, key));
            }
        }
    }
    let store = if tables.contains(&FLOW) && !overrides.gives(&[FLOW, "store"]) { value(root, FLOW, "store") } else { None };
    let is_local = match store {
        Some(DeValue::String(address)) => Place::is_local(address),
        // A variable is the user's, a file need not be.
        Some(DeValue::Table(reference)) => match reference.get("file").map(Spanned::get_ref) {
            Some(DeValue::String(path)) => {
                std::fs::read_to_string(path.as_ref()).is_ok_and(|address| Place::is_local(address.trim()))
            }
            _ => true,
        },
        _ => true,
    };
    if is_local { Ok(()) } else { Err(refused(FLOW, "store")) }
}

/// Lists the variables that a file takes credentials from and that are not the project's: `idnow.api_key` from `API_TOKEN`.
pub(super) fn foreign_variables(root: &DeTable<'_>, tables: &[&str]) -> Vec<String> {
    let mut foreign = Vec::new();
    for (key, value) in root {
        let table = key.get_ref().as_ref();
        if let (true, DeValue::Table(inner)) = (tables.contains(&table), value.get_ref()) {
            for (key, value) in inner {
                for variable in references(value.get_ref()) {
                    foreign.push(format!("{variable} (`{table}.{}`)", key.get_ref()));
                }
            }
        }
    }
    foreign
}

/// The variables that a value refers to and that are not the project's.
fn references(value: &DeValue<'_>) -> Vec<String> {
    match value {
        DeValue::Array(values) => values.iter().flat_map(|value| references(value.get_ref())).collect(),
        DeValue::Table(reference) => match reference.get("env").map(Spanned::get_ref) {
            Some(DeValue::String(name)) if !name.starts_with("IDV_") => vec![name.to_string()],
            _ => Vec::new(),
        },
        _ => Vec::new(),
    }
}

fn value<'a, 'i>(root: &'a DeTable<'i>, table: &str, key: &str) -> Option<&'a DeValue<'i>> {
    match root.get(table)?.get_ref() {
        DeValue::Table(table) => Some(table.get(key)?.get_ref()),
        _ => None,
    }
}

fn text<'a>(root: &'a DeTable<'_>, table: &str, key: &str) -> Option<&'a str> {
    match value(root, table, key)? {
        DeValue::String(text) => Some(text),
        _ => None,
    }
}

/// Returns whether an address or a host's name is on this machine or in one of the domains.
fn is_known(address: &str, domains: &[&str]) -> bool {
    // A word like `de` stands for one of the vendor's hosts.
    if !address.is_empty() && address.bytes().all(|byte| byte.is_ascii_alphabetic()) {
        return true;
    }
    let url = if address.contains("://") { Url::parse(address) } else { Url::parse(&format!("https://{address}")) };
    url.is_ok_and(|url| {
        let host = url.host_str().unwrap_or_default();
        let is_in = |domain: &&str| host == *domain || host.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.'));
        is_loopback(&url) || domains.iter().any(is_in)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_vendor_and_this_machine_are_known() {
        let domains = ["idnow.de", "online-ident.ch"];
        for address in [
            "https://gateway.idnow.de",
            "https://idnow.de:8443/x",
            "test",
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
    fn foreign_variables_of_used_tables_are_listed() {
        let file = "[idnow]\napi_key = { env = 'GITHUB_TOKEN' }\ncallback_secret = [{ env = 'A' }, { env = 'IDV_B' }]\n\
                    [identity-tm]\npassword = { env = 'UNUSED' }\n[flow]\nkey = { env = 'KEY' }\n";
        let table = DeTable::parse(file).unwrap();
        assert_eq!(
            foreign_variables(table.get_ref(), &["idnow", "flow"]),
            ["KEY (`flow.key`)", "GITHUB_TOKEN (`idnow.api_key`)", "A (`idnow.callback_secret`)"]
        );
    }
}

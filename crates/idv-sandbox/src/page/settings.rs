//! The settings of a client for each vendor, to copy.

use std::fmt::Write as _;

use http::uri::Authority;
use maud::{Markup, html};

use super::layout::{Section, View, copyable};
use crate::exchange::Answer;
use crate::route::Port;
use crate::vendor::{Entry, Setting, VENDORS};

pub(super) fn show(view: &View<'_>) -> Answer {
    let shared: Option<Authority> = view
        .request
        .header("host")
        .filter(|_| view.port == Port::Shared)
        .and_then(|host| host.parse().ok());
    let main = html! {
        h1 { "Settings" }
        p { "The credentials are samples of the vendors' documents. They protect nothing." }
        nav.filter aria-label="Vendors" {
            ul { @for vendor in VENDORS { li { a href={ "#" (vendor.id) } { (vendor.name) } } } }
        }
        @for vendor in VENDORS { (of_vendor(view, vendor, shared.as_ref())) }
        section.card aria-labelledby="sandbox" {
            h2 #sandbox { "The sandbox" }
            p { "Programs drive it by the " a href="/_control/" { "control plane" } "." }
            form method="post" action="/_page/reset" {
                p.quiet { "A reset removes verifications, accounts' settings, faults and records. The clock keeps its time." }
                button.danger { "Reset the sandbox" }
            }
        }
    };
    view.page(Section::Settings, "Settings", &main)
}

fn of_vendor(view: &View<'_>, vendor: &Entry, shared: Option<&Authority>) -> Markup {
    let address = (vendor.pages)(view.state);
    let settings = (vendor.settings)(view.state, &address);
    let id = |part: &str| format!("{}-{part}", vendor.id);
    html! {
        section.card aria-labelledby=(vendor.id) {
            h2 id=(vendor.id) { (vendor.name) }
            h3 { "For a client of your own" }
            dl.facts {
                dt { "Address" } dd.breaks { code { (address) } }
                dt { "Host names" }
                dd.breaks {
                    (vendor.hosts.join(", "))
                    @if let Some(shared) = shared {
                        span.quiet { " – also on the shared port " (shared.port_u16().map_or_else(|| shared.to_string(), |port| port.to_string())) ", by the Host header" }
                    }
                }
                @for Setting { key, value, .. } in settings.iter().filter(|setting| setting.value != address) {
                    dt { (key) } dd.breaks { code { (value) } }
                }
            }
            h3 { "For idv: environment variables" }
            (copyable(&id("shell"), &format!("Environment variables for {}", vendor.name), &shell(vendor, &settings)))
            h3 { "For idv: configuration file" }
            (copyable(&id("toml"), &format!("Configuration file for {}", vendor.name), &toml(vendor, &settings)))
        }
    }
}

fn variable(vendor: &Entry, key: &str) -> String {
    format!("IDV_{}_{key}", vendor.id.replace('-', "_")).to_ascii_uppercase()
}

/// Returns the settings as commands of a shell.
fn shell(vendor: &Entry, settings: &[Setting]) -> String {
    let mut text = format!("export IDV_PROVIDER={}\n", vendor.id);
    for setting in settings {
        let value = setting.value.replace('\'', r"'\''");
        let _ = writeln!(text, "export {}='{value}'", variable(vendor, setting.key));
    }
    text
}

/// Returns the settings as a configuration file. Secrets are references to environment variables.
fn toml(vendor: &Entry, settings: &[Setting]) -> String {
    let mut text = format!("provider = \"{0}\"\n\n[{0}]\n", vendor.id);
    for setting in settings {
        let _ = if setting.is_secret {
            let variable = variable(vendor, setting.key);
            writeln!(text, "{} = {{ env = \"{variable}\" }}", setting.key)
        } else {
            // A string of JSON is a string of TOML, too.
            writeln!(
                text,
                "{} = {}",
                setting.key,
                serde_json::json!(setting.value)
            )
        };
    }
    text
}

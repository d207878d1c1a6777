//! Protects the page and the control plane against pages of other sites in the developer's browser.

use http::uri::Authority;
use http::{Method, StatusCode};

use crate::exchange::Incoming;
use crate::vendor::Entry;
use crate::world::Worlds;

/// The reason to refuse a request that another site's page may have caused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Threat {
    /// Another site can point its own name at this machine.
    UnknownHost,
    /// The request changes something, and comes from a page of another origin.
    ForeignOrigin,
}

impl Threat {
    pub(crate) const fn status(self) -> StatusCode {
        match self {
            Self::UnknownHost => StatusCode::MISDIRECTED_REQUEST,
            Self::ForeignOrigin => StatusCode::FORBIDDEN,
        }
    }

    /// Returns the reason and the remedy, as an error.
    pub(crate) const fn text(self) -> &'static str {
        match self {
            Self::UnknownHost => {
                "unknown host: use localhost, a vendor's host, or a host that the start of the sandbox allows"
            }
            Self::ForeignOrigin => {
                "a page of another origin cannot change the sandbox: send the request from a program, without `Origin`"
            }
        }
    }
}

/// Returns why a request is refused; `None` if it is allowed.
///
/// The host must be a name of this machine, of a vendor, or one that the start allows. A request that
/// changes anything must come from a page of the same origin, or from a program that is no browser.
pub(crate) fn threat(worlds: &Worlds, request: &Incoming) -> Option<Threat> {
    threat_to(&worlds.state().hosts, request)
}

fn threat_to(hosts: &Hosts, request: &Incoming) -> Option<Threat> {
    let own = request
        .header("host")
        .and_then(|host| host.parse::<Authority>().ok())
        .filter(|own| is_local(own.host()) || hosts.allows(own.host()));
    let Some(own) = own else {
        return Some(Threat::UnknownHost);
    };
    if [Method::GET, Method::HEAD].contains(&request.method) {
        return None;
    }
    let is_foreign_site = request
        .header("sec-fetch-site")
        .is_some_and(|site| !matches!(site, "same-origin" | "none"));
    let is_foreign_origin = request.headers.contains_key("origin")
        && request
            .header("origin")
            .and_then(|origin| origin.split_once("://"))
            .is_none_or(|(_, origin)| !origin.eq_ignore_ascii_case(own.as_str()));
    (is_foreign_site || is_foreign_origin).then_some(Threat::ForeignOrigin)
}

/// Returns whether a host is this machine or a vendor's.
fn is_local(host: &str) -> bool {
    let host = host.to_ascii_lowercase();
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost"
        || host.ends_with(".localhost")
        || address
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback())
        || Entry::of_host(&host).is_some()
}

/// The hosts beside those of this machine and the vendors by which the sandbox can be reached.
#[derive(Debug, Clone, Default)]
pub(crate) struct Hosts {
    /// Whether it can be reached from other machines.
    pub(crate) is_exposed: bool,
    /// The host of the public address.
    pub(crate) public: Option<String>,
}

impl Hosts {
    fn allows(&self, host: &str) -> bool {
        let is_public = self
            .public
            .as_ref()
            .is_some_and(|public| public.eq_ignore_ascii_case(host));
        let address = host.trim_start_matches('[').trim_end_matches(']');
        // An address is no name, and a name without a dot, such as that of a container, is no
        // public one: neither can be another site's.
        let is_private =
            address.parse::<std::net::IpAddr>().is_ok() || !(host.is_empty() || host.contains('.'));
        is_public || (self.is_exposed && is_private)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(method: &str, headers: &[(&str, &str)]) -> Option<u16> {
        let mut request = http::Request::builder().method(method).uri("/_page/clock");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let (head, ()) = request.body(()).unwrap().into_parts();
        let request = Incoming::new(head, bytes::Bytes::new());
        threat_to(&Hosts::default(), &request).map(|threat| threat.status().as_u16())
    }

    #[test]
    fn only_names_of_this_machine_and_of_vendors_are_hosts() {
        for host in [
            "localhost",
            "localhost:7700",
            "LOCALHOST:1",
            "idnow.localhost",
            "127.0.0.1:7700",
            "127.8.0.1",
            "[::1]:7700",
            "[::1]",
            "go.idnow.de",
        ] {
            assert_eq!(refused("GET", &[("host", host)]), None, "{host}");
        }
        for host in [
            "attacker.example",
            "localhost.attacker.example",
            "127.0.0.1.attacker.example",
            "192.0.2.1",
            "0.0.0.0",
            "[::2]",
            "notlocalhost",
            "a b",
            "",
        ] {
            assert_eq!(refused("GET", &[("host", host)]), Some(421), "{host}");
        }
        assert_eq!(refused("GET", &[]), Some(421));
    }

    #[test]
    fn exposed_sandbox_allows_addresses_and_names_without_a_dot() {
        let hosts = |is_exposed, public: Option<&str>| Hosts {
            is_exposed,
            public: public.map(str::to_owned),
        };
        for (host, when_exposed) in [
            ("sandbox", true),
            ("172.17.0.2", true),
            ("[fd00::2]", true),
            ("attacker.example", false),
            ("", false),
        ] {
            assert_eq!(hosts(true, None).allows(host), when_exposed, "{host}");
            assert!(!hosts(false, None).allows(host), "{host}");
        }
        assert!(hosts(false, Some("sandbox.example")).allows("Sandbox.Example"));
        assert!(!hosts(true, Some("sandbox.example")).allows("other.example"));
    }

    #[test]
    fn change_by_another_origin_is_refused() {
        let host = ("host", "localhost:7700");
        for headers in [
            &[host][..],
            &[host, ("origin", "http://localhost:7700")],
            &[host, ("origin", "https://LOCALHOST:7700")],
            &[host, ("sec-fetch-site", "same-origin")],
            &[host, ("sec-fetch-site", "none")],
        ] {
            assert_eq!(refused("POST", headers), None, "{headers:?}");
        }
        for headers in [
            &[host, ("origin", "null")][..],
            &[host, ("origin", "")],
            &[host, ("origin", "http://localhost:3000")],
            &[host, ("origin", "http://127.0.0.1:7700")],
            &[host, ("origin", "https://attacker.example")],
            &[host, ("sec-fetch-site", "cross-site")],
            &[host, ("sec-fetch-site", "same-site")],
            &[host, ("sec-fetch-site", "")],
            &[
                host,
                ("origin", "http://localhost:7700"),
                ("sec-fetch-site", "cross-site"),
            ],
        ] {
            assert_eq!(refused("POST", headers), Some(403), "{headers:?}");
        }
        assert_eq!(
            refused("GET", &[host, ("sec-fetch-site", "cross-site")]),
            None
        );
    }
}

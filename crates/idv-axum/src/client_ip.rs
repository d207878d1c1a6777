//! The address of the caller.

use std::net::{IpAddr, SocketAddr};

use axum::extract::ConnectInfo;
use http::HeaderName;
use http::request::Parts;

/// The source of the sender's IP address.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ClientIp {
    /// No source: the address is unknown.
    #[default]
    Unknown,
    /// The address of the connection, for a server without a proxy in front.
    ///
    /// Serve the routes with [`serve`](crate::serve) or
    /// [`into_make_service_with_connect_info::<SocketAddr>`](axum::Router::into_make_service_with_connect_info).
    Connection,
    /// A header that the proxy in front sets, such as `x-real-ip` or `x-forwarded-for`.
    ///
    /// Of several addresses the last one counts, which the nearest proxy has added; a sender can
    /// forge the others. Use this only if every request passes through that proxy and the proxy
    /// sets or extends the header in each.
    Header(HeaderName),
}

impl ClientIp {
    /// Returns the address; `None` if it is unknown.
    pub(crate) fn of(&self, request: &Parts) -> Option<IpAddr> {
        let address = match self {
            Self::Unknown => None,
            Self::Connection => request
                .extensions
                .get::<ConnectInfo<SocketAddr>>()
                .map(|ConnectInfo(address)| address.ip()),
            Self::Header(name) => {
                let last = request
                    .headers
                    .get_all(name)
                    .iter()
                    .next_back()?
                    .to_str()
                    .ok()?;
                address(last.rsplit(',').next().unwrap_or_default().trim())
            }
        };
        // Vendors' documents list IPv4 addresses.
        address.map(|address| address.to_canonical())
    }
}

/// Parses an address as proxies write it, with or without a port.
fn address(text: &str) -> Option<IpAddr> {
    let bare = text
        .strip_prefix('[')
        .and_then(|text| text.strip_suffix(']'))
        .unwrap_or(text);
    bare.parse()
        .ok()
        .or_else(|| text.parse::<SocketAddr>().ok().map(|address| address.ip()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(headers: &[(&'static str, &'static str)]) -> Parts {
        let mut request = http::Request::new(()).into_parts().0;
        for (name, value) in headers {
            request.headers.append(*name, value.parse().unwrap());
        }
        request
    }

    fn named() -> ClientIp {
        ClientIp::Header(HeaderName::from_static("x-forwarded-for"))
    }

    #[test]
    fn unconfigured_header_is_ignored() {
        let request = request(&[
            ("x-forwarded-for", "192.0.2.1"),
            ("forwarded", "for=192.0.2.1"),
            ("x-real-ip", "192.0.2.1"),
        ]);
        assert_eq!(ClientIp::default().of(&request), None);
        assert_eq!(ClientIp::Connection.of(&request), None);
        assert_eq!(
            named().of(&self::request(&[("x-real-ip", "192.0.2.1")])),
            None
        );
    }

    #[test]
    fn last_address_of_header_counts() {
        let expected: IpAddr = "192.0.2.7".parse().unwrap();
        for headers in [
            [
                ("x-forwarded-for", "212.211.189.136"),
                ("x-forwarded-for", "192.0.2.7"),
            ],
            [
                ("x-forwarded-for", "212.211.189.136"),
                ("x-forwarded-for", "212.211.189.136, 192.0.2.7:4711"),
            ],
            [
                ("x-other", "212.211.189.136"),
                ("x-forwarded-for", "::ffff:192.0.2.7"),
            ],
        ] {
            assert_eq!(
                named().of(&request(&headers)),
                Some(expected),
                "{headers:?}"
            );
        }
        let six: IpAddr = "2001:db8::1".parse().unwrap();
        for written in ["2001:db8::1", "[2001:db8::1]", "[2001:db8::1]:443"] {
            assert_eq!(
                named().of(&request(&[("x-forwarded-for", written)])),
                Some(six),
                "{written}"
            );
        }
        for written in [
            "",
            "unknown",
            "192.0.2.7, ",
            "192.0.2",
            "192.0.2.7 212.211.189.136",
        ] {
            assert_eq!(
                named().of(&request(&[("x-forwarded-for", written)])),
                None,
                "{written}"
            );
        }
    }

    #[test]
    fn connection_address_is_used() {
        let mut request = request(&[]);
        request
            .extensions
            .insert(ConnectInfo(SocketAddr::from(([192, 0, 2, 7], 4711))));
        assert_eq!(
            ClientIp::Connection.of(&request),
            Some(IpAddr::from([192, 0, 2, 7]))
        );
        assert_eq!(ClientIp::Unknown.of(&request), None);
    }
}

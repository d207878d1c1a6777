//! From which address a request came.

use std::net::{IpAddr, SocketAddr};

use axum::extract::ConnectInfo;
use http::HeaderName;
use http::request::Parts;

/// Where the address of whoever calls is known from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Source {
    /// From nowhere: it is not known.
    #[default]
    Unknown,
    /// From the connection: for a server that is reached directly. It is served with
    /// [`into_make_service_with_connect_info::<SocketAddr>`](axum::Router::into_make_service_with_connect_info).
    Connection,
    /// From a header that the proxy in front sets, such as `x-real-ip` or `x-forwarded-for`. Of several addresses in it the last counts,
    /// which the nearest proxy has written: what stands before it, anybody could have.
    ///
    /// Name it only where no request comes in but through that proxy, and it replaces or extends the header in each.
    Header(HeaderName),
}

impl Source {
    /// The address; `None` where it is not known.
    pub(crate) fn of(&self, request: &Parts) -> Option<IpAddr> {
        let address = match self {
            Self::Unknown => None,
            Self::Connection => request.extensions.get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(address)| address.ip()),
            Self::Header(name) => {
                let last = request.headers.get_all(name).iter().next_back()?.to_str().ok()?;
                address(last.rsplit(',').next().unwrap_or_default().trim())
            }
        };
        // A vendor's document writes its addresses as those of IPv4.
        address.map(|address| address.to_canonical())
    }
}

/// An address as proxies write it: some add the port.
fn address(text: &str) -> Option<IpAddr> {
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    bare.parse().ok().or_else(|| text.parse::<SocketAddr>().ok().map(|address| address.ip()))
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

    fn named() -> Source {
        Source::Header(HeaderName::from_static("x-forwarded-for"))
    }

    #[test]
    fn a_header_that_nobody_named_tells_nothing() {
        let request = request(&[("x-forwarded-for", "192.0.2.1"), ("forwarded", "for=192.0.2.1"), ("x-real-ip", "192.0.2.1")]);
        assert_eq!(Source::default().of(&request), None);
        assert_eq!(Source::Connection.of(&request), None);
        assert_eq!(named().of(&self::request(&[("x-real-ip", "192.0.2.1")])), None);
    }

    #[test]
    fn of_several_addresses_the_nearest_proxys_counts() {
        let expected: IpAddr = "192.0.2.7".parse().unwrap();
        for headers in [
            [("x-forwarded-for", "212.211.189.136"), ("x-forwarded-for", "192.0.2.7")],
            [("x-forwarded-for", "212.211.189.136"), ("x-forwarded-for", "212.211.189.136, 192.0.2.7:4711")],
            [("x-other", "212.211.189.136"), ("x-forwarded-for", "::ffff:192.0.2.7")],
        ] {
            assert_eq!(named().of(&request(&headers)), Some(expected), "{headers:?}");
        }
        let six: IpAddr = "2001:db8::1".parse().unwrap();
        for written in ["2001:db8::1", "[2001:db8::1]", "[2001:db8::1]:443"] {
            assert_eq!(named().of(&request(&[("x-forwarded-for", written)])), Some(six), "{written}");
        }
        for written in ["", "unknown", "192.0.2.7, ", "192.0.2", "192.0.2.7 212.211.189.136"] {
            assert_eq!(named().of(&request(&[("x-forwarded-for", written)])), None, "{written}");
        }
    }

    #[test]
    fn the_connection_tells_its_other_end() {
        let mut request = request(&[]);
        request.extensions.insert(ConnectInfo(SocketAddr::from(([192, 0, 2, 7], 4711))));
        assert_eq!(Source::Connection.of(&request), Some(IpAddr::from([192, 0, 2, 7])));
        assert_eq!(Source::Unknown.of(&request), None);
    }
}

//! A browser without a network, for the tests of the page.

#![allow(dead_code, reason = "each file of tests uses a part of it")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use bytes::Bytes;
use http::Request;
use idv_sandbox::Sandbox;

/// A value that breaks a page that does not escape it.
pub(crate) const HOSTILE: &str = "<script>alert('x')</script>\"><img src=x onerror=y>";

/// Sends requests to one host.
#[derive(Clone)]
pub(crate) struct Browser<'a> {
    sandbox: &'a Sandbox,
    host: String,
    headers: Vec<(&'static str, String)>,
}

/// A page.
pub(crate) struct Page {
    pub(crate) status: u16,
    headers: http::HeaderMap,
    pub(crate) text: String,
}

impl<'a> Browser<'a> {
    pub(crate) fn at(sandbox: &'a Sandbox, host: &str) -> Self {
        Self {
            sandbox,
            host: host.to_owned(),
            headers: Vec::new(),
        }
    }

    /// Sends a further header.
    pub(crate) fn with(&self, name: &'static str, value: &str) -> Self {
        let mut browser = self.clone();
        browser.headers.push((name, value.to_owned()));
        browser
    }

    /// Sends another name to the same address.
    pub(crate) fn named(&self, name: &str) -> Self {
        self.with("host", name)
    }

    pub(crate) async fn get(&self, path: &str) -> Page {
        self.send("GET", path, String::new()).await
    }

    pub(crate) async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Page {
        let form = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(fields)
            .finish();
        self.send("POST", path, form).await
    }

    async fn send(&self, method: &str, path: &str, body: String) -> Page {
        let mut request = Request::builder()
            .method(method)
            .uri(format!("http://{}{path}", self.host))
            .header("content-type", "application/x-www-form-urlencoded");
        for (name, value) in &self.headers {
            request = request.header(*name, value);
        }
        let request = request.body(Bytes::from(body)).unwrap();
        let (head, body) = self.sandbox.exchange(request).await.unwrap().into_parts();
        Page {
            status: head.status.as_u16(),
            headers: head.headers,
            text: String::from_utf8(body.whole().unwrap().to_vec()).unwrap(),
        }
    }
}

impl Page {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// Returns the text between two others.
    #[track_caller]
    pub(crate) fn between(&self, start: &str, end: &str) -> &str {
        let (_, rest) = self.text.split_once(start).unwrap();
        rest.split_once(end).unwrap().0
    }

    /// Returns the rows of the page's only table.
    pub(crate) fn rows(&self) -> Vec<&str> {
        match self.text.split_once("<tbody>") {
            Some((_, body)) => {
                let body = body.split_once("</tbody>").unwrap().0;
                body.split("<tr ").skip(1).collect()
            }
            None => Vec::new(),
        }
    }

    /// Checks the headers that protect the page.
    #[track_caller]
    pub(crate) fn assert_secured(&self) {
        assert_eq!(
            self.header("content-security-policy"),
            Some("default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'")
        );
        self.assert_common();
    }

    /// Checks the headers that protect a person's page.
    #[track_caller]
    pub(crate) fn assert_secured_person(&self) {
        assert_eq!(
            self.header("content-security-policy"),
            Some("default-src 'self'; base-uri 'none'")
        );
        self.assert_common();
    }

    #[track_caller]
    fn assert_common(&self) {
        assert_eq!(self.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(self.header("referrer-policy"), Some("same-origin"));
        assert_eq!(self.header("cache-control"), Some("no-store"));
    }

    /// Checks that no hostile value became an element or an attribute.
    #[track_caller]
    pub(crate) fn assert_escaped(&self, place: &str) {
        let scripts = self.text.matches("<script").count();
        assert!(scripts <= 1, "{place}: {}", self.text);
        assert!(
            !self.text.contains("<img") && !self.text.contains("alert('x')</script>"),
            "{place}"
        );
    }
}

/// Percent-encodes a text.
pub(crate) fn encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes())
        .collect::<String>()
        .replace('+', "%20")
}

//! The response to an order (chapter 3.1.5).

use std::fmt;

use idv_core::adapter::wire::{self, object};
use idv_core::{Error, Pii, Result, Secret, SessionUrl, Text, Url};
use serde_json::Value;

use crate::api::OrderId;
use crate::wire::words;

/// An accepted order (chapter 3.1.5). `Debug` redacts ids and the reference, and prints only the
/// hosts of links.
#[derive(Clone)]
#[non_exhaustive]
pub struct PutOrderResponse {
    /// The vendor's id of the order.
    pub order_id: OrderId,
    /// The application's reference, as the vendor stored it.
    pub reference: Option<String>,
    /// The page on which the person chooses a way of identification, if
    /// [`Order::target_link`](super::Order::target_link) requested it.
    pub target_url: Option<SessionUrl>,
    /// The link that opens the app, if [`Order::deep_link`](super::Order::deep_link) requested it.
    pub deep_link_url: Option<SessionUrl>,
    /// The page of the automatic identification, if
    /// [`Order::auto_id_link`](super::Order::auto_id_link) requested it.
    pub auto_id_url: Option<SessionUrl>,
    /// Whether the vendor accepted signed data of an earlier identification, if the order contains
    /// such data (chapter 7).
    pub signed_data_accepted: Option<bool>,
    /// The video system's identifiers of the order, if
    /// [`Order::video_hashes`](super::Order::video_hashes) requested them.
    pub video_hashes: Option<VideoHashes>,
    /// The user's id, if an agent is onboarded.
    pub user_id: Option<String>,
    /// The user's token, if an agent is onboarded.
    pub user_token: Option<Secret>,
    /// The vendor's description of an error that did not prevent the order.
    pub error: Option<Pii<String>>,
}

/// The video system's identifiers of an order. They open the person's session.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct VideoHashes {
    /// For the apps.
    pub short_code: Option<Secret>,
    /// For the SDK.
    pub long_code: Option<Secret>,
}

impl PutOrderResponse {
    /// Parses the response (chapter 3.1.5).
    ///
    /// An unusable optional member is treated as absent, because the order was placed.
    ///
    /// ```
    /// use idv_identity_tm::api::order::PutOrderResponse;
    ///
    /// let response = PutOrderResponse::read(br#"{"OrderID": "99921269855041",
    ///     "VideoHashes": {"ShortCode": "SHU8T", "LongCode": "a9PPz-eFcNBifsk--bNJ"}}"#)?;
    /// assert_eq!(response.order_id.as_str(), "99921269855041");
    /// let short_code = response.video_hashes.and_then(|hashes| hashes.short_code);
    /// assert_eq!(short_code.as_ref().map(idv_core::Secret::expose), Some("SHU8T"));
    ///
    /// let refused = PutOrderResponse::read(br#"{"Error": "Email missing"}"#);
    /// let error = refused.expect_err("no order");
    /// assert_eq!(error.vendor_text().map(|text| text.expose().as_str()), Some("Email missing"));
    /// # Ok::<(), idv_core::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Malformed`](idv_core::ErrorKind::Malformed) if the response cannot be parsed or names no
    /// order; the error's [`vendor_text`](idv_core::Error::vendor_text) is the vendor's
    /// description.
    pub fn read(body: &[u8]) -> Result<Self> {
        let text = wire::decoded_tolerantly(body);
        if !text.trim_ascii_start().starts_with('{') {
            return Err(Error::malformed("the response is not a JSON object"));
        }
        let wire: Wire<'_> = wire::read_json(&text)?;
        let description = wire.error.as_ref().and_then(words);
        let Some(order_id) = non_empty_text(wire.order_id) else {
            let error = Error::malformed("the response names no order: `OrderID` is missing");
            return Err(match description {
                Some(text) => error.with_vendor_text(text),
                None => error,
            });
        };
        let order_id = OrderId::parse(order_id).map_err(|_| {
            Error::malformed(
                "invalid `OrderID` in the response: expected 1 to 20 ASCII letters and digits",
            )
        })?;
        let hashes = wire.video_hashes;
        let hashes = VideoHashes {
            short_code: non_empty_text(hashes.short_code).map(Secret::new),
            long_code: non_empty_text(hashes.long_code).map(Secret::new),
        };
        let has_hashes = hashes.short_code.is_some() || hashes.long_code.is_some();
        Ok(Self {
            order_id,
            reference: non_empty_text(wire.reference),
            target_url: link(wire.target_url),
            deep_link_url: link(wire.deep_link_url),
            auto_id_url: link(wire.auto_id_url),
            signed_data_accepted: wire.signed_data_accepted,
            video_hashes: has_hashes.then_some(hashes),
            user_id: non_empty_text(wire.user_id),
            user_token: non_empty_text(wire.user_token).map(Secret::new),
            error: description.map(Pii::new),
        })
    }
}

impl fmt::Debug for PutOrderResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PutOrderResponse")
            .field("target_url", &self.target_url)
            .field("deep_link_url", &self.deep_link_url)
            .field("auto_id_url", &self.auto_id_url)
            .field("signed_data_accepted", &self.signed_data_accepted)
            .finish_non_exhaustive()
    }
}

fn non_empty_text(text: Option<Text<'_>>) -> Option<String> {
    text.map(|text| text.expose().trim().to_owned())
        .filter(|text| !text.is_empty())
}

/// Returns a link that a person can be sent to.
fn link(text: Option<Text<'_>>) -> Option<SessionUrl> {
    let url = Url::parse(&non_empty_text(text)?).ok()?;
    matches!(url.scheme(), "http" | "https").then(|| SessionUrl::new(url))
}

object! {
    #[derive(Default)]
    struct Wire<'a> {
        "OrderID" order_id: Option<Text<'a>>,
        "Ref" reference: Option<Text<'a>>,
        "TargetURL" target_url: Option<Text<'a>>,
        "DeepLinkURL" deep_link_url: Option<Text<'a>>,
        // The document's text has an l instead of an I.
        "AutoIdURL" | "AutoldURL" | "AutoIDURL" auto_id_url: Option<Text<'a>>,
        "SignedDataAccepted" signed_data_accepted: Option<bool>,
        "VideoHashes" video_hashes: WireHashes<'a>,
        "UserID" user_id: Option<Text<'a>>,
        "UserToken" user_token: Option<Text<'a>>,
        "Error" error: Option<Value>,
    }
}

object! {
    #[derive(Default)]
    struct WireHashes<'a> {
        "ShortCode" short_code: Option<Text<'a>>,
        "LongCode" long_code: Option<Text<'a>>,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TARGET: &str = "https://www.identity.tm/status/37C4";

    fn read(rest: &str) -> PutOrderResponse {
        PutOrderResponse::read(
            format!("{{\"OrderID\":\"99921269855041\",\"TargetURL\":\"{TARGET}\",{rest}}}")
                .as_bytes(),
        )
        .unwrap()
    }

    fn url(link: Option<&SessionUrl>) -> Option<&str> {
        link.map(|link| link.expose().as_str())
    }

    #[test]
    fn invalid_optional_member_affects_no_other() {
        for rest in [
            r#""DeepLinkURL":false"#,
            r#""DeepLinkURL":"identitytm://ident/37C4""#,
            r#""DeepLinkURL":"not a link""#,
            r#""AutoIdURL":[]"#,
            r#""VideoHashes":"""#,
            r#""VideoHashes":[]"#,
            r#""VideoHashes":{"ShortCode":{}}"#,
            r#""Error":[]"#,
            r#""Error":null"#,
            r#""UserToken":5"#,
            r#""UserID":[1]"#,
            r#""Ref":{}"#,
            r#""SignedDataAccepted":"perhaps""#,
            r#""Added":12345678901234567890123456789012"#,
        ] {
            let created = read(rest);
            assert_eq!(
                (created.order_id.as_str(), url(created.target_url.as_ref())),
                ("99921269855041", Some(TARGET)),
                "{rest}"
            );
            assert!(
                created.deep_link_url.is_none()
                    && created.auto_id_url.is_none()
                    && created.video_hashes.is_none(),
                "{rest}"
            );
            assert!(
                created.reference.is_none()
                    && created.user_id.is_none()
                    && created.signed_data_accepted.is_none(),
                "{rest}"
            );
        }
        assert_eq!(read(r#""UserToken":5"#).user_token.unwrap().expose(), "5");
        assert_eq!(read(r#""Error":["x"]"#).error.unwrap().expose(), "[\"x\"]");
        assert_eq!(
            read(r#""VideoHashes":{"ShortCode":12345}"#)
                .video_hashes
                .unwrap()
                .short_code
                .unwrap()
                .expose(),
            "12345"
        );
        for body in [
            &b"\xEF\xBB\xBF{\"OrderID\":99921269855041}"[..],
            b" {\"OrderID\":\"99921269855041\",\"Error\":\"M\xFCller\"}",
        ] {
            assert_eq!(
                PutOrderResponse::read(body).unwrap().order_id.as_str(),
                "99921269855041"
            );
        }
    }

    #[test]
    fn links_are_web_urls() {
        let created =
            read(r#""DeepLinkURL":"https://a.example/d","AutoldURL":" http://a.example/a ""#);
        assert_eq!(
            url(created.deep_link_url.as_ref()),
            Some("https://a.example/d")
        );
        assert_eq!(
            url(created.auto_id_url.as_ref()),
            Some("http://a.example/a")
        );
        let body = br#"{"OrderID":"1","TargetURL":"javascript:alert(1)"}"#;
        assert!(PutOrderResponse::read(body).unwrap().target_url.is_none());
    }

    #[test]
    fn response_without_order_is_malformed() {
        for (body, code) in [
            (r#"{"Error":"Email missing"}"#, Some("Email missing")),
            (r#"{"OrderID":"","Error":{"a":1}}"#, Some("{\"a\":1}")),
            (r#"{"OrderID":null}"#, None),
            (r#"{"OrderID":["1"]}"#, None),
            (r#"{"OrderID":"a/b"}"#, None),
            ("[1]", None),
            ("", None),
            (r#"{"OrderID":"1""#, None),
        ] {
            let error = PutOrderResponse::read(body.as_bytes()).unwrap_err();
            assert_eq!(
                (
                    error.kind(),
                    error.vendor_text().map(|text| text.expose().as_str())
                ),
                (&idv_core::ErrorKind::Malformed, code),
                "{body}"
            );
            assert!(!error.to_string().contains("Email"));
        }
    }
}

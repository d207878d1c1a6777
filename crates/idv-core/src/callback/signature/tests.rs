use http::{HeaderMap, Method};

use super::*;
use crate::callback::CallbackAuth;

fn delivery(
    headers: &[(&'static str, &str)],
    body: &'static [u8],
    received_at: Option<i64>,
) -> Delivery {
    let headers = headers
        .iter()
        .map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap()))
        .collect::<HeaderMap>();
    let delivery = Delivery::callback(Method::POST, "/callback".parse().unwrap(), headers, body);
    match received_at {
        Some(at) => delivery.received_at(Timestamp::from_second(at).unwrap()),
        None => delivery,
    }
}

fn holds(auth: &CallbackAuth, delivery: &Delivery) -> bool {
    let verified = auth.verify(delivery, "subject");
    assert_eq!(auth.proves(delivery), verified.is_ok());
    verified.is_ok_and(crate::Trust::is_proven)
}

/// The example of the Standard Webhooks specification and of its reference libraries.
mod standard_webhooks {
    use super::*;

    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    const ID: &str = "msg_p5jXN8AQM9LWM0D4loKWxJek";
    const TIME: i64 = 1_614_265_330;
    const SIGNATURE: &str = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
    const BODY: &[u8] = br#"{"test": 2432232314}"#;

    fn signed(signature: &str, received_at: Option<i64>) -> Delivery {
        let time = TIME.to_string();
        delivery(
            &[
                ("webhook-id", ID),
                ("webhook-timestamp", &time),
                ("webhook-signature", signature),
            ],
            BODY,
            received_at,
        )
    }

    fn auth(secrets: &[&str]) -> CallbackAuth {
        CallbackAuth::signature(
            SignatureScheme::standard_webhooks(),
            secrets.iter().map(|secret| (*secret).into()),
        )
        .unwrap()
    }

    #[test]
    fn published_example_is_accepted() {
        assert!(holds(&auth(&[SECRET]), &signed(SIGNATURE, Some(TIME))));
        assert!(!holds(
            &auth(&["whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"]),
            &signed(SIGNATURE, Some(TIME))
        ));
    }

    #[test]
    fn any_secret_and_any_signature_is_accepted() {
        let older = "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
        for signatures in [
            format!("v1,AAAA {SIGNATURE}"),
            format!("v1a,xyz {SIGNATURE} v1,?"),
        ] {
            assert!(
                holds(&auth(&[older, SECRET]), &signed(&signatures, Some(TIME))),
                "{signatures}"
            );
            assert!(
                !holds(&auth(&[older]), &signed(&signatures, Some(TIME))),
                "{signatures}"
            );
        }
        let many = format!("{}{SIGNATURE}", "v1,AAAA ".repeat(16));
        assert!(
            !holds(&auth(&[SECRET]), &signed(&many, Some(TIME))),
            "more signatures than a vendor sends"
        );
    }

    #[test]
    fn tolerance_applies_in_both_directions() {
        for (received_at, expected) in [
            (Some(TIME - 300), true),
            (Some(TIME + 300), true),
            (Some(TIME - 301), false),
            (Some(TIME + 301), false),
            (None, false),
        ] {
            assert_eq!(
                holds(&auth(&[SECRET]), &signed(SIGNATURE, received_at)),
                expected,
                "{received_at:?}"
            );
        }
        let scheme = SignatureScheme::standard_webhooks().tolerance(Duration::from_secs(10));
        let auth = CallbackAuth::signature(scheme, [SECRET.into()]).unwrap();
        assert!(
            holds(&auth, &signed(SIGNATURE, Some(TIME + 10)))
                && !holds(&auth, &signed(SIGNATURE, Some(TIME + 11)))
        );
    }

    #[test]
    fn changed_text_or_missing_header_is_refused() {
        let auth = auth(&[SECRET]);
        let time = TIME.to_string();
        let headers = [
            ("webhook-id", ID),
            ("webhook-timestamp", time.as_str()),
            ("webhook-signature", SIGNATURE),
        ];
        assert!(!holds(
            &auth,
            &delivery(&headers, br#"{"test": 2432232315}"#, Some(TIME))
        ));
        for missing in 0..3 {
            let others: Vec<_> = headers
                .iter()
                .enumerate()
                .filter(|(index, _)| *index != missing)
                .map(|(_, it)| *it)
                .collect();
            let delivery = delivery(&others, BODY, Some(TIME));
            assert!(!holds(&auth, &delivery), "{missing}");
            assert_eq!(
                auth.precheck(&delivery).is_ok(),
                missing != 2,
                "only the presence of a signature is checked before the body is read"
            );
        }
        let mut other = headers;
        other[1].1 = "1614265331";
        assert!(!holds(&auth, &delivery(&other, BODY, Some(TIME))));
    }

    #[test]
    fn damaged_secret_is_refused_and_not_printed() {
        let error = CallbackAuth::signature(
            SignatureScheme::standard_webhooks(),
            ["whsec_not Base64 at all".into()],
        )
        .unwrap_err();
        assert!(
            !format!("{error} {error:?}").contains("Base64 at all"),
            "{error}"
        );
        assert!(!format!("{:?}", auth(&[SECRET])).contains("MfKQ9r8G"));
    }
}

/// Computed with another implementation of HMAC, by the scheme that Stripe documents ("Verify
/// webhook signatures manually").
#[test]
fn signature_with_a_timestamp_is_accepted() {
    const BODY: &[u8] = br#"{"id":"evt_test_webhook","object":"event"}"#;
    const NEW: &str = "c1ae2020d229bd9e6cc7acb9882bdd4617399a73aa6aba773c4de68709df0332";
    const OLD: &str = "2ef1b239ef45b978f9e82ed56bc929f0bbcaba7332f28f5310763771cad8cc2e";
    let scheme = || {
        SignatureScheme::timestamped(
            "stripe-signature",
            SignatureAlgorithm::HmacSha256,
            SignatureEncoding::Hex,
        )
        .unwrap()
    };
    let new = CallbackAuth::signature(scheme(), ["whsec_test_secret_1234567".into()]).unwrap();
    let both = CallbackAuth::signature(
        scheme(),
        [
            "whsec_test_secret_1234567".into(),
            "whsec_older_secret_7654321".into(),
        ],
    )
    .unwrap();
    for (header, by_new, by_both) in [
        (format!("t=1492774577,v1={NEW},v0=6ffbb59b"), true, true),
        (format!("t=1492774577, v1={OLD}, v1={NEW}"), true, true),
        (format!("t=1492774577,v1={OLD}"), false, true),
        (format!("t=1492774577,v0={NEW}"), false, false),
        (format!("t=1492774578,v1={NEW}"), false, false),
        (format!("t=,v1={NEW}"), false, false),
        (format!("v1={NEW}"), false, false),
        (format!("t=99999999999999999999,v1={NEW}"), false, false),
        ("t=1492774577,v1=".to_owned(), false, false),
        ("t=1492774577".to_owned(), false, false),
        (String::new(), false, false),
    ] {
        let delivery = delivery(&[("stripe-signature", &header)], BODY, Some(1_492_774_600));
        assert_eq!(
            (holds(&new, &delivery), holds(&both, &delivery)),
            (by_new, by_both),
            "{header}"
        );
    }
    let upper = format!("t=1492774577,v1={}", NEW.to_uppercase());
    assert!(holds(
        &new,
        &delivery(&[("stripe-signature", &upper)], BODY, Some(1_492_774_600))
    ));
    let named = scheme().members("timestamp", "signature");
    let named = CallbackAuth::signature(named, ["whsec_test_secret_1234567".into()]).unwrap();
    let header = format!("timestamp=1492774577,signature={NEW}");
    assert!(holds(
        &named,
        &delivery(&[("stripe-signature", &header)], BODY, Some(1_492_774_600))
    ));
}

/// Computed with another implementation of HMAC, by the scheme that Onfido documents
/// (`X-SHA2-Signature`).
#[test]
fn signature_of_the_body_alone_is_accepted() {
    const BODY: &[u8] =
        br#"{"payload":{"resource_type":"check","action":"check.completed","object":{"id":"check-123","status":"complete"}}}"#;
    const SECRET: &str = "very_secret_token_0123";
    const HEX: &str = "baac065b34162166d874a3057139581ca822dc771f80a8b1207c03023b0ab057";
    const BASE64: &str =
        "yQwllCrmHjavabErYHbyPJS9UsZJhKUZoxb0B4AzeYEbqM55nuLpYr5yPV5wsN6azEQko28wfmbxSzJw+DBxbg==";
    let scheme = |algorithm, encoding| {
        SignatureScheme::body("x-sha2-signature", algorithm, encoding).unwrap()
    };
    let sha256 = scheme(SignatureAlgorithm::HmacSha256, SignatureEncoding::Hex);
    let sha512 = scheme(SignatureAlgorithm::HmacSha512, SignatureEncoding::Base64);
    for (scheme, signature, expected) in [
        (&sha256, HEX.to_owned(), true),
        (&sha512, BASE64.to_owned(), true),
        (&sha256, BASE64.to_owned(), false),
        (&sha512, HEX.to_owned(), false),
        (&sha256, String::new(), false),
        (&sha256, HEX.chars().take(62).collect(), false),
        (
            &sha256.clone().prefix("sha256="),
            format!("sha256={HEX}"),
            true,
        ),
        (&sha256.clone().prefix("sha256="), HEX.to_owned(), false),
    ] {
        let auth = CallbackAuth::signature(scheme.clone(), [SECRET.into()]).unwrap();
        let delivery = delivery(&[("x-sha2-signature", &signature)], BODY, None);
        assert_eq!(holds(&auth, &delivery), expected, "{scheme:?} {signature}");
    }
    let auth = CallbackAuth::signature(sha256, [SECRET.into()]).unwrap();
    assert!(!holds(
        &auth,
        &delivery(&[("x-sha2-signature", HEX)], b"", None)
    ));
    assert_eq!(auth.proof(), Some(crate::ProofKind::Signature));
}

#[test]
fn short_secret_or_bad_header_name_is_refused() {
    assert!(
        SignatureScheme::body(
            "not a header",
            SignatureAlgorithm::HmacSha256,
            SignatureEncoding::Hex
        )
        .is_err()
    );
    assert!(
        CallbackAuth::signature(SignatureScheme::standard_webhooks(), ["short".into()]).is_err()
    );
    assert!(CallbackAuth::signature(SignatureScheme::standard_webhooks(), []).is_err());
}

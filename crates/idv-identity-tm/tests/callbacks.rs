//! Webhooks (chapter 2.6): authentication, polls that they trigger, and replies.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

use std::net::IpAddr;

use http::{HeaderMap, Method, StatusCode};
use idv_core::{
    CallbackAuth, Channel, Delivery, ErrorKind, Outcome, Provider as _, Reference, Reply,
    ResultState, Secret, Status, Transition, Url, VendorId, VendorInfo, Verification,
    VerificationId,
};
use idv_identity_tm::callback::{self, Event, SOURCES, address, is_documented_source};
use idv_identity_tm::evidence::VIDEO_PROVIDED;
use idv_identity_tm::normalize::{self, Flow};
use idv_identity_tm::{IdentityTm, IdentityTmConfig};

const KEY: &str = "a key of sixteen characters or more";
const ORDER: &str = "99921269855041";
const OTHER_ORDER: &str = "99920006C38842";
const REFERENCE: &str = "6f1c2a9e1c1f4a6b9a520c2d6a1f7e11";
const OTHER_REFERENCE: &str = "0c2d6a1f7e116f1c2a9e1c1f4a6b9a52";

fn guard() -> CallbackAuth {
    CallbackAuth::query_per_subject("token", [KEY.into()]).unwrap()
}

fn provider() -> IdentityTm {
    let mut config = IdentityTmConfig::new("ihrebank", "examplePassword".into());
    config.callback_secret = KEY.into();
    IdentityTm::new(config).unwrap()
}

/// The URL that the vendor calls, with the placeholders of an order's URL replaced.
fn called(event: Event, order: &str, reference: &str, kind: &str) -> String {
    let base: Url = "https://www.example.com/callbacks?tenant=7"
        .parse()
        .unwrap();
    let guard = guard();
    let (name, secret) = guard.parameter_for(reference).unwrap();
    let address = address(&base, event, Some((name, &secret)));
    assert!(
        address.len() <= 250,
        "the vendor takes 250 characters: {}",
        address.len()
    );
    address
        .replace("[OrderID]", order)
        .replace("[Ref]", reference)
        .replace("[statusCode]", kind)
}

fn delivery(method: Method, uri: &str) -> Delivery {
    Delivery::callback(method, uri.parse().unwrap(), HeaderMap::new(), "")
}

#[test]
fn secret_authenticates_only_its_own_order() {
    let provider = provider();
    let capabilities = VendorInfo::of(&provider);
    let verification = |reference: &str, order: &str| {
        let id = VerificationId::new(
            Reference::parse(reference).unwrap(),
            Some(VendorId::new(order)),
        );
        Verification::new(id, &capabilities, None)
    };
    let (mut ours, mut other) = (
        verification(REFERENCE, ORDER),
        verification(OTHER_REFERENCE, OTHER_ORDER),
    );
    for method in [Method::GET, Method::POST, Method::PUT] {
        let received = provider
            .capabilities()
            .callbacks
            .unwrap()
            .receive(&delivery(
                method,
                &called(Event::OnFinal, ORDER, REFERENCE, ""),
            ))
            .unwrap();
        assert_eq!(received.reply, Reply::status(StatusCode::OK));
        let observation = &received.observations[0];
        assert!(observation.trust.is_proven());
        assert_eq!(
            (observation.channel, observation.status),
            (Channel::Callback, None)
        );
        assert_eq!(observation.code.as_deref(), Some("OnFinal"));
        assert_eq!(ours.apply(observation), Transition::PollRequested);
        assert_eq!(other.apply(observation), Transition::WrongSubject);
    }
}

#[test]
fn wrong_or_missing_secret_is_forged() {
    let good = called(Event::OnFinal, ORDER, REFERENCE, "");
    let (without, secret) = good.rsplit_once("&token=").unwrap();
    let others = called(Event::OnFinal, OTHER_ORDER, OTHER_REFERENCE, "");
    let (_, others_secret) = others.rsplit_once("&token=").unwrap();
    let mut forged = vec![
        without.to_owned(),
        format!("{without}&token="),
        format!("{without}&token={}", KEY.replace(' ', "+")),
    ];
    // Another order's secret, and this order's secret for another order.
    forged.push(format!("{without}&token={others_secret}"));
    forged.push(good.replace(REFERENCE, OTHER_REFERENCE));
    forged.push(good.replace(&format!("ref={REFERENCE}&"), ""));
    for index in 0..secret.len() {
        let mut changed = secret.as_bytes().to_vec();
        changed[index] = if changed[index] == b'0' { b'1' } else { b'0' };
        forged.push(format!(
            "{without}&token={}",
            String::from_utf8(changed).unwrap()
        ));
    }
    for uri in forged {
        for method in [Method::GET, Method::POST, Method::PUT] {
            let error = callback::receive(
                &guard(),
                false,
                Flow::Identification,
                &delivery(method, &uri),
            )
            .unwrap_err();
            assert_eq!(error.kind(), &ErrorKind::Forged, "{uri}");
            assert_eq!(Reply::to_error(&error).status, StatusCode::FORBIDDEN);
        }
    }
}

#[test]
fn callback_without_configured_secret_is_a_claim() {
    let uri = "/callback/OnFinal?orderId=99921269855041&ref=4711";
    let received = callback::receive(
        &CallbackAuth::none(),
        false,
        Flow::Identification,
        &delivery(Method::GET, uri),
    )
    .unwrap();
    let observation = &received.observations[0];
    assert!(!observation.trust.is_proven());
    assert_eq!(observation.subject.reference.as_deref(), Some("4711"));
    assert_eq!(observation.code.as_deref(), Some("OnFinal"));
}

#[test]
fn status_callback_is_judged_by_the_orders_flow() {
    let receive = |flow, kind: &str| {
        let uri = called(Event::OnStatusChange, ORDER, REFERENCE, kind);
        let received =
            callback::receive(&guard(), false, flow, &delivery(Method::GET, &uri)).unwrap();
        let observation = received.observations[0].clone();
        assert_eq!(observation.code.as_deref(), Some(kind));
        observation.status
    };
    assert_eq!(
        receive(Flow::Identification, "6"),
        Some(Status::Finished(Outcome::Verified))
    );
    assert_ne!(
        receive(Flow::Esign, "6"),
        Some(Status::Finished(Outcome::Verified))
    );
    assert_eq!(
        receive(Flow::Esign, "84"),
        Some(Status::Finished(Outcome::Verified))
    );
    assert_eq!(receive(Flow::Identification, "4711"), None);
}

#[test]
fn callback_without_order_is_refused() {
    for uri in [
        "/callback",
        "/callback?event=OnFinal",
        "/callback?orderId=[OrderID]&ref=[Ref]",
        "/callback?orderId=",
    ] {
        let error = callback::receive(
            &CallbackAuth::none(),
            false,
            Flow::Identification,
            &delivery(Method::GET, uri),
        )
        .unwrap_err();
        assert_eq!(error.kind(), &ErrorKind::Malformed, "{uri}");
    }
}

#[test]
fn source_check_does_not_replace_the_secret() {
    let uri = called(Event::OnFinal, ORDER, REFERENCE, "");
    let receive = |source: Option<&str>, uri: &str| {
        let delivery = delivery(Method::GET, uri);
        let delivery = match source {
            Some(source) => delivery.from_source(source.parse().unwrap()),
            None => delivery,
        };
        callback::receive(&guard(), true, Flow::Identification, &delivery)
    };
    assert!(receive(Some("212.211.189.140"), &uri).is_ok());
    assert!(receive(Some("::ffff:212.211.189.140"), &uri).is_ok());
    for source in [
        None,
        Some("212.211.189.144"),
        Some("127.0.0.1"),
        Some("::1"),
    ] {
        assert_eq!(
            receive(source, &uri).unwrap_err().kind(),
            &ErrorKind::Forged,
            "{source:?}"
        );
    }
    // It does not replace the secret.
    let without = uri.rsplit_once("&token=").unwrap().0;
    assert_eq!(
        receive(Some("212.211.189.140"), without)
            .unwrap_err()
            .kind(),
        &ErrorKind::Forged
    );
}

#[test]
fn documented_ranges_have_eight_addresses_each() {
    for (first, last) in SOURCES {
        assert_eq!(u32::from(*last) - u32::from(*first), 7);
        assert!(
            is_documented_source(IpAddr::V4(*first)) && is_documented_source(IpAddr::V4(*last))
        );
        assert!(!is_documented_source(IpAddr::V4(
            (u32::from(*first) - 1).into()
        )));
        assert!(!is_documented_source(IpAddr::V4(
            (u32::from(*last) + 1).into()
        )));
    }
}

#[test]
fn provided_video_can_be_fetched() {
    let uri = called(Event::VideoProvided, ORDER, REFERENCE, "");
    let received = callback::receive(
        &guard(),
        false,
        Flow::Identification,
        &delivery(Method::GET, &uri),
    )
    .unwrap();
    let ResultState::Fetchable(handle) = &received.observations[0].result else {
        panic!("nothing to fetch")
    };
    assert_eq!(handle.as_str(), VIDEO_PROVIDED);
}

#[test]
fn return_of_the_person_is_a_claim() {
    let uri = called(Event::OnStatusChange, ORDER, REFERENCE, "6");
    let returning = Delivery::returning(uri.parse().unwrap());
    let received = callback::receive(&guard(), true, Flow::Identification, &returning).unwrap();
    assert_eq!(received.observations[0].channel, Channel::Return);
    assert!(!received.observations[0].trust.is_proven());
    let unnamed = Delivery::returning("/welcome".parse().unwrap());
    assert!(
        callback::receive(&guard(), true, Flow::Identification, &unnamed)
            .unwrap()
            .observations
            .is_empty()
    );
}

#[test]
fn webhook_url_keeps_the_vendors_placeholders() {
    let base: Url = "https://www.example.com/c".parse().unwrap();
    let secret = Secret::from("0123");
    assert_eq!(
        address(&base, Event::OnStatusChange, Some(("token", &secret))),
        "https://www.example.com/c?event=OnStatusChange&orderId=[OrderID]&ref=[Ref]&statusCode=[statusCode]&token=0123"
    );
    assert_eq!(
        address(&base, Event::OnFinal, None),
        "https://www.example.com/c?event=OnFinal&orderId=[OrderID]&ref=[Ref]"
    );
}

#[test]
fn stored_callback_is_parsed_in_each_form() {
    let forms = [
        "https://www.example.com/identity/callback/OnFinal?orderId=99921269855041&ref=4711",
        "/identity/callback/OnFinal?orderId=99921269855041&ref=4711#top",
        "event=OnFinal&orderId=99921269855041&ref=4711\n",
        "OnFinal=99921269855041&ref=4711",
        r#"{"event": "OnFinal", "orderId": 99921269855041, "ref": "4711"}"#,
    ];
    for form in forms {
        let page = normalize::kind(form.as_bytes(), "callback", Flow::Identification).unwrap();
        let observation = &page.observations[0];
        assert_eq!(
            observation.subject.reference.as_deref(),
            Some("4711"),
            "{form}"
        );
        assert_eq!(
            observation.subject.vendor_id.as_ref().map(VendorId::as_str),
            Some(ORDER),
            "{form}"
        );
        assert_eq!(observation.code.as_deref(), Some("OnFinal"), "{form}");
        assert!(!observation.trust.is_proven());
    }
    for broken in [
        "",
        "nothing",
        "a=b",
        "{",
        "{}",
        "[1]",
        "two\nlines?ref=1",
        "\u{1}ref=1",
    ] {
        let error =
            normalize::kind(broken.as_bytes(), "callback", Flow::Identification).unwrap_err();
        assert_eq!(error.kind(), &ErrorKind::Malformed, "{broken:?}");
    }
}

#[test]
fn order_is_found_in_the_path() {
    for (address, reference, order, code) in [
        (
            "/callback/OnFinal/?orderId=99921269855041",
            None,
            Some(ORDER),
            Some("OnFinal"),
        ),
        (
            "/order/99921269855041/OnFinal",
            None,
            Some(ORDER),
            Some("OnFinal"),
        ),
        (
            "/hooks/OnFinal/ref/4711/orderId/99921269855041/",
            Some("4711"),
            Some(ORDER),
            Some("OnFinal"),
        ),
        // Query parameters are identified by their names; a segment of the application's own path
        // is not one.
        (
            "/order/99920006C38842/OnFinal?orderId=99921269855041",
            None,
            Some(ORDER),
            Some("OnFinal"),
        ),
        (
            "/identity/order/callback?ref=4711",
            Some("4711"),
            None,
            None,
        ),
        ("/order/callback/ref/4711", Some("4711"), None, None),
    ] {
        let page = normalize::kind(address.as_bytes(), "callback", Flow::Identification).unwrap();
        let observation = &page.observations[0];
        let subject = &observation.subject;
        assert_eq!(subject.reference.as_deref(), reference, "{address}");
        assert_eq!(
            subject.vendor_id.as_ref().map(VendorId::as_str),
            order,
            "{address}"
        );
        assert_eq!(observation.code.as_deref(), code, "{address}");
    }
    for address in [
        "/order/[OrderID]/OnFinal",
        "/order/callback/OnFinal",
        "/orders/99921269855041",
    ] {
        assert!(
            normalize::kind(address.as_bytes(), "callback", Flow::Identification).is_err(),
            "{address}"
        );
    }
}

#[test]
fn unknown_parameter_is_kept() {
    for (payload, code, custom) in [
        ("event=OnFinal&ref=1", Some("OnFinal"), None),
        (
            "event=OnFinal&ref=1&tenant=7&x=",
            Some("OnFinal"),
            Some(serde_json::json!({"tenant": "7"})),
        ),
        ("event=OnNews&ref=1", Some("OnNews"), None),
        ("event=OnStatusChange&ref=1&statusCode=6", Some("6"), None),
        (
            "event=OnError&ref=1&statusCode=6",
            Some("6"),
            Some(serde_json::json!({"event": "OnError"})),
        ),
        (
            "event=OnFinal&ref=1&ref=2",
            Some("OnFinal"),
            Some(serde_json::json!({"ref": "2"})),
        ),
        ("event=OnFinal&ref=1&reference=1", Some("OnFinal"), None),
        (
            r#"{"ref":1,"event":"OnFinal","news":{"a":[1]},"orderId":null,"long":123456789012345678901234}"#,
            Some("OnFinal"),
            Some(serde_json::json!({"news": {"a": [1]}, "long": "123456789012345678901234"})),
        ),
        (
            r#"{"ref":"1","orderId":["9"]}"#,
            None,
            Some(serde_json::json!({"orderId": ["9"]})),
        ),
    ] {
        let observation = normalize::kind(payload.as_bytes(), "callback", Flow::Identification)
            .unwrap()
            .observations
            .remove(0);
        assert_eq!(
            observation.subject.reference.as_deref(),
            Some("1"),
            "{payload}"
        );
        assert_eq!(observation.code.as_deref(), code, "{payload}");
        let kept = observation.report().map(|report| {
            report
                .custom
                .iter()
                .map(|(name, value)| (name.clone(), value.expose().clone()))
                .collect::<serde_json::Value>()
        });
        assert_eq!(kept, custom, "{payload}");
    }
    // Other parameters belong to the application, and may be secrets.
    let uri = called(Event::OnFinal, ORDER, REFERENCE, "");
    let received = callback::receive(
        &guard(),
        false,
        Flow::Identification,
        &delivery(Method::GET, &uri),
    )
    .unwrap();
    assert_eq!(received.observations[0].result, ResultState::Absent);
}

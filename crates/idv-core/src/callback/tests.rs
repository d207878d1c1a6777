use sha2::{Digest as _, Sha256};

use super::*;
use crate::observation::{ProofKind, Trust};

const SECRET: &str = "0123456789abcdef0123";

fn delivery(uri: &str, header: Option<(&'static str, String)>) -> Delivery {
    let mut headers = HeaderMap::new();
    if let Some((name, value)) = header {
        headers.insert(name, value.parse().unwrap());
    }
    Delivery::callback(Method::POST, uri.parse().unwrap(), headers, "body")
}

fn basic(credentials: &str) -> String {
    format!(
        "Basic {}",
        base64::Engine::encode(&base64::engine::general_purpose::STANDARD, credentials)
    )
}

#[test]
fn each_scheme_accepts_its_own_secret_only() {
    let header = CallbackAuth::header("x-callback-secret", [SECRET.into()]).unwrap();
    let password = CallbackAuth::basic("vendor", [SECRET.into()]).unwrap();
    let query = CallbackAuth::query("token", [SECRET.into()]).unwrap();
    let cases = [
        (
            &header,
            delivery("/", Some(("x-callback-secret", SECRET.into()))),
            true,
        ),
        (
            &header,
            delivery("/", Some(("x-callback-secret", format!("{SECRET}x")))),
            false,
        ),
        (&header, delivery("/", None), false),
        (
            &password,
            delivery(
                "/",
                Some(("authorization", basic(&format!("vendor:{SECRET}")))),
            ),
            true,
        ),
        (
            &password,
            delivery(
                "/",
                Some(("authorization", basic(&format!("vendo:{SECRET}")))),
            ),
            false,
        ),
        (
            &password,
            delivery("/", Some(("authorization", "Basic ====".into()))),
            false,
        ),
        (
            &password,
            delivery("/", Some(("authorization", "é".repeat(9)))),
            false,
        ),
        (
            &query,
            delivery(&format!("/?a=b&token={SECRET}"), None),
            true,
        ),
        (&query, delivery("/?token=", None), false),
        (&query, delivery("/", None), false),
    ];
    for (guard, delivery, believed) in cases {
        let verified = guard.verify(&delivery, "subject");
        assert_eq!(
            verified.is_ok_and(Trust::is_proven),
            believed,
            "{guard:?} {delivery:?}"
        );
        assert_eq!(
            guard.precheck(&delivery).is_ok(),
            believed,
            "{guard:?} {delivery:?}"
        );
        assert_eq!(guard.proves(&delivery), believed, "{guard:?} {delivery:?}");
    }
}

#[test]
fn secret_of_one_verification_proves_no_other() {
    let guard = CallbackAuth::query_per_subject("token", [SECRET.into()]).unwrap();
    let (name, token) = guard.parameter_for("a").unwrap();
    let delivery = delivery(&format!("/?{name}={}", token.expose()), None);
    assert!(guard.verify(&delivery, "a").unwrap().is_proven());
    assert!(!guard.proves(&delivery), "its subject is unknown");
    assert_eq!(
        guard.verify(&delivery, "b").unwrap_err().kind(),
        &ErrorKind::Forged
    );
    assert!(guard.precheck(&delivery).is_ok());
    for address in ["/", "/?token="] {
        assert_eq!(
            guard
                .precheck(&self::delivery(address, None))
                .unwrap_err()
                .kind(),
            &ErrorKind::Forged,
            "{address}"
        );
    }
}

#[test]
fn return_and_unauthenticated_callback_prove_nothing() {
    let guard = CallbackAuth::query("token", [SECRET.into()]).unwrap();
    let returning = Delivery::returning(format!("/?token={SECRET}").parse().unwrap());
    assert_eq!(guard.verify(&returning, "a").unwrap(), Trust::Claimed);
    assert_eq!(
        CallbackAuth::none()
            .verify(&delivery("/", None), "a")
            .unwrap(),
        Trust::Claimed
    );
    assert!(
        guard
            .precheck(&Delivery::returning("/".parse().unwrap()))
            .is_ok()
            && CallbackAuth::none().precheck(&delivery("/", None)).is_ok()
    );
}

#[test]
fn every_secret_of_a_rotation_is_accepted() {
    const OLDER: &str = "older secret of 20 letters";
    let secrets = || [SECRET.into(), OLDER.into()];
    let header = CallbackAuth::header("x-secret", secrets()).unwrap();
    let password = CallbackAuth::basic("vendor", secrets()).unwrap();
    let query = CallbackAuth::query("token", secrets()).unwrap();
    for secret in [SECRET, OLDER] {
        assert!(header.proves(&delivery("/", Some(("x-secret", secret.into())))));
        assert!(password.proves(&delivery(
            "/",
            Some(("authorization", basic(&format!("vendor:{secret}"))))
        )));
        assert!(query.proves(&delivery(
            &format!("/?token={}", secret.replace(' ', "%20")),
            None
        )));
    }
    let older = CallbackAuth::query_per_subject("token", [OLDER.into()]).unwrap();
    let (_, token) = older.parameter_for("a").unwrap();
    let both = CallbackAuth::query_per_subject("token", secrets()).unwrap();
    assert!(
        both.verify(&delivery(&format!("/?token={}", token.expose()), None), "a")
            .unwrap()
            .is_proven()
    );
    assert_ne!(
        both.parameter_for("a").unwrap().1.expose(),
        token.expose(),
        "new URLs carry the first secret"
    );
}

#[test]
fn guessable_secret_is_refused() {
    assert!(CallbackAuth::query("token", ["".into()]).is_err());
    assert!(CallbackAuth::header("x-secret", ["short".into()]).is_err());
    assert!(CallbackAuth::query("token", ["0123456789abcde".into()]).is_err());
    assert!(CallbackAuth::query("token", ["0123456789abcdef".into()]).is_ok());
    assert!(CallbackAuth::basic("a:b", [SECRET.into()]).is_err());
}

#[test]
fn message_is_the_body_or_the_query_if_there_is_none() {
    let get = Delivery::callback(
        Method::GET,
        "/callback?a=b".parse().unwrap(),
        HeaderMap::new(),
        "",
    );
    let post = Delivery::callback(
        Method::POST,
        "/callback?a=b".parse().unwrap(),
        HeaderMap::new(),
        "{}",
    );
    assert_eq!(
        (get.message(), post.message()),
        (b"a=b".as_slice(), b"{}".as_slice())
    );
    let guard = CallbackAuth::header("x-secret", [SECRET.into()]).unwrap();
    let mut delivery = post;
    delivery.headers.insert("x-secret", SECRET.parse().unwrap());
    let Ok(Trust::Proven(proof)) = guard.verify(&delivery, "") else {
        panic!("the delivery is proven")
    };
    assert_eq!(proof.digest(), Some(Sha256::digest("{}").into()));
}

#[test]
fn url_authentication_returns_its_parameter() {
    let (name, secret) = CallbackAuth::query("token", [SECRET.into()])
        .unwrap()
        .parameter_for("any")
        .map(|(n, s)| (n.to_owned(), s))
        .unwrap();
    assert_eq!((name.as_str(), secret.expose()), ("token", SECRET));
    assert!(CallbackAuth::none().parameter_for("any").is_none());
    assert!(
        CallbackAuth::header("x-secret", [SECRET.into()])
            .unwrap()
            .parameter_for("any")
            .is_none()
    );
}

#[test]
fn scheme_names_the_kind_of_its_proof() {
    let rows = [
        (CallbackAuth::none(), None),
        (
            CallbackAuth::header("x-secret", [SECRET.into()]).unwrap(),
            Some(ProofKind::SharedSecret),
        ),
        (
            CallbackAuth::basic("vendor", [SECRET.into()]).unwrap(),
            Some(ProofKind::Basic),
        ),
        (
            CallbackAuth::query("token", [SECRET.into()]).unwrap(),
            Some(ProofKind::SecretUrl),
        ),
        (
            CallbackAuth::query_per_subject("token", [SECRET.into()]).unwrap(),
            Some(ProofKind::SecretUrl),
        ),
    ];
    for (guard, proof) in rows {
        assert_eq!(guard.proof(), proof, "{guard:?}");
    }
}

#[test]
fn failed_delivery_has_a_reply_for_its_error() {
    let rows = [
        (ErrorKind::Forged, 403),
        (ErrorKind::Malformed, 400),
        (ErrorKind::LimitExceeded, 400),
        (ErrorKind::Unsupported, 404),
        (ErrorKind::Unavailable, 500),
    ];
    for (kind, status) in rows {
        let reply = Reply::to_error(&Error::new(kind.clone()));
        assert_eq!(
            (reply.status.as_u16(), reply.body.as_ref()),
            (status, ""),
            "{kind:?}"
        );
    }
}

#[test]
fn first_query_parameter_is_decoded() {
    let delivery = delivery("/?a=b%20c&a=d&e=", None);
    assert_eq!(
        (
            delivery.query("a").as_deref(),
            delivery.query("e").as_deref()
        ),
        (Some("b c"), Some(""))
    );
    assert_eq!(delivery.query("x"), None);
}

#[test]
fn debug_of_a_delivery_prints_neither_url_nor_body() {
    let printed = format!("{:?}", delivery("/secret-path?name=Erika", None));
    assert!(
        printed.contains("method: POST, body_length: 4, source: None"),
        "{printed}"
    );
    assert!(
        !printed.contains("secret") && !printed.contains("Erika") && !printed.contains("\"body\""),
        "{printed}"
    );
}

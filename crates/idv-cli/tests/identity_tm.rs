//! Identity.TM from the command line, from create to delete, and the commands for encrypted and
//! signed data of vendors.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod support;

use idv_sandbox::{Fault, FaultKind};
use serde_json::{Value, json};
use support::{Place, SandboxedCli, names_in};

const ADAPTER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../idv-identity-tm/fixtures/");
const IDNOW: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../idv-idnow/fixtures/signature/"
);
const KEY: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

const PERSON: [&str; 10] = [
    "--given-names",
    "Erika",
    "--family-name",
    "Mustermann",
    "--birth-date",
    "1982-05-22",
    "--country",
    "DE",
    "--email",
    "e.mustermann@example.com",
];

fn cli() -> SandboxedCli {
    let mut cli = SandboxedCli::new();
    let vendor = cli.sandbox.identity_tm();
    let (url, user, password) = (vendor.base_url(), vendor.user(), vendor.password());
    for (name, value) in [
        ("IDV_PROVIDER", "identity-tm"),
        ("IDV_IDENTITY_TM_USER", user),
        ("IDV_IDENTITY_TM_PASSWORD", password),
        ("IDV_IDENTITY_TM_BASE_URL", &url),
        ("IDV_IDENTITY_TM_IMAGES", "separate"),
    ] {
        cli.place.set(name, value);
    }
    cli
}

#[test]
fn order_runs_from_create_to_delete() {
    let cli = cli();
    let (reference, order) = cli.create(&PERSON);
    let poll = || {
        cli.place
            .run(&["poll", &reference, "--vendor-id", &order, "--json"])
            .json()
    };
    assert_eq!(poll().pointer("/status/state").unwrap(), "awaiting_person");
    cli.sandbox
        .identity_tm()
        .act(&order, "data-changed")
        .unwrap();
    cli.pass(60);
    assert_eq!(poll().pointer("/status/outcome").unwrap(), "verified");
    let fetched = cli
        .place
        .run(&["fetch", &reference, "--vendor-id", &order, "--json"])
        .json();
    assert_eq!(
        fetched
            .pointer("/report/person/birth_date/submitted")
            .unwrap(),
        "1982-05-22"
    );
    let image = fetched
        .pointer("/report/evidence/0/id")
        .unwrap()
        .as_str()
        .unwrap();
    let downloaded = cli
        .place
        .run(&[
            "evidence",
            &reference,
            image,
            "--vendor-id",
            &order,
            "--out",
            "image.jpg",
            "--json",
        ])
        .json();
    assert_eq!(
        downloaded.pointer("/media_type").unwrap(),
        "image/jpeg",
        "{downloaded}"
    );
    assert_eq!(names_in(cli.place.folder.path()), ["image.jpg"]);
    let found = cli.place.run(&["find", &reference, "--json"]).json();
    assert_eq!(
        found,
        json!({ "verifications": [{ "reference": reference, "vendor_id": order }] })
    );
    assert!(cli.place.run(&["find", &reference]).out.contains(&order));
    let delete = || {
        cli.place
            .run(&["delete", &reference, "--vendor-id", &order, "--json"])
            .json()
    };
    assert_eq!(delete().pointer("/deleted").unwrap(), "data");
    assert_eq!(delete().pointer("/deleted").unwrap(), "already_gone");
}

#[test]
fn missing_fields_are_named_as_in_the_model() {
    let cli = cli();
    for (without, field) in [
        (0, "person.given_names"),
        (2, "person.family_name"),
        (6, "person.address.country"),
        (8, "contact.email"),
    ] {
        let mut arguments = vec!["create"];
        arguments.extend(PERSON[..without].iter().chain(&PERSON[without + 2..]));
        // The reference is printed before the client checks the vendor's rules.
        let ran = cli.place.run(&arguments);
        assert_eq!((ran.exit, ran.out.as_str()), (2, ""), "{}", ran.err);
        assert!(ran.err.contains(field), "{}", ran.err);
    }
    assert_eq!(cli.sandbox.requests().len(), 0);
}

#[test]
fn lost_create_response_leaves_one_order_to_find() {
    let cli = cli();
    cli.sandbox
        .plan(Fault::new(FaultKind::CutAfter).at("putOrder"));
    let created = cli
        .place
        .run(&[&["create", "--json"], &PERSON[..]].concat())
        .json();
    assert_eq!(created.pointer("/already_existed").unwrap(), true);
    assert_eq!(
        created.pointer("/hand_off/kind").unwrap(),
        "vendor_contacts_person"
    );
    assert_eq!(cli.sandbox.identity_tm().orders(), 1);
}

#[test]
fn unknown_reference_is_not_found() {
    let found = cli()
        .place
        .run(&["find", "0123456789abcdef", "--json"])
        .json();
    assert_eq!(found, json!({ "verifications": [] }));
    let refused = SandboxedCli::new().place.run(&["find", "0123456789abcdef"]);
    assert!(refused.failed(2).contains("lookup"), "IDnow has none");
}

#[test]
fn changed_encrypted_body_is_refused() {
    let mut place = Place::new();
    place.set("KEY", KEY);
    place.set("OTHER", &KEY.replace("00", "ff"));
    let plain = std::fs::read_to_string(format!("{ADAPTER}crypt/plain.json")).unwrap();
    let body = std::fs::read(format!("{ADAPTER}crypt/java.bin")).unwrap();
    let file = place.write("body.bin", &body);
    for arguments in [
        &["decrypt", "identity-tm", "--key-env", "KEY", &file][..],
        &["decrypt", "identity-tm", "--key-env", "KEY"],
    ] {
        let ran = place.run_with(arguments, &body);
        assert_eq!(
            (ran.exit, ran.out.as_str(), ran.err.as_str()),
            (0, plain.as_str(), "")
        );
    }
    let mut changed = body.clone();
    changed[40] ^= 1;
    for (key, body) in [
        ("KEY", changed.as_slice()),
        ("OTHER", &body),
        ("KEY", &body[..38]),
        ("KEY", b""),
    ] {
        place
            .run_with(&["decrypt", "identity-tm", "--key-env", key], body)
            .failed(1);
    }
    assert!(
        place
            .run_with(&["decrypt", "identity-tm", "--key-env", "MISSING"], &body)
            .failed(2)
            .contains("MISSING")
    );
    place.set("SHORT", "0001");
    let short = place.run_with(&["decrypt", "identity-tm", "--key-env", "SHORT"], &body);
    assert!(!short.failed(2).contains("0001"));
}

#[test]
fn matching_signature_is_confirmed_and_another_exits_1() {
    let place = Place::new();
    let at = |name: &str| format!("{IDNOW}{name}");
    let (pem, signature, xml) = (at("rsa-2048.pem"), at("rsa-2048.sig"), at("signed.xml"));
    let verify = |pem: &str, signature: &str, xml: &str| {
        place.run(&[
            "verify",
            "idnow",
            "--public-key",
            pem,
            "--signature",
            signature,
            xml,
            "--json",
        ])
    };
    assert_eq!(
        verify(&pem, &signature, &xml).json(),
        json!({ "verified": true, "known_key": null })
    );
    let mut changed = std::fs::read(&xml).unwrap();
    changed[10] ^= 1;
    let changed = place.write("changed.xml", changed);
    verify(&pem, &signature, &changed).failed(1);
    verify(&at("other.pem"), &signature, &xml).failed(1);
    verify(&pem, &at("rsa-2048-sha256.sig"), &xml).failed(1);
    verify(&at("certificate.pem"), &signature, &xml).failed(2);
    verify(&pem, "missing.sig", &xml).failed(2);
}

#[test]
fn payloads_depend_on_the_product() {
    let place = Place::new();
    let normalize = |kind: &str, more: &[&str], payload: &[u8]| -> Value {
        let answer = place
            .run_with(
                &[&["normalize", "identity-tm", kind, "-"], more].concat(),
                payload,
            )
            .json();
        let observations = answer.get("observations").unwrap().as_array().unwrap();
        assert_eq!(observations.len(), 1);
        assert_eq!(observations[0].get("trust").unwrap(), "claimed");
        observations[0].clone()
    };
    let history = br#"{"OrderID":"99921269855041","Ref":"4711","Executed":"2018-09-05T11:06:21+02:00",
        "Status":[{"Kind":6,"Time":"2018-09-05T11:06:21+02:00"},{"Kind":"80","Time":"2018-09-05T11:06:22+02:00"}]}"#;
    let identification = normalize("status", &[], history);
    assert_eq!(
        identification.pointer("/status/outcome").unwrap(),
        "verified"
    );
    assert_eq!(
        identification.pointer("/subject/vendor_id").unwrap(),
        "99921269855041"
    );
    assert_eq!(
        normalize("status", &["--product", "15"], history)
            .pointer("/status/outcome")
            .unwrap(),
        &Value::Null
    );
    let result = normalize(
        "result",
        &[],
        &std::fs::read(format!("{ADAPTER}get-ident-data.json")).unwrap(),
    );
    assert_eq!(
        result.pointer("/report/person/birth_date/value").unwrap(),
        "1964-08-12"
    );
    let callback = normalize(
        "callback",
        &[],
        b"event=OnStatusChange&orderId=99921269855041&ref=4711&statusCode=6",
    );
    assert_eq!(callback.pointer("/code").unwrap(), "6");
    let unknown = normalize(
        "callback",
        &[],
        b"https://example.com/?orderId=1&statusCode=4711",
    );
    assert_eq!(
        (
            unknown.pointer("/code").unwrap(),
            unknown.pointer("/status").unwrap()
        ),
        (&json!("4711"), &Value::Null)
    );
    for payload in [&b""[..], b"{", b"nothing", &history[..60]] {
        for kind in ["result", "status", "callback"] {
            place
                .run_with(&["normalize", "identity-tm", kind], payload)
                .failed(1);
        }
    }
}

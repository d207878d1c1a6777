//! Signed links (chapter 5): valid ones are accepted, all others refused.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod support;

use hmac::{Hmac, KeyInit as _, Mac as _};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use sha2::Sha256;
use support::{Reply, World};

type Parameters = Vec<(String, String)>;

/// The parameters of the document's example, with this timestamp.
fn example(timestamp: i64) -> Parameters {
    let timestamp = timestamp.to_string();
    let parameters = [
        ("birthday", "1980-01-01"),
        ("birthplace", "München"),
        ("city", "München"),
        ("country", "DE"),
        ("custom1", "custom-code-1"),
        ("email", "info@idnow.de"),
        ("firstname", "Max"),
        ("lastname", "Mustermann"),
        ("mobilephone", "+491761234567"),
        ("nationality", "DE"),
        ("street", "Musterstraße 123"),
        ("timestamp", &timestamp),
        ("transactionnumber", "XYZ-123"),
        ("zipcode", "12345"),
    ];
    parameters
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .to_vec()
}

/// Steps 2 and 3: the digest of the path and the query before encoding.
fn sign(parameters: &Parameters, key: &str) -> String {
    let query: Vec<String> = parameters
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).unwrap();
    mac.update(format!("/v1/ihrebank/start?{}", query.join("&")).as_bytes());
    hex::encode(mac.finalize().into_bytes())
}

/// Steps 4 and 5: the encoded values, and the signature at the end.
fn link(parameters: &Parameters, signature: &str) -> String {
    let encode = |value: &str| {
        utf8_percent_encode(value, NON_ALPHANUMERIC)
            .to_string()
            .replace("%20", "+")
    };
    let query: Vec<String> = parameters
        .iter()
        .map(|(name, value)| format!("{name}={}", encode(value)))
        .collect();
    format!(
        "/v1/ihrebank/start?{}&signature={signature}",
        query.join("&")
    )
}

fn signed(parameters: &Parameters) -> String {
    link(parameters, &sign(parameters, "exampleApiKey"))
}

async fn open(world: &World, link: &str) -> Reply {
    world
        .send("GET", link, &[("Host", "go.test.idnow.de")], "")
        .await
}

#[track_caller]
fn assert_refused(reply: &Reply, what: &str) {
    assert_eq!(reply.status, 403, "{what}: {}", reply.text());
    assert_eq!(reply.header("location"), None, "{what}");
    assert_eq!(
        reply.header("content-type"),
        Some("text/html; charset=utf-8"),
        "a page: a person sees it"
    );
}

/// Checks that a link is refused without effect.
async fn refuse(parameters: &Parameters, why: &str) {
    let world = World::start().await;
    let reply = open(&world, &signed(parameters)).await;
    assert_refused(&reply, why);
    assert!(reply.text().contains(why), "{}", reply.text());
    assert_eq!(world.sandbox.idnow().identifications(), 0);
}

fn now(world: &World) -> i64 {
    world.sandbox.clock().now().as_millisecond()
}

/// The example with the sandbox's initial time.
async fn timely() -> Parameters {
    example(now(&World::start().await))
}

#[tokio::test]
async fn valid_link_creates_identification_and_redirects() {
    let world = World::start().await;
    let reply = open(&world, &signed(&example(now(&world)))).await;
    assert_eq!(
        (reply.status, reply.header("location")),
        (302, Some("/ihrebank/identifications/XYZ-123"))
    );
    assert_eq!(
        open(&world, reply.header("location").unwrap()).await.status,
        200
    );
    world.sandbox.idnow().act("XYZ-123", "happy").unwrap();
    world.seconds(3600).await;
    let result = world.ask("GET", "/XYZ-123").await.json();
    assert_eq!(result["userdata"]["lastname"]["value"], "MUSTERMANN");
    assert_eq!(
        result["userdata"]["address"]["street"]["value"],
        "MUSTERSTRASSE 123"
    );
    assert_eq!(result["contactdata"]["mobilephone"], "+491761234567");
    assert_eq!(result["customdata"]["custom1"], "custom-code-1");
}

#[tokio::test]
async fn link_reopens_until_identification_is_finished() {
    let world = World::start().await;
    let link = signed(&example(now(&world)));
    assert_eq!(open(&world, &link).await.status, 302);
    assert_eq!(open(&world, &link).await.status, 302);
    assert_eq!(world.sandbox.idnow().identifications(), 1);
    world.sandbox.idnow().act("XYZ-123", "rejected").unwrap();
    world.seconds(600).await;
    assert_eq!(open(&world, &link).await.status, 409);
}

#[tokio::test]
async fn blank_can_be_encoded_in_two_ways() {
    let world = World::start().await;
    let link = signed(&example(now(&world))).replace('+', "%20");
    assert_eq!(open(&world, &link).await.status, 302);
}

#[tokio::test]
async fn link_with_one_changed_character_is_refused() {
    let world = World::start().await;
    let right = example(now(&world));
    let signature = sign(&right, "exampleApiKey");
    for index in 0..right.len() {
        let value = right[index].1.clone();
        for (at, letter) in value.char_indices() {
            let mut wrong = right.clone();
            let other = if letter == '1' { '2' } else { '1' };
            wrong[index]
                .1
                .replace_range(at..at + letter.len_utf8(), &other.to_string());
            assert_refused(
                &open(&world, &link(&wrong, &signature)).await,
                &format!("{} at {at}", right[index].0),
            );
        }
    }
    for at in 0..signature.len() {
        let mut wrong = signature.clone();
        let other = if signature.as_bytes()[at] == b'0' {
            "1"
        } else {
            "0"
        };
        wrong.replace_range(at..=at, other);
        assert_refused(
            &open(&world, &link(&right, &wrong)).await,
            &format!("signature at {at}"),
        );
    }
    assert_eq!(world.sandbox.idnow().identifications(), 0);
    assert_eq!(
        open(&world, &link(&right, &signature)).await.status,
        302,
        "the valid link is accepted"
    );
}

#[tokio::test]
async fn link_with_other_parameters_than_signed_is_refused() {
    let world = World::start().await;
    let right = example(now(&world));
    let signature = sign(&right, "exampleApiKey");
    for index in 0..right.len() {
        let mut wrong = right.clone();
        let removed = wrong.remove(index);
        assert_refused(
            &open(&world, &link(&wrong, &signature)).await,
            &format!("without {}", removed.0),
        );
    }
    let mut more = right.clone();
    more.insert(0, ("aaa".to_owned(), String::new()));
    assert_refused(&open(&world, &link(&more, &signature)).await, "one more");
    let after = format!("{}&zzz=1", link(&right, &signature));
    assert_refused(&open(&world, &after).await, "one after the signature");
}

#[tokio::test]
async fn signature_must_be_complete_and_lower_case() {
    let world = World::start().await;
    let right = example(now(&world));
    let signature = sign(&right, "exampleApiKey");
    for wrong in [
        String::new(),
        signature.to_uppercase(),
        signature.chars().take(63).collect(),
        format!("{signature}0"),
    ] {
        assert_refused(&open(&world, &link(&right, &wrong)).await, "the signature");
    }
    let without = signed(&right)
        .split("&signature=")
        .next()
        .unwrap()
        .to_owned();
    assert_refused(&open(&world, &without).await, "no signature");
    assert_refused(&open(&world, "/v1/ihrebank/start").await, "no parameters");
}

#[tokio::test]
async fn link_must_be_signed_by_the_accounts_key() {
    let world = World::start().await;
    let right = example(now(&world));
    for key in ["exampleApiKez", "testbankApiKey"] {
        assert_refused(&open(&world, &link(&right, &sign(&right, key))).await, key);
    }
    // The signature covers the company: the same link is invalid at another company.
    let elsewhere = signed(&right).replace("/v1/ihrebank/", "/v1/testbank/");
    assert_refused(&open(&world, &elsewhere).await, "another company");
    assert_eq!(
        open(
            &world,
            &signed(&right).replace("/v1/ihrebank/", "/v1/nobody/")
        )
        .await
        .status,
        404
    );
    let second = link(&right, &sign(&right, "BXCexampleexampleexampleexampleRP"));
    assert_eq!(
        open(&world, &second).await.status,
        302,
        "the other key of the account"
    );
}

#[tokio::test]
async fn parameters_must_be_in_alphabetical_order() {
    let mut parameters = timely().await;
    parameters.swap(0, 1);
    refuse(&parameters, "alphabetical order").await;
    let mut twice = timely().await;
    twice.insert(0, ("birthday".to_owned(), "1980-01-01".to_owned()));
    refuse(&twice, "repeated").await;
}

#[tokio::test]
async fn timestamp_must_be_present_and_recent() {
    let mut without = timely().await;
    without.retain(|(name, _)| name != "timestamp");
    refuse(&without, "timestamp is missing").await;
    for wrong in [
        "",
        "soon",
        "1.5",
        "+1767225600000",
        "-1",
        "99999999999999999999",
    ] {
        let mut parameters = timely().await;
        parameters
            .iter_mut()
            .find(|(name, _)| name == "timestamp")
            .unwrap()
            .1 = wrong.to_owned();
        refuse(&parameters, "timestamp is missing").await;
    }
    // The document's own example is from 1970.
    refuse(&example(1), "too far from now").await;
}

#[tokio::test]
async fn link_expires_by_the_virtual_clock() {
    let world = World::start().await;
    let link = signed(&example(now(&world)));
    world.seconds(3600).await;
    assert_eq!(
        open(&world, &link).await.status,
        302,
        "an hour is the default"
    );
    world.seconds(1).await;
    assert_refused(&open(&world, &link).await, "an hour and a second");
    world
        .sandbox
        .idnow()
        .configure(|account| account.link_window_seconds = 3601)
        .unwrap();
    assert_eq!(
        open(&world, &link).await.status,
        302,
        "the window is a setting"
    );
    let early = example(now(&world) + 3_602_000);
    assert_refused(&open(&world, &signed(&early)).await, "from the future");
}

#[tokio::test]
async fn only_documented_parameters_are_accepted() {
    for unknown in ["aaa", "Birthday", "custom0"] {
        let mut parameters = timely().await;
        parameters.push((unknown.to_owned(), "1980-01-01".to_owned()));
        parameters.sort();
        refuse(&parameters, "not known").await;
    }
}

#[tokio::test]
async fn transaction_number_must_be_present_and_valid() {
    let mut without = timely().await;
    without.retain(|(name, _)| name != "transactionnumber");
    refuse(&without, "transaction number").await;
    for wrong in ["", "XYZ 123", "XYZ.123", "Ä"] {
        let mut parameters = timely().await;
        parameters
            .iter_mut()
            .find(|(name, _)| name == "transactionnumber")
            .unwrap()
            .1 = wrong.to_owned();
        refuse(&parameters, "transaction number").await;
    }
}

#[tokio::test]
async fn values_must_have_documented_formats() {
    for (name, wrong) in [
        ("birthday", "1.1.1980"),
        ("country", "de"),
        ("nationality", "GER"),
        ("email", "info"),
    ] {
        let mut parameters = timely().await;
        parameters
            .iter_mut()
            .find(|(known, _)| known == name)
            .unwrap()
            .1 = wrong.to_owned();
        refuse(&parameters, "wrong format").await;
    }
}

#[tokio::test]
async fn link_has_at_most_1040_characters() {
    let world = World::start().await;
    let with = |letters: usize| {
        let mut parameters = example(now(&world));
        parameters.insert(5, ("custom2".to_owned(), "x".repeat(letters)));
        signed(&parameters)
    };
    let room = 1040 - "https://go.test.idnow.de".len() - with(0).len();
    assert_eq!(open(&world, &with(room)).await.status, 302);
    let long = open(&world, &with(room + 1)).await;
    assert_refused(&long, "1041 characters");
    assert!(long.text().contains("1040"), "{}", long.text());
}

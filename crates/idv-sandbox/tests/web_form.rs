//! IDnow's web form for a person's data (chapter 4), and undocumented calls of clients.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod support;

use serde_json::json;
use support::{JSON, Reply, World};

const FORM: (&str, &str) = ("Content-Type", "application/x-www-form-urlencoded");

async fn post(world: &World, target: &str, body: &str) -> Reply {
    world
        .send("POST", target, &[("Host", "go.test.idnow.de"), FORM], body)
        .await
}

/// Returns the names of the fields of a form, as a browser finds them.
fn fields(page: &str) -> Vec<&str> {
    page.split("<input name=\"")
        .skip(1)
        .map(|rest| rest.split('"').next().unwrap())
        .collect()
}

#[tokio::test]
async fn submitted_form_creates_the_identification() {
    let world = World::start().await;
    let form = world.send("GET", "/ihrebank/userdata/U1", &[], "").await;
    assert_eq!(
        (form.status, form.header("content-type")),
        (200, Some("text/html; charset=utf-8"))
    );
    assert!(
        form.text().contains("<form method=\"post\">") && form.text().contains("<button>"),
        "{}",
        form.text()
    );
    let values = |name: &str| match name {
        "firstname" => "J%C3%BCrgen",
        "lastname" => "M%C3%BCller+%26+S%C3%B6hne",
        "birthday" => "1975-12-20",
        "gender" => "MALE",
        "nationality" | "country" => "DE",
        "email" => "petra%40example.com",
        "mobilephone" => "%2B49151123456789",
        _ => "",
    };
    let body: Vec<String> = fields(form.text())
        .iter()
        .map(|name| format!("{name}={}", values(name)))
        .collect();
    assert_eq!(body.len(), 15);
    let sent = post(&world, "/ihrebank/userdata/U1", &body.join("&")).await;
    assert_eq!(
        (sent.status, sent.header("location")),
        (303, Some("/ihrebank/identifications/U1")),
        "{}",
        sent.text()
    );
    assert!(
        world
            .send("GET", "/ihrebank/identifications/U1", &[], "")
            .await
            .text()
            .contains("identity card")
    );

    assert_eq!(
        world
            .control(
                "POST",
                "idnow/identifications/U1/act",
                r#"{"scenario":"happy"}"#
            )
            .await
            .status,
        200
    );
    world.seconds(3600).await;
    let result = world.ask("GET", "/U1").await.json();
    assert_eq!(
        result["userdata"]["lastname"],
        json!({ "value": "MÜLLER & SÖHNE", "status": "MATCH", "reviewstatus": "MATCH" })
    );
    assert_eq!(result["userdata"]["birthday"]["value"], "1975-12-20");
    assert_eq!(
        result["contactdata"],
        json!({ "email": "petra@example.com", "mobilephone": "+49151123456789" })
    );
    assert_eq!(
        post(&world, "/ihrebank/userdata/U1", "firstname=A")
            .await
            .status,
        409,
        "it is finished"
    );
}

#[tokio::test]
async fn each_field_of_the_form_has_a_label() {
    let world = World::start().await;
    let form = world.send("GET", "/ihrebank/userdata", &[], "").await;
    for name in fields(form.text()) {
        assert!(form.text().contains(&format!("<label for=\"{name}\">")));
        assert!(form.text().contains(&format!(" id=\"{name}\"")));
    }
    let before = |page: &str, attribute: &str| page.split_once(attribute).unwrap().0.to_owned();
    let first = before(form.text(), " autofocus");
    assert!(first.ends_with("autocomplete=\"given-name\""), "{first}");
    let wrong = post(&world, "/ihrebank/userdata", "gender=X").await;
    let marked = before(wrong.text(), " aria-invalid");
    let (_, input) = marked.rsplit_once("<input name=").unwrap();
    assert!(input.starts_with("\"gender\""), "{input}");
}

#[tokio::test]
async fn static_form_gets_a_transaction_number() {
    let world = World::start().await;
    let numbers = [
        post(&world, "/ihrebank/userdata?tid=spring", "firstname=Armin").await,
        post(&world, "/ihrebank/userdata", "firstname=Armin").await,
    ];
    let [first, second] = numbers.map(|reply| {
        assert_eq!(reply.status, 303, "{}", reply.text());
        reply
            .header("location")
            .unwrap()
            .rsplit_once('/')
            .unwrap()
            .1
            .to_owned()
    });
    assert_ne!(first, second);
    world.sandbox.idnow().act(&first, "happy").unwrap();
    world.seconds(3600).await;
    let result = world.ask("GET", &format!("/{first}")).await.json();
    assert_eq!(
        result["identificationprocess"]["transactionnumber"],
        first.as_str()
    );
    assert_eq!(result["identificationprocess"]["trackingid"], "spring");
}

#[tokio::test]
async fn invalid_form_is_shown_again_with_input() {
    let world = World::start().await;
    for (body, about) in [
        ("firstname=Armin&birthday=20.12.1975", "Date of birth"),
        ("firstname=Armin&nationality=Germany", "Nationality"),
        ("firstname=Armin&gender=X", "Gender"),
        ("firstname=Armin&custom1=x", "custom1"),
    ] {
        let reply = post(&world, "/ihrebank/userdata/U1", body).await;
        assert_eq!(reply.status, 400, "{body}");
        assert!(
            reply.text().contains(about) && reply.text().contains("value=\"Armin\""),
            "{body}: {}",
            reply.text()
        );
    }
    let hostile = post(
        &world,
        "/ihrebank/userdata/U1",
        "lastname=%22%3E%3Cscript%3E&gender=%22%3E",
    )
    .await;
    assert!(!hostile.text().contains("<script>"), "{}", hostile.text());
    assert_eq!(
        world
            .send("POST", "/ihrebank/userdata/U1", &[JSON], "{}")
            .await
            .status,
        400
    );
    assert_eq!(
        post(&world, "/ihrebank/userdata/U%201", "firstname=A")
            .await
            .status,
        400,
        "the number's alphabet"
    );
    assert_eq!(world.sandbox.idnow().identifications(), 0);
}

#[tokio::test]
async fn form_is_missing_unless_activated() {
    let world = World::start().await;
    world
        .sandbox
        .idnow()
        .configure(|account| account.web_form = false)
        .unwrap();
    assert_eq!(
        world
            .send("GET", "/ihrebank/userdata/U1", &[], "")
            .await
            .status,
        404
    );
    assert_eq!(
        post(&world, "/ihrebank/userdata/U1", "firstname=A")
            .await
            .status,
        404
    );
    assert_eq!(
        post(&world, "/nobody/userdata/U1", "firstname=A")
            .await
            .status,
        404
    );
}

#[tokio::test]
async fn login_token_starts_unless_documented_only() {
    let world = World::start().await;
    let start = async |token: &str, transaction: &str| {
        let target = format!("/api/v1/ihrebank/identifications/{transaction}/start");
        world
            .send("POST", &target, &[("X-API-LOGIN-TOKEN", token), JSON], "{}")
            .await
    };
    let token = world.token().await;
    assert_eq!(start(&token, "T-1").await.status, 201);
    start("wrong", "T-2")
        .await
        .assert_failure(401, "INVALID_LOGIN_TOKEN");
    world
        .sandbox
        .idnow()
        .configure(|account| account.documented_only = true)
        .unwrap();
    start(&token, "T-2")
        .await
        .assert_failure(401, "INVALID_LOGIN_TOKEN");
    assert_eq!(
        world.create("T-2", "{}").await.status,
        201,
        "the document requires the key"
    );
}

#[tokio::test]
async fn undocumented_suffixes_work_by_default() {
    let world = World::start().await;
    world.finish("T-1", "happy").await;
    let undocumented = [
        ("pdf", "application/pdf"),
        ("mp3", "audio/mpeg"),
        ("xml", "application/xml; charset=utf-8"),
    ];
    for (suffix, media_type) in undocumented {
        let reply = world.ask("GET", &format!("/T-1.{suffix}")).await;
        assert_eq!(
            (reply.status, reply.header("content-type")),
            (200, Some(media_type)),
            "{suffix}"
        );
    }
    world
        .sandbox
        .idnow()
        .configure(|account| account.documented_only = true)
        .unwrap();
    for (suffix, _) in undocumented {
        world
            .ask("GET", &format!("/T-1.{suffix}"))
            .await
            .assert_failure(404, "OBJECT_NOT_FOUND");
    }
    assert_eq!(
        world.ask("GET", "/T-1.zip").await.status,
        200,
        "the archive is documented"
    );
}

//! Every rule of IDnow's emulator refuses the request that breaks it, and names its section.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

#[path = "support/signing.rs"]
mod signing;
mod support;

use std::collections::BTreeSet;
use std::time::Duration;

use bytes::Bytes;
use hmac::{Hmac, KeyInit as _, Mac as _};
use http::Request;
use idv_sandbox::{Account, DataCentre, Sandbox};
use serde_json::{Value, json};
use sha2::Sha256;
use signing::{OCTETS, PDF, contract, contract_with, signature_at};
use support::{JSON, KEY, still};

const FORM: (&str, &str) = ("Content-Type", "application/x-www-form-urlencoded");

/// The credentials of a request.
#[derive(Clone, Copy)]
enum With {
    Nothing,
    Key,
    Token,
}

/// A rule, and a request that breaks it and no other: method, path, credentials, JSON body.
type Row<'a> = (&'a str, &'a str, &'a str, With, &'a str);

/// A sandbox without a network, and the names of the rules that its requests broke.
struct Walk {
    sandbox: Sandbox,
    token: String,
    reached: BTreeSet<&'static str>,
}

impl Walk {
    async fn start(change: impl FnOnce(&mut Account)) -> Self {
        let sandbox = still().in_process().start().await.unwrap();
        sandbox.idnow().configure(change).unwrap();
        let mut walk = Self {
            sandbox,
            token: String::new(),
            reached: BTreeSet::new(),
        };
        walk.token = walk.log_in("ihrebank", "exampleApiKey").await;
        walk
    }

    async fn log_in(&self, company: &str, key: &str) -> String {
        let (status, body) = self
            .send(
                "POST",
                &format!("/api/v1/{company}/login"),
                &[JSON],
                json!({ "apiKey": key }).to_string(),
            )
            .await;
        assert_eq!(status, 200);
        let body: Value = serde_json::from_slice(&body).unwrap();
        body["authToken"].as_str().unwrap().to_owned()
    }

    async fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Bytes>,
    ) -> (u16, Bytes) {
        let mut request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.sandbox.idnow().base_url()));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(body.into()).unwrap();
        let response = self.sandbox.exchange(request).await.unwrap();
        let refused = self.sandbox.requests().pop().unwrap().refusal;
        let section = response.headers().get("x-sandbox-refusal");
        let section = section.map(|value| value.to_str().unwrap().to_owned());
        let header = refused.map(|refusal| {
            let rule = refusal.rule;
            assert_eq!(response.status(), rule.status, "{}", rule.name);
            format!("{} {}", rule.section, rule.requires)
        });
        assert_eq!(section, header, "{method} {path}");
        let status = response.status().as_u16();
        (status, response.into_body().whole().unwrap())
    }

    /// Sends a request that is accepted.
    async fn accept(&self, method: &str, path: &str, with: With, body: &str) {
        let (status, answer) = self
            .send(method, path, &headers(with, &self.token), body.to_owned())
            .await;
        let text = String::from_utf8_lossy(&answer);
        assert!(status < 400, "{method} {path}: {status} {text}");
        assert_eq!(self.sandbox.requests().pop().unwrap().refusal, None);
    }

    /// Sends a request that this rule refuses.
    async fn refuse(
        &mut self,
        rule: &str,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Bytes>,
    ) {
        let (status, answer) = self.send(method, path, headers, body).await;
        let text = String::from_utf8_lossy(&answer);
        let request = self.sandbox.requests().pop().unwrap();
        let Some(refusal) = request.refusal else {
            panic!("{rule} does not refuse {method} {path}: {status} {text}");
        };
        assert_eq!(refusal.rule.name, rule, "{method} {path}: {text}");
        self.reached.insert(refusal.rule.name);
    }

    async fn refuse_each(&mut self, rows: &[Row<'_>]) {
        for (rule, method, path, with, body) in rows {
            let token = self.token.clone();
            let headers = headers(*with, &token);
            self.refuse(rule, method, path, &headers, (*body).to_owned())
                .await;
        }
    }

    async fn create(&self, transaction: &str, body: &str) {
        let path = format!("/api/v1/ihrebank/identifications/{transaction}/start");
        self.accept("POST", &path, With::Key, body).await;
    }

    /// Creates an identification and plays a scenario to its end.
    async fn play(&self, transaction: &str, scenario: &str) {
        self.create(transaction, r#"{"firstname":"Armin"}"#).await;
        self.sandbox.idnow().act(transaction, scenario).unwrap();
        self.hour().await;
    }

    async fn hour(&self) {
        self.sandbox
            .clock()
            .advance(Duration::from_secs(3599))
            .await;
    }

    fn configure(&self, change: impl FnOnce(&mut Account)) {
        self.sandbox.idnow().configure(change).unwrap();
    }
}

fn headers(with: With, token: &str) -> Vec<(&str, &str)> {
    match with {
        With::Nothing => vec![JSON],
        With::Key => vec![JSON, KEY],
        With::Token => vec![JSON, ("X-API-LOGIN-TOKEN", token)],
    }
}

#[tokio::test]
async fn each_rule_is_reached_by_a_request() {
    let mut reached = creation().await;
    reached.extend(browsers().await);
    reached.extend(links().await);
    reached.extend(definitions().await);
    reached.extend(documents().await);
    reached.extend(results().await);
    reached.extend(copies().await);
    reached.extend(robots().await);
    let sandbox = still().in_process().start().await.unwrap();
    let rules = sandbox.vendor("idnow").unwrap().rules();
    let names: BTreeSet<&str> = rules.iter().map(|rule| rule.name).collect();
    assert_eq!(reached, names);
    assert_eq!(names.len(), rules.len(), "each name is unique");
    for rule in rules {
        let digits = rule.section.split('.');
        assert!(
            digits
                .into_iter()
                .all(|digits| digits.parse::<u8>().is_ok()),
            "{}",
            rule.name
        );
        assert!(rule.requires.ends_with('.') && rule.requires.is_ascii());
    }
}

/// Chapter 3 and the credentials.
async fn creation() -> BTreeSet<&'static str> {
    let mut walk = Walk::start(|_| {}).await;
    walk.play("DONE", "happy").await;
    walk.token = walk.log_in("ihrebank", "exampleApiKey").await;
    let start = "/api/v1/ihrebank/identifications/N/start";
    walk.refuse("api-key-header", "POST", start, &[JSON], "{}")
        .await;
    let wrong = ("X-API-KEY", "exampleApiKez");
    walk.refuse("api-key", "POST", start, &[wrong, JSON], "{}")
        .await;
    walk.refuse("json-content-type", "POST", start, &[KEY], "{}")
        .await;
    let broken = |rule, body| (rule, "POST", start, With::Key, body);
    walk.refuse_each(&[
        (
            "transaction-in-path",
            "POST",
            "/api/v1/ihrebank/identifications/start",
            With::Key,
            "{}",
        ),
        (
            "transaction-number",
            "POST",
            "/api/v1/ihrebank/identifications/a.b/start",
            With::Key,
            "{}",
        ),
        (
            "unfinished",
            "POST",
            "/api/v1/ihrebank/identifications/DONE/start",
            With::Key,
            "{}",
        ),
        broken("json-object", "[]"),
        broken("start-fields", r#"{"firstName":"Armin"}"#),
        broken("start-text", r#"{"firstname":1}"#),
        broken("birthday", r#"{"birthday":"20.12.1975"}"#),
        broken("country-code", r#"{"country":"de"}"#),
        broken("country-code", r#"{"nationality":"DEU"}"#),
        broken("email", r#"{"email":"armin"}"#),
        broken("gender", r#"{"gender":"male"}"#),
        broken("preferred-language", r#"{"preferredLang":"EN"}"#),
        broken("phone-number", r#"{"mobilephone":"none"}"#),
        broken("questions", r#"{"questions":[]}"#),
        broken("question-key", r#"{"questions":{"a b":{"value":1}}}"#),
        broken("question-value", r#"{"questions":{"a":{"value":null}}}"#),
    ])
    .await;
    let request = walk.sandbox.requests().pop().unwrap();
    assert_eq!(
        request.refusal.unwrap().detail.as_deref(),
        Some("questions.a"),
        "the detail names the place"
    );
    walk.configure(|account| account.documented_only = true);
    walk.refuse_each(&[("api-key-header", "POST", start, With::Token, "{}")])
        .await;
    walk.reached
}

/// Chapters 4 and 6, and paths that no chapter has.
async fn browsers() -> BTreeSet<&'static str> {
    let mut walk = Walk::start(|_| {}).await;
    walk.play("DONE", "happy").await;
    walk.refuse_each(&[
        ("path", "GET", "/api/v1/ihrebank/users", With::Token, ""),
        ("path", "GET", "/a/b/c/d", With::Nothing, ""),
        ("path", "POST", "/users", With::Nothing, ""),
        ("link-identification", "GET", "/IBA-NONE", With::Nothing, ""),
        (
            "link-identification",
            "GET",
            "/ihrebank/identifications/NONE",
            With::Nothing,
            "",
        ),
        ("web-form", "GET", "/bank/userdata", With::Nothing, ""),
        ("web-form", "POST", "/bank/userdata/N", With::Nothing, ""),
        (
            "form-content-type",
            "POST",
            "/ihrebank/userdata",
            With::Nothing,
            "{}",
        ),
    ])
    .await;
    for (rule, path, body) in [
        ("form-fields", "/ihrebank/userdata", "custom1=x"),
        ("birthday", "/ihrebank/userdata", "birthday=1.1.80"),
        ("transaction-number", "/ihrebank/userdata/a.b", ""),
        ("unfinished", "/ihrebank/userdata/DONE", "firstname=A"),
    ] {
        walk.refuse(rule, "POST", path, &[FORM], body).await;
    }
    walk.reached
}

/// Chapter 5.
async fn links() -> BTreeSet<&'static str> {
    let mut walk = Walk::start(|_| {}).await;
    walk.play("DONE", "happy").await;
    let now = walk.sandbox.clock().now().as_millisecond();
    let timely = format!("timestamp={now}");
    for (rule, parameters) in [
        ("link-parameters", format!("tid=x&{timely}")),
        ("link-order", format!("transactionnumber=N&{timely}")),
        (
            "link-values",
            format!("country=de&{timely}&transactionnumber=N"),
        ),
        (
            "link-transaction-number",
            format!("{timely}&transactionnumber=a.b"),
        ),
        ("link-timestamp", "transactionnumber=N".to_owned()),
        ("link-age", "timestamp=1&transactionnumber=N".to_owned()),
        (
            "link-length",
            format!("city={}&{timely}&transactionnumber=N", "x".repeat(1000)),
        ),
        ("unfinished", format!("{timely}&transactionnumber=DONE")),
    ] {
        walk.refuse(rule, "GET", &link("ihrebank", &parameters), &[], "")
            .await;
    }
    let right = link("ihrebank", &format!("{timely}&transactionnumber=N"));
    let (unsigned, _) = right.split_once("&signature=").unwrap();
    let wrong = format!("{unsigned}&signature=00");
    walk.refuse("link-signature", "GET", &wrong, &[], "").await;
    for target in [unsigned, "/v1/ihrebank/start"] {
        walk.refuse("link-signature-last", "GET", target, &[], "")
            .await;
    }
    let elsewhere = link("bank", &format!("{timely}&transactionnumber=N"));
    walk.refuse("link-company", "GET", &elsewhere, &[], "")
        .await;
    walk.accept("GET", &right, With::Nothing, "").await;
    walk.reached
}

/// Returns a link with its signature. No value needs to be encoded.
fn link(company: &str, parameters: &str) -> String {
    let path = format!("/v1/{company}/start?{parameters}");
    let mut mac = Hmac::<Sha256>::new_from_slice(b"exampleApiKey").unwrap();
    mac.update(path.as_bytes());
    let signature = hex::encode(mac.finalize().into_bytes());
    format!("{path}&signature={signature}")
}

/// Section 7.1.
async fn definitions() -> BTreeSet<&'static str> {
    let mut walk = Walk::start(|_| {}).await;
    let all = "/api/v1/ihrebank/documentdefinitions";
    let one = "/api/v1/ihrebank/documentdefinitions/doc1";
    walk.refuse_each(&[("e-sign", "GET", all, With::Token, "")])
        .await;
    walk.configure(|account| account.e_sign = true);
    walk.accept("POST", all, With::Token, &contract().to_string())
        .await;
    for (rule, changes) in [
        ("definition-fields", json!({ "colour": 1 })),
        ("definition-mandatory", json!({ "name": null })),
        ("document-text", json!({ "name": "" })),
        ("identifier", json!({ "identifier": "Doc" })),
        ("mime-type", json!({ "mimeType": "a\nb" })),
        ("definition-optional", json!({ "optional": "no" })),
        ("sort-order", json!({ "sortOrder": 0 })),
        ("view-policy", json!({ "viewPolicy": "FULL" })),
        ("identifier-unique", json!({ "identifier": "doc1" })),
        ("signatures", json!({ "signatures": [] })),
        ("signatures", json!({ "signatures": { "": {} } })),
    ] {
        let body = contract_with(&changes);
        walk.refuse_each(&[(rule, "POST", all, With::Token, &body)])
            .await;
    }
    for (rule, changes) in [
        ("signature-fields", json!({ "colour": 1 })),
        ("signature-second-line", json!({ "signatureFontSize2": 8 })),
        ("signature-type", json!({ "type": "DRAWN" })),
        ("signature-handwritten", json!({ "type": "HANDWRITTEN" })),
        ("signature-font-size", json!({ "signatureFontSize": 0 })),
        ("signature-image", json!({ "signatureImage": "Seal" })),
        ("signature-optional", json!({ "optional": "no" })),
        ("signature-position", json!({ "position": null })),
        ("signature-position", json!({ "position": [] })),
        ("position-fields", json!({ "position": { "top": 1 } })),
        ("position-kind", json!({ "position": { "left": 1 } })),
        ("position-measures", json!({ "position": { "page": 1 } })),
        ("position-name", json!({ "position": { "acrofield": "" } })),
        ("position-page", json!({ "position": { "page": 0 } })),
        ("position-number", json!({ "position": { "width": 0 } })),
    ] {
        let mut signature = signature_at("page", 1);
        for (key, value) in changes.as_object().unwrap() {
            signature[key] = value.clone();
        }
        let body = contract_with(&json!({ "signatures": { "s": signature } }));
        walk.refuse_each(&[(rule, "POST", all, With::Token, &body)])
            .await;
    }
    let other = contract_with(&json!({ "identifier": "doc9" }));
    let missing = format!("{all}/doc9");
    let data = format!("{one}/data");
    walk.refuse_each(&[
        ("identifier-in-path", "POST", one, With::Token, &other),
        ("definition", "GET", &missing, With::Token, ""),
        ("default-document", "GET", &data, With::Token, ""),
        ("upload-content-type", "POST", &data, With::Token, "%PDF-"),
    ])
    .await;
    let token = walk.token.clone();
    let upload = [OCTETS, ("X-API-LOGIN-TOKEN", token.as_str())];
    walk.refuse("document-type", "POST", &data, &upload, "text")
        .await;
    walk.reached.extend(too_large().await);

    walk.configure(|account| account.data_centre = DataCentre::Ch);
    let two = json!({ "a": signature_at("page", 1), "b": signature_at("page", 2) });
    let body = contract_with(&json!({ "identifier": "doc2", "signatures": two }));
    walk.refuse_each(&[("signature-count", "POST", all, With::Token, &body)])
        .await;
    walk.reached
}

/// Uploads default documents beyond the limit, all of which share their bytes.
async fn too_large() -> BTreeSet<&'static str> {
    let mut walk = Walk::start(|account| account.e_sign = true).await;
    let all = "/api/v1/ihrebank/documentdefinitions";
    let bytes = Bytes::from(vec![b'x'; 30 << 20]);
    let token = walk.token.clone();
    let upload = [OCTETS, ("X-API-LOGIN-TOKEN", token.as_str())];
    for number in 0..9 {
        let identifier = format!("doc{number}");
        let body = contract_with(&json!({ "identifier": identifier, "mimeType": "text/plain" }));
        walk.accept("POST", all, With::Token, &body).await;
        let data = format!("{all}/{identifier}/data");
        if number < 8 {
            let (status, _) = walk.send("POST", &data, &upload, bytes.clone()).await;
            assert_eq!(status, 200);
        } else {
            walk.refuse("documents-size", "POST", &data, &upload, bytes.clone())
                .await;
        }
    }
    walk.reached
}

/// Section 7.2.
async fn documents() -> BTreeSet<&'static str> {
    let mut walk = Walk::start(|account| account.e_sign = true).await;
    let definitions = "/api/v1/ihrebank/documentdefinitions";
    walk.accept("POST", definitions, With::Token, &contract().to_string())
        .await;
    walk.create("T-1", "{}").await;
    walk.create("ROBOT", r#"{"firstname":"X-AUTOTEST-HAPPYPATH"}"#)
        .await;
    let one = "/api/v1/ihrebank/identifications/T-1/documents/doc1";
    let other = "/api/v1/ihrebank/identifications/T-1/documents/doc9";
    let robot = "/api/v1/ihrebank/identifications/ROBOT/start";
    let signed = format!("{one}/signed");
    let data = format!("{one}/data");
    walk.refuse_each(&[
        ("document", "GET", other, With::Token, ""),
        ("document-fields", "POST", one, With::Token, r#"{"a":1}"#),
        (
            "document-read-only",
            "POST",
            one,
            With::Token,
            r#"{"hash":"x"}"#,
        ),
        ("signed-document", "GET", &signed, With::Token, ""),
        ("documents-uploaded", "POST", robot, With::Key, "{}"),
    ])
    .await;
    let place = json!({ "signatures": { "s": signature_at("page", 9) } }).to_string();
    walk.accept("POST", one, With::Token, &place).await;
    let token = walk.token.clone();
    let upload = [OCTETS, ("X-API-LOGIN-TOKEN", token.as_str())];
    walk.refuse("signature-place", "POST", &data, &upload, PDF)
        .await;
    let place = json!({ "signatures": { "s": signature_at("page", 2) } }).to_string();
    walk.accept("POST", one, With::Token, &place).await;
    let (status, _) = walk.send("POST", &data, &upload, PDF).await;
    assert_eq!(status, 200);
    walk.sandbox.idnow().act("T-1", "happy").unwrap();
    walk.refuse_each(&[("documents-before-start", "POST", one, With::Token, "{}")])
        .await;
    walk.hour().await;
    walk.refuse_each(&[("documents-unfinished", "POST", one, With::Token, "{}")])
        .await;
    walk.reached
}

/// Chapters 8 and 13.
async fn results() -> BTreeSet<&'static str> {
    let mut walk = Walk::start(|_| {}).await;
    walk.create("OPEN", "{}").await;
    walk.play("DONE", "happy").await;
    walk.play("REVIEW", "never-finishes").await;
    let account = "/api/v1/ihrebank";
    let login = "/api/v1/ihrebank/login";
    let idle = walk.token.clone();
    let idle = [("X-API-LOGIN-TOKEN", idle.as_str())];
    walk.refuse("login-token", "GET", account, &idle, "").await;
    let other = walk.log_in("testbank", "testbankApiKey").await;
    let other = [("X-API-LOGIN-TOKEN", other.as_str())];
    walk.refuse("own-company", "GET", account, &other, "").await;
    walk.token = walk.log_in("ihrebank", "exampleApiKey").await;
    let list = format!("{account}/identifications");
    let one = |name| format!("{list}/{name}");
    walk.refuse_each(&[
        ("login-token-header", "GET", account, With::Key, ""),
        ("login-fields", "POST", login, With::Nothing, r#"{"a":1}"#),
        ("login-key", "POST", login, With::Nothing, "{}"),
        (
            "list-filter",
            "GET",
            &format!("{list}?pending=yes"),
            With::Token,
            "",
        ),
        ("identification", "GET", &one("NONE"), With::Token, ""),
        ("identification", "DELETE", &one("NONE"), With::Token, ""),
        ("transaction-in-path", "GET", &one(""), With::Token, ""),
        ("result", "GET", &one("OPEN"), With::Token, ""),
        ("result-suffix", "GET", &one("DONE.doc"), With::Token, ""),
    ])
    .await;
    walk.configure(|account| account.preliminary_results = false);
    walk.refuse_each(&[(
        "preliminary-results",
        "GET",
        &one("REVIEW"),
        With::Token,
        "",
    )])
    .await;
    walk.configure(|account| account.attachments = false);
    walk.refuse_each(&[("attachment", "GET", &one("DONE.pdf"), With::Token, "")])
        .await;
    walk.configure(|account| account.documented_only = true);
    walk.refuse_each(&[("result-suffix", "GET", &one("DONE.pdf"), With::Token, "")])
        .await;
    walk.reached
}

/// Sections 8.3.5 and 8.3.6.
async fn copies() -> BTreeSet<&'static str> {
    let mut walk = Walk::start(|account| account.copies_to = vec!["testbank".into()]).await;
    walk.create("OPEN", "{}").await;
    walk.play("DONE", "happy").await;
    walk.token = walk.log_in("ihrebank", "exampleApiKey").await;
    let copy = "/api/v1/ihrebank/identifications/DONE/copy";
    let target = r#"{"target_companyid":"testbank"}"#;
    walk.accept("POST", copy, With::Token, target).await;
    let archive = "/api/v1/ihrebank/identifications/DONE/archive";
    let broken = |rule, body| (rule, "POST", copy, With::Token, body);
    walk.refuse_each(&[
        broken("copy-fields", r#"{"target":"testbank"}"#),
        broken("copy-target", "{}"),
        broken("copy-permission", r#"{"target_companyid":"bank"}"#),
        broken("copy-number", target),
        broken(
            "transaction-number",
            r#"{"target_companyid":"testbank","target_transactionnumber":"a.b"}"#,
        ),
        (
            "copy-finished",
            "POST",
            "/api/v1/ihrebank/identifications/OPEN/copy",
            With::Token,
            target,
        ),
        ("archiving", "POST", archive, With::Token, ""),
    ])
    .await;
    walk.configure(|account| account.archiving = true);
    walk.accept("POST", archive, With::Token, "").await;
    walk.refuse_each(&[
        ("not-archived", "POST", archive, With::Token, ""),
        (
            "archive-finished",
            "POST",
            "/api/v1/ihrebank/identifications/OPEN/archive",
            With::Token,
            "",
        ),
        (
            "transaction-in-path",
            "POST",
            "/api/v1/ihrebank/identifications/archive",
            With::Token,
            "",
        ),
    ])
    .await;
    walk.reached
}

/// Chapter 15.
async fn robots() -> BTreeSet<&'static str> {
    let mut walk = Walk::start(|_| {}).await;
    walk.create("PERSON", "{}").await;
    walk.play("DONE", "happy").await;
    for (transaction, case) in [
        ("IDLE", "HAPPYPATH"),
        ("WRONG", "NONE"),
        ("SIGN", "HOLDCERTIFICATE"),
    ] {
        let body = json!({ "firstname": format!("X-AUTOTEST-{case}") });
        walk.create(transaction, &body.to_string()).await;
    }
    let chat = |name| format!("/api/v1/ihrebank/identifications/{name}/requestVideoChat");
    for (rule, transaction, body) in [
        ("automated-test", "PERSON", "{}"),
        ("test-case", "WRONG", "{}"),
        ("test-case-product", "SIGN", "{}"),
        ("robot-started", "IDLE", "{}"),
        ("robot-fields", "IDLE", r#"{"a":1}"#),
        ("identification", "NONE", "{}"),
        ("unfinished", "DONE", "{}"),
    ] {
        walk.refuse_each(&[(rule, "POST", &chat(transaction), With::Nothing, body)])
            .await;
    }
    let gateway = ("Host", "gateway.test.idnow.de");
    walk.refuse("robot-host", "POST", &chat("IDLE"), &[gateway, JSON], "{}")
        .await;
    walk.reached
}

#[tokio::test]
async fn misspelled_route_gets_a_hint_and_documented_does_not() {
    let walk = Walk::start(|_| {}).await;
    let routes = walk.sandbox.vendor("idnow").unwrap().routes();
    let mut misspelled = 0;
    for route in routes {
        let fill = |path: &str| {
            let segment = |segment: &str| match segment.split_once('}') {
                Some((_, suffix)) => format!("T-1{suffix}"),
                None => segment.to_owned(),
            };
            let segments: Vec<String> = path.split('/').map(segment).collect();
            segments.join("/")
        };
        let path = fill(route.path);
        walk.send(route.method, &path, &[], "").await;
        let request = walk.sandbox.requests().pop().unwrap();
        assert_eq!(request.hint, None, "{} {path}", route.method);

        // A path of one segment has the form of an Ident-ID.
        let literal = route.path.split('/').rfind(|part| !part.contains('{'));
        let Some(literal) = literal.filter(|part| !part.is_empty() && path.contains("/T-1")) else {
            continue;
        };
        let path = fill(&route.path.replace(literal, &format!("{literal}x")));
        walk.send(route.method, &path, &[], "").await;
        let request = walk.sandbox.requests().pop().unwrap();
        let hint = request.hint.unwrap_or_default();
        assert!(hint.contains(&format!("/{literal}")), "{path}: {hint}");
        misspelled += 1;
    }
    assert_eq!(misspelled, routes.len() - 2);
}

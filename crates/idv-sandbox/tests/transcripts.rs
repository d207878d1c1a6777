//! The document's sample requests, unchanged except for the host and the login token: by `curl` as
//! printed, and by the tests' own client, so that each one is tested even without `curl`.

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
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};
use support::{Reply, World, send};

const TRANSCRIPTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/idnow/transcripts");
/// The login token of the samples; a login yields another one.
const TOKEN: &str = "7eb579f6-51b9-4a61-a32b-8bce0f84c6fa";
/// The login token of the samples in chapter 7.
const OTHER_TOKEN: &str = "asdgg38434-34guzf3f4zf34fz34-ugfgu3u34";
/// The definition of the samples.
const DEFINITION: &str = r#"{"optional":false,"name":"Arbeitsvertrag","identifier":"doc1","mimeType":"application/pdf","sortOrder":1}"#;

/// A sandbox that matches the samples.
async fn world(name: &str) -> World {
    let world = World::start().await;
    if name.starts_with("15.") {
        let created = world
            .create("1234567890", r#"{"firstname":"X-AUTOTEST-HAPPYPATH"}"#)
            .await;
        assert_eq!(created.status, 201);
    }
    if name.starts_with("15.2.4-4") {
        world.create("1234567890", "{}").await;
    }
    if name.starts_with("7.") {
        world
            .sandbox
            .idnow()
            .configure(|account| account.e_sign = true)
            .unwrap();
        if name != "7.1.3-create" {
            signing::define(&world, json!({})).await;
        }
        for transaction in ["XFADASD4", "XFA-DASD4", "1234567890"] {
            world.create(transaction, "{}").await;
        }
    }
    if name == "7.1.9-download" {
        assert_eq!(
            signing::upload(&world, "documentdefinitions/doc1", signing::PDF)
                .await
                .status,
            200
        );
    }
    if name.starts_with("7.2.1") || name.starts_with("7.2.2") || name == "7.2.6-signed" {
        for transaction in ["XFADASD4", "XFA-DASD4"] {
            let document = format!("identifications/{transaction}/documents/doc1");
            assert_eq!(
                signing::upload(&world, &document, signing::PDF)
                    .await
                    .status,
                200
            );
        }
    }
    if name == "7.2.6-signed" {
        world.sandbox.idnow().act("XFA-DASD4", "happy").unwrap();
        world.seconds(3600).await;
    }
    if name.starts_with("8.") {
        let settings = |account: &mut idv_sandbox::Account| {
            account.copies_to = vec!["ihrebank".to_owned()];
            account.archiving = true;
        };
        world.sandbox.idnow().configure(settings).unwrap();
        for (transaction, scenario) in [
            ("AH73JK3LM", "happy"),
            ("Pending", "never-finishes"),
            ("Canceled", "canceled-in-review"),
            ("Aborted", "ABORTIDENT"),
        ] {
            world.finish(transaction, scenario).await;
        }
    }
    world
}

/// Both responses to a sample: the own client's and, if it is installed, `curl`'s.
async fn ask(name: &str) -> Vec<Reply> {
    let mut replies = vec![by_hand(name).await];
    replies.extend(by_curl(name).await);
    replies
}

fn command(name: &str) -> String {
    let text = fs::read_to_string(Path::new(TRANSCRIPTS).join(format!("{name}.txt"))).unwrap();
    let header: Vec<&str> = text
        .lines()
        .take_while(|line| line.starts_with("# "))
        .collect();
    assert!(
        header[0].starts_with("# Chapter ") && header[1].starts_with("# Repaired: "),
        "{name} states its source"
    );
    text.lines()
        .skip(header.len())
        .collect::<Vec<_>>()
        .join("\n")
}

async fn by_hand(name: &str) -> Reply {
    let world = world(name).await;
    let words = words(&with_token(&command(name), &world.token().await));
    let mut words = words.iter().map(String::as_str);
    assert_eq!(words.next(), Some("curl"));
    let (mut method, mut headers, mut body, mut url) = (None, Vec::new(), None, None);
    while let Some(word) = words.next() {
        match word {
            "-i" | "-fO" => {}
            "-o" => assert!(words.next().is_some()),
            "-H" | "--header" => headers.push(words.next().unwrap().split_once(':').unwrap()),
            "-d" => body = words.next().map(str::as_bytes),
            "--data-binary" => {
                assert_eq!(words.next(), Some("@localfile.pdf"));
                body = Some(signing::PDF);
            }
            "-X" => method = words.next(),
            address => assert!(url.replace(address).is_none(), "one address"),
        }
    }
    let (_, rest) = url.unwrap().split_once("://").unwrap();
    let (host, path) = rest.split_at(rest.find('/').unwrap());
    headers.push(("Host", host));
    let method = method.unwrap_or(if body.is_some() { "POST" } else { "GET" });
    // Through the shared port, which selects the vendor by the host in the sample.
    send(
        &world.sandbox.shared_url(),
        method,
        path,
        &headers,
        body.unwrap_or_default(),
    )
    .await
    .unwrap()
}

async fn by_curl(name: &str) -> Option<Reply> {
    if Command::new("curl").arg("--version").output().is_err() {
        return None;
    }
    let world = world(name).await;
    let command = with_token(&command(name), &world.token().await);
    // The test system supports both schemes; the samples of chapter 7 use http.
    let (before, rest) = command
        .split_once("https://")
        .or_else(|| command.split_once("http://"))
        .unwrap();
    let (host, path) = rest.split_at(rest.find('/').unwrap());
    assert!(host.ends_with(".test.idnow.de"));
    let command = format!("{before}{}{path}", world.base);
    let folder = folder(name);
    fs::write(folder.join("localfile.pdf"), signing::PDF).unwrap();
    let mut curl = tokio::process::Command::new("sh");
    let output = curl
        .arg("-c")
        .arg(&command)
        .env("no_proxy", "*")
        .current_dir(&folder)
        .output()
        .await
        .unwrap();
    assert!(output.status.success(), "{command}: {output:?}");
    // `curl` prints the body alone; with -f it fails unless the status is a success.
    let named = before
        .split_once(" -o ")
        .map(|(_, rest)| rest.split(' ').next().unwrap());
    if let Some(file) = named.or_else(|| {
        command
            .contains(" -fO ")
            .then(|| path.rsplit('/').next().unwrap())
    }) {
        let file = folder.join(file);
        return Some(Reply {
            status: 200,
            headers: Vec::new(),
            body: fs::read(file).unwrap(),
        });
    }
    Some(Reply::parse(&output.stdout).unwrap())
}

fn with_token(command: &str, token: &str) -> String {
    command.replace(TOKEN, token).replace(OTHER_TOKEN, token)
}

/// Creates an empty folder.
fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"))
        .join(format!("transcript-{name}-{}", std::process::id()));
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}

/// Returns the words of a shell command with double quotes and backslashes.
fn words(line: &str) -> Vec<String> {
    let (mut words, mut word, mut quoted) = (Vec::new(), String::new(), false);
    let mut letters = line.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '"' => quoted = !quoted,
            '\\' if quoted => word.extend(letters.next()),
            ' ' if !quoted => words.push(std::mem::take(&mut word)),
            _ => word.push(letter),
        }
    }
    assert!(!quoted, "every quote is closed");
    words.push(word);
    words
}

/// Returns status and headers as printed in the samples. `curl -fO` shows neither.
#[track_caller]
fn assert_ok(reply: &Reply) {
    assert_eq!(reply.status, 200, "{}", reply.text());
    if !reply.headers.is_empty() {
        assert_eq!(reply.header("access-control-allow-origin"), Some("*"));
        assert_eq!(
            reply.header("content-type"),
            Some("application/json; charset=utf-8")
        );
        assert_eq!(
            reply.header("content-length"),
            Some(reply.body.len().to_string().as_str())
        );
    }
}

#[tokio::test]
async fn sample_3_2_11_creates_an_identification() {
    for reply in ask("3.2.11-start").await {
        // The sample prints 200 for a new identification; the table before it says 201.
        assert_eq!(reply.status, 201, "{}", reply.text());
        assert_eq!(reply.header("access-control-allow-origin"), Some("*"));
        assert_eq!(
            reply.header("content-type"),
            Some("application/json; charset=utf-8")
        );
        assert_eq!(reply.header("content-length"), Some("18"));
        let body = reply.json();
        let id = body["id"].as_str().unwrap();
        assert!(id.starts_with("IBA-") && id.len() == 9, "{id}");
        assert_eq!(reply.text(), format!("{{\"id\":\"{id}\"}}"));
    }
}

#[tokio::test]
async fn sample_6_4_gets_the_waiting_time() {
    for reply in ask("6.4-waiting-time").await {
        assert_ok(&reply);
        let expected = serde_json::json!({
            "shortname": "ihrebank", "shortcode": "IBA", "name": "IhreBank AG", "estimatedWaitingTime": 30
        });
        assert_eq!(reply.json(), expected);
    }
}

#[tokio::test]
async fn samples_7_1_define_a_document() {
    for reply in ask("7.1.3-create").await {
        assert_eq!(
            (reply.status, reply.text(), reply.header("content-length")),
            (201, "{}", Some("2"))
        );
    }
    let samples = [
        ("7.1.4-update", "{}".to_owned()),
        ("7.1.5-delete", "{}".to_owned()),
        ("7.1.6-list", format!("[{DEFINITION}]")),
        ("7.1.7-single", DEFINITION.to_owned()),
    ];
    for (name, body) in samples {
        for reply in ask(name).await {
            assert_ok(&reply);
            assert_eq!(reply.text(), body, "{name}");
        }
    }
}

#[tokio::test]
async fn upload_samples_have_empty_responses() {
    for reply in [ask("7.1.8-upload").await, ask("7.2.4-upload").await].concat() {
        assert_eq!((reply.status, reply.body.len()), (200, 0));
        assert_eq!(reply.header("access-control-allow-origin"), Some("*"));
        assert_eq!(reply.header("content-length"), Some("0"));
    }
}

#[tokio::test]
async fn download_samples_get_files() {
    for reply in ask("7.1.9-download").await {
        assert_eq!((reply.status, reply.body.as_slice()), (200, signing::PDF));
    }
    for reply in ask("7.2.6-signed").await {
        assert_eq!(reply.status, 200);
        assert!(reply.body.starts_with(signing::PDF) && reply.body.len() > signing::PDF.len());
    }
}

#[tokio::test]
async fn samples_7_2_list_and_update_documents() {
    for reply in [ask("7.2.1-list").await, ask("7.2.2-single").await].concat() {
        assert_ok(&reply);
        let body = reply.json();
        assert_eq!(body.as_array().unwrap().len(), 1);
        let hash = body[0]["hash"].as_str().unwrap().to_owned();
        let shown = [0, 4, 8]
            .map(|start| hash.get(start..start + 4).unwrap())
            .join("-");
        // In the order of the sample.
        let document = format!(
            r#""name":"Arbeitsvertrag","version":null,"hash":"{hash}","displayHash":"{shown}","status":"UPLOADED""#
        );
        assert_eq!(
            reply.text(),
            format!("[{{{document},\"documentDefinition\":{DEFINITION}}}]")
        );
    }
    for reply in ask("7.2.3-update").await {
        assert_ok(&reply);
        assert_eq!(reply.text(), "{}");
    }
}

#[tokio::test]
async fn samples_8_3_5_and_8_3_6_copy_and_archive() {
    for reply in ask("8.3.5-copy").await {
        assert_eq!(reply.status, 201, "{}", reply.text());
        let id = reply.json()["id"].as_str().unwrap().to_owned();
        assert_eq!(reply.text(), format!("{{\"id\":\"{id}\"}}"));
    }
    for reply in ask("8.3.6-archive").await {
        assert_eq!((reply.status, reply.body.len()), (200, 0));
    }
}

#[tokio::test]
async fn sample_8_3_1_logs_in() {
    for reply in ask("8.3.1-login").await {
        assert_ok(&reply);
        assert_eq!(reply.header("content-length"), Some("52"));
        let body = reply.json();
        let token = body["authToken"].as_str().unwrap();
        assert_eq!(token.len(), TOKEN.len());
        assert_eq!(
            token
                .match_indices('-')
                .map(|(at, _)| at)
                .collect::<Vec<_>>(),
            [8, 13, 18, 23]
        );
    }
}

#[tokio::test]
async fn samples_8_3_2_list_by_state() {
    let samples = [
        ("8.3.2-1-successful", "AH73JK3LM", "SUCCESS"),
        ("8.3.2-2-pending", "Pending", "REVIEW_PENDING"),
        ("8.3.2-3-canceled", "Canceled", "CANCELED"),
        ("8.3.2-4-aborted", "Aborted", "ABORTED"),
    ];
    for (name, transaction, result) in samples {
        for reply in ask(name).await {
            assert_ok(&reply);
            let body = reply.json();
            let list = body["identifications"].as_array().unwrap();
            assert_eq!(list.len(), 1, "{name}: {body}");
            let process = &list[0]["identificationprocess"];
            assert_eq!(
                (&process["transactionnumber"], &process["result"]),
                (&transaction.into(), &result.into())
            );
        }
    }
}

#[tokio::test]
async fn list_has_the_fields_of_sample_8_3_2() {
    for reply in ask("8.3.2-1-successful").await {
        let body = reply.json();
        let process = &body["identifications"][0]["identificationprocess"];
        let text = |name: &str| {
            process[name]
                .as_str()
                .unwrap_or_else(|| panic!("{name} in {process}"))
        };
        assert_eq!(text("agentname"), "HMUELLER");
        assert_eq!(text("type"), "WEB");
        assert_eq!(text("companyid"), "ihrebank");
        assert_eq!(text("filename"), "AH73JK3LM.zip");
        assert_eq!(
            text("href"),
            "/api/v1/ihrebank/identifications/AH73JK3LM.zip"
        );
        assert!(text("id").starts_with("IBA-"));
        let time: jiff::Timestamp = text("identificationtime").parse().unwrap();
        assert_eq!(
            time.to_string(),
            text("identificationtime"),
            "in UTC, to the second"
        );
    }
}

#[tokio::test]
async fn sample_8_3_3_1_gets_an_archive() {
    for reply in ask("8.3.3.1-zip").await {
        assert_eq!(reply.status, 200);
        assert!(
            reply.headers.is_empty() || reply.header("content-type") == Some("application/zip")
        );
        let archive = zip::ZipArchive::new(std::io::Cursor::new(&reply.body)).unwrap();
        let names: BTreeSet<String> = archive
            .file_names()
            .map(|name| name.unwrap().into_owned())
            .collect();
        for name in [
            "AH73JK3LM.xml",
            "AH73JK3LM.pdf",
            "AH73JK3LM.mp3",
            "AH73JK3LM.mp4",
            "AH73JK3LM_idfrontside.jpg",
        ] {
            assert!(names.contains(name), "{name} in {names:?}");
        }
    }
}

#[tokio::test]
async fn sample_8_3_3_2_gets_the_bare_result() {
    for reply in ask("8.3.3.2-json").await {
        assert_ok(&reply);
        let body = reply.json();
        assert_eq!(body["identificationprocess"]["result"], "SUCCESS");
        assert!(body["customdata"].is_object());
        assert_eq!(body.get("identifications"), None, "no list around it");
    }
}

#[tokio::test]
async fn sample_8_3_4_deletes() {
    for reply in ask("8.3.4-delete").await {
        assert_eq!((reply.status, reply.body.as_slice()), (200, b"".as_slice()));
    }
}

#[tokio::test]
async fn samples_15_2_4_start_the_robots() {
    for reply in ask("15.2.4-3-start").await {
        assert_ok(&reply);
        let body = reply.json();
        assert_eq!(body["status"], "STARTED");
        assert_eq!(body["testRobotName"], "happypath");
        assert!(
            body["internalToken"].as_str().unwrap().starts_with("TST-"),
            "{body}"
        );
        assert_eq!(body["email"], Value::Null);
    }
    for reply in ask("15.2.4-4-request-video-chat").await {
        assert_ok(&reply);
        assert_eq!(reply.text(), "{}");
        assert_eq!(reply.header("content-length"), Some("2"));
    }
}

#[tokio::test]
async fn sample_16_2_checks_the_system() {
    for reply in ask("16.2-system-check").await {
        assert_eq!((reply.status, reply.text()), (200, "SYSTEM_CHECK_OK"));
        assert_eq!(
            reply.header("content-type"),
            Some("text/plain; charset=utf-8")
        );
        assert_eq!(reply.header("content-length"), Some("15"));
    }
}

#[tokio::test]
async fn every_transcript_is_tested() {
    let source =
        fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/transcripts.rs")).unwrap();
    for entry in fs::read_dir(TRANSCRIPTS).unwrap() {
        let name = entry
            .unwrap()
            .path()
            .file_stem()
            .unwrap()
            .to_str()
            .unwrap()
            .to_owned();
        assert!(
            source.contains(&format!("(\"{name}\"")),
            "{name} is used by a test"
        );
        assert!(
            !command(&name).contains(['“', '”', '–', '\n']),
            "{name} is one line that a shell can read"
        );
    }
}

//! The state file: a later start continues from it, at whatever point the program ended.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod players;

use std::path::Path;
use std::sync::Arc;

use idv_sandbox::{Builder, Fault, FaultKind, Sandbox, SandboxError};
use players::{Players, URL, vendors};
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};
use tempfile::TempDir;

fn builder(path: &Path) -> Builder {
    Sandbox::builder().seed(7).state_file(path)
}

/// A played sandbox: its state file, and what a user saw when the file had a length.
struct Played {
    file: Vec<u8>,
    seen: Vec<(usize, Value)>,
}

/// Plays every vendor with callbacks, faults, commands and time.
async fn play(folder: &TempDir) -> Played {
    let path = folder.path().join("played.state");
    let players = Players::start(builder(&path).callback(URL)).await;
    let mut seen = Vec::new();
    let mut see = async |players: &Players| {
        let length = std::fs::read(&path).unwrap().len();
        seen.push((length, players.picture().await));
    };
    see(&players).await;
    for (round, scenario) in ["happy", "data-changed", "fraud"].into_iter().enumerate() {
        for vendor in &vendors() {
            players.create(vendor, &format!("T-{round}")).await;
            see(&players).await;
        }
        for (vendor, id) in players.ids().into_iter().rev().step_by(2) {
            let path = format!("{vendor}/verifications/{id}/act");
            let body = json!({ "scenario": scenario }).to_string();
            players.control("POST", &path, body).await;
            see(&players).await;
        }
        players
            .sandbox
            .plan(Fault::new(FaultKind::CallbackReordered));
        players
            .sandbox
            .plan(Fault::new(FaultKind::CutAfter).at("/start"));
        see(&players).await;
        for seconds in [600, 3600, 2 * 24 * 3600] {
            players.seconds(seconds).await;
            see(&players).await;
        }
        if round == 1 {
            players.control("POST", "callbacks/1/resend", "").await;
            players.control("POST", "callbacks/1/forge", "").await;
            players
                .control("POST", "callbacks/1/delay", r#"{"seconds":60}"#)
                .await;
            players
                .control("POST", "clock", r#"{"until":"next"}"#)
                .await;
            players
                .control("PATCH", "idnow/accounts/ihrebank", r#"{"e_sign":true}"#)
                .await;
            players.control("DELETE", "idnow/tokens", "").await;
            let event = players.get("identify24").await["events"][0]["name"].clone();
            let trigger = json!({ "event": event, "url": URL }).to_string();
            let (status, sent) = players.control("POST", "identify24/trigger", trigger).await;
            assert_eq!(status, 200, "{sent}");
            players.create("idnow", "T-page").await;
            let page = "http://localhost/_person/idnow/T-page/succeed";
            let (status, _) = players.send("POST", page, &[], "").await;
            assert!(status < 400, "the person chooses on the page: {status}");
            see(&players).await;
            for vendor in &vendors() {
                let button = format!("http://localhost/_page/verifications/{vendor}");
                let (status, _) = players.send("POST", &button, &[], "reference=T-made").await;
                assert_eq!(status, 303, "{vendor}");
                see(&players).await;
            }
            let button = "http://localhost/_page/verifications/idnow/T-made/delete";
            let (status, _) = players.send("POST", button, &[], "").await;
            assert_eq!(status, 303);
            see(&players).await;
        }
    }
    drop(players);
    let file = std::fs::read(&path).unwrap();
    assert_eq!(seen.last().map(|(length, _)| *length), Some(file.len()));
    Played { file, seen }
}

/// Restores a sandbox from a beginning of a file, and returns what a user sees, twice.
async fn restored(folder: &TempDir, file: &[u8]) -> [Value; 2] {
    let path = folder.path().join("cut.state");
    std::fs::write(&path, file).unwrap();
    let first = Players::start(builder(&path)).await;
    assert!(
        first.received.lock().unwrap().is_empty(),
        "a restored sandbox sends no old callback"
    );
    let picture = first.picture().await;
    drop(first);
    let second = Players::start(builder(&path)).await;
    [picture, second.picture().await]
}

#[tokio::test]
async fn restored_sandbox_equals_the_one_that_ended() {
    let folder = TempDir::new().unwrap();
    let played = play(&folder).await;
    let last = &played.seen.last().unwrap().1;
    for vendor in &vendors() {
        let of_vendor = |value: &&Value| value["vendor"] == *vendor;
        let callbacks = last["callbacks"].as_array().unwrap();
        assert!(
            callbacks.iter().any(|callback| of_vendor(&callback)),
            "{vendor}"
        );
        let verifications = last["verifications"].as_array().unwrap();
        assert!(
            verifications.iter().filter(of_vendor).count() >= 2,
            "{vendor}"
        );
    }
    for (length, picture) in &played.seen {
        let [first, second] = restored(&folder, &played.file[..*length]).await;
        assert_eq!(&first, picture, "after {length} bytes");
        assert_eq!(&second, picture, "after {length} bytes, twice");
    }
}

#[test]
fn any_cut_restores_the_last_complete_input() {
    let folder = TempDir::new().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let played = runtime.block_on(play(&folder));
    let header = 1 + played.file.iter().position(|byte| *byte == b'\n').unwrap();
    let config = Config {
        failure_persistence: None,
        ..Config::with_cases(64)
    };
    let cuts = header..played.file.len();
    TestRunner::new(config)
        .run(&cuts, |cut| {
            let whole = 1 + played.file[..cut]
                .iter()
                .rposition(|byte| *byte == b'\n')
                .unwrap();
            runtime.block_on(async {
                let [torn, again] = restored(&folder, &played.file[..cut]).await;
                let [clean, _] = restored(&folder, &played.file[..whole]).await;
                assert_eq!(torn, clean, "a line without its end has no effect");
                assert_eq!(torn, again, "a restored sandbox stays the same");
                let earlier = played
                    .seen
                    .iter()
                    .rev()
                    .find(|(length, _)| *length <= whole);
                let requests = |picture: &Value| picture["requests"].as_array().unwrap().len();
                assert!(requests(&torn) >= requests(&earlier.unwrap().1));
            });
            Ok(())
        })
        .unwrap();
}

#[tokio::test]
async fn restored_sandbox_goes_on_like_the_original() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("original.state");
    let original = Players::start(builder(&path).callback(URL)).await;
    for vendor in &vendors() {
        original.create(vendor, "T-1").await;
    }
    drop(original);
    let copy = folder.path().join("copy.state");
    std::fs::copy(&path, &copy).unwrap();
    let mut pictures = Vec::new();
    for path in [path, copy] {
        let players = Players::start(builder(&path)).await;
        for (vendor, id) in players.ids() {
            let act = format!("{vendor}/verifications/{id}/act");
            players
                .control("POST", &act, r#"{"scenario":"happy"}"#)
                .await;
        }
        players.seconds(24 * 3600).await;
        for vendor in &vendors() {
            players.create(vendor, "T-2").await;
        }
        assert!(!players.received.lock().unwrap().is_empty());
        pictures.push(players.picture().await);
    }
    assert_eq!(pictures[0], pictures[1]);
}

#[tokio::test]
async fn interrupted_advance_leaves_a_callback_without_reply() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("interrupted.state");
    let start = || builder(&path).callback(URL).in_process();
    let sandbox = start()
        .deliver_callbacks_to(|_| std::future::pending())
        .start()
        .await
        .unwrap();
    let players = Players {
        sandbox,
        received: Arc::default(),
    };
    players.create("idnow", "T-1").await;
    players.sandbox.idnow().act("T-1", "rejected").unwrap();
    // The client of the control plane goes away while the callback is on its way.
    tokio::select! {
        biased;
        () = players.seconds(3600) => panic!("the recipient never replies"),
        () = std::future::ready(()) => {}
    }
    let callback = players.sandbox.callbacks().remove(0);
    assert_eq!((callback.state, callback.attempts.len()), ("pending", 1));
    assert_eq!(callback.attempts[0].status, 0);
    drop(players);
    let restored = Players::start(builder(&path)).await;
    assert_eq!(restored.sandbox.callbacks()[0], callback);
    restored.seconds(24 * 3600).await;
    assert_eq!(
        restored.sandbox.callbacks()[0].state,
        "delivered",
        "the vendor tries again"
    );
}

#[tokio::test]
async fn options_of_file_stay_unless_given_again() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("options.state");
    drop(Players::start(builder(&path).auto("happy")).await);
    for (start, scenario) in [
        (builder(&path), "happy"),
        (builder(&path).auto("fraud"), "fraud"),
        (builder(&path), "fraud"),
    ] {
        let players = Players::start(start).await;
        players.control("POST", "reset", "").await;
        players.create("idnow", "T-1").await;
        let timeline = players.get("idnow/verifications/T-1").await["timeline"].to_string();
        assert!(
            timeline.contains(&format!("scenario `{scenario}`")),
            "{timeline}"
        );
    }
}

#[tokio::test]
async fn foreign_or_damaged_file_is_refused_and_kept() {
    let folder = TempDir::new().unwrap();
    let played = play(&folder).await;
    let path = folder.path().join("refused.state");
    let mut damaged = played.file.clone();
    let middle = damaged.len() / 2;
    damaged[middle] ^= 1;
    let mut shortened = played.file.clone();
    let lines: Vec<usize> = (0..shortened.len())
        .filter(|at| shortened[*at] == b'\n')
        .collect();
    shortened.drain(lines[3]..lines[4]);
    let other = String::from_utf8(played.file.clone()).unwrap().replacen(
        "\"idv_sandbox_state\":1",
        "\"idv_sandbox_state\":2",
        1,
    );
    for (file, problem) in [
        (b"# notes\n".to_vec(), "not a state file"),
        (b"{\"idv_sandbox".to_vec(), ""),
        (b"x".to_vec(), "not a state file"),
        (b"{\"a\":1}\n".to_vec(), "not a state file"),
        (other.into_bytes(), "its format is 2"),
        (damaged, "damaged at byte"),
        (shortened, "damaged at byte"),
    ] {
        std::fs::write(&path, &file).unwrap();
        let started = builder(&path).in_process().start().await;
        if problem.is_empty() {
            assert!(started.is_ok(), "the beginning of a header is a new file");
            continue;
        }
        let Err(error @ SandboxError::State(..)) = started else {
            panic!("{problem}: {started:?}");
        };
        assert!(error.to_string().contains(problem), "{error}");
        assert_eq!(std::fs::read(&path).unwrap(), file, "{problem}");
    }
}

#[tokio::test]
async fn file_belongs_to_one_sandbox_and_one_seed() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("one.state");
    let first = builder(&path).in_process().start().await.unwrap();
    let problem = |builder: Builder| async {
        let error = builder.in_process().start().await.unwrap_err();
        error.to_string()
    };
    let second = problem(builder(&path)).await;
    assert!(second.contains("another program uses it"), "{second}");
    drop(first);
    let other = problem(builder(&path).seed(8)).await;
    assert!(other.contains("its seed is 7"), "{other}");
    let other = problem(builder(&path).start_time(jiff::Timestamp::UNIX_EPOCH)).await;
    assert!(other.contains("its start time is 2026-01-01"), "{other}");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}

//! The programs of the README and of the book, pasted into new crates outside of this workspace, at every vendor: with a person who passes, one
//! who fails, and one who does not come. Between the vendors nothing changes but the configuration.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use idv::{Capability, VendorInfo};
use idv_examples::Town;
use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

/// More than any machine needs.
const PATIENCE: Duration = Duration::from_secs(120);

const README: &str = include_str!("../../README.md");
const BOOK: &str = include_str!("../../docs/src/first-verification.md");

/// The folder with the built programs, `readme` and `book`.
static BUILT: LazyLock<PathBuf> = LazyLock::new(build);

/// Pastes both programs and their dependencies into new crates, and builds them. What cannot be pasted is that the family is not published:
/// its crates are patched in. The crates already compiled for this workspace are used again.
fn build() -> PathBuf {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("outside");
    let vendors: Vec<String> = idv::providers()
        .iter()
        .map(|vendor| format!("{:?}", vendor.provider.as_str()))
        .collect();
    for (name, text) in [("readme", README), ("book", BOOK)] {
        let (dependencies, program) = pasted(text);
        // The feature of each vendor that the program is going to be configured for.
        let dependencies = dependencies.replace("\"idnow\"", &vendors.join(", "));
        write(
            &folder.join(name).join("Cargo.toml"),
            &format!(
                "[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n{dependencies}"
            ),
        );
        write(&folder.join(name).join("src/main.rs"), &program);
    }
    let manifest = std::fs::read_to_string(workspace.join("Cargo.toml")).unwrap();
    let crates = std::fs::read_dir(workspace.join("crates"))
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let patches: String = crates
        .map(|path| {
            format!(
                "{} = {{ path = {path:?} }}\n",
                path.file_name().unwrap().to_str().unwrap()
            )
        })
        .collect();
    let (_, profiles) = manifest.split_once("\n[profile.dev]").unwrap();
    write(
        &folder.join("Cargo.toml"),
        &format!(
            "[workspace]\nresolver = \"3\"\nmembers = [\"readme\", \"book\"]\n\n[patch.crates-io]\n{patches}\n[profile.dev]{profiles}"
        ),
    );
    std::fs::copy(workspace.join("Cargo.lock"), folder.join("Cargo.lock")).unwrap();
    // Above the binary of this test is the folder that the workspace is built in.
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    let built =
        std::process::Command::new(std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned()))
            .args(["build", "--offline", "--quiet", "--target-dir"])
            .arg(target)
            .current_dir(&folder)
            .output()
            .unwrap();
    assert!(
        built.status.success(),
        "{}",
        String::from_utf8_lossy(&built.stderr)
    );
    target.join("debug")
}

/// The dependencies and the program of a text: its first table of dependencies, and its first `main`.
fn pasted(text: &str) -> (String, String) {
    let blocks: Vec<(&str, &str)> = text
        .split("```")
        .skip(1)
        .step_by(2)
        .filter_map(|block| block.split_once('\n'))
        .collect();
    let dependencies = blocks
        .iter()
        .find(|(language, code)| *language == "toml" && code.starts_with("[dependencies]"));
    let program = blocks.iter().find(|(language, code)| {
        language.starts_with("rust") && code.contains("\nasync fn main()")
    });
    (
        dependencies.unwrap().1.to_owned(),
        program.unwrap().1.to_owned(),
    )
}

/// Writes a file unless it is there already, so that nothing is built again without a reason.
fn write(path: &Path, text: &str) {
    if std::fs::read_to_string(path).ok().as_deref() != Some(text) {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
}

/// A program, running in a folder of its own.
struct Program {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    folder: PathBuf,
}

impl Program {
    /// Starts a program at a vendor, and waits until it has created a verification.
    async fn start(name: &str, town: &Town, vendor: &VendorInfo) -> Self {
        let binary = BUILT.join(name);
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR"))
            .join(format!("{name}-{}-{count}", vendor.provider));
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).unwrap();
        let port = std::net::TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let public_url = format!("http://127.0.0.1:{port}");
        town.report_to(
            &idv_axum::callback_url(&public_url.parse().unwrap(), vendor.provider.as_str())
                .unwrap(),
        )
        .unwrap();

        let mut command = Command::new(binary);
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("IDV_")) {
            command.env_remove(name);
        }
        let mut child = command
            .envs(town.variables())
            .env("IDV_CALLS_POLL_INTERVAL_MS", "50")
            .env("LISTEN", format!("127.0.0.1:{port}"))
            .env("PUBLIC_URL", public_url)
            .current_dir(&folder)
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let created = async {
            while town
                .sandbox()
                .vendor(vendor.provider.as_str())
                .unwrap()
                .ids()
                .is_empty()
            {
                assert!(
                    child.try_wait().unwrap().is_none(),
                    "{}: it ended before it created anything",
                    vendor.provider
                );
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(PATIENCE, created).await.unwrap();
        Self {
            child,
            lines,
            folder,
        }
    }

    /// Waits for the end, and returns what the program printed.
    async fn end(mut self) -> Vec<String> {
        let mut printed = Vec::new();
        tokio::time::timeout(PATIENCE, async {
            while let Some(line) = self.lines.next_line().await.unwrap() {
                printed.push(line);
            }
            assert!(self.child.wait().await.unwrap().success(), "{printed:?}");
        })
        .await
        .unwrap_or_else(|_| panic!("it has no end: {printed:?}"));
        printed
    }
}

/// Runs a program while the person plays a scenario. The time of each step passes at once.
async fn run(
    name: &str,
    vendor: &VendorInfo,
    scenario: &str,
    check: impl FnOnce(&Town, &Path),
) -> Vec<String> {
    let town = Town::begin_now(vendor.provider.as_str()).await.unwrap();
    let program = Program::start(name, &town, vendor).await;
    town.plays_alone(scenario).unwrap();
    for _ in 0..40 {
        town.wait(Duration::from_secs(60)).await;
    }
    let folder = program.folder.clone();
    let printed = program.end().await;
    check(&town, &folder);
    town.end().await;
    printed
}

fn verified(printed: &[String]) -> Option<&str> {
    printed
        .iter()
        .find_map(|line| line.strip_prefix("verified: "))
}

#[tokio::test]
async fn person_who_passes_is_verified_with_a_report_at_every_vendor() {
    for vendor in idv::providers() {
        let printed = run("readme", &vendor, "happy", |_, _| {}).await;
        assert_eq!(
            verified(&printed),
            Some("true"),
            "{}: {printed:?}",
            vendor.provider
        );
        assert!(
            printed
                .iter()
                .any(|line| line.starts_with("the report has ")),
            "{}: {printed:?}",
            vendor.provider
        );
    }
}

#[tokio::test]
async fn person_who_fails_is_not_verified_at_any_vendor() {
    for vendor in idv::providers() {
        let printed = run("readme", &vendor, "rejected", |_, _| {}).await;
        assert_eq!(
            verified(&printed),
            Some("false"),
            "{}: {printed:?}",
            vendor.provider
        );
    }
}

#[tokio::test]
async fn person_who_does_not_come_is_not_verified_at_any_vendor() {
    for vendor in idv::providers() {
        let town = Town::begin_now(vendor.provider.as_str()).await.unwrap();
        let mut program = Program::start("readme", &town, &vendor).await;
        town.wait(Duration::from_secs(2 * 24 * 60 * 60)).await;
        // Three more questions, at a vendor that can be asked.
        let asked = town.sandbox().requests().len();
        while vendor.has(Capability::Polling) && town.sandbox().requests().len() < asked + 3 {
            if program.child.try_wait().unwrap().is_some() {
                break;
            }
            tokio::task::yield_now().await;
        }
        match program.child.try_wait().unwrap() {
            // The vendor says that the time is over.
            Some(_) => assert_eq!(
                verified(&program.end().await),
                Some("false"),
                "{}",
                vendor.provider
            ),
            // The vendor never says so: the program waits until its own limit.
            None => program.child.kill().await.unwrap(),
        }
        town.end().await;
    }
}

#[tokio::test]
async fn the_books_program_stores_and_deletes_at_every_vendor() {
    for vendor in idv::providers() {
        let id = vendor.provider.clone();
        let printed = run("book", &vendor, "happy", |town, folder| {
            let stored = std::fs::read_to_string(folder.join("verification.json")).unwrap();
            let stored: serde_json::Value = serde_json::from_str(&stored).unwrap();
            assert!(
                stored.to_string().to_lowercase().contains("mustermann"),
                "{id}: {stored}"
            );
            // Beside the state there is a file for each piece of evidence.
            let files = std::fs::read_dir(folder).unwrap().count();
            assert_eq!(files > 1, vendor.has(Capability::Evidence), "{id}: {files}");
            let requests = town.sandbox().requests();
            let last = requests.last().unwrap();
            assert!(
                !vendor.has(Capability::Deletion)
                    || last.path.contains("delete")
                    || last.method == "DELETE",
                "{id}: {last:?}"
            );
        })
        .await;
        assert_eq!(verified(&printed), Some("true"), "{id}: {printed:?}");
    }
}

#[test]
fn the_books_program_has_forty_lines_at_most() {
    let (_, program) = pasted(BOOK);
    let lines = program
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with("//"))
        .count();
    assert!(lines <= 40, "{lines} lines");
    for text in [README, BOOK] {
        let (_, program) = pasted(text);
        assert!(
            !program.lines().any(|line| line.starts_with("# ")),
            "a line is hidden"
        );
        for vendor in idv::providers() {
            assert!(
                !program.contains(vendor.provider.as_str()),
                "the program names {}",
                vendor.provider
            );
        }
    }
}

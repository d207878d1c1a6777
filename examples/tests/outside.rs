//! Pastes the programs of the README and of the book into new crates outside this workspace and
//! runs them at every vendor, with a person who passes, one who fails and one who does not come.
//! Only the configuration differs between vendors.

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
use idv_examples::TestBed;
use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

/// A generous time limit for any machine.
const PATIENCE: Duration = Duration::from_secs(120);

const README: &str = include_str!("../../README.md");
const BOOK: &str = include_str!("../../docs/src/first-verification.md");

/// The folder of the built programs `readme` and `book`.
static BUILT: LazyLock<PathBuf> = LazyLock::new(build);

/// Pastes both programs and their dependencies into new crates and builds them. The crates are
/// unpublished, so the workspace's crates are patched in. Crates compiled for this workspace are
/// reused.
fn build() -> PathBuf {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("outside");
    let vendors: Vec<String> = idv::providers()
        .iter()
        .map(|vendor| format!("{:?}", vendor.provider.as_str()))
        .collect();
    for (name, text) in [("readme", README), ("book", BOOK)] {
        let (dependencies, program) = pasted(text);
        // Enables the feature of every vendor that the program will be configured for.
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
    // The workspace's target folder is the parent of the folder for temporary files.
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

/// Returns the first table of dependencies and the first `main` of a text.
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

/// Writes a file unless it has this content, so that cargo rebuilds nothing without a reason.
fn write(path: &Path, text: &str) {
    if std::fs::read_to_string(path).ok().as_deref() != Some(text) {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
}

/// A program that runs in its own folder.
struct Program {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    folder: PathBuf,
}

impl Program {
    /// Starts a program at a vendor and waits until it has created a verification.
    async fn start(name: &str, test_bed: &TestBed, vendor: &VendorInfo) -> Self {
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
        test_bed
            .report_to(
                &idv_axum::callback_url(&public_url.parse().unwrap(), vendor.provider.as_str())
                    .unwrap(),
            )
            .unwrap();

        let mut command = Command::new(binary);
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("IDV_")) {
            command.env_remove(name);
        }
        let mut child = command
            .envs(test_bed.variables())
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
            while test_bed
                .sandbox()
                .vendor(vendor.provider.as_str())
                .unwrap()
                .ids()
                .is_empty()
            {
                assert!(
                    child.try_wait().unwrap().is_none(),
                    "{}: the program ended before it created a verification",
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

    /// Waits for the program's end and returns its output.
    async fn end(mut self) -> Vec<String> {
        let mut printed = Vec::new();
        tokio::time::timeout(PATIENCE, async {
            while let Some(line) = self.lines.next_line().await.unwrap() {
                printed.push(line);
            }
            assert!(self.child.wait().await.unwrap().success(), "{printed:?}");
        })
        .await
        .unwrap_or_else(|_| panic!("the program did not end: {printed:?}"));
        printed
    }
}

/// Runs a program while the person plays a scenario. Each step takes no real time.
async fn run(
    name: &str,
    vendor: &VendorInfo,
    scenario: &str,
    check: impl FnOnce(&TestBed, &Path),
) -> Vec<String> {
    let test_bed = TestBed::start_now(vendor.provider.as_str()).await.unwrap();
    let program = Program::start(name, &test_bed, vendor).await;
    test_bed.act(scenario).unwrap();
    for _ in 0..40 {
        test_bed.advance(Duration::from_secs(60)).await;
    }
    let folder = program.folder.clone();
    let printed = program.end().await;
    check(&test_bed, &folder);
    test_bed.shutdown().await;
    printed
}

fn verified(printed: &[String]) -> Option<&str> {
    printed
        .iter()
        .find_map(|line| line.strip_prefix("verified: "))
}

#[tokio::test]
async fn readme_program_verifies_person_at_every_vendor() {
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
async fn readme_program_rejects_failing_person_at_every_vendor() {
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
async fn readme_program_never_verifies_absent_person() {
    for vendor in idv::providers() {
        let test_bed = TestBed::start_now(vendor.provider.as_str()).await.unwrap();
        let mut program = Program::start("readme", &test_bed, &vendor).await;
        test_bed
            .advance(Duration::from_secs(2 * 24 * 60 * 60))
            .await;
        // Three more polls, if the vendor can be polled.
        let asked = test_bed.sandbox().requests().len();
        while vendor.has(Capability::Polling) && test_bed.sandbox().requests().len() < asked + 3 {
            if program.child.try_wait().unwrap().is_some() {
                break;
            }
            tokio::task::yield_now().await;
        }
        match program.child.try_wait().unwrap() {
            // The vendor reports that the session expired.
            Some(_) => assert_eq!(
                verified(&program.end().await),
                Some("false"),
                "{}",
                vendor.provider
            ),
            // The vendor does not report it: the program waits until its own limit.
            None => program.child.kill().await.unwrap(),
        }
        test_bed.shutdown().await;
    }
}

#[tokio::test]
async fn book_program_stores_and_deletes_at_every_vendor() {
    for vendor in idv::providers() {
        let id = vendor.provider.clone();
        let printed = run("book", &vendor, "happy", |test_bed, folder| {
            let stored = std::fs::read_to_string(folder.join("verification.json")).unwrap();
            let stored: serde_json::Value = serde_json::from_str(&stored).unwrap();
            assert!(
                stored.to_string().to_lowercase().contains("mustermann"),
                "{id}: {stored}"
            );
            // Beside the state there is a file for each piece of evidence.
            let files = std::fs::read_dir(folder).unwrap().count();
            assert_eq!(files > 1, vendor.has(Capability::Evidence), "{id}: {files}");
            let requests = test_bed.sandbox().requests();
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
fn book_program_has_at_most_forty_lines() {
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

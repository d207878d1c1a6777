//! The sandbox, and the program run against it.

#![allow(dead_code, reason = "each test program uses its own part")]

pub(crate) mod company;

use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use idv_sandbox::Sandbox;
use serde_json::Value;
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// A working directory and an environment without a configuration.
pub(crate) struct Place {
    pub(crate) folder: TempDir,
    /// The file that `--config` names in every command.
    pub(crate) config: Option<&'static str>,
    variables: Vec<(String, String)>,
}

/// The result of a run.
pub(crate) struct Ran {
    pub(crate) exit: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Place {
    pub(crate) fn new() -> Self {
        Self {
            folder: TempDir::new().unwrap(),
            config: None,
            variables: Vec::new(),
        }
    }

    pub(crate) fn set(&mut self, name: &str, value: &str) {
        self.variables.push((name.to_owned(), value.to_owned()));
    }

    pub(crate) fn write(&self, name: &str, text: impl AsRef<[u8]>) -> String {
        let path = self.folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_idv"));
        command
            .args(arguments)
            .current_dir(self.folder.path())
            .stdin(Stdio::null());
        if let Some(config) = self.config {
            command.args(["--config", config]);
        }
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("IDV_") {
                command.env_remove(name);
            }
        }
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        ran(self.command(arguments).output().unwrap())
    }

    /// Runs the program with standard input.
    pub(crate) fn run_with(&self, arguments: &[&str], input: &[u8]) -> Ran {
        use std::io::Write as _;
        let mut child = self
            .command(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        std::thread::scope(|scope| {
            // The program need not read all of its input before it refuses it.
            scope.spawn(move || drop(stdin.write_all(input)));
            ran(child.wait_with_output().unwrap())
        })
    }
}

fn ran(output: Output) -> Ran {
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Ran {
        exit: output.status.code().unwrap_or(-1),
        out: text(output.stdout),
        err: text(output.stderr),
    }
}

impl Ran {
    /// Checks that the program succeeded, and parses its result.
    pub(crate) fn json(&self) -> Value {
        assert_eq!(self.exit, 0, "{}", self.err);
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {}", self.out))
    }

    /// Checks that the program failed with this exit code, one line on standard error and no
    /// output.
    pub(crate) fn failed(&self, exit: i32) -> &str {
        assert_eq!(self.exit, exit, "out: {} err: {}", self.out, self.err);
        assert_eq!(self.out, "");
        assert_eq!(self.err.lines().count(), 1, "{}", self.err);
        self.err.trim_end()
    }
}

/// The sandbox, and a working directory that the environment configures for it.
pub(crate) struct SandboxedCli {
    pub(crate) place: Place,
    pub(crate) sandbox: Sandbox,
    runtime: Runtime,
}

impl SandboxedCli {
    pub(crate) fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let sandbox = runtime
            .block_on(Sandbox::builder().speed(0.0).start())
            .unwrap();
        let mut place = Place::new();
        let idnow = sandbox.idnow();
        for (name, value) in [
            ("IDV_PROVIDER", "idnow"),
            ("IDV_IDNOW_COMPANY", idnow.company_id()),
            ("IDV_IDNOW_API_KEY", idnow.api_key()),
            ("IDV_IDNOW_GATEWAY_URL", &idnow.base_url()),
            ("IDV_IDNOW_GO_URL", &idnow.base_url()),
        ] {
            place.set(name, value);
        }
        Self {
            place,
            sandbox,
            runtime,
        }
    }

    /// Creates a verification and returns its reference and the vendor's id.
    pub(crate) fn create(&self, arguments: &[&str]) -> (String, String) {
        let all = [&["create", "--json"], arguments].concat();
        let created = self.place.run(&all).json();
        let text = |pointer: &str| {
            created
                .pointer(pointer)
                .unwrap()
                .as_str()
                .unwrap()
                .to_owned()
        };
        (text("/id/reference"), text("/id/vendor_id"))
    }

    /// Lets the person act, and moves the virtual clock.
    pub(crate) fn act(&self, reference: &str, scenario: &str, minutes: u64) {
        self.sandbox.idnow().act(reference, scenario).unwrap();
        self.pass(minutes);
    }

    /// Moves the virtual clock.
    pub(crate) fn pass(&self, minutes: u64) {
        self.runtime.block_on(
            self.sandbox
                .clock()
                .advance(Duration::from_secs(minutes * 60)),
        );
    }

    /// Creates a verified verification.
    pub(crate) fn verified(&self) -> String {
        let (reference, _) = self.create(&[
            "--given-names",
            "Erika",
            "--family-name",
            "Mustermann",
            "--birth-date",
            "1982-05-22",
        ]);
        self.act(&reference, "data-changed", 60);
        reference
    }

    /// Returns the vendor's own response to a request with a login token.
    pub(crate) fn vendor_says(&self, path: &str) -> (u16, Vec<u8>) {
        self.runtime.block_on(async {
            let (client, base) = (reqwest::Client::new(), self.sandbox.idnow().base_url());
            let login = client
                .post(format!("{base}/api/v1/ihrebank/login"))
                .header("content-type", "application/json")
                .body(r#"{"apiKey":"exampleApiKey"}"#);
            let login: Value =
                serde_json::from_slice(&login.send().await.unwrap().bytes().await.unwrap())
                    .unwrap();
            let token = login.get("authToken").unwrap().as_str().unwrap();
            let answer = client
                .get(format!("{base}/api/v1/ihrebank/{path}"))
                .header("X-API-LOGIN-TOKEN", token);
            let answer = answer.send().await.unwrap();
            (
                answer.status().as_u16(),
                answer.bytes().await.unwrap().to_vec(),
            )
        })
    }

    /// Returns the status of each URL for a browser that follows no redirects.
    pub(crate) fn visit(&self, urls: &[String]) -> Vec<u16> {
        self.runtime.block_on(async {
            let browser = reqwest::Client::builder()
                .redirect(reqwest::redirect::Policy::none())
                .build()
                .unwrap();
            let mut statuses = Vec::new();
            for url in urls {
                statuses.push(browser.get(url).send().await.unwrap().status().as_u16());
            }
            statuses
        })
    }
}

/// Returns the names in a folder.
pub(crate) fn names_in(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

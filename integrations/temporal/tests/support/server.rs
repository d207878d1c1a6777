//! The development server.

use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use idv_temporal::SEARCH_ATTRIBUTES;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::Mutex;

use super::folder;
use super::program::connect;

/// A development server with a database in a temporary folder.
pub struct Server {
    /// The process; `None` while it is killed.
    child: Mutex<Option<Child>>,
    pub folder: TempDir,
    port: u16,
    metrics: u16,
    url: String,
}

impl Server {
    /// Starts a server, and waits until it answers.
    pub async fn start() -> Self {
        let folder = folder();
        let port = free_port();
        let metrics = free_port();
        let child = Mutex::new(Some(spawn(&folder, port, metrics)));
        let url = format!("http://127.0.0.1:{port}");
        let server = Self {
            child,
            folder,
            port,
            metrics,
            url,
        };
        super::until("the server has the search attributes", async || {
            let list = ["operator", "search-attribute", "list"];
            let text = server.try_run(&list).unwrap_or_default();
            SEARCH_ATTRIBUTES.iter().all(|name| text.contains(name))
        })
        .await;
        server
    }

    pub fn url(&self) -> &str {
        &self.url
    }

    /// Runs a command of the server's program, and returns its output.
    pub fn run(&self, arguments: &[&str]) -> String {
        self.try_run(arguments).unwrap()
    }

    /// As [`Server::run`]; the error is the output of a failed command.
    pub fn try_run(&self, arguments: &[&str]) -> Result<String, String> {
        let output = Command::new(binary())
            .args(arguments)
            .args(["--address", &format!("127.0.0.1:{}", self.port)])
            .output()
            .unwrap();
        if output.status.success() {
            Ok(String::from_utf8(output.stdout).unwrap())
        } else {
            Err(format!("{output:?}"))
        }
    }

    /// Returns the sum of a counter over the labels that contain `label`.
    pub async fn counted(&self, counter: &str, label: &str) -> f64 {
        let mut stream = TcpStream::connect(("127.0.0.1", self.metrics))
            .await
            .unwrap();
        let request = "GET /metrics HTTP/1.0\r\nHost: localhost\r\n\r\n";
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).await.unwrap();
        text.lines()
            .filter_map(|line| line.strip_prefix(counter)?.rsplit_once(' '))
            .filter(|(labels, _)| labels.starts_with('{') && labels.contains(label))
            .map(|(_, value)| value.parse::<f64>().unwrap())
            .sum()
    }

    /// Kills the server.
    pub async fn kill(&self) {
        if let Some(mut child) = self.child.lock().await.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    /// Starts the killed server again with the same database and port.
    pub async fn restart(&self) {
        self.child
            .lock()
            .await
            .get_or_insert_with(|| spawn(&self.folder, self.port, self.metrics));
        connect(&self.url).await;
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(child) = self.child.get_mut() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

fn spawn(folder: &TempDir, port: u16, metrics: u16) -> Child {
    let mut command = Command::new(binary());
    command
        .args(["server", "start-dev", "--headless", "--ip", "127.0.0.1"])
        .args(["--log-level", "never", "--port", &port.to_string()])
        .args(["--http-port", &free_port().to_string()])
        .args(["--metrics-port", &metrics.to_string()])
        // Each program has task queues of its own, whose partitions would only cost calls.
        .args([
            "--dynamic-config-value",
            "matching.numTaskqueueReadPartitions=1",
        ])
        .args([
            "--dynamic-config-value",
            "matching.numTaskqueueWritePartitions=1",
        ])
        // Without syncs, data survives a kill of the server, but no crash of the machine.
        .args(["--sqlite-pragma", "synchronous=off"])
        .arg("--db-filename")
        .arg(folder.path().join("server.db"))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    for name in SEARCH_ATTRIBUTES {
        command.arg("--search-attribute");
        command.arg(format!("{name}=Keyword"));
    }
    command.spawn().unwrap()
}

/// Returns the program of the server.
fn binary() -> PathBuf {
    let path = std::env::var_os("IDV_TEMPORAL").map_or_else(
        || {
            PathBuf::from(concat!(
                env!("CARGO_MANIFEST_DIR"),
                "/target/temporal/temporal"
            ))
        },
        PathBuf::from,
    );
    assert!(
        path.exists(),
        "the server is not installed: run `cargo xtask temporal test`"
    );
    path
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

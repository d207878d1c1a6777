//! The development server.

use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use idv_temporal::SEARCH_ATTRIBUTES;
use tempfile::TempDir;

/// A development server with a database in a temporary folder.
pub struct Server {
    child: Child,
    pub folder: TempDir,
    port: u16,
}

impl Server {
    /// Starts a server, and waits until it answers.
    pub async fn start() -> Self {
        let folder = TempDir::new().unwrap();
        let port = free_port();
        let child = spawn(&folder, port);
        let server = Self {
            child,
            folder,
            port,
        };
        server.ready().await;
        server
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Runs a command of the server's program, and returns its output.
    pub fn run(&self, arguments: &[&str]) -> String {
        let output = Command::new(binary())
            .args(arguments)
            .args(["--address", &format!("127.0.0.1:{}", self.port)])
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// Kills the server.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Starts the server again with the same database and port.
    pub async fn restart(&mut self) {
        self.child = spawn(&self.folder, self.port);
        self.ready().await;
    }

    async fn ready(&self) {
        super::until("the server answers", async || {
            let status = Command::new(binary())
                .args(["operator", "search-attribute", "list", "--address"])
                .arg(format!("127.0.0.1:{}", self.port))
                .stdout(Stdio::piped())
                .stderr(Stdio::null())
                .output()
                .unwrap();
            let text = String::from_utf8_lossy(&status.stdout).into_owned();
            SEARCH_ATTRIBUTES.iter().all(|name| text.contains(name))
        })
        .await;
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn spawn(folder: &TempDir, port: u16) -> Child {
    let mut command = Command::new(binary());
    command
        .args(["server", "start-dev", "--headless", "--ip", "127.0.0.1"])
        .args(["--log-level", "never", "--port", &port.to_string()])
        .args(["--http-port", &free_port().to_string()])
        .args(["--metrics-port", &free_port().to_string()])
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

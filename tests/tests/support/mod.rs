//! A sandbox and its clients for tests.

#![allow(unreachable_pub, reason = "each test is a crate of its own")]
#![allow(dead_code, reason = "each test uses a part of it")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

pub mod identity_tm;

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use idv::call::CallPolicy;
use idv::{Client, Config, Environment, NewVerification, Verification};
use idv_sandbox::{Sandbox, VirtualClock};

/// A sandbox with a manual clock, and a client whose waits take no real time.
pub struct Setup {
    /// The vendor.
    pub sandbox: Sandbox,
    /// A client.
    pub client: Client,
    folder: PathBuf,
}

impl Setup {
    /// Starts a new sandbox and creates a client.
    pub async fn new() -> Self {
        Self::of(Sandbox::builder().speed(0.0).start().await.unwrap())
    }

    /// Creates a client of this sandbox.
    pub fn of(sandbox: Sandbox) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!("idv-tests-{}-{count}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let client = client(&sandbox, &folder, &[]);
        Self {
            sandbox,
            client,
            folder,
        }
    }

    /// Returns another client, with further settings.
    pub fn client_with(&self, settings: &[(&str, &str)]) -> Client {
        client(&self.sandbox, &self.folder, settings)
    }

    /// Writes a secret to a file and returns its path.
    pub fn secret_file(&self, secret: &str) -> String {
        let path = self.folder.join("secret");
        std::fs::write(&path, secret).unwrap();
        path.display().to_string()
    }

    /// Returns the data to submit about the person.
    pub fn new_verification(&self) -> NewVerification {
        let mut new = NewVerification::new(self.client.reference());
        new.person.given_names = Some("Erika".into());
        new.person.family_name = Some("Mustermann".into());
        new.person.birth_date = Some(jiff::civil::date(1964, 8, 12).into());
        new.person.birth_place = Some("Berlin".into());
        new.person.address.street = Some("Heidestr.".into());
        new.person.address.house_number = Some("17".into());
        new.custom.insert("custom1".into(), "our own".into());
        new
    }

    /// Creates a verification at the vendor.
    pub async fn create(&self) -> Verification {
        let created = self.client.create(&self.new_verification()).await.unwrap();
        Verification::new(created.id, self.client.info(), created.expires_at)
    }

    /// Has the person act.
    pub fn act(&self, verification: &Verification, scenario: &str) {
        self.sandbox
            .idnow()
            .act(verification.id().reference.as_str(), scenario)
            .unwrap();
    }
}

impl Drop for Setup {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// Returns a duration in minutes.
pub const fn minutes(count: u64) -> Duration {
    Duration::from_secs(count * 60)
}

/// Sends an unauthenticated request. Returns the status and the body of the answer.
pub async fn plain_http(method: &str, url: &str, body: &str) -> (u16, Vec<u8>) {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    let url: idv::Url = url.parse().unwrap();
    let address = format!("{}:{}", url.host_str().unwrap(), url.port().unwrap());
    let mut stream = tokio::net::TcpStream::connect(&address).await.unwrap();
    let request = format!(
        "{method} {} HTTP/1.1\r\nhost: {address}\r\ncontent-type: \
         application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        url.path(),
        body.len()
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    let end = answer
        .windows(4)
        .position(|window| window == b"\r\n\r\n")
        .unwrap();
    let head = String::from_utf8(answer[..end].to_vec()).unwrap();
    (
        head.split(' ').nth(1).unwrap().parse().unwrap(),
        answer[end + 4..].to_vec(),
    )
}

fn client(sandbox: &Sandbox, folder: &std::path::Path, settings: &[(&str, &str)]) -> Client {
    let idnow = sandbox.idnow();
    let key = folder.join("key");
    std::fs::write(&key, idnow.api_key()).unwrap();
    let mut variables = vec![
        ("IDV_PROVIDER", "idnow".to_owned()),
        ("IDV_IDNOW_COMPANY", idnow.company_id().to_owned()),
        ("IDV_IDNOW_API_KEY_FILE", key.display().to_string()),
        ("IDV_IDNOW_GATEWAY_URL", idnow.base_url()),
        ("IDV_IDNOW_GO_URL", idnow.base_url()),
    ];
    variables.extend(
        settings
            .iter()
            .map(|(name, value)| (*name, (*value).to_owned())),
    );
    let config = Config::from_env(variables).unwrap();
    idv::connect_in(&config, environment(sandbox)).unwrap()
}

/// Returns an environment with the real transport and a clock on which waits between attempts take
/// no real time.
pub fn environment(sandbox: &Sandbox) -> Environment {
    let mut options = idv::transport::TransportOptions::default();
    options.extra_root_certificates = sandbox.ca_certificate_pem().map(str::to_owned);
    let mut environment = idv::transport::environment(options).unwrap();
    let system = std::sync::Arc::clone(&environment.clock);
    environment.clock = std::sync::Arc::new(ImpatientClock(system, sandbox.clock()));
    environment
}

/// A clock with the sandbox's time of day and the system's waits, except that short waits (those
/// between attempts) end at once. The waits that bound an attempt do not.
#[derive(Debug)]
struct ImpatientClock(std::sync::Arc<dyn idv::Clock>, VirtualClock);

impl idv::Clock for ImpatientClock {
    fn now(&self) -> idv::Timestamp {
        self.1.now()
    }

    fn monotonic(&self) -> Duration {
        self.0.monotonic()
    }

    fn sleep(&self, duration: Duration) -> std::pin::Pin<Box<dyn Future<Output = ()> + Send>> {
        // By the default policy, a backoff is at most ten seconds, and an attempt is bounded by
        // twenty.
        if duration <= CallPolicy::default().backoff_cap {
            return Box::pin(std::future::ready(()));
        }
        self.0.sleep(duration)
    }
}

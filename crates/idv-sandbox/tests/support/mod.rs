//! A client with one request per connection that shows every byte, and helpers for the tests.

#![allow(dead_code, reason = "each file of tests uses a part of it")]

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use idv_sandbox::{Builder, Sandbox};
use jiff::Timestamp;
use quick_xml::Reader;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesStart, Event};
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// The media type of every body, as a header.
pub(crate) const JSON: (&str, &str) = ("Content-Type", "application/json");
/// The key of the document's samples, as a header.
pub(crate) const KEY: (&str, &str) = ("X-API-KEY", "exampleApiKey");

/// A response as received.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Reply {
    /// Reads a complete response. A body shorter than its announced length is an error, as for a
    /// client.
    pub(crate) fn parse(bytes: &[u8]) -> io::Result<Self> {
        let end = bytes
            .windows(4)
            .position(|window| window == b"\r\n\r\n")
            .ok_or(io::ErrorKind::UnexpectedEof)?;
        let head = std::str::from_utf8(&bytes[..end]).unwrap();
        let mut lines = head.split("\r\n");
        let status = lines
            .next()
            .unwrap()
            .split(' ')
            .nth(1)
            .unwrap()
            .parse()
            .unwrap();
        let header = |line: &str| {
            let (name, value) = line.split_once(':').unwrap();
            (name.to_ascii_lowercase(), value.trim().to_owned())
        };
        let reply = Self {
            status,
            headers: lines.map(header).collect(),
            body: bytes[end + 4..].to_vec(),
        };
        match reply
            .header("content-length")
            .and_then(|length| length.parse::<usize>().ok())
        {
            Some(length) if reply.body.len() < length => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(reply),
        }
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    /// Returns cause, key and message of the one error in a body of chapter 12, and checks its
    /// other members.
    #[track_caller]
    pub(crate) fn error(&self) -> (String, Option<String>, Option<String>) {
        let body = self.json();
        let errors = body["errors"].as_array().unwrap();
        assert_eq!(errors.len(), 1, "{body}");
        let error = errors[0].as_object().unwrap();
        assert_eq!(
            error.keys().collect::<Vec<_>>(),
            ["cause", "id", "key", "message"],
            "{body}"
        );
        assert!(
            error["id"]
                .as_str()
                .unwrap()
                .bytes()
                .all(|byte| byte.is_ascii_digit()),
            "{body}"
        );
        assert_eq!(self.header("access-control-allow-origin"), Some("*"));
        assert_eq!(
            self.header("content-type"),
            Some("application/json; charset=utf-8")
        );
        let text = |name: &str| error[name].as_str().map(str::to_owned);
        (text("cause").unwrap(), text("key"), text("message"))
    }

    /// Checks that a response is this failure, without a field.
    #[track_caller]
    pub(crate) fn assert_failure(&self, status: u16, cause: &str) {
        assert_eq!(
            (self.status, self.error()),
            (status, (cause.to_owned(), None, None))
        );
    }
}

/// Sends a request with these headers and only `Host`, `Connection` and `Content-Length` in
/// addition.
pub(crate) async fn send(
    base: &str,
    method: &str,
    target: &str,
    headers: &[(&str, &str)],
    body: impl AsRef<[u8]>,
) -> io::Result<Reply> {
    let address = base.strip_prefix("http://").unwrap();
    let body = body.as_ref();
    let mut head = format!("{method} {target} HTTP/1.1\r\nConnection: close\r\n");
    if !headers
        .iter()
        .any(|(name, _)| name.eq_ignore_ascii_case("host"))
    {
        head += &format!("Host: {address}\r\n");
    }
    if !body.is_empty() {
        head += &format!("Content-Length: {}\r\n", body.len());
    }
    for (name, value) in headers {
        head += &format!("{name}: {value}\r\n");
    }
    let mut stream = TcpStream::connect(address).await?;
    stream
        .write_all(&[head.as_bytes(), b"\r\n", body].concat())
        .await?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await?;
    Reply::parse(&answer)
}

/// Starts a sandbox whose clock the test moves. The clients' own clock is far ahead, so that no
/// test depends on the date.
pub(crate) fn still() -> Builder {
    Sandbox::builder().speed(0.0).wall_clock(|| Timestamp::MAX)
}

/// IDnow with one account, and a client.
pub(crate) struct World {
    pub(crate) sandbox: Sandbox,
    pub(crate) base: String,
}

impl World {
    pub(crate) async fn start() -> Self {
        let sandbox = still().start().await.unwrap();
        let base = sandbox.idnow().base_url();
        Self { sandbox, base }
    }

    pub(crate) async fn send(
        &self,
        method: &str,
        target: &str,
        headers: &[(&str, &str)],
        body: impl AsRef<[u8]>,
    ) -> Reply {
        send(&self.base, method, target, headers, body)
            .await
            .unwrap()
    }

    /// Sends a start request with the account's key.
    pub(crate) async fn create(&self, transaction: &str, body: &str) -> Reply {
        self.send(
            "POST",
            &format!("/api/v1/ihrebank/identifications/{transaction}/start"),
            &[KEY, JSON],
            body,
        )
        .await
    }

    /// Returns a new login token.
    pub(crate) async fn token(&self) -> String {
        let reply = self
            .send(
                "POST",
                "/api/v1/ihrebank/login",
                &[JSON],
                r#"{"apiKey":"exampleApiKey"}"#,
            )
            .await;
        reply.json()["authToken"].as_str().unwrap().to_owned()
    }

    /// Sends a request below the account's identifications with a new login token.
    pub(crate) async fn ask(&self, method: &str, rest: &str) -> Reply {
        let token = self.token().await;
        let target = format!("/api/v1/ihrebank/identifications{rest}");
        self.send(method, &target, &[("X-API-LOGIN-TOKEN", &token)], "")
            .await
    }

    pub(crate) async fn control(&self, method: &str, path: &str, body: &str) -> Reply {
        self.send(method, &format!("/_control/{path}"), &[JSON], body)
            .await
    }

    /// Creates an identification and plays a scenario to its end.
    pub(crate) async fn finish(&self, transaction: &str, scenario: &str) {
        let created = self
            .create(
                transaction,
                r#"{"firstname":"Armin","lastname":"Bauer","birthday":"1982-05-22"}"#,
            )
            .await;
        assert_eq!(created.status, 201);
        let steps = self.sandbox.idnow().act(transaction, scenario).unwrap();
        self.seconds(steps.last().unwrap().after_seconds).await;
    }

    pub(crate) async fn seconds(&self, seconds: u64) {
        self.sandbox
            .clock()
            .advance(Duration::from_secs(seconds))
            .await;
    }
}

/// Returns every element of an XML document by its path: its attributes, and its text as `value`.
pub(crate) fn xml_fields(xml: &str) -> BTreeMap<String, BTreeMap<String, String>> {
    let (mut reader, mut path) = (Reader::from_str(xml), Vec::new());
    let mut fields = BTreeMap::<String, BTreeMap<String, String>>::new();
    let attributes = |start: &BytesStart<'_>| -> BTreeMap<String, String> {
        let pair = |attribute: quick_xml::events::attributes::Attribute<'_>| {
            let value = quick_xml::escape::unescape(&attribute.value)
                .unwrap()
                .into_owned();
            (attribute.key.as_ref().to_owned(), value)
        };
        start
            .attributes()
            .map(|attribute| pair(attribute.unwrap()))
            .collect()
    };
    loop {
        match reader.read_event().unwrap() {
            Event::Start(start) => {
                path.push(start.name().as_ref().to_owned());
                fields.insert(path.join("/"), attributes(&start));
            }
            Event::Text(text) => {
                if let Some(known) = fields.get_mut(&path.join("/")) {
                    known.entry("value".to_owned()).or_default().push_str(&text);
                }
            }
            Event::GeneralRef(reference) => {
                let letter = reference.resolve_char_ref().unwrap().map(String::from);
                let text = letter
                    .unwrap_or_else(|| resolve_predefined_entity(&reference).unwrap().to_owned());
                fields
                    .get_mut(&path.join("/"))
                    .unwrap()
                    .entry("value".to_owned())
                    .or_default()
                    .push_str(&text);
            }
            Event::Empty(element) => {
                fields.insert(
                    format!("{}/{}", path.join("/"), element.name().as_ref()),
                    attributes(&element),
                );
            }
            Event::End(_) => drop(path.pop()),
            Event::Eof => return fields,
            _ => {}
        }
    }
}

/// A customer's callback route: it records requests and replies with planned statuses, or with 200.
pub(crate) struct Receiver {
    pub(crate) url: String,
    received: Arc<Mutex<Vec<Received>>>,
    answers: Arc<Mutex<VecDeque<u16>>>,
    task: JoinHandle<()>,
}

/// A request to a [`Receiver`].
#[derive(Debug, Clone)]
pub(crate) struct Received {
    /// The first line and the headers, in lower case.
    pub(crate) head: String,
    pub(crate) body: Value,
}

impl Received {
    pub(crate) fn result(&self) -> &str {
        self.body["identificationprocess"]["result"]
            .as_str()
            .unwrap()
    }
}

impl Receiver {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/callback", listener.local_addr().unwrap());
        let (received, answers) = (
            Arc::new(Mutex::new(Vec::new())),
            Arc::new(Mutex::new(VecDeque::new())),
        );
        let task = tokio::spawn(receive(
            listener,
            Arc::clone(&received),
            Arc::clone(&answers),
        ));
        Self {
            url,
            received,
            answers,
            task,
        }
    }

    /// Plans the statuses of the next replies; 0 closes the connection.
    pub(crate) fn will_answer(&self, answers: impl IntoIterator<Item = u16>) {
        self.answers.lock().unwrap().extend(answers);
    }

    pub(crate) fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap().clone()
    }

    /// Returns the reported results, in order of arrival.
    pub(crate) fn results(&self) -> Vec<String> {
        self.received()
            .iter()
            .map(|received| received.result().to_owned())
            .collect()
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn receive(
    listener: TcpListener,
    received: Arc<Mutex<Vec<Received>>>,
    answers: Arc<Mutex<VecDeque<u16>>>,
) {
    loop {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut bytes = Vec::new();
        let (head, length) = loop {
            assert!(
                stream.read_buf(&mut bytes).await.unwrap() > 0,
                "the request is complete"
            );
            let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") else {
                continue;
            };
            let head = String::from_utf8_lossy(&bytes[..end]).to_ascii_lowercase();
            let length = head
                .lines()
                .find_map(|line| line.strip_prefix("content-length: "))
                .unwrap();
            break (head.clone(), end + 4 + length.parse::<usize>().unwrap());
        };
        while bytes.len() < length {
            assert!(
                stream.read_buf(&mut bytes).await.unwrap() > 0,
                "the request is complete"
            );
        }
        let start = head.len() + 4;
        received.lock().unwrap().push(Received {
            head,
            body: serde_json::from_slice(&bytes[start..]).unwrap(),
        });
        let status = answers.lock().unwrap().pop_front().unwrap_or(200);
        if status != 0 {
            // A followed redirect would return here and be counted.
            let answer = format!(
                "HTTP/1.1 {status} As told\r\nLocation: /elsewhere\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
            );
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
    }
}

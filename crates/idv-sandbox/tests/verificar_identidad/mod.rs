//! Helpers for tests of VerificarIdentidad: a client, and an account's script for reports.

#![allow(dead_code, reason = "each file of tests uses a part of it")]

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use idv_sandbox::{Sandbox, VerificarIdentidadAccount};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::support::{JSON, Reply, send, still};

/// The media type of a form, as a header.
pub(crate) const FORM: (&str, &str) = ("Content-Type", "application/x-www-form-urlencoded");

/// VerificarIdentidad and a client.
pub(crate) struct Vi {
    pub(crate) sandbox: Sandbox,
    pub(crate) base: String,
}

impl Vi {
    pub(crate) async fn start() -> Self {
        Self::with(|_| {}).await
    }

    /// Starts a sandbox with other settings of the account.
    pub(crate) async fn with(change: impl FnOnce(&mut VerificarIdentidadAccount)) -> Self {
        let sandbox = still().start().await.unwrap();
        let base = sandbox.verificar_identidad().base_url();
        let vi = Self { sandbox, base };
        vi.configure(change);
        vi
    }

    pub(crate) fn configure(&self, change: impl FnOnce(&mut VerificarIdentidadAccount)) {
        self.sandbox
            .verificar_identidad()
            .configure(change)
            .unwrap();
    }

    /// Calls a function with the account's credentials and a JSON body.
    pub(crate) async fn call(&self, function: &str, body: &Value) -> Reply {
        self.post(function, &[JSON], &body.to_string()).await
    }

    /// Calls a function with the account's credentials.
    pub(crate) async fn post(&self, target: &str, headers: &[(&str, &str)], body: &str) -> Reply {
        let basic = basic("APIUser", "APIToken");
        let headers: Vec<_> = headers
            .iter()
            .copied()
            .chain([("Authorization", basic.as_str())])
            .collect();
        send(&self.base, "POST", &format!("/v7/{target}"), &headers, body)
            .await
            .unwrap()
    }

    /// Returns the one object of a JSON response.
    pub(crate) async fn said(&self, function: &str, body: &Value) -> Value {
        let reply = self.call(function, body).await;
        assert_eq!(
            (reply.status, reply.header("content-type")),
            (200, Some("application/json"))
        );
        let [said] = <[Value; 1]>::try_from(reply.json().as_array().unwrap().clone()).unwrap();
        said
    }

    /// Sends a request and returns its identifier.
    pub(crate) async fn request(&self, body: &Value) -> String {
        let said = self.said("VerificarIdentidad", body).await;
        assert_eq!(said["Res"], 1, "{said}");
        said["ID"].as_str().unwrap().to_owned()
    }

    /// Sends a request and plays a scenario to its end.
    pub(crate) async fn finished(&self, body: &Value, scenario: &str) -> String {
        let id = self.request(body).await;
        let steps = self
            .sandbox
            .verificar_identidad()
            .act(&id, scenario)
            .unwrap();
        self.seconds(steps.last().unwrap().after_seconds).await;
        id
    }

    /// Checks that a request is refused with -3, and returns the error.
    pub(crate) async fn refused(&self, body: &Value) -> String {
        let said = self.said("VerificarIdentidad", body).await;
        assert_eq!(
            (&said["Res"], said.as_object().unwrap().len()),
            (&json!(-3), 2),
            "{body}: {said}"
        );
        said["Error"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn control(&self, method: &str, path: &str, body: &str) -> Reply {
        send(
            &self.base,
            method,
            &format!("/_control/verificar-identidad/{path}"),
            &[JSON],
            body,
        )
        .await
        .unwrap()
    }

    /// Returns the statuses of a request.
    pub(crate) async fn statuses(&self, id: &str) -> Vec<i64> {
        let view = self
            .control("GET", &format!("requests/{id}"), "")
            .await
            .json();
        view["statuses"]
            .as_array()
            .unwrap()
            .iter()
            .map(|status| status["estado"].as_i64().unwrap())
            .collect()
    }

    pub(crate) async fn seconds(&self, seconds: u64) {
        self.sandbox
            .clock()
            .advance(Duration::from_secs(seconds))
            .await;
    }
}

/// Returns the request of the document's sample, with the keyword that its description requires, to
/// be sent at once.
pub(crate) fn request() -> Value {
    json!({
        "Mensaje": "Verifique su identidad: [LINK]",
        "Dni": "00000000T",
        "Fecha": "",
        "Remitente": "MiEmpresa",
        "Telefono": "34600000001",
        "Resp": "JSON",
    })
}

/// Returns the request with another value; `null` removes it.
pub(crate) fn with(name: &str, value: impl Into<Value>) -> Value {
    let mut request = request();
    match value.into() {
        Value::Null => drop(request.as_object_mut().unwrap().remove(name)),
        value => request[name] = value,
    }
    request
}

/// Returns the value of a header for Basic authentication.
pub(crate) fn basic(user: &str, password: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))
}

/// An account's script for reports: it records requests and replies with planned statuses, or with
/// 200.
pub(crate) struct Script {
    pub(crate) url: String,
    received: Arc<Mutex<Vec<Report>>>,
    answers: Arc<Mutex<VecDeque<u16>>>,
    task: JoinHandle<()>,
}

/// A report to a [`Script`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Report {
    /// The first line.
    pub(crate) line: String,
    /// Lower-case names, and values.
    pub(crate) headers: Vec<(String, String)>,
    /// The body as text; its bytes are separate.
    pub(crate) body: String,
    pub(crate) bytes: Vec<u8>,
}

impl Report {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }

    /// Parses a value that is JSON within a string.
    pub(crate) fn nested(&self, name: &str) -> Value {
        serde_json::from_str(self.json()[name].as_str().unwrap()).unwrap()
    }
}

impl Script {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/reports?token=t", listener.local_addr().unwrap());
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

    pub(crate) fn will_answer(&self, answers: impl IntoIterator<Item = u16>) {
        self.answers.lock().unwrap().extend(answers);
    }

    pub(crate) fn reports(&self) -> Vec<Report> {
        self.received.lock().unwrap().clone()
    }

    /// Returns the latest report.
    pub(crate) fn last(&self) -> Report {
        self.reports().pop().unwrap()
    }

    /// Returns the statuses of JSON reports whose numbers are strings.
    pub(crate) fn statuses(&self) -> Vec<i64> {
        self.reports()
            .iter()
            .map(|report| report.json()["Estado"].as_str().unwrap().parse().unwrap())
            .collect()
    }
}

impl Drop for Script {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// An account whose reports go to a script.
pub(crate) async fn reporting(change: impl FnOnce(&mut VerificarIdentidadAccount)) -> (Vi, Script) {
    let script = Script::start().await;
    let vi = Vi::with(|account| {
        account.callback_url = Some(script.url.clone());
        change(account);
    })
    .await;
    (vi, script)
}

async fn receive(
    listener: TcpListener,
    received: Arc<Mutex<Vec<Report>>>,
    answers: Arc<Mutex<VecDeque<u16>>>,
) {
    loop {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut bytes = Vec::new();
        let (head, start) = loop {
            assert!(
                stream.read_buf(&mut bytes).await.unwrap() > 0,
                "the request is complete"
            );
            let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") else {
                continue;
            };
            break (String::from_utf8(bytes[..end].to_vec()).unwrap(), end + 4);
        };
        let mut lines = head.split("\r\n");
        let line = lines.next().unwrap().to_owned();
        let header = |line: &str| {
            line.split_once(':')
                .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        };
        let headers: Vec<_> = lines.filter_map(header).collect();
        let length = headers
            .iter()
            .find(|(name, _)| name == "content-length")
            .map_or(0, |(_, length)| length.parse().unwrap());
        while bytes.len() < start + length {
            assert!(
                stream.read_buf(&mut bytes).await.unwrap() > 0,
                "the request is complete"
            );
        }
        let bytes = bytes[start..].to_vec();
        let body = String::from_utf8_lossy(&bytes).into_owned();
        received.lock().unwrap().push(Report {
            line,
            headers,
            body,
            bytes,
        });
        let status = answers.lock().unwrap().pop_front().unwrap_or(200);
        let answer =
            format!("HTTP/1.1 {status} As told\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        stream.write_all(answer.as_bytes()).await.unwrap();
    }
}

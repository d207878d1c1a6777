//! Helpers for tests of Identity.TM: a client, an order, and a customer's webhook route.

#![allow(dead_code, reason = "each file of tests uses a part of it")]

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use idv_sandbox::Sandbox;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::support::{JSON, Reply, send, still};

pub(crate) const DAY: u64 = 24 * 3600;

/// Identity.TM with its two accounts, and a client.
pub(crate) struct Tm {
    pub(crate) sandbox: Sandbox,
    pub(crate) base: String,
}

impl Tm {
    pub(crate) async fn start() -> Self {
        let sandbox = still().start().await.unwrap();
        let base = sandbox
            .identity_tm()
            .base_url()
            .strip_suffix("/api/2.10/")
            .unwrap()
            .to_owned();
        Self { sandbox, base }
    }

    /// Calls a method as the first account.
    pub(crate) async fn call(&self, method: &str, path: &str, body: &str) -> Reply {
        self.call_as("example", "examplePassword", method, path, body)
            .await
    }

    pub(crate) async fn call_as(
        &self,
        user: &str,
        password: &str,
        method: &str,
        path: &str,
        body: &str,
    ) -> Reply {
        let basic = format!("Basic {}", STANDARD.encode(format!("{user}:{password}")));
        let mut headers = vec![("Authorization", basic.as_str())];
        if !body.is_empty() {
            headers.push(JSON);
        }
        send(
            &self.base,
            method,
            &format!("/api/2.10/{path}"),
            &headers,
            body,
        )
        .await
        .unwrap()
    }

    pub(crate) async fn get(&self, path: &str) -> Reply {
        self.call("GET", path, "").await
    }

    pub(crate) async fn post(&self, path: &str, body: &str) -> Reply {
        self.call("POST", path, body).await
    }

    pub(crate) async fn put_order(&self, body: &Value) -> Reply {
        self.call("PUT", "putOrder", &body.to_string()).await
    }

    /// Creates an order and returns its OrderID.
    pub(crate) async fn order(&self, body: &Value) -> String {
        let reply = self.put_order(body).await;
        assert_eq!(reply.status, 202, "{}", reply.text());
        reply.json()["OrderID"].as_str().unwrap().to_owned()
    }

    /// Plays a scenario to its end.
    pub(crate) async fn run(&self, order: &str, scenario: &str) {
        let steps = self.sandbox.identity_tm().act(order, scenario).unwrap();
        self.seconds(steps.last().unwrap().after_seconds).await;
    }

    /// Creates an order and plays a scenario to its end.
    pub(crate) async fn finished(&self, body: &Value, scenario: &str) -> String {
        let order = self.order(body).await;
        self.run(&order, scenario).await;
        order
    }

    pub(crate) async fn seconds(&self, seconds: u64) {
        self.sandbox
            .clock()
            .advance(Duration::from_secs(seconds))
            .await;
    }

    /// Returns all statuses reached: kind, and sub-kind or 0.
    pub(crate) async fn statuses(&self, order: &str) -> Vec<(u64, u64)> {
        let reply = self
            .get(&format!("getStatus/{order}/ExtendedList/IncludeSubKind"))
            .await;
        let number = |status: &Value, name: &str| status[name].as_u64().unwrap_or_default();
        let body = reply.json();
        body["Status"]
            .as_array()
            .unwrap()
            .iter()
            .map(|status| (number(status, "Kind"), number(status, "SubKind")))
            .collect()
    }

    pub(crate) async fn kinds(&self, order: &str) -> Vec<u64> {
        self.statuses(order)
            .await
            .into_iter()
            .map(|(kind, _)| kind)
            .collect()
    }

    pub(crate) async fn control(&self, method: &str, path: &str, body: &str) -> Reply {
        send(
            &self.base,
            method,
            &format!("/_control/identity-tm/{path}"),
            &[JSON],
            body,
        )
        .await
        .unwrap()
    }

    /// Returns an order from the control plane.
    pub(crate) async fn view(&self, order: &str) -> Value {
        self.control("GET", &format!("orders/{order}"), "")
            .await
            .json()
    }
}

/// Returns the smallest order for a product.
pub(crate) fn order(product: u64) -> Value {
    let mut order = json!({
        "Ref": "T-1",
        "Product": product,
        "Add": 0,
        "Email": "e.mustermann@example.com",
        "Mobile": "+491711234567",
        "Address": { "Firstname": "Erika", "Surname": "Mustermann", "Country": "DE" },
    });
    if product == 15 {
        order["eSignPDF"] = json!({ "Data": STANDARD.encode("%PDF-1.4\n(Sign here)\n%%EOF\n"), "Filename": "contract.pdf" });
    }
    order
}

/// Returns the order with an element set, by its path.
pub(crate) fn with(mut order: Value, path: &str, value: Value) -> Value {
    let mut place = &mut order;
    for name in path.split('.') {
        place = match name.parse::<usize>() {
            Ok(index) => &mut place[index],
            Err(_) => &mut place[name],
        };
    }
    *place = value;
    order
}

/// Returns the order without an element, by its path.
pub(crate) fn without(mut order: Value, path: &str) -> Value {
    let (parents, last) = path.rsplit_once('.').unwrap_or(("", path));
    let parent = parents
        .split('.')
        .filter(|name| !name.is_empty())
        .fold(&mut order, |place, name| &mut place[name]);
    parent.as_object_mut().unwrap().remove(last).unwrap();
    order
}

/// Checks that an order is refused, and that the refusal contains the element.
pub(crate) async fn refused(tm: &Tm, body: &Value, about: &str) {
    let reply = tm.put_order(body).await;
    assert_eq!(reply.status, 400, "{about}: {}", reply.text());
    let error = reply.json();
    let error = error["Error"].as_str().unwrap();
    let element = about.split(['.', ' ']).next().unwrap();
    assert!(error.contains(element), "{about}: {error}");
}

/// Checks that an order is accepted.
pub(crate) async fn accepted(tm: &Tm, body: &Value, about: &str) {
    let reply = tm.put_order(body).await;
    assert_eq!(reply.status, 202, "{about}: {}", reply.text());
}

/// A customer's webhook route: it records requests and replies with planned statuses, or with 200.
pub(crate) struct Hooks {
    /// Its address without a path.
    pub(crate) url: String,
    received: Arc<Mutex<Vec<Hook>>>,
    answers: Arc<Mutex<VecDeque<u16>>>,
    task: JoinHandle<()>,
}

/// A request to [`Hooks`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Hook {
    pub(crate) method: String,
    /// Path and query.
    pub(crate) target: String,
    pub(crate) body: Vec<u8>,
}

impl Hooks {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
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

    pub(crate) fn received(&self) -> Vec<Hook> {
        self.received.lock().unwrap().clone()
    }

    /// Returns paths and queries, in order of arrival.
    pub(crate) fn targets(&self) -> Vec<String> {
        self.received()
            .into_iter()
            .map(|hook| hook.target)
            .collect()
    }
}

impl Drop for Hooks {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn receive(
    listener: TcpListener,
    received: Arc<Mutex<Vec<Hook>>>,
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
        let length = head.lines().find_map(|line| {
            line.to_ascii_lowercase()
                .strip_prefix("content-length: ")
                .map(str::to_owned)
        });
        let length = length.map_or(0, |length| length.parse::<usize>().unwrap());
        while bytes.len() < start + length {
            assert!(
                stream.read_buf(&mut bytes).await.unwrap() > 0,
                "the request is complete"
            );
        }
        let mut words = head.split(' ').map(str::to_owned);
        let (method, target) = (words.next().unwrap(), words.next().unwrap());
        received.lock().unwrap().push(Hook {
            method,
            target,
            body: bytes[start..].to_vec(),
        });
        let status = answers.lock().unwrap().pop_front().unwrap_or(200);
        let answer =
            format!("HTTP/1.1 {status} As told\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        stream.write_all(answer.as_bytes()).await.unwrap();
    }
}

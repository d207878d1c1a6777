//! A bank: an application with a sandbox of its vendors.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use idv::{NewVerification, Timestamp};
use idv_axum::Options;
use idv_flow::store::Phase;
use idv_flow::{Engine, FlowId, StartRequest};
use idv_sandbox::Sandbox;
use tempfile::TempDir;

use super::{Program, Runner, folder, until};

/// A bank: an application with a store, a sandbox of its vendors, and a server for callbacks.
pub struct Bank {
    pub sandbox: Arc<Sandbox>,
    pub folder: TempDir,
    pub vendors: Vec<&'static str>,
    pub port: u16,
    listener: Option<std::net::TcpListener>,
}

impl Bank {
    /// Starts the sandbox of these vendors. Its clock starts now, and only the test moves it.
    pub async fn new(vendors: &[&'static str]) -> Self {
        let sandbox = Sandbox::builder()
            .speed(0.0)
            .start_time(Timestamp::now())
            .start()
            .await
            .unwrap();
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let bank = Self {
            sandbox: Arc::new(sandbox),
            folder: folder(),
            vendors: vendors.to_vec(),
            port: listener.local_addr().unwrap().port(),
            listener: Some(listener),
        };
        for vendor in vendors {
            let vendor = bank.sandbox.vendor(vendor).unwrap();
            vendor.report_to(&bank.callback_url(vendor.id())).unwrap();
            vendor.expect("Mustermann");
        }
        bank
    }

    pub fn callback_url(&self, vendor: &str) -> String {
        format!("http://127.0.0.1:{}/callbacks/{vendor}", self.port)
    }

    /// Returns the parts of a program of this bank.
    pub fn program(&self) -> Program {
        Program {
            settings: self
                .vendors
                .iter()
                .map(|vendor| self.sandbox.settings(vendor))
                .collect(),
            clock: self.sandbox.clock(),
            store: self.folder.path().join("store.db"),
            database: None,
            deadline: None,
            history_events: 1_000,
            task_queue: "idv".to_owned(),
            round: Duration::from_millis(500),
        }
    }

    /// Serves the callbacks of the vendors.
    pub fn serve(&mut self, engine: &Engine) {
        let listener = self.listener.take().unwrap();
        let listener = tokio::net::TcpListener::from_std(listener).unwrap();
        let routes = idv_axum::routes(engine, &Options::new());
        tokio::spawn(async move { axum::serve(listener, routes).await });
    }

    /// Returns the request for a person.
    pub fn person(&self, vendor: &str, engine: &Engine, number: usize) -> NewVerification {
        NewVerification::builder(engine.reference())
            .given_names("Erika")
            .family_name("Mustermann")
            .birth_date("1964-08-12")
            .birth_place("Berlin")
            .nationality("DE")
            .gender("female")
            .street("Heidestr.")
            .house_number("17")
            .postal_code("51147")
            .city("Köln")
            .country("DE")
            .email("e.mustermann@example.com")
            .phone(format!("+34600{number:06}"))
            .success_url(format!("https://bank.example/done/{number}"))
            .callback_url(self.callback_url(vendor))
            .build()
            .unwrap()
    }

    /// Starts a flow, and returns it with the vendor's id of its verification once it exists.
    pub async fn create(&self, runner: &Runner, vendor: &str, number: usize) -> (FlowId, String) {
        let before: BTreeSet<String> = self.ids(vendor).into_iter().collect();
        let start = StartRequest::new(self.person(vendor, runner.engine(), number)).at(vendor);
        let id = runner.start(start).await;
        until("the verification is created", async || {
            runner.status(id).await.phase != Phase::Creating
        })
        .await;
        let new = self.ids(vendor).into_iter().find(|id| !before.contains(id));
        (id, new.expect("the vendor has a new verification"))
    }

    pub fn ids(&self, vendor: &str) -> Vec<String> {
        self.sandbox.vendor(vendor).unwrap().ids()
    }
}

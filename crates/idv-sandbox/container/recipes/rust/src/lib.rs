//! A person is verified at the emulated IDnow.
#![cfg(test)]

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};
use testcontainers::core::{IntoContainerPort as _, WaitFor};
use testcontainers::runners::SyncRunner as _;
use testcontainers::{Container, GenericImage};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// The addresses of the control plane and of IDnow. The container stops when it is dropped.
struct Sandbox {
    control: String,
    idnow: String,
    _container: Option<Container<GenericImage>>,
}

impl Sandbox {
    fn start() -> Result<Self> {
        // A sandbox that runs already, such as a service of the CI.
        if let Ok(url) = std::env::var("SANDBOX_URL") {
            return Ok(Self {
                control: format!("{url}/_control"),
                idnow: std::env::var("SANDBOX_IDNOW_URL")?,
                _container: None,
            });
        }
        let image = std::env::var("SANDBOX_IMAGE").unwrap_or_else(|_| "idv-sandbox".to_owned());
        let (name, tag) = image.rsplit_once(':').unwrap_or((&image, "latest"));
        let container = GenericImage::new(name, tag)
            .with_exposed_port(7700.tcp())
            .with_exposed_port(7701.tcp())
            .with_wait_for(WaitFor::healthcheck())
            .start()?;
        let host = container.get_host()?;
        let address = |port: u16| -> Result<String> {
            let port = container.get_host_port_ipv4(port.tcp())?;
            Ok(format!("http://{host}:{port}"))
        };
        Ok(Self {
            control: format!("{}/_control", address(7700)?),
            idnow: address(7701)?,
            _container: Some(container),
        })
    }
}

/// Sends a request with the headers and returns the JSON of the response.
fn call(url: &str, body: Option<Value>, header: Option<(&str, &str)>) -> Result<Value> {
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .timeout_global(Some(Duration::from_secs(10)))
        .build()
        .into();
    let (name, value) = header.unwrap_or(("accept", "application/json"));
    let mut response = match body {
        Some(body) => agent.post(url).header(name, value).send_json(body)?,
        None => agent.get(url).header(name, value).call()?,
    };
    Ok(response.body_mut().read_json()?)
}

#[test]
fn person_is_verified() -> Result<()> {
    let sandbox = Sandbox::start()?;
    let control = &sandbox.control;
    let settings = &call(&format!("{control}/idnow"), None, None)?["settings"];
    let text = |name: &str| settings[name].as_str().unwrap_or_default();
    let (company, key) = (text("company"), text("api_key"));
    let api = format!("{}/api/v1/{company}", sandbox.idnow);
    let number = format!(
        "T-{}",
        SystemTime::now().duration_since(UNIX_EPOCH)?.as_nanos()
    );
    let identification = format!("{api}/identifications/{number}");

    // The application creates a verification.
    let person = json!({ "firstname": "Erika", "lastname": "Mustermann" });
    let start = format!("{identification}/start");
    call(&start, Some(person), Some(("x-api-key", key)))?;

    // The person and the agent act, and an hour passes.
    let act = format!("{control}/idnow/verifications/{number}/act");
    call(&act, Some(json!({ "scenario": "happy" })), None)?;
    let clock = format!("{control}/clock");
    call(&clock, Some(json!({ "advance_seconds": 3600 })), None)?;

    // The application receives the result.
    let login = call(
        &format!("{api}/login"),
        Some(json!({ "apiKey": key })),
        None,
    )?;
    let token = login["authToken"].as_str().unwrap_or_default();
    let result = call(&identification, None, Some(("x-api-login-token", token)))?;
    assert_eq!(result["identificationprocess"]["result"], "SUCCESS");
    Ok(())
}

//! Calls the control plane of a running sandbox.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use http::Method;
use serde_json::Value;

use crate::failure::{Exit, Failure, whole};

/// The maximum length of a response in bytes.
const MAX_RESPONSE: usize = 256 * 1024 * 1024;

/// The place of a running sandbox.
#[derive(Args)]
pub(super) struct Place {
    /// Address of the running sandbox
    #[arg(long, default_value = "http://127.0.0.1:7700", value_name = "URL")]
    url: idv::Url,

    /// Certificate that a sandbox with --tls has written
    #[arg(long, value_name = "CERTIFICATE.pem")]
    certificate: Option<PathBuf>,
}

/// A client of the control plane.
pub(super) struct Remote {
    http: reqwest::Client,
    base: idv::Url,
}

impl Place {
    pub(super) fn connect(&self) -> Result<Remote, Failure> {
        let mut builder = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .connect_timeout(Duration::from_secs(5));
        if let Some(path) = &self.certificate {
            let failed =
                |error: String| Failure::usage(format!("cannot read {}: {error}", path.display()));
            let pem = std::fs::read(path).map_err(|error| failed(error.to_string()))?;
            let certificate =
                reqwest::Certificate::from_pem(&pem).map_err(|error| failed(whole(&error)))?;
            builder = builder.tls_certs_only([certificate]);
        }
        let http = builder
            .build()
            .map_err(|error| Failure::new(Exit::Failed, whole(&error)))?;
        let base = self.url.join("/_control/").map_err(|_| {
            Failure::usage("invalid value for `--url`: expected an http or https URL")
        })?;
        Ok(Remote { http, base })
    }
}

impl Remote {
    pub(super) async fn get(
        &self,
        path: &[&str],
        query: &[(&str, String)],
    ) -> Result<Value, Failure> {
        self.call(Method::GET, path, query, None).await
    }

    pub(super) async fn post(&self, path: &[&str], body: &Value) -> Result<Value, Failure> {
        self.call(Method::POST, path, &[], Some(body)).await
    }

    async fn call(
        &self,
        method: Method,
        path: &[&str],
        query: &[(&str, String)],
        body: Option<&Value>,
    ) -> Result<Value, Failure> {
        let mut url = self.base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(path);
        }
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        let mut request = self.http.request(method, url.as_str());
        if let Some(body) = body {
            request = request
                .header("content-type", "application/json")
                .body(body.to_string());
        }
        let unreachable = |error: reqwest::Error| {
            Failure::new(
                Exit::Failed,
                format!(
                    "cannot reach the sandbox at {}: {}; start it with `idv sandbox`, or give --url",
                    self.base.origin().ascii_serialization(),
                    whole(&error.without_url())
                ),
            )
        };
        let mut response = request.send().await.map_err(unreachable)?;
        let status = response.status();
        let mut bytes = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(unreachable)? {
            if bytes.len() + chunk.len() > MAX_RESPONSE {
                return Err(Failure::new(
                    Exit::Failed,
                    "the sandbox's response is too long",
                ));
            }
            bytes.extend_from_slice(&chunk);
        }
        let value: Value = serde_json::from_slice(&bytes)
            .map_err(|_| Failure::new(Exit::Failed, "no sandbox responds at this address"))?;
        if status.is_success() {
            return Ok(value);
        }
        let error = value.get("error").and_then(Value::as_str);
        Err(Failure::new(
            Exit::Failed,
            error.unwrap_or("the sandbox refuses the request"),
        ))
    }

    /// Returns the vendor and the id of a verification: of `vendor/id`, or of an id or a reference
    /// that is unique.
    pub(super) async fn find(&self, reference: &str) -> Result<(String, String), Failure> {
        if let Some((vendor, id)) = reference.split_once('/') {
            return Ok((vendor.to_owned(), id.to_owned()));
        }
        let all = self.verifications(usize::MAX).await?;
        let matching: Vec<&Value> = all
            .iter()
            .filter(|known| {
                ["id", "vendor_id", "reference"]
                    .iter()
                    .any(|name| text(known, name) == Some(reference))
            })
            .collect();
        match matching.as_slice() {
            [one] => Ok((
                text(one, "vendor").unwrap_or_default().to_owned(),
                text(one, "id").unwrap_or_default().to_owned(),
            )),
            [] => Err(Failure::new(
                Exit::Failed,
                "unknown verification: `idv sandbox verifications` lists them",
            )),
            several => {
                let addresses: Vec<&str> = several
                    .iter()
                    .filter_map(|known| text(known, "ref"))
                    .collect();
                Err(Failure::new(
                    Exit::Failed,
                    format!(
                        "several verifications have this id or reference: use one of {}",
                        addresses.join(", ")
                    ),
                ))
            }
        }
    }

    /// Returns up to `most` verifications, the latest first.
    pub(super) async fn verifications(&self, most: usize) -> Result<Vec<Value>, Failure> {
        const PAGE: usize = 1000;
        let mut all = Vec::new();
        loop {
            let query = [
                ("limit", PAGE.min(most - all.len()).to_string()),
                ("offset", all.len().to_string()),
            ];
            let mut page = self.get(&["verifications"], &query).await?;
            let is_last = page.get("next").is_none_or(Value::is_null);
            if let Some(Value::Array(new)) = page.get_mut("verifications").map(Value::take) {
                all.extend(new);
            }
            if is_last || all.len() >= most {
                return Ok(all);
            }
        }
    }
}

/// Returns a member of an object as text.
pub(super) fn text<'a>(value: &'a Value, name: &str) -> Option<&'a str> {
    value.get(name).and_then(Value::as_str)
}

/// Returns a member of an object as a whole number.
pub(super) fn number(value: &Value, name: &str) -> u64 {
    value.get(name).and_then(Value::as_u64).unwrap_or_default()
}

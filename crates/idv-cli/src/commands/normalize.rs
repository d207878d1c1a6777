//! `idv normalize`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use idv::{Error, Page, Secret, Timestamp, cm_id_scan, identify24, identity_tm, idnow, verificar_identidad};
use serde_json::json;

use super::{Run, read_input};
use crate::failure::{Exit, Failure};
use crate::output::{Output, json, note};
use crate::settings::Settings;
use crate::words::result_handle;

/// How long a payload may be, in bytes. Results with images and videos are long.
const LIMIT: u64 = 1024 * 1024 * 1024;

/// Reads a vendor's payload and prints its observations as {"observations": [...]}, with the person's data. A file proves nothing, so
/// every observation is a claim.
#[derive(Args)]
pub(crate) struct Normalize {
    /// The provider that sent the payload
    provider: String,

    /// The kind of the payload
    kind: Kind,

    /// The file; standard input without it or for -
    #[arg(default_value = "-")]
    file: PathBuf,

    /// Media type of the payload: application/json, application/xml, application/zip; detected if omitted
    #[arg(long, value_name = "TYPE")]
    content_type: Option<String>,

    /// The order's product, for Identity.TM only; 12 if omitted
    #[arg(long, value_name = "N")]
    product: Option<u32>,

    /// The sum of the order's behaviors (`Add`), for Identity.TM only; 0 if omitted
    #[arg(long, value_name = "N")]
    behaviors: Option<u32>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Kind {
    /// The result of a verification
    Result,
    /// An answer about the state of one verification or of many
    Status,
    /// The body of a callback
    Callback,
}

impl Kind {
    const fn name(self) -> &'static str {
        match self {
            Self::Result => "result",
            Self::Status => "status",
            Self::Callback => "callback",
        }
    }
}

impl Run for Normalize {
    async fn run(self, _: &Settings, _: Output) -> Result<Exit, Failure> {
        let read = reader(&self.provider)?;
        if self.provider != IDENTITY_TM && (self.product.is_some() || self.behaviors.is_some()) {
            return Err(Failure::usage("--product and --behaviors are for identity-tm only"));
        }
        let order = order(self.product, self.behaviors)?;
        let payload = read_input(&self.file, LIMIT)?;
        if let Some(content_type) = &self.content_type {
            check_form(&payload, content_type)?;
        }
        let page = read(&payload, self.kind.name(), order)?;
        json(&json!({ "observations": page.observations }))?;
        for handle in page.observations.iter().filter_map(result_handle) {
            note(&format!("idv: the payload names a result: `idv fetch REFERENCE --handle {handle}`"));
        }
        if page.unreadable > 0 {
            note(&format!("idv: {} entries of the list cannot be read and are left out", page.unreadable));
        }
        Ok(Exit::Done)
    }
}

/// The provider whose orders differ in how their payloads are read.
const IDENTITY_TM: &str = "identity-tm";

/// Parses a payload of a kind; for Identity.TM, of an order.
type Reader = fn(&[u8], &str, identity_tm::normalize::Flow) -> idv::Result<Page>;

/// Returns the order's flow. The adapter's configuration knows which products and behaviors there are.
fn order(product: Option<u32>, behaviors: Option<u32>) -> Result<identity_tm::normalize::Flow, Failure> {
    use identity_tm::api::order::Behaviors;
    use identity_tm::normalize::Flow;

    let mut config = identity_tm::IdentityTmConfig::new("example", Secret::from("example"));
    (config.product, config.behaviors) = (product.unwrap_or(config.product), behaviors.unwrap_or(config.behaviors));
    config.check()?;
    // An order that only creates an account for signing ends like an identification.
    let creates_account = config.behaviors()?.contains(Behaviors::SIGN_ME_CREATE);
    Ok(if creates_account { Flow::Identification } else { Flow::of_product(config.product) })
}

/// Returns the reader for a provider, with the rules of an account that configured none of its own.
fn reader(provider: &str) -> Result<Reader, Failure> {
    Ok(match provider {
        "cm-id-scan" => {
            // Without a time of completion, a document is judged by today's date.
            |payload, kind, _| {
                let rule = cm_id_scan::normalize::Acceptance::strict();
                cm_id_scan::normalize::kind_at(payload, kind, &rule, Timestamp::now())
            }
        }
        "identify24" => {
            |payload, kind, _| identify24::normalize::kind(payload, kind, &identify24::normalize::Statuses::of_document())
        }
        IDENTITY_TM => identity_tm::normalize::kind,
        "idnow" => |payload, kind, _| idnow::normalize::kind(payload, kind),
        "verificar-identidad" => |payload, kind, _| verificar_identidad::normalize::kind(payload, kind),
        _ => {
            let known: Vec<String> = idv::providers().iter().map(|vendor| vendor.provider.to_string()).collect();
            return Err(Failure::usage(format!("there is no provider `{provider}`; compiled in: {}", known.join(", "))));
        }
    })
}

/// The form of a payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Json,
    Xml,
    Zip,
    Urlencoded,
}

/// Refuses a payload that does not have the form of its media type. A general type leaves the form to the payload.
fn check_form(payload: &[u8], content_type: &str) -> Result<(), Failure> {
    let media_type = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let told = match media_type.as_str() {
        "application/octet-stream" | "text/plain" => return Ok(()),
        "application/zip" | "application/x-zip-compressed" => Form::Zip,
        "application/x-www-form-urlencoded" => Form::Urlencoded,
        "application/xml" | "text/xml" => Form::Xml,
        "application/json" | "text/json" => Form::Json,
        other if other.ends_with("+json") => Form::Json,
        other if other.ends_with("+xml") => Form::Xml,
        _ => {
            return Err(Failure::usage(
                "--content-type is application/json, application/xml, application/zip or application/x-www-form-urlencoded",
            ));
        }
    };
    if form(payload) == told {
        return Ok(());
    }
    Err(Error::malformed(format!("the payload is not {media_type}")).into())
}

fn form(payload: &[u8]) -> Form {
    let text = payload.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(payload).trim_ascii_start();
    match text.first() {
        _ if payload.starts_with(b"PK") => Form::Zip,
        Some(b'<') => Form::Xml,
        Some(byte) if byte.is_ascii_alphabetic() && text.contains(&b'=') => Form::Urlencoded,
        _ => Form::Json,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_payload_must_be_what_it_is_said_to_be() {
        let (json, xml, zip, form) = (&b" {}"[..], &b"\xEF\xBB\xBF<a/>"[..], &b"PK\x03\x04"[..], &b"status=ok"[..]);
        for (payload, content_type, taken) in [
            (json, "application/json; charset=utf-8", true),
            (json, "APPLICATION/VND.IDNOW+JSON", true),
            (json, "application/xml", false),
            (xml, "text/xml", true),
            (xml, "application/json", false),
            (zip, "application/zip", true),
            (zip, "application/octet-stream", true),
            (form, "application/x-www-form-urlencoded", true),
            (form, "application/json", false),
            (json, "image/png", false),
        ] {
            assert_eq!(check_form(payload, content_type).is_ok(), taken, "{content_type}");
        }
    }

    #[test]
    fn order_is_one_of_the_document() {
        use identity_tm::normalize::Flow;

        assert_eq!(order(None, None).unwrap(), Flow::Identification);
        assert_eq!(order(Some(15), None).unwrap(), Flow::Esign);
        assert_eq!(order(Some(15), Some(8)).unwrap(), Flow::Identification);
        for (product, behaviors) in [(Some(99), None), (Some(12), Some(8)), (Some(15), Some(1 << 31))] {
            assert_eq!(order(product, behaviors).unwrap_err().exit(), Exit::Usage, "{product:?} {behaviors:?}");
        }
    }

    #[test]
    fn a_provider_that_is_not_compiled_in_is_answered_with_those_that_are() {
        let failure = reader("nobody").err().unwrap();
        assert_eq!(failure.exit(), Exit::Usage);
        assert!(failure.text().contains("nobody") && failure.text().contains("idnow"), "{}", failure.text());
    }
}

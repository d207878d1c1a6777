//! `idv normalize`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use idv::{Error, Page};
use serde_json::json;

use super::read_input;
use crate::failure::{Exit, Failure};
use crate::output::{Output, json, note};

/// How long a payload may be, in bytes. Results with images and videos are long.
const LIMIT: u64 = 1024 * 1024 * 1024;

/// Reads a vendor's payload and prints what it says, as {"observations": [...]} with the person's data. A file proves nothing, so
/// every observation is a claim.
#[derive(Args)]
pub(crate) struct Normalize {
    /// Whose payload it is
    provider: String,

    /// What it is
    kind: Kind,

    /// The file; standard input without it or for -
    #[arg(default_value = "-")]
    file: PathBuf,

    /// What the payload is to be read as: application/json, application/xml, application/zip; looked at otherwise
    #[arg(long, value_name = "TYPE")]
    content_type: Option<String>,

    /// The product, which decides how the payload is to be read: for Identity.TM only
    #[arg(long, default_value_t = 12, value_name = "N")]
    product: u32,
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

impl Normalize {
    pub(crate) fn run(self, _: Output) -> Result<Exit, Failure> {
        let read = reader(&self.provider)?;
        let payload = read_input(&self.file, LIMIT)?;
        if let Some(content_type) = &self.content_type {
            check_form(&payload, content_type)?;
        }
        let page = read(&payload, self.kind.name(), self.product)?;
        json(&json!({ "observations": page.observations }))?;
        if page.unreadable > 0 {
            note(&format!("entries of the list that cannot be read and were left out: {}", page.unreadable));
        }
        Ok(Exit::Done)
    }
}

/// Reads a payload of a kind, of a product where the vendor's products differ.
type Reader = fn(&[u8], &str, u32) -> idv::Result<Page>;

/// What reads the payloads of a provider. Where an account has rules of its own, those of one that has set none.
fn reader(provider: &str) -> Result<Reader, Failure> {
    use idv::{cm_id_scan, identify24, identity_tm, idnow, verificar_identidad};

    Ok(match provider {
        "cm-id-scan" => {
            |payload, kind, _| cm_id_scan::normalize::kind(payload, kind, &cm_id_scan::normalize::Acceptance::strict())
        }
        "identify24" => {
            |payload, kind, _| identify24::normalize::kind(payload, kind, &identify24::normalize::Statuses::of_document())
        }
        "identity-tm" => |payload, kind, product| {
            identity_tm::normalize::kind(payload, kind, identity_tm::normalize::Flow::of_product(product))
        },
        "idnow" => |payload, kind, _| idnow::normalize::kind(payload, kind),
        "verificar-identidad" => |payload, kind, _| verificar_identidad::normalize::kind(payload, kind),
        _ => {
            let known: Vec<String> = idv::providers().iter().map(|vendor| vendor.provider.to_string()).collect();
            return Err(Failure::usage(format!("there is no provider `{provider}`; compiled in: {}", known.join(", "))));
        }
    })
}

/// What the payload looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Json,
    Xml,
    Zip,
    Urlencoded,
}

/// Refuses a payload that is not what it was said to be. A type that says nothing of the form leaves it to the payload.
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
    fn a_provider_that_is_not_compiled_in_is_answered_with_those_that_are() {
        let failure = reader("nobody").err().unwrap();
        assert_eq!(failure.exit(), Exit::Usage);
        assert!(failure.text().contains("nobody") && failure.text().contains("idnow"), "{}", failure.text());
    }
}

//! `idv normalize`.

use std::path::PathBuf;
use std::sync::Arc;

use clap::{Arg, ArgMatches, Args, Command, FromArgMatches, ValueEnum};
use idv::adapter::settings::Table;
use idv::adapter::{Payload, VendorEntry};
use idv::{Error, Timestamp};
use serde_json::{Map, Value, json};

use super::{Run, read_input};
use crate::failure::{Exit, Failure};
use crate::output::{Output, json, note};
use crate::settings::Settings;
use crate::words::result_handle;

/// The maximum length of a payload, in bytes. Results may contain images and videos.
const LIMIT: u64 = 1024 * 1024 * 1024;

/// Parses a vendor's payload and prints its observations as {"observations": [...]}, with the
/// person's data. A file proves nothing, so every observation is a claim.
#[derive(Args)]
pub(crate) struct Normalize {
    /// The provider that sent the payload
    provider: String,

    /// The kind of the payload
    kind: Kind,

    /// The file; standard input for - or if omitted
    #[arg(default_value = "-")]
    file: PathBuf,

    /// Media type of the payload: application/json, application/xml, application/zip; detected if
    /// omitted
    #[arg(long, value_name = "TYPE")]
    content_type: Option<String>,

    #[command(flatten)]
    options: VendorOptions,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Kind {
    /// The result of a verification
    Result,
    /// A response about the state of one or more verifications
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
        let vendor = idv::vendors()
            .iter()
            .find(|vendor| vendor.id == self.provider)
            .ok_or_else(|| {
                let known: Vec<&str> = idv::vendors().iter().map(|vendor| vendor.id).collect();
                Failure::usage(format!(
                    "unknown provider `{}`: expected one of {}",
                    self.provider,
                    known.join(", ")
                ))
            })?;
        let options = self.options.of(vendor)?;
        let bytes = read_input(&self.file, LIMIT)?;
        if let Some(content_type) = &self.content_type {
            check_form(&bytes, content_type)?;
        }
        let page = (vendor.normalize)(&Payload::new(
            self.kind.name(),
            &bytes,
            Timestamp::now(),
            &options,
        ))?;
        json(&json!({ "observations": page.observations }))?;
        for handle in page.observations.iter().filter_map(result_handle) {
            note(&format!(
                "idv: fetch the result with `idv fetch REFERENCE --handle {handle}`"
            ));
        }
        if page.unreadable > 0 {
            note(&format!(
                "idv: skipped {} unreadable entries of the list",
                page.unreadable
            ));
        }
        Ok(Exit::Done)
    }
}

/// The vendors' own options: facts about a verification that its payload does not contain.
#[derive(Default)]
struct VendorOptions(Map<String, Value>);

impl VendorOptions {
    /// Returns the options for a vendor; refuses those of other vendors.
    fn of(self, vendor: &VendorEntry) -> Result<Table, Failure> {
        for name in self.0.keys() {
            if !vendor
                .normalize_options
                .iter()
                .any(|option| option.name == name)
            {
                return Err(Failure::usage(format!(
                    "--{name} is for {} only",
                    vendors_with(name)
                )));
            }
        }
        Ok(Table::new("", self.0, Arc::default()))
    }
}

/// Lists the vendors that have an option.
fn vendors_with(option: &str) -> String {
    let has = |vendor: &&VendorEntry| {
        vendor
            .normalize_options
            .iter()
            .any(|other| other.name == option)
    };
    idv::vendors()
        .iter()
        .filter(has)
        .map(|vendor| vendor.id)
        .collect::<Vec<_>>()
        .join(" and ")
}

impl Args for VendorOptions {
    fn augment_args(mut command: Command) -> Command {
        for option in idv::vendors()
            .iter()
            .flat_map(|vendor| vendor.normalize_options)
        {
            if command
                .get_arguments()
                .all(|argument| argument.get_id() != option.name)
            {
                let help = format!("{}; for {} only", option.help, vendors_with(option.name));
                command = command.arg(
                    Arg::new(option.name)
                        .long(option.name)
                        .value_name(option.value)
                        .help(help),
                );
            }
        }
        command
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for VendorOptions {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let mut options = Self::default();
        options.update_from_arg_matches(matches)?;
        Ok(options)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        for option in idv::vendors()
            .iter()
            .flat_map(|vendor| vendor.normalize_options)
        {
            if let Some(value) = matches.get_one::<String>(option.name) {
                self.0
                    .insert(option.name.to_owned(), Value::from(value.as_str()));
            }
        }
        Ok(())
    }
}

/// The format of a payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Json,
    Xml,
    Zip,
    Urlencoded,
}

/// Refuses a payload whose format does not match its media type. A generic type accepts every
/// format.
fn check_form(payload: &[u8], content_type: &str) -> Result<(), Failure> {
    let media_type = content_type
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    let declared = match media_type.as_str() {
        "application/octet-stream" | "text/plain" => return Ok(()),
        "application/zip" | "application/x-zip-compressed" => Form::Zip,
        "application/x-www-form-urlencoded" => Form::Urlencoded,
        "application/xml" | "text/xml" => Form::Xml,
        "application/json" | "text/json" => Form::Json,
        other if other.ends_with("+json") => Form::Json,
        other if other.ends_with("+xml") => Form::Xml,
        _ => {
            return Err(Failure::usage(
                "invalid --content-type: expected application/json, application/xml, application/zip or application/x-www-form-urlencoded",
            ));
        }
    };
    if form(payload) == declared {
        return Ok(());
    }
    Err(Error::malformed(format!("the payload is not {media_type}")).into())
}

fn form(payload: &[u8]) -> Form {
    let text = payload
        .strip_prefix(b"\xEF\xBB\xBF")
        .unwrap_or(payload)
        .trim_ascii_start();
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
    fn payload_must_match_its_media_type() {
        let (json, xml, zip, form) = (
            &b" {}"[..],
            &b"\xEF\xBB\xBF<a/>"[..],
            &b"PK\x03\x04"[..],
            &b"status=ok"[..],
        );
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
            assert_eq!(
                check_form(payload, content_type).is_ok(),
                taken,
                "{content_type}"
            );
        }
    }

    #[test]
    fn option_is_refused_for_other_vendors() {
        let options = |name: &str| {
            VendorOptions([(name.to_owned(), Value::from("15"))].into_iter().collect())
        };
        let vendor = |id: &str| {
            idv::vendors()
                .iter()
                .find(|vendor| vendor.id == id)
                .unwrap()
        };
        assert!(options("product").of(vendor("identity-tm")).is_ok());
        let failure = options("product").of(vendor("idnow")).unwrap_err();
        assert_eq!(
            (failure.exit(), failure.text()),
            (Exit::Usage, "--product is for identity-tm only")
        );
    }
}

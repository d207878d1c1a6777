//! `idv create`.

use std::path::PathBuf;

use clap::Args;
use idv::report::{Country, DocumentKind, Gender};
use idv::{NewVerification, Pii, Reference, Url};
use jiff::civil::Date;

use super::read_input;
use crate::failure::{Exit, Failure};
use crate::output::{Output, note, plain, table};
use crate::request::{Request, from_word};
use crate::settings::Settings;
use crate::usage::Expected;
use crate::words;

/// The longest request, in bytes. A person's data are some hundred bytes.
const LIMIT: u64 = 1024 * 1024;

/// Creates a verification. An option wins over the same field of the file.
///
/// Every user of the machine can see the options of a running program: for real persons, use --from.
#[derive(Args)]
pub(crate) struct Create {
    #[command(flatten)]
    wanted: Wanted,
}

/// The requested verification: a file, options, or both.
#[derive(Args)]
pub(crate) struct Wanted {
    /// Read the request from this JSON file; - for standard input
    #[arg(long, value_name = "FILE.json")]
    from: Option<PathBuf>,

    /// Our reference: 16 to 100 characters of a-z, 0-9 and -, not guessable. If it is omitted, a new one is printed on standard error
    /// before the call
    #[arg(long)]
    reference: Option<String>,

    #[arg(long)]
    given_names: Option<String>,
    #[arg(long)]
    family_name: Option<String>,
    #[arg(long)]
    birth_name: Option<String>,
    #[arg(long, value_name = "YYYY-MM-DD")]
    birth_date: Option<Date>,
    #[arg(long)]
    birth_place: Option<String>,
    #[arg(long, value_name = "ISO-3166", value_parser = from_word::<Country>)]
    nationality: Option<Country>,
    #[arg(long, value_name = "female|male|diverse", value_parser = from_word::<Gender>)]
    gender: Option<Gender>,
    #[arg(long)]
    title: Option<String>,
    #[arg(long)]
    street: Option<String>,
    #[arg(long)]
    house_number: Option<String>,
    #[arg(long)]
    postal_code: Option<String>,
    #[arg(long)]
    city: Option<String>,
    #[arg(long, value_name = "ISO-3166", value_parser = from_word::<Country>)]
    country: Option<Country>,
    #[arg(long)]
    email: Option<String>,
    #[arg(long)]
    phone: Option<String>,
    /// The document that the person is expected to show: id_card, passport, residence_permit, driving_licence
    #[arg(long, value_name = "KIND", value_parser = from_word::<DocumentKind>)]
    document_kind: Option<DocumentKind>,
    #[arg(long)]
    document_number: Option<String>,
    #[arg(long, value_name = "ISO-3166", value_parser = from_word::<Country>)]
    issuing_country: Option<Country>,
    #[arg(long)]
    issuer: Option<String>,
    #[arg(long, value_name = "YYYY-MM-DD")]
    issued_on: Option<Date>,
    #[arg(long, value_name = "YYYY-MM-DD")]
    expires_on: Option<Date>,
    /// The language to speak with the person: de, en-GB
    #[arg(long)]
    locale: Option<String>,
    /// Where the person's browser goes after success
    #[arg(long, value_name = "URL")]
    success_url: Option<Url>,
    /// Where the person's browser goes after failure
    #[arg(long, value_name = "URL")]
    failure_url: Option<Url>,
    /// Where the vendor reports to
    #[arg(long, value_name = "URL")]
    callback_url: Option<Url>,
    /// Why the person is verified, in words shown to them
    #[arg(long)]
    purpose: Option<String>,
    /// Data to come back with the report; may be repeated
    #[arg(long, value_name = "NAME=VALUE", value_parser = name_and_value)]
    custom: Vec<(String, String)>,
}

impl Create {
    pub(crate) async fn run(self, settings: &Settings, output: Output) -> Result<Exit, Failure> {
        let client = settings.connect()?;
        let created = client.create(&self.wanted.verification(|| client.reference())?).await?;
        output.answer(&words::created_json(&created), |json| {
            let mut lines = table(&[]);
            let text = |pointer: &str| json.pointer(pointer).and_then(|value| value.as_str()).unwrap_or("-").to_owned();
            lines.add_row(["reference".to_owned(), text("/id/reference")]);
            lines.add_row(["vendor id".to_owned(), text("/id/vendor_id")]);
            lines.add_row(["hand-off".to_owned(), text("/hand_off/kind")]);
            lines.add_row(["visit".to_owned(), text("/hand_off/url")]);
            lines.add_row(["expires at".to_owned(), text("/expires_at")]);
            lines.add_row(["existed".to_owned(), if created.existed { "yes" } else { "no" }.to_owned()]);
            if !created.left_out.is_empty() {
                lines.add_row(["left out".to_owned(), created.left_out.join(", ")]);
            }
            plain(&lines)
        })?;
        Ok(Exit::Done)
    }
}

impl Wanted {
    /// Returns the requested verification. If it has no reference, takes `fresh` and prints it.
    pub(crate) fn verification(self, fresh: impl FnOnce() -> Reference) -> Result<NewVerification, Failure> {
        let request = self.request()?;
        let reference = match &request.reference {
            Some(reference) => Reference::parse(reference.as_str())?,
            None => {
                // Before the call, so that a script can store it even if the call fails.
                let reference = fresh();
                note(&format!("reference: {}", reference.as_str()));
                reference
            }
        };
        request.into_new(reference)
    }

    /// Reads the file and puts the options over it.
    fn request(self) -> Result<Request, Failure> {
        let mut request = match &self.from {
            Some(path) => Request::read(&read_input(path, LIMIT)?)?,
            None => Request::default(),
        };
        over(&mut request.reference, self.reference);
        let person = &mut request.person;
        over_pii(&mut person.given_names, self.given_names);
        over_pii(&mut person.family_name, self.family_name);
        over_pii(&mut person.birth_name, self.birth_name);
        over_pii(&mut person.birth_date, self.birth_date);
        over_pii(&mut person.birth_place, self.birth_place);
        over_pii(&mut person.nationality, self.nationality);
        over_pii(&mut person.gender, self.gender);
        over_pii(&mut person.title, self.title);
        over_pii(&mut person.address.street, self.street);
        over_pii(&mut person.address.house_number, self.house_number);
        over_pii(&mut person.address.postal_code, self.postal_code);
        over_pii(&mut person.address.city, self.city);
        over_pii(&mut person.address.country, self.country);
        over_pii(&mut request.contact.email, self.email);
        over_pii(&mut request.contact.phone, self.phone);
        over_pii(&mut request.document.kind, self.document_kind);
        over_pii(&mut request.document.number, self.document_number);
        over_pii(&mut request.document.issuing_country, self.issuing_country);
        over_pii(&mut request.document.issuer, self.issuer);
        over_pii(&mut request.document.issued_on, self.issued_on);
        over_pii(&mut request.document.expires_on, self.expires_on);
        over(&mut request.locale, self.locale);
        over(&mut request.return_urls.success, self.success_url);
        over(&mut request.return_urls.failure, self.failure_url);
        over(&mut request.callback_url, self.callback_url);
        over(&mut request.purpose, self.purpose);
        request.custom.extend(self.custom.into_iter().map(|(name, value)| (name, Pii::new(value))));
        Ok(request)
    }
}

fn over<T>(field: &mut Option<T>, option: Option<T>) {
    if option.is_some() {
        *field = option;
    }
}

fn over_pii<T>(field: &mut Option<Pii<T>>, option: Option<T>) {
    over(field, option.map(Pii::new));
}

/// Parses `NAME=VALUE`; the value may contain equals signs.
pub(super) fn name_and_value(text: &str) -> Result<(String, String), Expected> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err(Expected::new("NAME=VALUE")),
    }
}

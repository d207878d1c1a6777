//! The addresses that a person visits: to begin an identification (chapter 6.1), to fill in the webform (chapter 4), and the signed
//! link that creates an identification by itself (chapter 5). Pure.

use std::collections::BTreeMap;
use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use idv_core::{Error, Pii, Result, Secret, SessionUrl, Timestamp, Url};
use sha2::Sha256;
use url::form_urlencoded;

use crate::api::parameter::Parameter;
use crate::api::{StartRequest, TransactionNumber};
use crate::config::{self, DataCentre};

/// The longest signed link (chapter 5.3).
pub const MAX_SIGNED_LENGTH: usize = 1040;

/// The links of one company.
#[derive(Debug, Clone)]
pub struct Links {
    company: String,
    go: Url,
}

impl Links {
    /// The links of `company` at an address that persons visit.
    ///
    /// # Errors
    ///
    /// [`Config`](idv_core::ErrorKind::Config) if the company id or the address cannot be used.
    pub fn new(company: impl Into<String>, go: Url) -> Result<Self> {
        let company = company.into();
        config::check_company(&company)?;
        config::check_url("go_url", &go)?;
        Ok(Self { company, go })
    }

    /// The long link, with the company id and the transaction number (chapter 6.1.1.1). It can be embedded in a page or a popup
    /// (chapter 6.1.2); its host is then the frame's source.
    ///
    /// # Errors
    ///
    /// [`Config`](idv_core::ErrorKind::Config) if the address cannot have a path.
    pub fn long(
        &self,
        transaction: &TransactionNumber,
        tracking: Option<&str>,
    ) -> Result<SessionUrl> {
        self.link(
            &[&self.company, "identifications", transaction.as_str()],
            tracking,
        )
    }

    /// The short link, with the Ident-ID that the start call returned (chapter 6.1.1.2).
    ///
    /// # Errors
    ///
    /// [`InvalidRequest`](idv_core::ErrorKind::InvalidRequest) naming `vendor_id`, if it is none.
    pub fn short(&self, ident_id: &str, tracking: Option<&str>) -> Result<SessionUrl> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        if ident_id.is_empty() || !ident_id.bytes().all(allowed) {
            return Err(Error::invalid(
                "vendor_id",
                "an Ident-ID is letters, digits and hyphens, such as ABC-DEFGH",
            ));
        }
        self.link(&[ident_id], tracking)
    }

    /// The webform in which the person enters their data themselves (chapter 4.3), without a transaction number or with one.
    /// IDnow activates it by account.
    ///
    /// # Errors
    ///
    /// As [`Links::long`].
    pub fn userdata(
        &self,
        transaction: Option<&TransactionNumber>,
        tracking: Option<&str>,
    ) -> Result<SessionUrl> {
        match transaction {
            Some(transaction) => {
                self.link(&[&self.company, "userdata", transaction.as_str()], tracking)
            }
            None => self.link(&[&self.company, "userdata"], tracking),
        }
    }

    /// The address that persons visit.
    #[must_use]
    pub const fn go_url(&self) -> &Url {
        &self.go
    }

    fn link(&self, segments: &[&str], tracking: Option<&str>) -> Result<SessionUrl> {
        let mut url = below(&self.go, segments)?;
        if let Some(tracking) = tracking {
            // The text comes back in `trackingid` of the result (chapter 6.1.3).
            url.query_pairs_mut().append_pair("tid", tracking);
        }
        Ok(SessionUrl::new(url))
    }
}

/// The address that persons visit, from what people write for it: `de`, `ch` or `test`, a host, or an address.
///
/// # Errors
///
/// [`Config`](idv_core::ErrorKind::Config) if it is none of them.
pub fn go_url(host: &str) -> Result<Url> {
    if let Some(centre) = DataCentre::ALL.iter().find(|centre| centre.name() == host) {
        return parse(centre.go());
    }
    let url = if host.contains("://") {
        parse(host)?
    } else {
        parse(&format!("https://{host}"))?
    };
    config::check_url("the host", &url)?;
    Ok(url)
}

/// The parts of a signed link.
#[derive(Clone)]
#[non_exhaustive]
pub struct SigningInput {
    /// The company id.
    pub company: String,
    /// The address that persons visit: [`DataCentre::go`], or a white label's.
    pub go_url: Url,
    /// The account's API key.
    pub api_key: Secret,
    /// The parameters of the link, by the names of the table of chapter 5.4.2. `transactionnumber` must be among them; `timestamp` and
    /// `signature` are added. An empty value is left out.
    pub parameters: BTreeMap<String, Pii<String>>,
    /// When the link is made, in milliseconds since 1970-01-01T00:00:00Z. IDnow refuses replays by it.
    pub timestamp_ms: i64,
}

impl SigningInput {
    /// The parts of a signed link.
    #[must_use]
    pub const fn new(
        company: String,
        go_url: Url,
        api_key: Secret,
        parameters: BTreeMap<String, Pii<String>>,
        timestamp_ms: i64,
    ) -> Self {
        Self {
            company,
            go_url,
            api_key,
            parameters,
            timestamp_ms,
        }
    }

    /// The parameters that a link has for a start request.
    ///
    /// # Errors
    ///
    /// [`InvalidRequest`](idv_core::ErrorKind::InvalidRequest) naming `questions`, which a link cannot answer.
    pub fn parameters_of(
        transaction: &TransactionNumber,
        request: &StartRequest,
    ) -> Result<BTreeMap<String, Pii<String>>> {
        if !request.questions.is_empty() {
            return Err(Error::invalid(
                "questions",
                "a link has no place for predefined answers: use the start call",
            ));
        }
        let value = serde_json::to_value(request).map_err(|error| Error::malformed_json(&error))?;
        let mut parameters: BTreeMap<_, _> = value
            .as_object()
            .into_iter()
            .flatten()
            .filter_map(|(name, value)| Some((name.clone(), Pii::from(value.as_str()?))))
            .collect();
        parameters.insert(
            "transactionnumber".to_owned(),
            Pii::from(transaction.as_str()),
        );
        Ok(parameters)
    }
}

impl fmt::Debug for SigningInput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningInput")
            .field("company", &self.company)
            .field("go_url", &self.go_url)
            .finish_non_exhaustive()
    }
}

/// A link that creates an identification when the person opens it (chapter 5).
///
/// It carries the person's data in its address, which browsers keep and servers log; the start call does not, and IDnow recommends
/// it. The names are sorted; the text `/v1/{company}/start?name=value&…`, not encoded, is signed with HMAC-SHA256 under the API key;
/// then the values alone are encoded, as forms encode them, and the signature is put last in lower-case hexadecimal.
///
/// # Ambiguous values
///
/// The signature is over the query before it is encoded, so the value `X&gender=MALE` of one parameter is signed as if it were two. The holder of such a link
/// could turn the one into the other, and the signature would still hold. So a value in which a `&` begins what can be read as a
/// further parameter (a `=` follows it) is refused. A single `&` or `=` is unambiguous and taken.
///
/// # Errors
///
/// [`InvalidRequest`](idv_core::ErrorKind::InvalidRequest) naming the model's field, if a value is not allowed, a name is not in
/// the table, the transaction number is missing, or the link is longer than [`MAX_SIGNED_LENGTH`];
/// [`Config`](idv_core::ErrorKind::Config) if company, address or key cannot be used.
pub fn signed(input: &SigningInput) -> Result<SessionUrl> {
    let links = Links::new(&input.company, input.go_url.clone())?;
    if input.api_key.is_empty() {
        return Err(Error::config("api_key is empty"));
    }
    let parameters = sorted(input)?;
    let signature = sign(
        input.api_key.expose(),
        &to_be_signed(&input.company, &parameters),
    )?;

    let mut url = below(&links.go, &["v1", &input.company, "start"])?;
    let query: Vec<String> = parameters
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .chain([("signature", signature.as_str())])
        .map(|(name, value)| {
            format!(
                "{name}={}",
                form_urlencoded::byte_serialize(value.as_bytes()).collect::<String>()
            )
        })
        .collect();
    url.set_query(Some(&query.join("&")));
    if url.as_str().len() > MAX_SIGNED_LENGTH {
        return Err(Error::invalid(
            "parameters",
            format!(
                "the link would be longer than {MAX_SIGNED_LENGTH} characters: leave something out, or use the start call"
            ),
        ));
    }
    Ok(SessionUrl::new(url))
}

/// The moment in the unit of a link's timestamp.
#[must_use]
pub fn timestamp_ms(at: Timestamp) -> i64 {
    at.as_millisecond()
}

/// Names and values, checked, with the timestamp, in alphabetical order without regard to case: chapter 5 sorts "in lower-case".
fn sorted(input: &SigningInput) -> Result<Vec<(&'static str, String)>> {
    if input.timestamp_ms <= 0 {
        return Err(Error::invalid(
            "timestamp",
            "it is in milliseconds since 1970",
        ));
    }
    let mut parameters = vec![("timestamp", input.timestamp_ms.to_string())];
    for (name, value) in &input.parameters {
        let Some(parameter) = Parameter::named(name) else {
            return Err(Error::invalid(
                "parameters",
                "a name is not in the table of chapter 5.4.2 (they are told apart by case); timestamp and signature are added",
            ));
        };
        let value = value.expose();
        if value.is_empty() {
            continue;
        }
        parameter.check(value)?;
        if value.split('&').skip(1).any(|rest| rest.contains('=')) {
            return Err(Error::invalid(
                parameter.path,
                "a part of it could be read as a further parameter of the link: use the start call",
            ));
        }
        parameters.push((parameter.name, value.clone()));
    }
    if !parameters
        .iter()
        .any(|(name, _)| *name == "transactionnumber")
    {
        return Err(Error::invalid(
            "reference",
            "a link needs a transactionnumber",
        ));
    }
    parameters.sort_by_key(|(name, _)| name.to_ascii_lowercase());
    Ok(parameters)
}

fn to_be_signed(company: &str, parameters: &[(&str, String)]) -> String {
    let query: Vec<String> = parameters
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    format!("/v1/{company}/start?{}", query.join("&"))
}

fn sign(key: &str, text: &str) -> Result<String> {
    // HMAC takes keys of any length; the error cannot come.
    let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes())
        .map_err(|_| Error::config("api_key cannot sign"))?;
    mac.update(text.as_bytes());
    Ok(hex::encode(mac.finalize().into_bytes()))
}

fn parse(address: &str) -> Result<Url> {
    Url::parse(address).map_err(|_| {
        Error::config("the host is none: write de, ch, test, a host's name or an https address")
    })
}

/// `base` with segments added to its path, each encoded.
pub(crate) fn below(base: &Url, segments: &[&str]) -> Result<Url> {
    let mut url = base.clone();
    url.path_segments_mut()
        .map_err(|()| Error::config("an address without a path cannot be used"))?
        .pop_if_empty()
        .extend(segments);
    Ok(url)
}

//! Builds the URLs that a person visits: to begin an identification (chapter 6.1), to fill in the
//! webform (chapter 4), and the signed link that creates an identification when it is opened
//! (chapter 5).

use std::collections::BTreeMap;
use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use idv_core::{Error, Pii, Result, Secret, SessionUrl, Timestamp, Url};
use sha2::Sha256;
use url::form_urlencoded;

use crate::api::parameter::Parameter;
use crate::api::{StartRequest, TransactionNumber};
use crate::config::{self, DataCentre};

/// The maximum length of a signed link (chapter 5.3).
pub const MAX_SIGNED_LENGTH: usize = 1040;

/// Builds the links of one company.
///
/// ```
/// use idv_idnow::api::TransactionNumber;
/// use idv_idnow::links::{self, Links};
///
/// let links = Links::new("ihrebank", links::go_url("test")?)?;
/// let link = links.long(&TransactionNumber::parse("6f1c2a9e1c1f4a6b")?, None)?;
/// assert_eq!(link.expose().host_str(), Some("go.test.idnow.de"));
/// # Ok::<(), idv_core::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Links {
    company: String,
    go: Url,
}

impl Links {
    /// Creates a builder for `company` at a base URL of the person's pages (chapter 6.1).
    ///
    /// ```
    /// use idv_idnow::links::Links;
    ///
    /// // A white label has a host of its own (chapter 6.1).
    /// let links = Links::new("ihrebank", "https://ident.ihrebank.de".parse().expect("a URL"))?;
    /// let link = links.short("CGD-DSFGE", None)?;
    /// assert_eq!(link.expose().as_str(), "https://ident.ihrebank.de/CGD-DSFGE");
    /// # Ok::<(), idv_core::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Config`](idv_core::ErrorKind::Config) if the company id or the URL is not valid.
    pub fn new(company: impl Into<String>, go: Url) -> Result<Self> {
        let company = company.into();
        config::check_company(&company)?;
        config::check_url("go_url", &go)?;
        Ok(Self { company, go })
    }

    /// Builds the long link, with the company id and the transaction number (chapter 6.1.1.1).
    ///
    /// A page or a popup can embed it (chapter 6.1.2), with its host as the frame's source.
    ///
    /// `tracking` is the parameter `tid`, which the result returns as `trackingid` (chapter 6.1.3).
    ///
    /// ```
    /// # mod account { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/account.rs")); }
    /// # account::run(async |api, cx, server| {
    /// use idv_idnow::api::TransactionNumber;
    ///
    /// let number = TransactionNumber::parse("1234567890")?;
    /// let link = api.links().long(&number, Some("campaign-7"))?;
    /// assert_eq!(
    ///     link.expose().as_str(),
    ///     "https://go.test.idnow.de/ihrebank/identifications/1234567890?tid=campaign-7"
    /// );
    /// # Ok(())
    /// # });
    /// ```
    ///
    /// # Errors
    ///
    /// [`Config`](idv_core::ErrorKind::Config) if the base URL cannot have a path.
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

    /// Builds the short link, with the Ident-ID that the start call returned (chapter 6.1.1.2) and
    /// `tracking` as in [`Links::long`].
    ///
    /// ```
    /// # mod account { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/account.rs")); }
    /// # account::run(async |api, cx, server| {
    /// use idv_core::ErrorKind;
    ///
    /// let link = api.links().short("CGD-DSFGE", Some("campaign-7"))?;
    /// assert_eq!(link.expose().as_str(), "https://go.test.idnow.de/CGD-DSFGE?tid=campaign-7");
    ///
    /// let error = api.links().short("../admin", None).expect_err("not an Ident-ID");
    /// assert_eq!(error.kind(), &ErrorKind::InvalidRequest { field: "vendor_id".into() });
    /// # Ok(())
    /// # });
    /// ```
    ///
    /// # Errors
    ///
    /// [`InvalidRequest`](idv_core::ErrorKind::InvalidRequest) naming `vendor_id` if `ident_id` is
    /// not valid.
    pub fn short(&self, ident_id: &str, tracking: Option<&str>) -> Result<SessionUrl> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        if ident_id.is_empty() || !ident_id.bytes().all(allowed) {
            return Err(Error::invalid(
                "vendor_id",
                "expected an Ident-ID of letters, digits and hyphens, such as ABC-DEFGH",
            ));
        }
        self.link(&[ident_id], tracking)
    }

    /// Builds the URL of the webform in which the person enters the data (chapter 4.3), with or
    /// without a transaction number, and with `tracking` as in [`Links::long`].
    ///
    /// IDnow activates the webform per account.
    ///
    /// ```
    /// # mod account { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/account.rs")); }
    /// # account::run(async |api, cx, server| {
    /// # let number = account::number();
    /// let form = api.links().userdata(None, None)?;
    /// assert_eq!(form.expose().path(), "/ihrebank/userdata");
    /// let form = api.links().userdata(Some(&number), None)?;
    /// assert_eq!(form.expose().path(), "/ihrebank/userdata/AH73JK3LM");
    /// # Ok(())
    /// # });
    /// ```
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

    /// Returns the base URL of the person's pages (chapter 6.1).
    ///
    /// ```
    /// # mod account { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/account.rs")); }
    /// # account::run(async |api, cx, server| {
    /// assert_eq!(api.links().go_url().host_str(), Some("go.test.idnow.de"));
    /// # Ok(())
    /// # });
    /// ```
    #[must_use]
    pub const fn go_url(&self) -> &Url {
        &self.go
    }

    fn link(&self, segments: &[&str], tracking: Option<&str>) -> Result<SessionUrl> {
        let mut url = below(&self.go, segments)?;
        if let Some(tracking) = tracking {
            // The result returns this text as `trackingid` (chapter 6.1.3).
            url.query_pairs_mut().append_pair("tid", tracking);
        }
        Ok(SessionUrl::new(url))
    }
}

/// Parses the base URL of the person's pages: `de`, `ch` or `test`, a host name of a white label,
/// or a URL (chapter 6.1).
///
/// ```
/// use idv_idnow::links;
///
/// assert_eq!(links::go_url("ch")?.as_str(), "https://go.online-ident.ch/");
/// assert_eq!(links::go_url("ident.ihrebank.de")?.as_str(), "https://ident.ihrebank.de/");
/// assert!(links::go_url("http://ident.ihrebank.de").is_err()); // not encrypted
/// # Ok::<(), idv_core::Error>(())
/// ```
///
/// # Errors
///
/// [`Config`](idv_core::ErrorKind::Config) if the text is none of these.
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

/// The input of a signed link.
#[derive(Clone)]
#[non_exhaustive]
pub struct SigningInput {
    /// The company id.
    pub company: String,
    /// The base URL of the person's pages: [`DataCentre::go`], or a white label's.
    pub go_url: Url,
    /// The account's API key.
    pub api_key: Secret,
    /// The parameters of the link, by the names in the table of chapter 5.4.2. `transactionnumber`
    /// is required; `timestamp` and `signature` are added. Empty values are omitted.
    pub parameters: BTreeMap<String, Pii<String>>,
    /// The time of the link's creation, in milliseconds since 1970-01-01T00:00:00Z. IDnow detects
    /// replays by it.
    pub timestamp_ms: i64,
}

impl SigningInput {
    /// Creates the input from its parts (chapter 5.4), with the time in milliseconds since
    /// 1970-01-01T00:00:00Z.
    ///
    /// ```
    /// use std::collections::BTreeMap;
    /// use idv_idnow::DataCentre;
    /// use idv_idnow::links::{self, SigningInput};
    ///
    /// let parameters = BTreeMap::from([
    ///     ("transactionnumber".to_owned(), "XYZ-123".into()),
    ///     ("city".to_owned(), "München".into()),
    /// ]);
    /// let go = DataCentre::Test.go().parse().expect("a URL");
    /// let key = "exampleApiKey".into();
    /// let input = SigningInput::new("ihrebank".into(), go, key, parameters, 1_405_074_349_567);
    /// let link = links::signed(&input)?;
    /// assert!(link.expose().query().is_some_and(|query| query.starts_with("city=M%C3%BCnchen&")));
    /// # Ok::<(), idv_core::Error>(())
    /// ```
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

    /// Returns the parameters of a link for a start request, by the names in the table of chapter
    /// 5.4.2.
    ///
    /// ```
    /// use idv_core::ErrorKind;
    /// use idv_idnow::api::{Answer, StartRequest, TransactionNumber};
    /// use idv_idnow::links::SigningInput;
    ///
    /// let number = TransactionNumber::parse("XYZ-123")?;
    /// let mut request = StartRequest::default();
    /// request.lastname = Some("Mustermann".into());
    /// let parameters = SigningInput::parameters_of(&number, &request)?;
    /// assert!(parameters.keys().eq(["lastname", "transactionnumber"]));
    ///
    /// request.questions.insert("contract".into(), Answer::YesNo(true.into()));
    /// let error = SigningInput::parameters_of(&number, &request).expect_err("an answer");
    /// assert_eq!(error.kind(), &ErrorKind::InvalidRequest { field: "questions".into() });
    /// # Ok::<(), idv_core::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`InvalidRequest`](idv_core::ErrorKind::InvalidRequest) naming `questions`, which a link
    /// cannot answer.
    pub fn parameters_of(
        transaction: &TransactionNumber,
        request: &StartRequest,
    ) -> Result<BTreeMap<String, Pii<String>>> {
        if !request.questions.is_empty() {
            return Err(Error::invalid(
                "questions",
                "a link cannot carry predefined answers: use the start call",
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

/// Builds a link that creates an identification when the person opens it (chapter 5).
///
/// The URL contains the person's data, which browsers store and servers log. The start call avoids
/// this, and IDnow recommends it. The parameters are sorted by name. HMAC-SHA256 under the API key
/// signs the unencoded text `/v1/{company}/start?name=value&…`. Then the values are form-encoded,
/// and the signature is appended in lower-case hexadecimal.
///
/// ```
/// # mod account { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/account.rs")); }
/// use idv_core::ErrorKind;
/// use idv_idnow::api::StartRequest;
/// use idv_idnow::links::{self, SigningInput};
///
/// # let config = account::config();
/// # let (go_url, api_key) = (config.go()?, config.api_key);
/// # let parameters = SigningInput::parameters_of(&account::number(), &StartRequest::default())?;
/// # let company = "ihrebank".to_owned();
/// let mut input = SigningInput::new(company, go_url, api_key, parameters, 1_405_074_349_567);
/// input.parameters.insert("street".into(), "Musterstraße 123".into());
/// let link = links::signed(&input)?;
/// let query = link.expose().query().unwrap_or_default();
/// assert!(query.starts_with("street=Musterstra%C3%9Fe+123&timestamp=1405074349567&"));
///
/// // The value could be read as two parameters.
/// input.parameters.insert("city".into(), "X&gender=MALE".into());
/// let field = "person.address.city".into();
/// assert_eq!(links::signed(&input).unwrap_err().kind(), &ErrorKind::InvalidRequest { field });
/// # Ok::<(), idv_core::Error>(())
/// ```
///
/// # Ambiguous values
///
/// The signature covers the query before encoding, so the value `X&gender=MALE` of one parameter
/// has the signature of two parameters. The holder of such a link could replace one with the other
/// under a valid signature. A value in which `&` begins a possible further parameter (with a `=`
/// after it) is therefore an error. A single `&` or `=` is unambiguous and accepted.
///
/// # Errors
///
/// [`InvalidRequest`](idv_core::ErrorKind::InvalidRequest) naming the model's field if a value is
/// not allowed, a name is not in the table, the transaction number is missing, or the link is
/// longer than [`MAX_SIGNED_LENGTH`]; [`Config`](idv_core::ErrorKind::Config) if the company, the
/// URL or the key is not valid.
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
                "the link would be longer than {MAX_SIGNED_LENGTH} characters: omit a \
                 parameter, or use the start call"
            ),
        ));
    }
    Ok(SessionUrl::new(url))
}

/// Returns a time in the unit of a link's timestamp: milliseconds since 1970-01-01T00:00:00Z
/// (chapter 5.4.2).
///
/// ```
/// use idv_idnow::links;
///
/// let at = "2014-07-11T10:25:49.567Z".parse().expect("a time");
/// assert_eq!(links::timestamp_ms(at), 1_405_074_349_567);
/// ```
#[must_use]
pub fn timestamp_ms(at: Timestamp) -> i64 {
    at.as_millisecond()
}

/// Returns the checked names and values with the timestamp, in alphabetical order without regard to
/// case: chapter 5 sorts "in lower-case".
fn sorted(input: &SigningInput) -> Result<Vec<(&'static str, String)>> {
    if input.timestamp_ms <= 0 {
        return Err(Error::invalid(
            "timestamp",
            "expected milliseconds since 1970",
        ));
    }
    let mut parameters = vec![("timestamp", input.timestamp_ms.to_string())];
    for (name, value) in &input.parameters {
        let Some(parameter) = Parameter::named(name) else {
            return Err(Error::invalid(
                "parameters",
                "unknown name: expected names of the table of chapter 5.4.2 \
                 (case-sensitive), without timestamp and signature",
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
                "a part of the value could be read as a further parameter of the link: use \
                 the start call",
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
    // HMAC accepts keys of any length, so this cannot fail.
    let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes())
        .map_err(|_| Error::config("api_key is not a valid signing key"))?;
    mac.update(text.as_bytes());
    Ok(hex::encode(mac.finalize().into_bytes()))
}

fn parse(address: &str) -> Result<Url> {
    Url::parse(address).map_err(|_| {
        Error::config("invalid host: expected de, ch, test, a host name or an https URL")
    })
}

/// Appends encoded segments to the path of `base`.
pub(crate) fn below(base: &Url, segments: &[&str]) -> Result<Url> {
    let mut url = base.clone();
    url.path_segments_mut()
        .map_err(|()| Error::config("the URL cannot have a path"))?
        .pop_if_empty()
        .extend(segments);
    Ok(url)
}

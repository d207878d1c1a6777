//! The account: its credentials, the settings of its panel, and variants that the document leaves
//! open.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::answer::AnswerFormat;
use crate::callback::Reach;
use crate::part::Settings;

/// The expiry date of the standard person's document, which is renewed in time.
pub(super) const STANDARD_EXPIRY: Date = Date::constant(2027, 10, 19);

/// The settings of the account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Account {
    /// The API user.
    pub user: String,
    /// The API token.
    pub token: String,
    /// Whether the function is activated for the account; otherwise a request is answered with -4.
    pub activated: bool,
    /// The remaining credits, in hundredths of a credit.
    pub credit_hundredths: u64,
    /// The cost of a request, in hundredths of a credit.
    pub cost_hundredths: u64,
    /// The sender of messages whose request contains none.
    pub sender: String,
    /// Whether `Mensaje` must contain `[LINK]`, according to its description but not to its sample.
    /// Otherwise the link follows the text.
    pub link_demanded: bool,
    /// Whether only virtual time decides that a `Fecha` is past. Otherwise the client's own clock
    /// may show that it is not.
    pub strict_clock: bool,
    /// The code with which every request to verify a person is refused: -5, -6 or -7.
    pub general_error: Option<i64>,
    /// The response to wrong credentials.
    pub wrong_credentials: WrongCredentials,
    /// The format if `Resp` is absent.
    pub format_unless_told: AnswerFormat,
    /// Whether JSON responses are a bare object; otherwise an array of one, according to the
    /// document's schema.
    pub answer_as_object: bool,
    /// Whether numbers in JSON responses are strings, and the `ID`, normally a string, is a number.
    pub answer_types_swapped: bool,
    /// Whether `CredNecesarios` accompanies -2.
    pub needed_credits: bool,
    /// Whether the elements of an XML response are within an element `item0`.
    pub xml_items: bool,
    /// Whether the elements of an XML response are in upper case.
    pub xml_upper_case: bool,
    /// The HTTP status if there is no certificate.
    pub certificate_failure_status: u16,
    /// The media type of a certificate.
    pub certificate_type: String,
    /// The minimum length of a certificate, in bytes.
    pub certificate_length: u64,
    /// The number of calls in [`block_window_seconds`](Self::block_window_seconds) that may be
    /// invalid or query the credits before the sender is blocked; 0 never blocks.
    pub block_after: usize,
    /// The time in which calls count together, in seconds.
    pub block_window_seconds: u64,
    /// The time for which a sender is blocked, in seconds.
    pub block_seconds: u64,
    /// The HTTP status for a blocked sender: 400 to 599.
    pub blocked_status: u16,
    /// The address of reports, on the loopback interface. Without it, no reports are sent.
    pub callback_url: Option<String>,
    /// The format of reports.
    pub report_format: ReportFormat,
    /// The user of the reports' Basic authentication. Without it, they have none.
    pub report_user: Option<String>,
    /// The password of the reports' Basic authentication.
    pub report_password: String,
    /// The form of `Acceso`, `Posicion`, `Dispositivo` and `Result` in a report. In a form, a value
    /// other than text is JSON.
    pub nested: ReportNesting,
    /// Whether, and how, the `Result` of a finished process is unreadable.
    pub spoiled_result: SpoiledResult,
    /// Whether, and in which form, a report of 5500 contains the reason in the parameter `Motivo`.
    pub rejection_reason: RejectionReason,
    /// Whether responses and reports use Windows-1252; otherwise UTF-8. With it, the error of -3 is
    /// in Spanish.
    pub windows_1252: bool,
    /// The `Estado` of the scenario `unknown-status`.
    pub unknown_status: i64,
    /// Whether `Estado` and `Telefono` are numbers in JSON reports, according to the schema;
    /// otherwise strings, as in the sample.
    pub report_numbers: bool,
    /// Whether unknown values are empty strings in a report; otherwise they are omitted.
    pub empty_when_unknown: bool,
    /// Whether there is a `Result` before the process has finished, with a `Resultado` of -7.
    pub early_result: bool,
    /// Whether people share their position.
    pub position_allowed: bool,
    /// Whether a report of another service of the vendor (`SMSRECIBIDO`) precedes each one.
    pub other_services: bool,
    /// The simulated person.
    pub person: Person,
}

/// The person on the document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Person {
    /// The names in the form of the document's sample: the surnames, a comma, the given names.
    pub name: String,
    /// The date of birth. For a minor, the report contains another date.
    pub birth_date: Date,
    /// The nationality in three letters.
    pub nationality: String,
    /// The sex: `M` or `F`.
    pub sex: String,
    /// The last day of the document's validity. For an expired document, the report contains a past
    /// day.
    pub expiry_date: Date,
}

/// The response to wrong credentials.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum WrongCredentials {
    /// `Res` -1, in the requested format.
    #[default]
    Told,
    /// The bare text `-1`, in any format.
    Bare,
    /// The HTTP status 401.
    Unauthorized,
    /// The HTTP status 403.
    Forbidden,
}

/// The format of reports.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ReportFormat {
    /// `application/json`.
    #[default]
    Json,
    /// `application/x-www-form-urlencoded`.
    Form,
    /// `multipart/form-data`, another possible meaning of the document's FORM-DATA.
    Multipart,
}

/// The form of a structured value in a report.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ReportNesting {
    /// A string that contains JSON: the sample.
    #[default]
    Text,
    /// An object: the descriptions.
    Object,
    /// An array of objects: the schema.
    Array,
    /// An array of arrays, each with a name and a value: the schema, read literally.
    Pairs,
}

/// The kind of an unreadable `Result`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum SpoiledResult {
    /// It is readable.
    #[default]
    None,
    /// It breaks off in the middle.
    Truncated,
    /// It is the word `Array`.
    Word,
    /// Its `DNI` is the number in place of the document's data.
    FlatCard,
}

/// The form of the reason of a rejection, which the document promises "as parameters", without a
/// name.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum RejectionReason {
    /// No reason.
    #[default]
    None,
    /// A string.
    Text,
    /// An object with a code and a text.
    Object,
    /// An array of strings.
    Array,
}

impl Settings for Account {
    fn check(&self, reach: &Reach) -> Result<(), &'static str> {
        reach.demand(self.callback_url.as_ref())?;
        if self
            .general_error
            .is_some_and(|code| !(-7..=-5).contains(&code))
        {
            return Err("invalid general_error: expected -5, -6 or -7");
        }
        if !(400..600).contains(&self.blocked_status)
            || !(200..600).contains(&self.certificate_failure_status)
        {
            return Err("invalid HTTP status: expected 400 to 599");
        }
        if self.user.contains(':') || self.user.is_empty() || self.token.is_empty() {
            return Err("invalid credentials: expected a user without a colon, and a token");
        }
        if !(1..=super::send::MAX_SENDER).contains(&self.sender.chars().count()) {
            return Err("invalid sender: expected 1 to 11 characters");
        }
        let known = [3000..=3003, 5000..=5001, 5100..=5100, 5500..=5500];
        if known
            .iter()
            .any(|known| known.contains(&self.unknown_status))
        {
            return Err(
                "invalid unknown_status: expected a number other than the document's statuses",
            );
        }
        if http::HeaderValue::from_str(&self.certificate_type).is_err() {
            return Err("invalid certificate_type: expected a valid header value");
        }
        Ok(())
    }
}

impl Default for Account {
    fn default() -> Self {
        Self {
            user: "APIUser".into(),
            token: "APIToken".into(),
            activated: true,
            credit_hundredths: 100_000,
            cost_hundredths: 100,
            sender: "MiEmpresa".into(),
            link_demanded: true,
            strict_clock: false,
            general_error: None,
            wrong_credentials: WrongCredentials::Told,
            format_unless_told: AnswerFormat::Ant,
            answer_as_object: false,
            answer_types_swapped: false,
            needed_credits: true,
            xml_items: false,
            xml_upper_case: false,
            certificate_failure_status: 200,
            certificate_type: "application/pdf".into(),
            certificate_length: 0,
            block_after: 10,
            block_window_seconds: 60,
            block_seconds: 600,
            blocked_status: 429,
            callback_url: None,
            report_format: ReportFormat::Json,
            report_user: None,
            report_password: String::new(),
            nested: ReportNesting::Text,
            spoiled_result: SpoiledResult::None,
            rejection_reason: RejectionReason::None,
            windows_1252: false,
            unknown_status: 4711,
            report_numbers: false,
            empty_when_unknown: false,
            early_result: true,
            position_allowed: true,
            other_services: false,
            person: Person::default(),
        }
    }
}

impl Person {
    /// Returns the sandbox's sample person, with this surname.
    pub(super) fn erika(surname: &str) -> Self {
        Self {
            name: format!("{},ERIKA", surname.to_uppercase()),
            birth_date: Date::constant(1982, 5, 22),
            nationality: "DEU".to_owned(),
            sex: "F".to_owned(),
            ..Self::default()
        }
    }
}

impl Default for Person {
    fn default() -> Self {
        Self {
            name: "APARICIO LOPEZ,JUAN".to_owned(),
            birth_date: Date::constant(1955, 12, 18),
            nationality: "ESP".to_owned(),
            sex: "M".to_owned(),
            expiry_date: STANDARD_EXPIRY,
        }
    }
}

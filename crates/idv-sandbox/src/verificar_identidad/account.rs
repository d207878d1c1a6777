//! The account: who it is, what is set in its panel, and which of the variants that the document leaves open the vendor answers with.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::answer::AnswerFormat;
use crate::callback::demand_loopback;
use crate::part::Settings;

/// The expiry of the standard person's document, which is renewed in time.
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
    /// Whether the function is activated for the account; else a request is answered with -4.
    pub activated: bool,
    /// The credits that are left, in hundredths of a credit.
    pub credit_hundredths: u64,
    /// The cost of a request, in hundredths of a credit.
    pub cost_hundredths: u64,
    /// The sender of messages whose request names none.
    pub sender: String,
    /// Whether `Mensaje` must contain `[LINK]`, as its description says; its sample does not. Else the link follows the text.
    pub link_demanded: bool,
    /// Whether virtual time alone decides about whether a `Fecha` is past; otherwise the client's own clock may be right too.
    pub strict_clock: bool,
    /// Refuses every request to verify a person with this code: -5, -6 or -7.
    pub general_error: Option<i64>,
    /// The answer to wrong credentials.
    pub wrong_credentials: WrongCredentials,
    /// The format if `Resp` is absent.
    pub format_unless_told: AnswerFormat,
    /// Whether answers in JSON are a bare object; else an array of one, as the document's schema has it.
    pub answer_as_object: bool,
    /// Whether numbers in answers are text in JSON, and the `ID`, which is text, a number.
    pub answer_types_swapped: bool,
    /// Whether `CredNecesarios` comes with -2.
    pub needed_credits: bool,
    /// Whether the elements of an answer in XML are in an element `item0`.
    pub xml_items: bool,
    /// Whether the elements of an answer in XML are in upper case.
    pub xml_upper_case: bool,
    /// The HTTP status with which there is no certificate.
    pub certificate_failure_status: u16,
    /// The media type of a certificate.
    pub certificate_type: String,
    /// The least length of a certificate, in bytes.
    pub certificate_length: u64,
    /// The number of calls in [`block_window_seconds`](Self::block_window_seconds) that may be wrong, or ask for the credits, before the
    /// sender is blocked; 0 never blocks.
    pub block_after: usize,
    /// Within what time calls count together, in seconds.
    pub block_window_seconds: u64,
    /// For how long a sender is blocked, in seconds.
    pub block_seconds: u64,
    /// The HTTP status that a blocked sender gets: 400 to 599.
    pub blocked_status: u16,
    /// The address of reports, on the loopback interface; without it, none are sent.
    pub callback_url: Option<String>,
    /// In which format reports are.
    pub report_format: ReportFormat,
    /// The user of the reports' Basic authentication; without, they have none.
    pub report_user: Option<String>,
    /// The password of the reports' Basic authentication.
    pub report_password: String,
    /// The form of `Acceso`, `Posicion`, `Dispositivo` and `Result` in a report. In a form, a value that is no text is JSON.
    pub nested: ReportNesting,
    /// Whether a finished process has a `Result` that cannot be read, and of which kind.
    pub spoiled_result: SpoiledResult,
    /// Whether a report of 5500 has the reason as the parameter `Motivo`, and in which form.
    pub rejection_reason: RejectionReason,
    /// Whether answers and reports are written in Windows-1252; else in UTF-8. The error of -3 is in Spanish then.
    pub windows_1252: bool,
    /// The `Estado` of the scenario `unknown-status`.
    pub unknown_status: i64,
    /// Whether `Estado` and `Telefono` are numbers in reports in JSON, as the schema has them; else text, as in the sample.
    pub report_numbers: bool,
    /// Whether what is not known yet is an empty text in a report; else it is left out.
    pub empty_when_unknown: bool,
    /// Whether there is a `Result` before the process has finished, whose `Resultado` is -7.
    pub early_result: bool,
    /// Whether people allow their position to be seen.
    pub position_allowed: bool,
    /// Whether a report of another service of the vendor (`SMSRECIBIDO`) comes before each one.
    pub other_services: bool,
    /// The person who comes.
    pub person: Person,
}

/// The person who shows their document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Person {
    /// The names as the document's sample has them: the surnames, a comma, the given names.
    pub name: String,
    /// The date of birth. If the finding is a minor, a minor's is told.
    pub birth_date: Date,
    /// The nationality: three letters.
    pub nationality: String,
    /// The sex: `M` or `F`.
    pub sex: String,
    /// The last day of the document's validity. If the finding is an expired document, a day that is past is told.
    pub expiry_date: Date,
}

/// The answer to wrong credentials.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum WrongCredentials {
    /// By `Res` -1, in the format that was asked for.
    #[default]
    Told,
    /// By the bare text `-1`, whatever was asked for.
    Bare,
    /// By the HTTP status 401.
    Unauthorized,
    /// By the HTTP status 403.
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
    /// `multipart/form-data`, which the document's FORM-DATA may mean too.
    Multipart,
}

/// The form of a value with parts in a report.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ReportNesting {
    /// As a text that is JSON: the sample.
    #[default]
    Text,
    /// As an object: the descriptions.
    Object,
    /// As an array of objects: the schema.
    Array,
    /// As an array of arrays, each with a name and a value: the schema to the letter.
    Pairs,
}

/// The kind of a `Result` that cannot be read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum SpoiledResult {
    /// It can be read.
    #[default]
    None,
    /// It breaks off in the middle.
    Truncated,
    /// It is the word `Array`.
    Word,
    /// Its `DNI` is the number in place of the data of the document.
    FlatCard,
}

/// The form of the reason of a rejection: the document promises it "as parameters", without a name.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum RejectionReason {
    /// There is none.
    #[default]
    None,
    /// A text.
    Text,
    /// An object with a code and a text.
    Object,
    /// An array of texts.
    Array,
}

impl Settings for Account {
    fn check(&self) -> Result<(), &'static str> {
        demand_loopback(self.callback_url.as_ref())?;
        if self
            .general_error
            .is_some_and(|code| !(-7..=-5).contains(&code))
        {
            return Err("general errors are -5, -6 and -7");
        }
        if !(400..600).contains(&self.blocked_status)
            || !(200..600).contains(&self.certificate_failure_status)
        {
            return Err("there is no such HTTP status for it");
        }
        if self.user.contains(':') || self.user.is_empty() || self.token.is_empty() {
            return Err("there are a user, without a colon, and a token");
        }
        if !(1..=super::send::LONGEST_SENDER).contains(&self.sender.chars().count()) {
            return Err("the sender has 1 to 11 characters");
        }
        let known = [3000..=3003, 5000..=5001, 5100..=5100, 5500..=5500];
        if known
            .iter()
            .any(|known| known.contains(&self.unknown_status))
        {
            return Err("unknown_status must be none of the document's statuses");
        }
        if http::HeaderValue::from_str(&self.certificate_type).is_err() {
            return Err("the type of certificates is no value of a header");
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
    /// The sandbox's sample person, with this surname.
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

//! The body of "Create a transaction".

use serde_json::{Map, Value, json};

use super::rules;
use crate::callback::Reach;
use crate::failure::Failure;
use crate::rule::Rule;

/// The task of every transaction.
pub(crate) const DOCUMENT_SCAN: &str = "document_scan";
/// The liveness check.
pub(crate) const FACE_LIVENESS: &str = "face_liveness";
/// The comparison of the document's portrait with the image of the liveness check.
pub(crate) const FACE_MATCH: &str = "face_match";

/// The valid combinations ("Task types").
const COMBINATIONS: [&[&str]; 3] = [
    &[DOCUMENT_SCAN],
    &[DOCUMENT_SCAN, FACE_LIVENESS],
    &[DOCUMENT_SCAN, FACE_LIVENESS, FACE_MATCH],
];
/// All tasks.
pub(crate) const EVERY_TASK: &[&str] = COMBINATIONS[2];
/// The languages ("Locale"); the first is the default.
const LOCALES: [&str; 3] = ["en-US", "nl-NL", "fr-FR"];
/// The sources of images.
const SOURCES: [&str; 2] = ["camera", "file"];
/// The members at the top level.
const KNOWN: [&str; 7] = [
    "tasks",
    "settings",
    "locale",
    "mobileOnly",
    "expiresIn",
    "returnUrl",
    "scanReturnUrl",
];

/// The checked body.
#[derive(Debug, Clone, Default)]
pub(crate) struct Submitted {
    /// The tasks, in the requested order.
    pub(crate) tasks: Vec<String>,
    /// The settings, unchanged.
    pub(crate) settings: Value,
    pub(crate) document: DocumentSettings,
    pub(crate) locale: String,
    pub(crate) mobile_only: bool,
    /// The number of seconds until the transaction expires.
    pub(crate) expires_in: u64,
    pub(crate) return_url: Option<String>,
    pub(crate) scan_return_url: Option<String>,
    /// Undocumented members.
    pub(crate) unknown: Vec<String>,
}

/// `settings.documentScan`.
#[derive(Debug, Clone, Default)]
pub(crate) struct DocumentSettings {
    /// The number of days for which an expired document is accepted; if negative, the number of
    /// days for which it must still be valid.
    pub(crate) allowed_expiration: i64,
    pub(crate) capture_sources: Option<Vec<String>>,
    pub(crate) level: Option<String>,
    pub(crate) minimum_age: Option<i64>,
    pub(crate) maximum_age: Option<i64>,
    pub(crate) validate_fields: Vec<String>,
    pub(crate) extract_fields: Option<Vec<String>>,
}

impl Submitted {
    /// Parses and checks the body.
    pub(crate) fn parse(body: &Map<String, Value>) -> Result<Self, Failure> {
        let given = |name: &str| body.get(name).filter(|value| !value.is_null());
        let tasks =
            given("tasks").ok_or_else(|| Failure::by(&rules::TASKS, "tasks is required"))?;
        let tasks = texts(&rules::TASKS, "tasks", tasks)?;
        let is_combination = |combination: &&[&str]| {
            combination.len() == tasks.len()
                && combination
                    .iter()
                    .all(|task| tasks.iter().any(|known| known == task))
        };
        if !COMBINATIONS.iter().any(is_combination) {
            return Err(Failure::by(
                &rules::TASK_COMBINATION,
                "tasks is not a valid combination",
            ));
        }
        let settings = given("settings").cloned().unwrap_or_else(|| json!({}));
        let locale = match given("locale") {
            None => LOCALES[0].to_owned(),
            Some(value) => one_of(&rules::LOCALE, "locale", value, &LOCALES)?,
        };
        let mobile_only = match given("mobileOnly") {
            None => false,
            Some(value) => value.as_bool().ok_or_else(|| {
                Failure::by(&rules::MOBILE_ONLY, "mobileOnly must be true or false")
            })?,
        };
        let expires_in = match given("expiresIn") {
            None => 3600,
            Some(value) => value
                .as_u64()
                .filter(|seconds| (3600..=86_400).contains(seconds))
                .ok_or_else(|| {
                    Failure::by(
                        &rules::EXPIRES_IN,
                        "expiresIn must be a number of seconds from 3600 to 86400",
                    )
                })?,
        };
        Ok(Self {
            document: DocumentSettings::parse(&settings)?,
            tasks,
            settings,
            locale,
            mobile_only,
            expires_in,
            return_url: given("returnUrl")
                .map(|value| address(&rules::RETURN_URL, "returnUrl", value, &Reach::default()))
                .transpose()?,
            scan_return_url: given("scanReturnUrl")
                .map(|value| {
                    address(
                        &rules::RETURN_URL,
                        "scanReturnUrl",
                        value,
                        &Reach::default(),
                    )
                })
                .transpose()?,
            unknown: body
                .keys()
                .filter(|name| !KNOWN.contains(&name.as_str()))
                .cloned()
                .collect(),
        })
    }

    /// Returns the body of a transaction with every task.
    pub(crate) fn every_task() -> Result<Self, Failure> {
        Self::parse(&Map::from_iter([("tasks".to_owned(), json!(EVERY_TASK))]))
    }

    /// Returns whether this task was requested.
    pub(crate) fn has(&self, task: &str) -> bool {
        self.tasks.iter().any(|known| known == task)
    }
}

impl DocumentSettings {
    fn parse(settings: &Value) -> Result<Self, Failure> {
        let settings = settings
            .as_object()
            .ok_or_else(|| Failure::by(&rules::SETTINGS, "settings must be an object"))?;
        let mut parsed = Self::default();
        for (name, value) in settings {
            if name != "documentScan" {
                return Err(Failure::by(
                    &rules::KNOWN_SETTINGS,
                    format!("settings.{name} is not known"),
                ));
            }
            let document = value.as_object().ok_or_else(|| {
                Failure::by(&rules::SETTINGS, "settings.documentScan must be an object")
            })?;
            for (name, value) in document {
                parsed.set(name, value)?;
            }
        }
        if let (Some(minimum), Some(maximum)) = (parsed.minimum_age, parsed.maximum_age)
            && minimum > maximum
        {
            return Err(Failure::by(
                &rules::AGE_ORDER,
                "minimumAge must not be above maximumAge",
            ));
        }
        Ok(parsed)
    }

    fn set(&mut self, name: &str, value: &Value) -> Result<(), Failure> {
        let number = |rule| {
            value
                .as_i64()
                .ok_or_else(|| Failure::by(rule, format!("{name} must be an integer")))
        };
        let years = || {
            let years = number(&rules::AGE_LIMIT)?;
            if years < 0 {
                let text = format!("{name} must be a number of years");
                return Err(Failure::by(&rules::AGE_LIMIT, text));
            }
            Ok(years)
        };
        match name {
            "allowedExpiration" => self.allowed_expiration = number(&rules::ALLOWED_EXPIRATION)?,
            // The sandbox's images contain no fields to blacken.
            "redactFields" => drop(field_names(name, value)?),
            "captureSources" => {
                let sources = texts(&rules::CAPTURE_SOURCES, name, value)?;
                if sources.is_empty()
                    || !sources
                        .iter()
                        .all(|source| SOURCES.contains(&source.as_str()))
                {
                    return Err(Failure::by(
                        &rules::CAPTURE_SOURCES,
                        "captureSources must be camera, file or both",
                    ));
                }
                self.capture_sources = Some(sources);
            }
            "level" => self.level = Some(one_of(&rules::LEVEL, name, value, &["advanced"])?),
            "minimumAge" => self.minimum_age = Some(years()?),
            "maximumAge" => self.maximum_age = Some(years()?),
            "validateFields" => self.validate_fields = field_names(name, value)?,
            "extractFields" => self.extract_fields = Some(field_names(name, value)?),
            _ => {
                return Err(Failure::by(
                    &rules::KNOWN_SETTINGS,
                    format!("settings.documentScan.{name} is not known"),
                ));
            }
        }
        Ok(())
    }

    /// Returns whether a field should be in the result.
    pub(crate) fn extracts(&self, field: &str) -> bool {
        self.extract_fields
            .as_ref()
            .is_none_or(|fields| fields.iter().any(|known| known == field))
    }
}

/// Parses an address: HTTPS, or HTTP within the reach of callbacks.
pub(crate) fn address(
    rule: &'static Rule,
    name: &str,
    value: &Value,
    reach: &Reach,
) -> Result<String, Failure> {
    let text = value.as_str().filter(|text| {
        let is_https =
            url::Url::parse(text).is_ok_and(|url| url.scheme() == "https" && url.has_host());
        is_https || (text.starts_with("http://") && reach.allows(text))
    });
    text.map(str::to_owned)
        .ok_or_else(|| Failure::by(rule, format!("{name} must be an https address")))
}

/// Parses an array of strings.
pub(crate) fn texts(
    rule: &'static Rule,
    name: &str,
    value: &Value,
) -> Result<Vec<String>, Failure> {
    let texts = value.as_array().and_then(|items| {
        items
            .iter()
            .map(|item| item.as_str().map(str::to_owned))
            .collect()
    });
    texts.ok_or_else(|| Failure::by(rule, format!("{name} must be an array of texts")))
}

fn field_names(name: &str, value: &Value) -> Result<Vec<String>, Failure> {
    let names = texts(&rules::FIELD_NAMES, name, value)?;
    let is_name = |name: &String| {
        !name.is_empty()
            && name
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte == b'_')
    };
    if names.iter().all(is_name) {
        Ok(names)
    } else {
        Err(Failure::by(
            &rules::FIELD_NAMES,
            format!("{name} must be names of fields"),
        ))
    }
}

fn one_of(
    rule: &'static Rule,
    name: &str,
    value: &Value,
    known: &[&str],
) -> Result<String, Failure> {
    let text = value.as_str().filter(|text| known.contains(text));
    text.map(str::to_owned)
        .ok_or_else(|| Failure::by(rule, format!("{name} must be one of {}", known.join(", "))))
}

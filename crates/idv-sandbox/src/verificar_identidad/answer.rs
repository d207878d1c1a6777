//! The responses and their formats, selected by `Resp`.

use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::account::{Account, WrongCredentials};
use super::charset::windows_1252;
use crate::exchange::{Answer, Piece};
use crate::rule::{Refusal, Rule};

/// The format of a response (`Resp`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
#[non_exhaustive]
pub enum AnswerFormat {
    /// JSON.
    Json,
    /// XML.
    Xml,
    /// `Name:value;` in one line.
    Txt,
    /// The format of old versions, with fewer fields.
    Ant,
}

/// The result of a function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Outcome {
    /// A request was sent: its identifier, and the remaining credits.
    Sent {
        id: String,
        credit_hundredths: u64,
    },
    /// The remaining credits.
    Credits(u64),
    Failed(Code),
}

/// A function's refusal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Failure {
    rule: &'static Rule,
    /// The place of the violation, without a submitted value.
    detail: Option<String>,
    pub(super) code: Code,
}

/// The code of a refusal, and its values in the response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Code {
    /// -1.
    Credentials,
    /// -2, with the necessary credits.
    Credits(u64),
    /// -3, with the error.
    Data(String),
    /// -4.
    NotActivated,
    /// -5 to -7.
    General(i64),
}

impl Failure {
    pub(super) const fn new(rule: &'static Rule, code: Code) -> Self {
        Self {
            rule,
            detail: None,
            code,
        }
    }

    /// Returns a refusal of invalid data. The error names the place and no submitted value.
    pub(super) fn data(rule: &'static Rule, error: impl Into<String>) -> Self {
        let error = error.into();
        Self::new(rule, Code::Data(error.clone())).with_detail(error)
    }

    pub(super) fn with_detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    /// Returns the refusal for the record of the request.
    pub(super) fn refusal(&self) -> Refusal {
        let refusal = Refusal::by(self.rule);
        match &self.detail {
            Some(detail) => refusal.with_detail(detail),
            None => refusal,
        }
    }
}

impl Code {
    const fn number(&self) -> i64 {
        match self {
            Self::Credentials => -1,
            Self::Credits(_) => -2,
            Self::Data(_) => -3,
            Self::NotActivated => -4,
            Self::General(code) => *code,
        }
    }
}

impl AnswerFormat {
    /// Returns the format by its name in `Resp`.
    pub(super) fn of(name: &str) -> Option<Self> {
        Some(match name {
            "JSON" => Self::Json,
            "XML" => Self::Xml,
            "TXT" => Self::Txt,
            "ANT" => Self::Ant,
            _ => return None,
        })
    }

    /// Builds the response.
    pub(super) fn answer(self, outcome: &Outcome, account: &Account) -> Answer {
        if matches!(outcome, Outcome::Failed(Code::Credentials)) {
            match account.wrong_credentials {
                WrongCredentials::Told => {}
                WrongCredentials::Bare => return text("-1".to_owned()),
                WrongCredentials::Unauthorized => {
                    return Answer::page(StatusCode::UNAUTHORIZED, "Authentication error.");
                }
                WrongCredentials::Forbidden => {
                    return Answer::page(StatusCode::FORBIDDEN, "Authentication error.");
                }
            }
        }
        let mut answer = self.render(outcome, account);
        if account.windows_1252 {
            let text = String::from_utf8_lossy(&Piece::collect(std::mem::take(&mut answer.body)))
                .into_owned();
            answer.body = vec![Piece::Bytes(windows_1252(&text).into())];
            // As everywhere in the document, the charset is not stated.
            for (_, value) in &mut answer.headers {
                *value = value.replace("; charset=utf-8", "");
            }
        }
        answer
    }

    fn render(self, outcome: &Outcome, account: &Account) -> Answer {
        let parts = parts(outcome, account);
        match self {
            Self::Json => {
                let object = Value::Object(parts);
                Answer::json(
                    StatusCode::OK,
                    &if account.answer_as_object {
                        object
                    } else {
                        json!([object])
                    },
                )
            }
            Self::Xml => Answer::new(
                StatusCode::OK,
                "text/xml; charset=utf-8",
                xml(&parts, account),
            ),
            Self::Txt => text(
                parts
                    .iter()
                    .map(|(name, value)| format!("{name}:{};\n", plain(value)))
                    .collect(),
            ),
            Self::Ant => text(match outcome {
                Outcome::Sent { id, .. } => format!("Res:1;\nID:{id};\n"),
                Outcome::Credits(hundredths) => number(*hundredths).to_string(),
                Outcome::Failed(code) => code.number().to_string(),
            }),
        }
    }
}

/// Formats hundredths of a credit as credits; a whole number is an integer.
fn number(hundredths: u64) -> Value {
    if hundredths.is_multiple_of(100) {
        return json!(hundredths / 100);
    }
    let text = format!("{}.{:02}", hundredths / 100, hundredths % 100);
    text.parse::<f64>()
        .map_or_else(|_| json!(text), |number| json!(number))
}

fn parts(outcome: &Outcome, account: &Account) -> Map<String, Value> {
    let mut parts = Map::new();
    let mut part = |name: &str, value: Value| {
        let value = match value {
            Value::Number(number) if account.answer_types_swapped => {
                Value::String(number.to_string())
            }
            Value::String(id) if account.answer_types_swapped && name == "ID" => {
                id.parse::<u64>().map_or(Value::String(id), Value::from)
            }
            value => value,
        };
        parts.insert(name.to_owned(), value);
    };
    match outcome {
        Outcome::Sent {
            id,
            credit_hundredths,
        } => {
            part("Res", json!(1));
            part("ID", json!(id));
            part("Cred", number(*credit_hundredths));
        }
        Outcome::Credits(hundredths) => {
            part("Res", json!(1));
            part("Cred", number(*hundredths));
        }
        Outcome::Failed(code) => {
            part("Res", json!(code.number()));
            match code {
                Code::Data(error) if account.windows_1252 => {
                    part("Error", json!(format!("Parámetro erróneo: {error}")));
                }
                Code::Data(error) => part("Error", json!(error)),
                Code::Credits(needed) if account.needed_credits => {
                    part("CredNecesarios", number(*needed));
                }
                _ => {}
            }
        }
    }
    parts
}

fn xml(parts: &Map<String, Value>, account: &Account) -> String {
    let mut xml = String::from("<?xml version=\"1.0\"?><result>");
    let (open, close) = if account.xml_items {
        ("<item0>", "</item0>")
    } else {
        ("", "")
    };
    xml.push_str(open);
    for (name, value) in parts {
        let name = if account.xml_upper_case {
            name.to_uppercase()
        } else {
            name.clone()
        };
        let value = plain(value)
            .replace('&', "&amp;")
            .replace('<', "&lt;")
            .replace('>', "&gt;");
        xml.push_str(&format!("<{name}>{value}</{name}>"));
    }
    xml.push_str(close);
    xml.push_str("</result>");
    xml
}

fn plain(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

fn text(body: String) -> Answer {
    Answer::new(StatusCode::OK, "text/plain; charset=utf-8", body)
}

//! The parameters of a call: in the query, in a form, or in a JSON object. Their names are
//! case-insensitive.

use std::collections::HashMap;

use serde_json::{Map, Value};

use super::answer::Failure;
use super::rules;
use crate::exchange::Incoming;

/// The parameters, by lower-case name.
#[derive(Debug, Default)]
pub(super) struct Parameters(HashMap<String, Value>);

impl Parameters {
    /// Parses the parameters of a request. The body takes precedence over the query.
    ///
    /// If the body is invalid, the second value is the failure, and the first contains the query
    /// alone.
    pub(super) fn of(request: &Incoming) -> (Self, Result<(), Failure>) {
        let mut parameters = Self::default();
        parameters.extend(request.parameters());
        let read = match request.media_type().to_ascii_lowercase().as_str() {
            _ if request.body.is_empty() => Ok(()),
            "application/json" => match serde_json::from_slice::<Map<String, Value>>(&request.body)
            {
                Ok(object) => {
                    parameters.0.extend(
                        object
                            .into_iter()
                            .map(|(name, value)| (name.to_lowercase(), value)),
                    );
                    Ok(())
                }
                // The parser's error can contain a submitted value.
                Err(error) => Err(Failure::data(
                    &rules::BODY_JSON,
                    format!("the body is not a JSON object: {error}"),
                )
                .with_detail(format!(
                    "line {}, column {}",
                    error.line(),
                    error.column()
                ))),
            },
            "application/x-www-form-urlencoded" => {
                parameters.extend(url::form_urlencoded::parse(&request.body).into_owned());
                Ok(())
            }
            _ => Err(Failure::data(
                &rules::BODY_TYPE,
                "the body is neither application/json nor application/x-www-form-urlencoded",
            )),
        };
        (parameters, read)
    }

    /// Returns a text that is not empty. A number yields its digits: in the document `Id` is an
    /// integer in one place and a string in another.
    pub(super) fn text(&self, name: &str) -> Result<Option<String>, Failure> {
        match self.0.get(&name.to_lowercase()) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone()).filter(|text| !text.is_empty())),
            Some(Value::Number(number)) => Ok(Some(number.to_string())),
            Some(_) => Err(Failure::data(
                &rules::PARAMETER_TYPE,
                format!("{name} is not a string"),
            )),
        }
    }

    /// Returns the parameters of a request with these names and texts.
    pub(super) fn from_texts<const N: usize>(texts: [(&str, &str); N]) -> Self {
        let mut parameters = Self::default();
        parameters.extend(texts.map(|(name, text)| (name.to_owned(), text.to_owned())));
        parameters
    }

    fn extend(&mut self, pairs: impl IntoIterator<Item = (String, String)>) {
        self.0.extend(
            pairs
                .into_iter()
                .map(|(name, value)| (name.to_lowercase(), Value::String(value))),
        );
    }
}

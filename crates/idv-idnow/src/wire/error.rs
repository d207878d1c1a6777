//! The bodies of error responses (chapter 12).

use idv_core::Pii;
use serde_json::Value;

/// The body of an error. It is empty if the response has no error body.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ErrorBody {
    /// The errors; one in every sample.
    pub errors: Vec<VendorError>,
}

/// One error. Every member may be missing or null.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct VendorError {
    /// The code.
    pub cause: Option<String>,
    /// The identifier by which the vendor's support finds the error.
    pub id: Option<String>,
    /// The field of the error. It is the vendor's text and may repeat personal data that was sent.
    pub key: Option<Pii<String>>,
    /// The description in English. It may repeat personal data that was sent.
    pub message: Option<Pii<String>>,
}

impl ErrorBody {
    /// Parses the body of an error response.
    ///
    /// Any other body, such as a proxy's page, gives no errors.
    ///
    /// ```
    /// use idv_idnow::wire::ErrorBody;
    ///
    /// let body = ErrorBody::read(br#"{"errors":[{"cause":"BAD_REQUEST","id":"487800773",
    ///     "key":"birthday","message":"Invalid value"}]}"#);
    /// assert_eq!(body.errors[0].id.as_deref(), Some("487800773"));
    /// assert!(ErrorBody::read(b"<html>Bad gateway</html>").errors.is_empty());
    /// ```
    #[must_use]
    pub fn read(body: &[u8]) -> Self {
        let body = body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body);
        // Errors are short and rare, so speed does not matter.
        let Ok(Value::Object(mut object)) = serde_json::from_slice(body) else {
            return Self::default();
        };
        let errors = match object.remove("errors") {
            Some(Value::Array(errors)) => errors,
            Some(error @ Value::Object(_)) => vec![error],
            _ => Vec::new(),
        };
        Self {
            errors: errors.into_iter().filter_map(VendorError::of).collect(),
        }
    }

    /// Returns the code of the first error that has one.
    ///
    /// ```
    /// use idv_idnow::wire::ErrorBody;
    ///
    /// let body = ErrorBody::read(br#"{"errors":[{"cause":"OBJECT_NOT_FOUND"}]}"#);
    /// assert_eq!(body.cause(), Some("OBJECT_NOT_FOUND"));
    /// ```
    #[must_use]
    pub fn cause(&self) -> Option<&str> {
        self.errors.iter().find_map(|error| error.cause.as_deref())
    }

    /// Returns the messages, each with the field and the identifier of the error:
    /// `Invalid value (birthday; error 4711)`.
    ///
    /// ```
    /// use idv_idnow::wire::ErrorBody;
    ///
    /// let body = ErrorBody::read(br#"{"errors":[{"id":"487800773","key":"birthday",
    ///     "message":"Invalid value"}]}"#);
    /// assert_eq!(body.text().as_deref(), Some("Invalid value (birthday; error 487800773)"));
    /// ```
    #[must_use]
    pub fn text(&self) -> Option<String> {
        let texts: Vec<String> = self.errors.iter().filter_map(VendorError::text).collect();
        (!texts.is_empty()).then(|| texts.join("; "))
    }

    /// Returns the field of the first error that names one.
    ///
    /// ```
    /// use idv_idnow::wire::ErrorBody;
    ///
    /// let body = ErrorBody::read(br#"{"errors":[{"cause":"X","key":null},{"key":"birthday"}]}"#);
    /// assert_eq!(body.key(), Some("birthday"));
    /// ```
    #[must_use]
    pub fn key(&self) -> Option<&str> {
        self.errors
            .iter()
            .find_map(|error| error.key.as_ref())
            .map(|key| key.expose().as_str())
    }
}

impl VendorError {
    fn text(&self) -> Option<String> {
        let id = self.id.as_ref().map(|id| format!("error {id}"));
        let notes: Vec<String> = self
            .key
            .as_ref()
            .map(|key| key.expose().clone())
            .into_iter()
            .chain(id)
            .collect();
        match (&self.message, notes.is_empty()) {
            (Some(message), true) => Some(message.expose().clone()),
            (Some(message), false) => Some(format!("{} ({})", message.expose(), notes.join("; "))),
            (None, true) => None,
            (None, false) => Some(notes.join("; ")),
        }
    }

    fn of(error: Value) -> Option<Self> {
        let Value::Object(mut error) = error else {
            return None;
        };
        let mut text = |name: &str| match error.remove(name)? {
            Value::String(text) => Some(text).filter(|text| !text.is_empty()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        };
        Some(Self {
            cause: text("cause"),
            id: text("id"),
            key: text("key").map(Pii::new),
            message: text("message").map(Pii::new),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn error_members_may_be_missing_null_or_numbers() {
        let body =
            ErrorBody::read(br#"{"errors":[null,{"id":1,"key":null},{"cause":"BAD_REQUEST","key":"birthday"},{"cause":"X"}]}"#);
        assert_eq!(body.errors.len(), 3);
        assert_eq!(body.errors[0].id.as_deref(), Some("1"));
        assert_eq!(
            (body.cause(), body.key()),
            (Some("BAD_REQUEST"), Some("birthday"))
        );
        assert_eq!(
            ErrorBody::read("\u{feff}{\"errors\":{\"cause\":\"X\"}}".as_bytes()).cause(),
            Some("X")
        );
    }

    #[test]
    fn other_bodies_have_no_errors() {
        for body in [
            "",
            "{}",
            "[]",
            "null",
            "<html>",
            "{\"errors\":null}",
            "{\"errors\":[null,1,\"X\"]}",
            "{\"errors\":[{\"cause\":\"X\"}",
        ] {
            assert_eq!(
                ErrorBody::read(body.as_bytes()),
                ErrorBody::default(),
                "{body}"
            );
        }
    }

    #[test]
    fn vendor_text_is_not_printed() {
        let body =
            ErrorBody::read(br#"{"errors":[{"cause":"BAD_REQUEST","key":"Mustermann","message":"Mustermann is no name"}]}"#);
        assert!(!format!("{body:?}").contains("Mustermann"));
    }
}

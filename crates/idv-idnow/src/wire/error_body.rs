//! The body of an error (chapter 12).

use serde::{Deserialize, Deserializer};

use super::text::Text;

/// `{"errors": [{"cause", "id", "key", "message"}]}`, every part of it optional. A body that is not this tells nothing.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct ErrorBody {
    /// The errors; the first one is the one that counts.
    pub errors: Vec<Fault>,
}

/// One error.
#[derive(Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Fault {
    /// What went wrong, in the vendor's words.
    pub cause: Option<String>,
    /// What to tell the vendor's support.
    #[serde(deserialize_with = "text_or_number")]
    pub id: Option<String>,
    /// The field it is about.
    pub key: Option<String>,
}

// The message is not even read: it is the vendor's text, and may repeat a person's data.
impl std::fmt::Debug for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Fault(…)")
    }
}

impl ErrorBody {
    /// Reads a body; what is no documented error is none.
    #[must_use]
    pub fn read(body: &[u8]) -> Self {
        serde_json::from_slice(body).unwrap_or_default()
    }

    /// The cause of the first error.
    #[must_use]
    pub fn cause(&self) -> Option<&str> {
        self.errors.first()?.cause.as_deref()
    }

    /// The field that the first error is about.
    #[must_use]
    pub fn key(&self) -> Option<&str> {
        self.errors.first()?.key.as_deref()
    }
}

fn text_or_number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(Option::<Text<'de>>::deserialize(deserializer)?.map(Text::into_string))
}

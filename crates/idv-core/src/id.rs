//! Identifiers of verifications, vendors and evidence.

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Deserializer, Serialize};

use crate::environment::Random;
use crate::error::{Error, Result};

/// The short name of a provider: lower-case words joined by hyphens, such as `acme-ident`.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(transparent)
)]
#[serde(transparent)]
pub struct ProviderId(Cow<'static, str>);

impl ProviderId {
    /// Creates an identifier from a name.
    #[must_use]
    pub const fn new(name: &'static str) -> Self {
        Self(Cow::Borrowed(name))
    }

    /// Returns the name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ProviderId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for ProviderId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The application's reference for a verification: the name under which the vendor knows it.
///
/// A new reference has 16 to 100 characters of `a-z`, `0-9` and `-`. Every vendor accepts this
/// alphabet, including those that ignore case. A reference must not be guessable, because at some
/// vendors it opens the person's session. Generate it with [`Client::reference`] or
/// [`Reference::random`] (128 random bits), and store it *before* the verification is created, so
/// that an interrupted call can be resolved. Do not put a customer number into it.
///
/// `Debug` prints the first half of the reference, and at most eight characters.
///
/// ```
/// use idv_core::{OsRandom, Reference};
///
/// let reference = Reference::random(&OsRandom);
/// assert_eq!(reference.as_str().len(), 32);
/// assert!(Reference::parse("order-1").is_err()); // too short, and easy to guess
/// # Ok::<(), idv_core::Error>(())
/// ```
///
/// [`Client::reference`]: crate::Client::reference
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct Reference(Box<str>);

impl Reference {
    /// Generates a reference from 128 random bits, written in hexadecimal.
    #[must_use]
    pub fn random(random: &dyn Random) -> Self {
        let mut bits = [0_u8; 16];
        random.fill(&mut bits);
        Self(hex::encode(bits).into())
    }

    /// Parses a new reference that the application generated itself.
    ///
    /// # Errors
    ///
    /// [`InvalidRequest`](crate::ErrorKind::InvalidRequest) naming `reference`, if its length or
    /// one of its characters is not allowed.
    pub fn parse(text: impl Into<String>) -> Result<Self> {
        let reference = Self(text.into().into());
        reference.check_new()?;
        Ok(reference)
    }

    /// Parses the reference of a verification that already exists, such as one that was created
    /// before the application used this crate.
    ///
    /// Such a reference has 1 to 255 visible ASCII characters; the adapter checks the vendor's own
    /// rules. It cannot create a verification, unless [`Reference::parse`] accepts it as well.
    ///
    /// # Errors
    ///
    /// [`InvalidRequest`](crate::ErrorKind::InvalidRequest) naming `reference`, if its length or
    /// one of its characters is not allowed.
    pub fn existing(text: impl Into<String>) -> Result<Self> {
        let text = text.into();
        if !(1..=255).contains(&text.len()) || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(Error::invalid(
                "reference",
                "expected 1 to 255 visible ASCII characters",
            ));
        }
        Ok(Self(text.into()))
    }

    /// Returns an error unless a verification may be created with this reference.
    pub(crate) fn check_new(&self) -> Result<()> {
        let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if (16..=100).contains(&self.0.len()) && self.0.bytes().all(allowed) {
            return Ok(());
        }
        Err(Error::invalid(
            "reference",
            "a new reference has 16 to 100 characters of a-z, 0-9 and -, and is not guessable",
        ))
    }

    /// Returns the reference in clear.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Existing references may be shorter than 16 characters: show half of them at most.
        write!(
            f,
            "{}…",
            self.0.get(..self.0.len().min(16) / 2).unwrap_or_default()
        )
    }
}

impl<'de> Deserialize<'de> for Reference {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // A stored reference names a verification that already exists.
        Self::existing(String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

/// Declares an opaque identifier that is shared with the vendor.
///
/// `Debug` does not print it, because at some vendors it opens the person's session.
macro_rules! opaque {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(transparent))]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// Wraps an identifier.
            pub fn new(name: impl Into<String>) -> Self {
                Self(name.into())
            }

            /// Returns the identifier in clear.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(…)"))
            }
        }
    };
}

opaque! {
    /// The vendor's identifier for a verification.
    ///
    /// `Debug` does not print it, because at some vendors it opens the person's session.
    VendorId
}

opaque! {
    /// The vendor's identifier for a result, if [`Results::fetch`](crate::Results::fetch) needs one
    /// beside that of the verification.
    ResultHandle
}

opaque! {
    /// The identifier of one piece of evidence, as listed in the report.
    EvidenceId
}

/// The identifiers of a verification: the application's reference, and the vendor's identifier if
/// the vendor assigns one.
///
/// Every call about the verification takes this value. Store it whole, for example as JSON.
///
/// ```
/// use idv_core::{Reference, VendorId, VerificationId};
///
/// let reference = Reference::existing("AH73JK3LM")?;
/// let id = VerificationId::new(reference, Some(VendorId::new("TS2-ZXNTM")));
/// let stored = serde_json::to_string(&id).unwrap();
/// assert_eq!(serde_json::from_str::<VerificationId>(&stored).unwrap(), id);
/// # Ok::<(), idv_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub struct VerificationId {
    /// The application's reference.
    pub reference: Reference,
    /// The vendor's identifier.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vendor_id: Option<VendorId>,
}

impl VerificationId {
    /// Combines the application's reference and the vendor's identifier.
    #[must_use]
    pub const fn new(reference: Reference, vendor_id: Option<VendorId>) -> Self {
        Self {
            reference,
            vendor_id,
        }
    }

    /// Returns the vendor's identifier, for vendors that know a verification by no other name.
    ///
    /// # Errors
    ///
    /// [`InvalidRequest`](crate::ErrorKind::InvalidRequest) naming `vendor_id`, if there is none.
    pub fn require_vendor_id(&self) -> Result<&VendorId> {
        self.vendor_id.as_ref().ok_or_else(|| {
            Error::invalid(
                "vendor_id",
                "this vendor needs its own id: store the whole `VerificationId` that `create` returned",
            )
        })
    }
}

/// The verification that an observation is about, by the identifiers in the vendor's message.
///
/// A message can be about a verification of another application, so neither identifier is held to
/// the alphabet of [`Reference`].
#[derive(Clone, Default, PartialEq, Eq, Hash, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Subject {
    /// The application's reference, as written in the message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// The vendor's identifier.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vendor_id: Option<VendorId>,
}

impl Subject {
    /// Combines the identifiers of a message.
    #[must_use]
    pub const fn new(reference: Option<String>, vendor_id: Option<VendorId>) -> Self {
        Self {
            reference,
            vendor_id,
        }
    }

    /// Returns whether this is the verification `id`: at least one identifier is the same, and none
    /// differs.
    ///
    /// References are compared without regard to case, because some vendors change it; two
    /// references of [`Reference::random`] never differ in case alone. Vendor identifiers are
    /// compared exactly.
    #[must_use]
    pub fn is(&self, id: &VerificationId) -> bool {
        let reference = self
            .reference
            .as_deref()
            .map(|ours| ours.eq_ignore_ascii_case(id.reference.as_str()));
        let vendor = self
            .vendor_id
            .as_ref()
            .zip(id.vendor_id.as_ref())
            .map(|(said, known)| said == known);
        !matches!(
            (reference, vendor),
            (Some(false), _) | (_, Some(false)) | (None, None)
        )
    }
}

impl From<&VerificationId> for Subject {
    fn from(id: &VerificationId) -> Self {
        Self {
            reference: Some(id.reference.as_str().to_owned()),
            vendor_id: id.vendor_id.clone(),
        }
    }
}

impl fmt::Debug for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let reference = self.reference.as_deref().map(abbreviated);
        f.debug_struct("Subject")
            .field("reference", &reference)
            .field("vendor_id", &self.vendor_id)
            .finish()
    }
}

/// Returns the part of a reference that may be printed: at some vendors, the whole reference opens
/// the person's session.
pub(crate) fn abbreviated(reference: &str) -> String {
    reference.chars().take(8).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(reference: &str, vendor: Option<&str>) -> VerificationId {
        VerificationId::new(
            Reference::parse(reference).unwrap(),
            vendor.map(VendorId::new),
        )
    }

    #[test]
    fn new_reference_has_an_alphabet_that_all_vendors_accept() {
        assert!(Reference::parse("0123456789abcdef").is_ok());
        assert!(Reference::parse("6f1c2a9e-1c1f-4a6b-9a52-0c2d6a1f7e11").is_ok());
        for text in [
            "short",
            "0123456789ABCDEF",
            "0123456789_bcdef",
            "0123456789abcdé",
            &"a".repeat(101),
        ] {
            assert!(Reference::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn existing_reference_is_accepted_but_creates_nothing() {
        let reference = Reference::existing("AH73JK3LM").unwrap();
        assert_eq!(format!("{reference:?}"), "AH73…");
        assert!(reference.check_new().is_err());
        assert!(
            Reference::existing("0123456789abcdef")
                .unwrap()
                .check_new()
                .is_ok()
        );
        for text in ["", "a b", "ü", &"a".repeat(256)] {
            assert!(Reference::existing(text).is_err(), "{text}");
        }
        let stored = serde_json::to_string(&reference).unwrap();
        assert_eq!(
            serde_json::from_str::<Reference>(&stored).unwrap(),
            reference
        );
    }

    #[test]
    fn identifiers_that_open_a_session_are_not_printed() {
        let id = id("0123456789abcdef", Some("XYZ-SECRET"));
        let printed = format!("{id:?} {:?}", Subject::from(&id));
        assert!(
            printed.contains("01234567…")
                && !printed.contains("89abcdef")
                && !printed.contains("XYZ"),
            "{printed}"
        );
        let mut report = crate::Report::new(ProviderId::new("example"));
        report.reference = Some("0123456789abcdef".to_owned());
        let printed = format!("{report:?}");
        assert!(
            printed.contains("01234567…") && !printed.contains("89abcdef"),
            "{printed}"
        );
    }

    #[test]
    fn subject_matches_if_an_id_is_shared_and_none_differs() {
        let ours = id("0123456789abcdef", Some("A"));
        let subject = |reference: Option<&str>, vendor: Option<&str>| {
            Subject::new(reference.map(Into::into), vendor.map(VendorId::new))
        };
        assert!(subject(Some("0123456789ABCDEF"), None).is(&ours));
        assert!(subject(None, Some("A")).is(&ours));
        assert!(!subject(Some("0123456789abcdef"), Some("B")).is(&ours));
        assert!(!subject(Some("x"), Some("A")).is(&ours));
        assert!(!subject(None, None).is(&ours));
        assert!(!subject(None, Some("A")).is(&id("0123456789abcdef", None)));
    }
}

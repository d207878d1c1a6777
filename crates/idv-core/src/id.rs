//! What verifications, vendors and evidence are called.

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Deserializer, Serialize};

use crate::environment::Random;
use crate::error::{Error, Result};

/// A provider's short name: lower-case words joined by hyphens.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(transparent)
)]
#[serde(transparent)]
pub struct ProviderId(Cow<'static, str>);

impl ProviderId {
    /// Names a provider.
    #[must_use]
    pub const fn new(name: &'static str) -> Self {
        Self(Cow::Borrowed(name))
    }

    /// The name.
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

/// Our reference: the name that we give a verification at the vendor.
///
/// A new one is 16 to 100 characters of `a-z`, `0-9` and `-`: the alphabet that every vendor takes, whether or not it tells cases apart.
/// It must not be guessable, since some vendors open the person's session to who knows it: let [`Client::reference`] or
/// [`Reference::random`] make it (128 random bits), and store it *before* the verification is created, so that an interrupted
/// creation can be settled. An application's own customer number does not belong in it.
///
/// `Debug` prints its first half, and eight characters at most.
///
/// [`Client::reference`]: crate::Client::reference
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct Reference(Box<str>);

impl Reference {
    /// Makes a reference of 128 random bits, in hexadecimal.
    #[must_use]
    pub fn random(random: &dyn Random) -> Self {
        let mut bits = [0_u8; 16];
        random.fill(&mut bits);
        Self(hex::encode(bits).into())
    }

    /// Takes a reference that the caller made.
    ///
    /// # Errors
    ///
    /// [`InvalidRequest`](crate::ErrorKind::InvalidRequest) naming `reference`, where a character or the length is not allowed.
    pub fn parse(text: impl Into<String>) -> Result<Self> {
        let reference = Self(text.into().into());
        reference.check_new()?;
        Ok(reference)
    }

    /// Takes the reference of a verification that exists already under a name that was given elsewhere: before an application came
    /// to this crate, for example. It is 1 to 255 visible characters of ASCII; what the vendor takes of those the adapter checks.
    /// Nothing can be created with it, unless it is one that [`Reference::parse`] takes too.
    ///
    /// # Errors
    ///
    /// [`InvalidRequest`](crate::ErrorKind::InvalidRequest) naming `reference`, where a character or the length is not allowed.
    pub fn existing(text: impl Into<String>) -> Result<Self> {
        let text = text.into();
        if !(1..=255).contains(&text.len()) || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(Error::invalid(
                "reference",
                "it is 1 to 255 visible characters of ASCII",
            ));
        }
        Ok(Self(text.into()))
    }

    /// Fails where no verification may be created with it.
    pub(crate) fn check_new(&self) -> Result<()> {
        let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if (16..=100).contains(&self.0.len()) && self.0.bytes().all(allowed) {
            return Ok(());
        }
        Err(Error::invalid(
            "reference",
            "a new one is 16 to 100 characters of a-z, 0-9 and -, and not guessable",
        ))
    }

    /// The reference in clear.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Of a short one that was given elsewhere less is shown.
        write!(
            f,
            "{}…",
            self.0.get(..self.0.len().min(16) / 2).unwrap_or_default()
        )
    }
}

impl<'de> Deserialize<'de> for Reference {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // One that is read back from where it was stored names what exists.
        Self::existing(String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

/// A name that came from the vendor or goes only there. `Debug` does not print it: with some vendors it opens the person's session.
macro_rules! opaque {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(transparent))]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// Wraps the name.
            pub fn new(name: impl Into<String>) -> Self {
                Self(name.into())
            }

            /// The name in clear.
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
    /// The vendor's id of a verification.
    ///
    /// With some vendors whoever knows it can open the person's session, so `Debug` does not print it.
    VendorId
}

opaque! {
    /// What [`Results::fetch`](crate::Results::fetch) needs beside the verification's id, as the vendor gave it.
    ResultHandle
}

opaque! {
    /// The name of one piece of evidence, as the report lists it.
    EvidenceId
}

/// What a verification is called: our reference, and the vendor's id where the vendor gives one.
///
/// Store it whole; every call about the verification takes it. It is serializable for that purpose.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub struct VerificationId {
    /// Our reference.
    pub reference: Reference,
    /// The vendor's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vendor_id: Option<VendorId>,
}

impl VerificationId {
    /// Joins our reference and the vendor's id.
    #[must_use]
    pub const fn new(reference: Reference, vendor_id: Option<VendorId>) -> Self {
        Self {
            reference,
            vendor_id,
        }
    }

    /// The vendor's id.
    ///
    /// # Errors
    ///
    /// [`InvalidRequest`](crate::ErrorKind::InvalidRequest) naming `vendor_id`, where there is none: for vendors that know a
    /// verification by no other name.
    pub fn require_vendor_id(&self) -> Result<&VendorId> {
        self.vendor_id.as_ref().ok_or_else(|| {
            Error::invalid(
                "vendor_id",
                "this vendor knows a verification only by its own id: keep the whole id that create returned",
            )
        })
    }
}

/// Whom an observation is about: the names that the vendor's message carries.
///
/// Messages may be about verifications that are not ours, so neither name is held to our alphabet.
#[derive(Clone, Default, PartialEq, Eq, Hash, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Subject {
    /// Our reference, as the message has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// The vendor's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vendor_id: Option<VendorId>,
}

impl Subject {
    /// Joins the names that a message carries.
    #[must_use]
    pub const fn new(reference: Option<String>, vendor_id: Option<VendorId>) -> Self {
        Self {
            reference,
            vendor_id,
        }
    }

    /// Whether this is the verification `id`: they share a name, and no name speaks against it.
    ///
    /// References are compared without regard to case, since some vendors do not tell cases apart; two of ours never differ in
    /// case alone. Vendor ids are compared exactly.
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

/// As much of a reference as may be printed: with some vendors the whole of it opens the person's session.
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
    fn a_reference_has_the_alphabet_that_every_vendor_takes() {
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
    fn what_exists_under_another_name_can_be_named_and_nothing_is_created_so() {
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
    fn names_that_open_a_session_are_not_printed() {
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
    fn a_subject_is_a_verification_only_if_a_name_is_shared_and_none_differs() {
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

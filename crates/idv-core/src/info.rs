//! The description of a vendor, and an application's requirements of it.

use std::fmt;
use std::time::Duration;

use serde::{Serialize, Serializer};

use crate::error::{Error, ErrorKind};
use crate::id::ProviderId;
use crate::new::NewVerification;
use crate::observation::ProofKind;
use crate::provider::Provider;
use crate::report::Field;

/// The description of a vendor as it is configured.
///
/// An adapter states it with [`VendorInfo::new`] and the fields; a [`Client`](crate::Client) adds what it reads off the provider
/// itself, `capabilities` and `callback_proof`, so that it promises nothing that is not there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct VendorInfo {
    /// The provider's id.
    pub provider: ProviderId,
    /// The vendor's name, for people.
    pub name: &'static str,
    /// The vendor's document that the adapter follows, with its version.
    pub document: &'static str,
    /// The adapter's version: `env!("CARGO_PKG_VERSION")` in its crate.
    pub version: &'static str,
    /// The optional capabilities, in the order of [`Capability::ALL`].
    pub capabilities: Vec<Capability>,
    /// Whether a creation can be repeated safely.
    pub create_safety: CreateSafety,
    /// The way in which the person reaches the vendor.
    pub hand_off: HandOffKind,
    /// The proof that callbacks bring; `None` if every callback is a claim.
    pub callback_proof: Option<ProofKind>,
    /// The source of the full report.
    pub report_from: ReportSource,
    /// The fields that a report can fill.
    pub report_fields: &'static [Field],
    /// The inputs that a creation takes, as [`NewVerification::given`](crate::NewVerification::given) names them.
    pub accepts: &'static [&'static str],
    /// The inputs without which a creation is refused, by the same names, for the configured product. An entry such as
    /// `contact.email|contact.phone` is satisfied by either.
    pub requires: Vec<&'static str>,
    /// The time that a person has for their part before the vendor forgets the verification, in seconds.
    #[serde(rename = "lifetime_seconds", serialize_with = "optional_seconds")]
    pub lifetime: Option<Duration>,
    /// The interval at which polling is sensible, in seconds.
    #[serde(rename = "poll_interval_seconds", serialize_with = "seconds")]
    pub poll_interval: Duration,
    /// Instructions for an operator, for steps that the vendor has no call for, such as a deletion.
    pub manual_steps: &'static str,
}

impl VendorInfo {
    /// Returns the least description of a vendor; the other fields are set on the value.
    #[must_use]
    pub const fn new(
        provider: ProviderId,
        name: &'static str,
        create_safety: CreateSafety,
        hand_off: HandOffKind,
        report_from: ReportSource,
    ) -> Self {
        Self {
            provider,
            name,
            document: "",
            version: "",
            capabilities: Vec::new(),
            create_safety,
            hand_off,
            callback_proof: None,
            report_from,
            report_fields: &[],
            accepts: &[],
            requires: Vec::new(),
            lifetime: None,
            poll_interval: Duration::from_secs(60),
            manual_steps: "",
        }
    }

    /// Returns the whole description of a provider.
    #[must_use]
    pub fn of(provider: &dyn Provider) -> Self {
        let capabilities = provider.capabilities();
        Self {
            capabilities: capabilities.list(),
            callback_proof: capabilities
                .callbacks
                .and_then(|callbacks| callbacks.auth().proof()),
            ..provider.describe().clone()
        }
    }

    /// Returns whether the vendor has a capability.
    #[must_use]
    pub fn has(&self, capability: Capability) -> bool {
        self.capabilities.contains(&capability)
    }

    /// Returns whether the vendor can be asked for the outcome. If it can, no callback settles it.
    #[must_use]
    pub fn can_be_asked(&self) -> bool {
        self.has(Capability::Polling) || self.has(Capability::Results)
    }

    /// Returns the required inputs that a request lacks, as [`VendorInfo::requires`] names them.
    #[must_use]
    pub fn missing(&self, new: &NewVerification) -> Vec<&'static str> {
        let given = new.given();
        let lacks = |entry: &&'static str| !entry.split('|').any(|path| given.contains(&path));
        self.requires.iter().copied().filter(lacks).collect()
    }
}

fn optional_seconds<S: Serializer>(
    duration: &Option<Duration>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    duration
        .map(|duration| duration.as_secs())
        .serialize(serializer)
}

fn seconds<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(duration.as_secs())
}

/// How safe it is to repeat a creation whose answer was lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum CreateSafety {
    /// Our reference is the key: repeating the same creation yields the same verification.
    Keyed,
    /// Not to be repeated, but what was created can be found by our reference.
    Findable,
    /// Not to be repeated, and what was created cannot be found.
    Unkeyed,
}

/// The way in which the person reaches the vendor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum HandOffKind {
    /// We send them to an address.
    Redirect,
    /// The vendor contacts them.
    VendorContactsPerson,
}

/// Where the full report comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ReportSource {
    /// A poll brings it along.
    Poll,
    /// It is fetched.
    Fetch,
    /// It comes with a callback and cannot be asked for.
    Callback,
}

/// An optional capability of a vendor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Capability {
    /// Asking for the state of one verification.
    Polling,
    /// Fetching the result of one verification.
    Results,
    /// Downloading images, recordings and files.
    Evidence,
    /// Asking for the state of many verifications in one call.
    Listing,
    /// Finding verifications by our reference.
    Lookup,
    /// Deleting at the vendor.
    Deletion,
    /// Receives callbacks.
    Callbacks,
}

impl Capability {
    /// Every capability.
    pub const ALL: &'static [Self] = &[
        Self::Polling,
        Self::Results,
        Self::Evidence,
        Self::Listing,
        Self::Lookup,
        Self::Deletion,
        Self::Callbacks,
    ];

    /// Returns the capability as one word.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Polling => "polling",
            Self::Results => "results",
            Self::Evidence => "evidence",
            Self::Listing => "listing",
            Self::Lookup => "lookup",
            Self::Deletion => "deletion",
            Self::Callbacks => "callbacks",
        }
    }
}

impl fmt::Display for Capability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The requirements that an application has of a vendor, to be checked when it starts.
///
/// ```
/// use idv_core::report::Field;
/// use idv_core::{Capability, Requirements};
///
/// let requirements = Requirements::new()
///     .capability(Capability::Deletion)
///     .field(Field::DocumentNumber)
///     .input("callback_url")
///     .supplies(["person.given_names", "person.family_name", "contact.email", "callback_url"])
///     .repeatable_create();
/// ```
#[derive(Debug, Clone, Default)]
pub struct Requirements {
    capabilities: Vec<Capability>,
    fields: Vec<Field>,
    inputs: Vec<&'static str>,
    supplied: Option<Vec<&'static str>>,
    repeatable_create: bool,
    proven_callbacks: bool,
}

impl Requirements {
    /// Returns requirements that every vendor meets.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Requires a capability.
    #[must_use]
    pub fn capability(mut self, capability: Capability) -> Self {
        self.capabilities.push(capability);
        self
    }

    /// Requires that reports can fill a field.
    #[must_use]
    pub fn field(mut self, field: Field) -> Self {
        self.fields.push(field);
        self
    }

    /// Requires that a creation takes an input, as [`NewVerification::given`] names it.
    #[must_use]
    pub fn input(mut self, path: &'static str) -> Self {
        self.inputs.push(path);
        self
    }

    /// Lists the inputs that the application has for every person, as [`NewVerification::given`] names them. A vendor that requires
    /// another one ([`VendorInfo::requires`]) does not meet the requirements.
    #[must_use]
    pub fn supplies(mut self, paths: impl IntoIterator<Item = &'static str>) -> Self {
        self.supplied.get_or_insert_default().extend(paths);
        self
    }

    /// Requires that a creation can be repeated after its answer was lost.
    #[must_use]
    pub const fn repeatable_create(mut self) -> Self {
        self.repeatable_create = true;
        self
    }

    /// Requires that callbacks are proven.
    #[must_use]
    pub const fn proven_callbacks(mut self) -> Self {
        self.proven_callbacks = true;
        self
    }

    /// Checks all requirements at once.
    ///
    /// # Errors
    ///
    /// [`Unsupported`](ErrorKind::Unsupported), which lists everything that is missing.
    pub fn check(&self, info: &VendorInfo) -> crate::Result<()> {
        let mut missing = Vec::new();
        for capability in self
            .capabilities
            .iter()
            .filter(|capability| !info.has(**capability))
        {
            missing.push(format!("it has no {capability}"));
        }
        for field in self
            .fields
            .iter()
            .filter(|field| !info.report_fields.contains(field))
        {
            missing.push(format!("its reports never fill {field}"));
        }
        for input in self
            .inputs
            .iter()
            .filter(|input| !info.accepts.contains(input))
        {
            missing.push(format!("it takes no {input}"));
        }
        if let Some(supplied) = &self.supplied {
            for input in info
                .requires
                .iter()
                .filter(|entry| !entry.split('|').any(|path| supplied.contains(&path)))
            {
                missing.push(format!("it requires {}", input.replace('|', " or ")));
            }
        }
        if self.repeatable_create && info.create_safety != CreateSafety::Keyed {
            missing.push("a creation whose answer was lost cannot be repeated".to_owned());
        }
        if self.proven_callbacks && info.callback_proof.is_none() {
            missing.push("its callbacks are not proven as it is configured".to_owned());
        }
        if missing.is_empty() {
            return Ok(());
        }
        let detail = format!(
            "{} does not meet the application's requirements: {}",
            info.provider,
            missing.join("; ")
        );
        Err(Error::new(ErrorKind::Unsupported).detail(detail))
    }
}

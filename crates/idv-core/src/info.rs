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
/// An adapter creates it with [`VendorInfo::new`] and sets the other fields. A
/// [`Client`](crate::Client) derives `capabilities` and `callback_proof` from the provider itself,
/// so that the description promises nothing that the adapter does not implement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct VendorInfo {
    /// The provider's id.
    pub provider: ProviderId,
    /// The vendor's name, for display.
    pub name: &'static str,
    /// The vendor's document that the adapter follows, with its version.
    pub document: &'static str,
    /// The version of the adapter: `env!("CARGO_PKG_VERSION")` in its crate.
    pub version: &'static str,
    /// The optional capabilities, in the order of [`Capability::ALL`].
    pub capabilities: Vec<Capability>,
    /// Whether a create call can be repeated safely.
    pub create_safety: CreateSafety,
    /// The way in which the person reaches the vendor.
    pub hand_off: HandOffKind,
    /// The kind of proof that callbacks carry; `None` if callbacks are unauthenticated.
    pub callback_proof: Option<ProofKind>,
    /// The source of the full report.
    pub report_from: ReportSource,
    /// The fields that a report can fill.
    pub report_fields: &'static [Field],
    /// The inputs that a create call accepts, by the names of
    /// [`NewVerification::given`](crate::NewVerification::given).
    pub accepts: &'static [&'static str],
    /// The inputs that a create call requires for the configured product, by the same names. An
    /// entry such as `contact.email|contact.phone` requires either.
    pub requires: Vec<&'static str>,
    /// The lifetime of the person's session; a number of seconds in JSON.
    #[serde(rename = "lifetime_seconds", serialize_with = "optional_seconds")]
    pub lifetime: Option<Duration>,
    /// The recommended polling interval; a number of seconds in JSON.
    #[serde(rename = "poll_interval_seconds", serialize_with = "seconds")]
    pub poll_interval: Duration,
    /// Instructions for an operator, for steps that the vendor offers no API for, such as a
    /// deletion.
    pub manual_steps: &'static str,
}

impl VendorInfo {
    /// Creates a minimal description of a vendor; set the other fields on the value.
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

    /// Returns the complete description of a provider, including its capabilities.
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

    /// Returns whether the application can poll or fetch the outcome.
    ///
    /// If it can, a callback alone never settles it.
    #[must_use]
    pub fn can_be_asked(&self) -> bool {
        self.has(Capability::Polling) || self.has(Capability::Results)
    }

    /// Returns the required inputs that a request lacks, by the names of [`VendorInfo::requires`].
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

/// Whether a create call can be repeated if its response was lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum CreateSafety {
    /// The reference is an idempotency key: repeating the call returns the same verification.
    Keyed,
    /// The call must not be repeated, but the application can find the verification by its
    /// reference.
    Findable,
    /// The call must not be repeated, and the application cannot find the verification.
    Unkeyed,
}

/// The way in which the person reaches the vendor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum HandOffKind {
    /// The application sends the person to a URL of the vendor.
    Redirect,
    /// The vendor contacts the person.
    VendorContactsPerson,
}

/// The source of the full report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ReportSource {
    /// The response to a poll contains it.
    Poll,
    /// It is fetched separately.
    Fetch,
    /// A callback contains it; the application cannot request it.
    Callback,
}

/// An optional capability of a vendor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Capability {
    /// Polls the state of one verification.
    Polling,
    /// Fetches the result of one verification.
    Results,
    /// Downloads images, recordings and files.
    Evidence,
    /// Lists the states of many verifications in one call.
    Listing,
    /// Finds verifications by the application's reference.
    Lookup,
    /// Deletes verifications at the vendor.
    Deletion,
    /// Receives callbacks from the vendor.
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

    /// Returns the name in JSON.
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

/// An application's requirements of a vendor, to be checked at start-up.
///
/// Each setter adds a requirement; [`Client::require`](crate::Client::require) checks them all.
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
    /// Creates requirements that every vendor meets.
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

    /// Requires that reports can contain a field.
    #[must_use]
    pub fn field(mut self, field: Field) -> Self {
        self.fields.push(field);
        self
    }

    /// Requires that a create call accepts an input, by its name in [`NewVerification::given`].
    #[must_use]
    pub fn input(mut self, path: &'static str) -> Self {
        self.inputs.push(path);
        self
    }

    /// Lists the inputs that the application supplies for every person, by their names in
    /// [`NewVerification::given`].
    ///
    /// A vendor that requires any other input ([`VendorInfo::requires`]) does not meet the
    /// requirements.
    #[must_use]
    pub fn supplies(mut self, paths: impl IntoIterator<Item = &'static str>) -> Self {
        self.supplied.get_or_insert_default().extend(paths);
        self
    }

    /// Requires that a create call can be repeated if its response was lost.
    #[must_use]
    pub const fn repeatable_create(mut self) -> Self {
        self.repeatable_create = true;
        self
    }

    /// Requires that callbacks are authenticated.
    #[must_use]
    pub const fn proven_callbacks(mut self) -> Self {
        self.proven_callbacks = true;
        self
    }

    /// Checks all requirements at once.
    ///
    /// # Errors
    ///
    /// [`Unsupported`](ErrorKind::Unsupported), which lists every unmet requirement.
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
            missing.push(format!("its reports never contain {field}"));
        }
        for input in self
            .inputs
            .iter()
            .filter(|input| !info.accepts.contains(input))
        {
            missing.push(format!("it does not accept {input}"));
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
            missing.push("a create call whose response was lost cannot be repeated".to_owned());
        }
        if self.proven_callbacks && info.callback_proof.is_none() {
            missing.push("its callbacks are not authenticated in this configuration".to_owned());
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

//! What a vendor can do, read off its facets, and what an application needs of it.

use std::fmt;
use std::time::Duration;

use serde::Serialize;

use crate::error::{Error, ErrorKind, Result};
use crate::id::ProviderId;
use crate::observation::ProofKind;
use crate::provider::{CreateSafety, HandOffKind, Provider, ReportSource};
use crate::report::Field;

/// What a vendor can do. It is read off the provider, so it cannot promise what is not there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Capabilities {
    /// The provider.
    pub provider: ProviderId,
    /// The vendor's name.
    pub name: &'static str,
    /// The vendor's document that the adapter follows.
    pub document: &'static str,
    /// The facets that are there, in the order of [`Facet::ALL`].
    pub facets: Vec<Facet>,
    /// How safe it is to repeat a creation.
    pub create_safety: CreateSafety,
    /// How the person comes to the vendor.
    pub hand_off: HandOffKind,
    /// How callbacks are proven; `None` where they are claims.
    pub callback_proof: Option<ProofKind>,
    /// Where the full report comes from.
    pub report_from: ReportSource,
    /// Which fields a report can ever fill.
    pub report_fields: &'static [Field],
    /// What a creation takes, as [`NewVerification::given`](crate::NewVerification::given) names it.
    pub accepts: &'static [&'static str],
    /// How long a person has for their part, in seconds.
    #[serde(rename = "lifetime_seconds", serialize_with = "seconds")]
    pub lifetime: Option<Duration>,
}

impl Capabilities {
    /// What a provider can do.
    #[must_use]
    pub fn of(provider: &dyn Provider) -> Self {
        let profile = provider.profile();
        let there = [
            (Facet::Polling, provider.polling().is_some()),
            (Facet::Results, provider.results().is_some()),
            (Facet::Evidence, provider.evidence().is_some()),
            (Facet::Listing, provider.listing().is_some()),
            (Facet::Lookup, provider.lookup().is_some()),
            (Facet::Deletion, provider.deletion().is_some()),
            (Facet::Callbacks, provider.callbacks().is_some()),
        ];
        Self {
            provider: profile.id.clone(),
            name: profile.name,
            document: profile.document,
            facets: there.into_iter().filter_map(|(facet, there)| there.then_some(facet)).collect(),
            create_safety: profile.create_safety,
            hand_off: profile.hand_off,
            callback_proof: provider.callbacks().and_then(|callbacks| callbacks.guard().proof()),
            report_from: profile.report_from,
            report_fields: profile.report_fields,
            accepts: profile.accepts,
            lifetime: profile.lifetime,
        }
    }

    /// Whether a facet is there.
    #[must_use]
    pub fn has(&self, facet: Facet) -> bool {
        self.facets.contains(&facet)
    }

    /// Whether the vendor can be asked for the outcome. Where it can, no callback settles it.
    #[must_use]
    pub fn can_be_asked(&self) -> bool {
        self.has(Facet::Polling) || self.has(Facet::Results)
    }
}

fn seconds<S: serde::Serializer>(duration: &Option<Duration>, serializer: S) -> Result<S::Ok, S::Error> {
    duration.map(|duration| duration.as_secs()).serialize(serializer)
}

/// Something that a vendor can do or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Facet {
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
    /// Being told.
    Callbacks,
}

impl Facet {
    /// Every facet.
    pub const ALL: &'static [Self] =
        &[Self::Polling, Self::Results, Self::Evidence, Self::Listing, Self::Lookup, Self::Deletion, Self::Callbacks];

    /// The facet as one word.
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

impl fmt::Display for Facet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What an application needs of a vendor, to be checked when it starts.
///
/// ```
/// use idv_core::report::Field;
/// use idv_core::{Facet, Needs};
///
/// let needs = Needs::new()
///     .facet(Facet::Deletion)
///     .field(Field::DocumentNumber)
///     .input("callback_url")
///     .repeatable_create();
/// ```
#[derive(Debug, Clone, Default)]
pub struct Needs {
    facets: Vec<Facet>,
    fields: Vec<Field>,
    inputs: Vec<&'static str>,
    repeatable_create: bool,
    proven_callbacks: bool,
}

impl Needs {
    /// Nothing is needed yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A facet must be there.
    #[must_use]
    pub fn facet(mut self, facet: Facet) -> Self {
        self.facets.push(facet);
        self
    }

    /// Reports must be able to fill a field.
    #[must_use]
    pub fn field(mut self, field: Field) -> Self {
        self.fields.push(field);
        self
    }

    /// A creation must take this, as [`NewVerification::given`](crate::NewVerification::given) names it.
    #[must_use]
    pub fn input(mut self, path: &'static str) -> Self {
        self.inputs.push(path);
        self
    }

    /// A creation whose answer was lost must be repeatable.
    #[must_use]
    pub const fn repeatable_create(mut self) -> Self {
        self.repeatable_create = true;
        self
    }

    /// Callbacks must be proven.
    #[must_use]
    pub const fn proven_callbacks(mut self) -> Self {
        self.proven_callbacks = true;
        self
    }

    /// Checks all of it at once.
    ///
    /// # Errors
    ///
    /// [`Unsupported`](ErrorKind::Unsupported), which lists in words everything that is missing.
    pub fn check(&self, capabilities: &Capabilities) -> Result<()> {
        let mut missing = Vec::new();
        for facet in self.facets.iter().filter(|facet| !capabilities.has(**facet)) {
            missing.push(format!("it has no {facet}"));
        }
        for field in self.fields.iter().filter(|field| !capabilities.report_fields.contains(field)) {
            missing.push(format!("its reports never fill {field}"));
        }
        for input in self.inputs.iter().filter(|input| !capabilities.accepts.contains(input)) {
            missing.push(format!("it takes no {input}"));
        }
        if self.repeatable_create && capabilities.create_safety != CreateSafety::Keyed {
            missing.push("a creation whose answer was lost cannot be repeated".to_owned());
        }
        if self.proven_callbacks && capabilities.callback_proof.is_none() {
            missing.push("its callbacks are not proven as it is configured".to_owned());
        }
        if missing.is_empty() {
            return Ok(());
        }
        let detail = format!("{} cannot give what this application needs: {}", capabilities.provider, missing.join("; "));
        Err(Error::new(ErrorKind::Unsupported).detail(detail))
    }
}

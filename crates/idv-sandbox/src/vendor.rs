//! The table of the vendors, with a row for each vendor's module.

use std::fmt;
use std::time::Duration;

use http::{Method, StatusCode};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use crate::callback::Callback;
use crate::cases::TimelineEntry;
use crate::client;
use crate::command::{Command, Outcome};
use crate::control;
use crate::exchange::{Answer, Incoming};
use crate::part::{CallbackSubject, Part, Settings as _, Summary, World};
use crate::person::Choice;
use crate::rule::{Route, Rule};
use crate::sandbox::{Sandbox, SandboxError};
use crate::scenario::{self, Ending, Scenario, Step};
use crate::state::State;

/// The secret that authenticates the callbacks of every vendor to a client with
/// [`Vendor::settings`]. It is public and protects nothing.
pub const CALLBACK_SECRET: &str = "callbackSecretOfTheSandboxAlone";

/// A setting of a client, by its key in the configuration of the vendor's adapter.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Setting {
    /// The key.
    pub key: &'static str,
    /// The value.
    pub value: String,
    /// Whether a configuration should refer to the value, as to a secret, rather than contain it.
    pub is_secret: bool,
}

impl Setting {
    pub(crate) fn plain(key: &'static str, value: impl Into<String>) -> Self {
        Self {
            key,
            value: value.into(),
            is_secret: false,
        }
    }

    pub(crate) fn secret(key: &'static str, value: impl Into<String>) -> Self {
        Self {
            key,
            value: value.into(),
            is_secret: true,
        }
    }

    /// Returns the secret that authenticates callbacks.
    pub(crate) fn callback_secret() -> Self {
        Self::secret("callback_secret", CALLBACK_SECRET)
    }
}

/// Returns a callback address with [`CALLBACK_SECRET`] in the parameter that the adapters expect by
/// default.
pub(crate) fn with_secret(url: &str) -> String {
    let separator = if url.contains('?') { '&' } else { '?' };
    format!("{url}{separator}token={CALLBACK_SECRET}")
}

/// Answers a request of the control plane; `None` if the path is not a route of the vendor.
type Control = fn(&mut State, Timestamp, &Incoming, &[&str]) -> Option<Result<Value, String>>;
/// Plays a scenario for a verification and returns its steps.
type Act = fn(&mut State, Timestamp, &str, &str, Option<&str>) -> Result<Vec<Step>, String>;

/// Takes a single step for a verification.
type TakeStep = fn(&mut State, Timestamp, &str, &str) -> Result<Vec<Step>, String>;
/// Plays a choice of the person for a verification.
type Choose = fn(&mut State, Timestamp, &str, Choice) -> Result<(), String>;
/// Creates a verification as a client, with this reference or an own one, and returns its id.
type Create = fn(&mut State, Timestamp, Option<&str>) -> Result<String, String>;
/// Returns the callback of an event to an address, without a verification.
type Trigger = fn(&mut State, Timestamp, &str, &str) -> Result<Callback, String>;

/// The facts of a verification, and the time of its creation.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Listed {
    pub(crate) vendor: &'static str,
    #[serde(flatten)]
    pub(crate) summary: Summary,
    pub(crate) created_at: Option<Timestamp>,
}

/// A row of the table: [`Part`] without its types.
pub(crate) struct Entry {
    pub(crate) id: &'static str,
    pub(crate) name: &'static str,
    pub(crate) hosts: &'static [&'static str],
    pub(crate) verification: &'static str,
    /// Whether the vendor has several accounts, which have ids.
    pub(crate) has_accounts: bool,
    pub(crate) own_routes: &'static [(&'static str, &'static str, &'static str)],
    pub(crate) mails: Option<(Duration, Duration)>,
    scenarios: &'static [(&'static str, Ending)],
    pub(crate) create: &'static str,
    pub(crate) poll: &'static str,
    pub(crate) routes: &'static [Route],
    pub(crate) rules: &'static [&'static Rule],
    pub(crate) public: &'static [&'static str],
    pub(crate) steps: &'static [(&'static str, &'static str)],
    pub(crate) events: &'static [(&'static str, &'static str)],
    pub(crate) list: fn(&State) -> Vec<Listed>,
    /// Returns up to this number of verifications, the latest first.
    pub(crate) latest: fn(&State, usize) -> Vec<Listed>,
    pub(crate) count: fn(&State) -> usize,
    pub(crate) find: fn(&State, &str) -> Option<Listed>,
    pub(crate) timeline: fn(&State, &str) -> Vec<TimelineEntry>,
    pub(crate) choose: Choose,
    pub(crate) return_address: fn(&State, &str) -> Option<String>,
    pub(crate) step: TakeStep,
    pub(crate) trigger: Trigger,
    pub(crate) create_as_client: Create,
    pub(crate) deletes: bool,
    pub(crate) delete_as_client: fn(&mut State, Timestamp, &str) -> Result<(), String>,
    pub(crate) serve_pages_at: fn(&mut State, String),
    pub(crate) pages: fn(&State) -> String,
    pub(crate) ids: fn(&State) -> Vec<String>,
    pub(crate) answer: fn(&mut State, Timestamp, &Incoming) -> Answer,
    pub(crate) control: Control,
    pub(crate) failure: fn(StatusCode, u16) -> Answer,
    pub(crate) accepts: fn(u16) -> bool,
    pub(crate) again: fn(u32, Duration) -> Option<Duration>,
    pub(crate) is_outdated: fn(&State, &CallbackSubject) -> bool,
    pub(crate) settings: fn(&State, &str) -> Vec<Setting>,
    pub(crate) report_to: fn(&mut State, Timestamp, &str) -> Result<(), String>,
    pub(crate) prove_by_password: fn(&mut State) -> Option<Vec<Setting>>,
    pub(crate) expect: fn(&mut State, &str),
    pub(crate) forgery: fn(&State, &str, &str) -> (String, Option<Value>),
    pub(crate) act: Act,
    pub(crate) view: fn(&State, &str) -> Result<Value, String>,
}

/// All vendors, in the order of their ports.
pub(crate) use crate::state::VENDORS;

impl Entry {
    pub(crate) const fn of<P: Part>() -> Self {
        Self {
            id: P::ID,
            name: P::NAME,
            hosts: P::HOSTS,
            verification: P::VERIFICATION,
            has_accounts: P::Account::ID.is_some(),
            own_routes: P::OWN_ROUTES,
            mails: P::MAILS,
            scenarios: P::SCENARIOS,
            create: P::CREATE,
            poll: P::POLL,
            routes: P::ROUTES,
            rules: P::RULES,
            public: P::PUBLIC,
            steps: P::STEPS,
            events: P::EVENTS,
            list: |state| {
                let world = P::seen(state);
                world
                    .cases
                    .keys()
                    .filter_map(|key| Listed::of(world, key))
                    .collect()
            },
            latest: |state, most| {
                let world = P::seen(state);
                let keys = world.cases.keys().rev().take(most);
                keys.filter_map(|key| Listed::of(world, key)).collect()
            },
            count: |state| P::seen(state).cases.len(),
            find: |state, id| {
                let world = P::seen(state);
                Listed::of(world, &P::key(world, id))
            },
            timeline: |state, id| {
                let world = P::seen(state);
                world.cases.timeline(&P::key(world, id))
            },
            choose: |state, now, id, choice| {
                state.with(now, |world: &mut World<P>, moment| {
                    world.choose(&P::key(world, id), choice, moment)
                })
            },
            return_address: |state, id| {
                let world = P::seen(state);
                P::return_address(world, &P::key(world, id))
            },
            step: |state, now, id, step| {
                state.with(now, |world: &mut World<P>, moment| {
                    world.step(&P::key(world, id), step, moment)
                })
            },
            trigger: |state, now, event, url| {
                state.with(now, |world: &mut World<P>, moment| {
                    world.trigger(event, url, moment)
                })
            },
            create_as_client: client::create::<P>,
            deletes: P::DELETES,
            delete_as_client: client::delete::<P>,
            serve_pages_at: |state, base| P::of(state).0.pages = base,
            pages: |state| P::seen(state).pages.clone(),
            ids: |state| P::ids(P::seen(state)),
            answer: |state, now, request| {
                let segments = request.segments();
                let path: Vec<&str> = segments.iter().map(String::as_str).collect();
                state.with(now, |world: &mut World<P>, moment| {
                    P::handle(world, request, &path, moment)
                })
            },
            control: |state, now, request, path| {
                state.with(now, |world: &mut World<P>, moment| {
                    control::of_part(world, request, path, moment)
                })
            },
            failure: P::failure,
            accepts: P::accepts,
            again: P::again,
            is_outdated: |state, subject| P::is_outdated(P::seen(state), subject),
            settings: |state, base| P::settings(P::seen(state), base),
            report_to: |state, now, url| {
                state.with(now, |world, moment| P::report_to(world, url, moment))
            },
            prove_by_password: |state| P::prove_by_password(P::of(state).0),
            expect: |state, family_name| P::expect(P::of(state).0, family_name),
            forgery: |state, reference, vendor_id| P::forgery(P::seen(state), reference, vendor_id),
            act: |state, now, id, scenario, reason| {
                state.with(now, |world: &mut World<P>, moment| {
                    if reason.is_some() && !P::REASONS {
                        return Err(
                            "unknown field `reason`: this vendor gives no reasons".to_owned()
                        );
                    }
                    world.act(&P::key(world, id), scenario, reason, moment)
                })
            },
            view: |state, id| {
                let world = P::seen(state);
                world.view(&P::key(world, id))
            },
        }
    }

    /// Returns the vendor of a host.
    pub(crate) fn of_host(host: &str) -> Option<&'static Self> {
        VENDORS.iter().find(|vendor| vendor.hosts.contains(&host))
    }

    /// Returns whether the vendor documents a request to the path `/`.
    pub(crate) fn has_root(&self) -> bool {
        let mut paths = self.routes.iter().map(|route| route.path);
        paths.any(|path| path == "/")
    }

    /// Returns the scenarios of the vendor: the common ones, then its own.
    pub(crate) fn scenarios(&self) -> Vec<Scenario> {
        scenario::of(self.scenarios)
    }
}

impl Listed {
    fn of<P: Part>(world: &World<P>, key: &str) -> Option<Self> {
        Some(Self {
            vendor: P::ID,
            summary: world.summary(key)?,
            created_at: world.cases.created_at(key),
        })
    }
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl Eq for Entry {}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id)
    }
}

/// A vendor in the sandbox.
///
/// ```
/// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
/// use idv_sandbox::Sandbox;
///
/// let sandbox = Sandbox::builder().in_process().start().await?;
/// let vendor = sandbox.vendor("identify24")?;
/// assert!(vendor.scenarios().iter().any(|scenario| scenario.name == "happy"));
/// assert_eq!(vendor.settings()[0], ("IDV_PROVIDER".to_owned(), "identify24".to_owned()));
/// # Ok(())
/// # }
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(run()).unwrap();
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Vendor<'a> {
    sandbox: &'a Sandbox,
    entry: &'static Entry,
}

/// A callback written by a sender who knows the vendor's document and the address, but not the
/// secret.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ForgedCallback {
    /// The method.
    pub method: Method,
    /// The address.
    pub url: String,
    /// The body as JSON; empty if the vendor sends none.
    pub body: String,
}

impl<'a> Vendor<'a> {
    pub(crate) const fn new(sandbox: &'a Sandbox, entry: &'static Entry) -> Self {
        Self { sandbox, entry }
    }

    /// Returns the vendor's id, such as `idnow`.
    #[must_use]
    pub const fn id(&self) -> &'static str {
        self.entry.id
    }

    /// Returns the vendor's name.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.entry.name
    }

    /// Returns the base address that serves this vendor alone.
    #[must_use]
    pub fn base_url(&self) -> String {
        self.sandbox.vendor_url(self.entry.id)
    }

    /// Returns the settings of a client for the first account, including [`CALLBACK_SECRET`], by
    /// the keys of the vendor's adapter.
    #[must_use]
    pub fn account_settings(&self) -> Vec<Setting> {
        (self.entry.settings)(&self.sandbox.worlds.state(), &self.base_url())
    }

    /// Returns the same settings as environment variables, and `IDV_PROVIDER` with this vendor.
    #[must_use]
    pub fn settings(&self) -> Vec<(String, String)> {
        self.variables(self.account_settings())
    }

    /// Makes the account authenticate its callbacks by HTTP Basic instead of a secret in the
    /// address, and returns the settings for that.
    ///
    /// Returns `None` if the vendor does not support it.
    #[must_use]
    pub fn settings_with_password(&self) -> Option<Vec<(String, String)>> {
        let Ok(Outcome::Settings(Some(credentials))) =
            self.execute(&Command::UsePassword { vendor: self.entry })
        else {
            return None;
        };
        let mut settings = self.account_settings();
        settings.retain(|setting| setting.key != Setting::callback_secret().key);
        settings.extend(credentials);
        Some(self.variables(settings))
    }

    /// Sets the account's callback address, as its owner does in the vendor's panel or through its
    /// API.
    ///
    /// [`CALLBACK_SECRET`] authenticates the callbacks. A vendor that takes an address with each
    /// verification ignores this one.
    ///
    /// # Errors
    ///
    /// [`SandboxError::Refused`] if callbacks would leave the loopback interface.
    pub fn report_to(&self, url: &str) -> Result<(), SandboxError> {
        self.execute(&Command::ReportTo {
            vendor: self.entry,
            url: url.to_owned(),
        })
        .map(drop)
    }

    /// Sets the family name of the simulated person, Erika, born on 22 May 1982, at a vendor that
    /// does not receive the name with the request.
    pub fn expect(&self, family_name: &str) {
        // Only the state file could fail, and the next request reports that.
        let _ = self.execute(&Command::Expect {
            vendor: self.entry,
            family_name: family_name.to_owned(),
        });
    }

    /// Lets the person and the vendor's staff act out a scenario, from now on, and returns their
    /// actions.
    ///
    /// `id` is the vendor's own id, or the client's reference if the vendor uses it as its key. The
    /// actions happen as the [clock](crate::VirtualClock) moves.
    ///
    /// # Errors
    ///
    /// [`SandboxError::Refused`] if there is no such scenario or verification, or if the
    /// verification is over.
    pub fn act(&self, id: &str, scenario: &str) -> Result<Vec<Step>, SandboxError> {
        self.execute(&Command::Act {
            vendor: self.entry,
            id: id.to_owned(),
            scenario: scenario.to_owned(),
            reason: None,
        })
        .map(Outcome::steps)
    }

    /// Lets the person or the vendor's staff take a single step at once, in place of a current
    /// scenario, and returns it.
    ///
    /// # Errors
    ///
    /// [`SandboxError::Refused`] if there is no such step or verification, or if the verification
    /// is over.
    pub fn take_step(&self, id: &str, step: &str) -> Result<Vec<Step>, SandboxError> {
        self.execute(&Command::Step {
            vendor: self.entry,
            id: id.to_owned(),
            step: step.to_owned(),
        })
        .map(Outcome::steps)
    }

    /// Returns the single steps that the person or the vendor's staff can take: names and
    /// descriptions.
    #[must_use]
    pub const fn steps(&self) -> &'static [(&'static str, &'static str)] {
        self.entry.steps
    }

    /// Returns all rules by which the emulator refuses a request.
    #[must_use]
    pub const fn rules(&self) -> &'static [&'static Rule] {
        self.entry.rules
    }

    /// Returns the documented requests.
    #[must_use]
    pub const fn routes(&self) -> &'static [Route] {
        self.entry.routes
    }

    /// Returns the scenarios of the vendor: the common ones, then its own.
    #[must_use]
    pub fn scenarios(&self) -> Vec<Scenario> {
        self.entry.scenarios()
    }

    /// Returns the ids of the verifications for [`Vendor::act`], in the order of their creation.
    #[must_use]
    pub fn ids(&self) -> Vec<String> {
        (self.entry.ids)(&self.sandbox.worlds.state())
    }

    /// Returns a forged callback to this address that claims that the person is verified.
    #[must_use]
    pub fn forgery(&self, url: &str, reference: &str, vendor_id: &str) -> ForgedCallback {
        let (query, body) =
            (self.entry.forgery)(&self.sandbox.worlds.state(), reference, vendor_id);
        let url = if query.is_empty() {
            url.to_owned()
        } else {
            format!("{url}?{query}")
        };
        let method = if body.is_some() {
            Method::POST
        } else {
            Method::GET
        };
        ForgedCallback {
            method,
            url,
            body: body.map(|body| body.to_string()).unwrap_or_default(),
        }
    }

    /// Returns a part of the path of create requests, for [`Fault::at`](crate::Fault::at).
    #[must_use]
    pub const fn create_path(&self) -> &'static str {
        self.entry.create
    }

    /// Returns a part of the path of status requests, for [`Fault::at`](crate::Fault::at).
    #[must_use]
    pub const fn poll_path(&self) -> &'static str {
        self.entry.poll
    }

    fn execute(&self, command: &Command) -> Result<Outcome, SandboxError> {
        self.sandbox
            .worlds
            .execute(command)
            .map_err(SandboxError::Refused)
    }

    fn variables(&self, settings: Vec<Setting>) -> Vec<(String, String)> {
        let variable =
            |key| format!("IDV_{}_{key}", self.id().replace('-', "_")).to_ascii_uppercase();
        let settings = settings
            .into_iter()
            .map(|setting| (variable(setting.key), setting.value));
        std::iter::once(("IDV_PROVIDER".to_owned(), self.id().to_owned()))
            .chain(settings)
            .collect()
    }
}

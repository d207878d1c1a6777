//! The client that an application uses.

mod operations;

use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;

use crate::call::{CallContext, CallPolicy, Shared};
use crate::environment::{Clock, Environment};
use crate::error::{Operation, Result};
use crate::id::Reference;
use crate::info::{Requirements, VendorInfo};
use crate::provider::Provider;

/// A client of one vendor, with the same methods for every vendor.
///
/// Cheap to clone. An operation that the vendor does not support fails with
/// [`Unsupported`](crate::ErrorKind::Unsupported) before anything is sent; call [`Client::require`]
/// at start-up to find this out early.
///
/// ```
/// # mod vendor { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/vendor.rs")); }
/// # futures_executor::block_on(async {
/// # let client = vendor::client();
/// use idv_core::{HandOff, NewVerification, Tracker};
///
/// let request = NewVerification::builder(client.reference()) // store the reference before the call
///     .given_names("Erika")
///     .family_name("Mustermann")
///     .build()?;
/// let created = client.create(&request).await?;
/// if let HandOff::Redirect(url) = &created.hand_off {
///     println!("send the person to {}", url.expose());
/// }
/// let until = client.now() + jiff::SignedDuration::from_hours(24);
/// let mut tracker = Tracker::new(client, &created);
/// tracker.run(until).await?;
/// assert!(tracker.is_verified());
/// # Ok::<(), idv_core::Error>(())
/// # }).unwrap();
/// ```
///
/// # Cancellation
///
/// Dropping the future of an operation, for example by `tokio::time::timeout`, abandons the call at
/// once and releases its permit. Operations that only read can be repeated;
/// [`create`](Client::create) and [`delete`](Client::delete) document what to do. To limit the time
/// of an operation, prefer [`CallPolicy::deadline`]: it ends the operation with an
/// [error](crate::Error) that states the effect.
#[derive(Clone)]
pub struct Client {
    provider: Arc<dyn Provider>,
    info: Arc<VendorInfo>,
    shared: Arc<Shared>,
}

impl Client {
    /// Creates a client of a provider.
    ///
    /// Applications with a configuration file use `idv::Config` instead.
    ///
    /// ```
    /// # mod vendor { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/vendor.rs")); }
    /// use idv_core::call::CallPolicy;
    /// use idv_core::{Client, Environment, Provider, Transport};
    ///
    /// fn connect(adapter: impl Provider, http: impl Transport + 'static) -> Client {
    ///     let clock = idv_testkit::ManualClock::new("2026-01-01T00:00:00Z".parse().unwrap());
    ///     Client::new(adapter, Environment::new(http, clock), CallPolicy::default())
    /// }
    /// ```
    pub fn new(provider: impl Provider, environment: Environment, policy: CallPolicy) -> Self {
        Self::from_arc(Arc::new(provider), environment, policy)
    }

    /// Creates a client of a provider that is chosen at run time.
    ///
    /// ```
    /// # mod vendor { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/vendor.rs")); }
    /// # futures_executor::block_on(async {
    /// # let client = vendor::client();
    /// use std::sync::Arc;
    /// use idv_core::call::CallPolicy;
    /// use idv_core::{Client, Environment, Provider};
    ///
    /// fn connect(adapters: &[Arc<dyn Provider>], wanted: &str, environment: Environment) -> Option<Client> {
    ///     let adapter = adapters.iter().find(|known| known.describe().provider.as_str() == wanted)?;
    ///     Some(Client::from_arc(Arc::clone(adapter), environment, CallPolicy::default()))
    /// }
    /// # let transport = idv_testkit::ScriptedTransport::new();
    /// # let clock = idv_testkit::ManualClock::new(client.now());
    /// # assert!(connect(&[], "example", idv_testkit::environment(&transport, &clock)).is_none());
    /// # Ok::<(), idv_core::Error>(())
    /// # }).unwrap();
    /// ```
    #[must_use]
    pub fn from_arc(
        provider: Arc<dyn Provider>,
        environment: Environment,
        policy: CallPolicy,
    ) -> Self {
        let info = Arc::new(VendorInfo::of(&*provider));
        let shared = Arc::new(Shared::new(info.provider.clone(), environment, policy));
        Self {
            provider,
            info,
            shared,
        }
    }

    /// Returns the description of the vendor.
    ///
    /// ```
    /// # mod vendor { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/vendor.rs")); }
    /// # futures_executor::block_on(async {
    /// # let client = vendor::client();
    /// assert_eq!(client.info().name, "Example");
    /// assert_eq!(client.info().provider.as_str(), "example");
    /// # Ok::<(), idv_core::Error>(())
    /// # }).unwrap();
    /// ```
    #[must_use]
    pub fn info(&self) -> &VendorInfo {
        &self.info
    }

    /// Returns the provider.
    ///
    /// ```
    /// # mod vendor { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/vendor.rs")); }
    /// # futures_executor::block_on(async {
    /// # let client = vendor::client();
    /// assert!(client.provider().capabilities().polling.is_some());
    /// # Ok::<(), idv_core::Error>(())
    /// # }).unwrap();
    /// ```
    #[must_use]
    pub fn provider(&self) -> &dyn Provider {
        &*self.provider
    }

    /// Returns the vendor's adapter, for calls outside the model, or `None` if this client is
    /// another vendor's.
    ///
    /// Name the adapter as in `client.vendor::<Adapter>()`, and pass [`Client::context`] to its
    /// methods.
    ///
    /// ```
    /// # mod vendor { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/vendor.rs")); }
    /// # futures_executor::block_on(async {
    /// # let client = vendor::client();
    /// use idv_core::Operation;
    ///
    /// let adapter = client.vendor::<vendor::Adapter>().expect("the client of this vendor");
    /// let cx = client.context(Operation::Other);
    /// assert_eq!(adapter.balance(&cx).await?, 100);
    /// # Ok::<(), idv_core::Error>(())
    /// # }).unwrap();
    /// ```
    #[must_use]
    pub fn vendor<T: Provider>(&self) -> Option<&T> {
        self.provider.as_any().downcast_ref()
    }

    /// Returns the current time by the client's clock.
    ///
    /// ```
    /// # mod vendor { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/vendor.rs")); }
    /// # futures_executor::block_on(async {
    /// # let client = vendor::client();
    /// assert_eq!(client.now().to_string(), "2026-01-01T00:00:00Z");
    /// # Ok::<(), idv_core::Error>(())
    /// # }).unwrap();
    /// ```
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.shared.environment.clock.now()
    }

    /// Returns the client's clock.
    ///
    /// ```
    /// # mod vendor { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/vendor.rs")); }
    /// # futures_executor::block_on(async {
    /// # let client = vendor::client();
    /// use std::time::Duration;
    ///
    /// // The clock of this example does not wait in real time.
    /// client.clock().sleep(Duration::from_secs(60)).await;
    /// assert_eq!(client.now().to_string(), "2026-01-01T00:01:00Z");
    /// # Ok::<(), idv_core::Error>(())
    /// # }).unwrap();
    /// ```
    #[must_use]
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.shared.environment.clock
    }

    /// Returns the policy for calls.
    ///
    /// ```
    /// # mod vendor { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/vendor.rs")); }
    /// # futures_executor::block_on(async {
    /// # let client = vendor::client();
    /// use std::time::Duration;
    ///
    /// assert!(client.policy().deadline > Duration::ZERO);
    /// # Ok::<(), idv_core::Error>(())
    /// # }).unwrap();
    /// ```
    #[must_use]
    pub fn policy(&self) -> &CallPolicy {
        &self.shared.policy
    }

    /// Checks that the vendor meets the application's requirements.
    ///
    /// Call it at start-up.
    ///
    /// ```
    /// # mod vendor { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/vendor.rs")); }
    /// # futures_executor::block_on(async {
    /// # let client = vendor::client();
    /// use idv_core::{Capability, Requirements};
    ///
    /// let requirements = Requirements::new().capability(Capability::Polling).repeatable_create();
    /// client.require(&requirements)?;
    /// assert!(client.require(&requirements.proven_callbacks()).is_err());
    /// # Ok::<(), idv_core::Error>(())
    /// # }).unwrap();
    /// ```
    ///
    /// # Errors
    ///
    /// [`Unsupported`](crate::ErrorKind::Unsupported), which lists every unmet requirement.
    pub fn require(&self, requirements: &Requirements) -> Result<()> {
        requirements.check(&self.info)
    }

    /// Generates a random reference.
    ///
    /// Store it, then call [`create`](Client::create) with it.
    ///
    /// ```
    /// # mod vendor { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/vendor.rs")); }
    /// # futures_executor::block_on(async {
    /// # let client = vendor::client();
    /// let reference = client.reference();
    /// assert_ne!(reference, client.reference());
    /// # Ok::<(), idv_core::Error>(())
    /// # }).unwrap();
    /// ```
    #[must_use]
    pub fn reference(&self) -> Reference {
        Reference::random(&*self.shared.environment.random)
    }

    /// Returns a context for calls to the vendor's own API, outside the model.
    ///
    /// ```
    /// # mod vendor { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/vendor.rs")); }
    /// # futures_executor::block_on(async {
    /// # let client = vendor::client();
    /// use idv_core::Operation;
    ///
    /// let cx = client.context(Operation::Other);
    /// assert_eq!(cx.now(), client.now());
    /// # Ok::<(), idv_core::Error>(())
    /// # }).unwrap();
    /// ```
    #[must_use]
    pub fn context(&self, operation: Operation) -> CallContext {
        CallContext::new(&self.shared, operation)
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("provider", &self.provider)
            .finish_non_exhaustive()
    }
}

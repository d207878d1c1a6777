//! The surroundings of an application: its configuration for each vendor, the vendor's panel, the
//! person, and the clock.

use std::collections::HashSet;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use idv::transport::{SystemClock, TransportOptions};
use idv::{Client, Clock, Config, Environment, Timestamp, Url};
use idv_sandbox::{Builder, Sandbox, Vendor, VirtualClock};

use crate::Outcome;

/// The surroundings of an application that uses one vendor of the sandbox.
pub struct TestBed {
    vendor: String,
    sandbox: Sandbox,
    /// The vendor's ids of the verifications whose person has acted.
    acted: Mutex<HashSet<String>>,
}

impl TestBed {
    /// Starts a test bed whose clock only [`TestBed::advance`] moves.
    ///
    /// # Errors
    ///
    /// If no port is free, or there is no such vendor.
    ///
    /// # Cancellation
    ///
    /// The sandbox stops.
    pub async fn start(vendor: &str) -> Outcome<Self> {
        Self::start_at_speed(vendor, 0.0).await
    }

    /// Starts a test bed like [`TestBed::start`] whose clock begins at the current time, for a
    /// program that uses the machine's clock.
    ///
    /// # Errors
    ///
    /// As [`TestBed::start`].
    ///
    /// # Cancellation
    ///
    /// As [`TestBed::start`].
    pub async fn start_now(vendor: &str) -> Outcome<Self> {
        Self::of(
            vendor,
            Sandbox::builder().speed(0.0).start_time(Timestamp::now()),
        )
        .await
    }

    /// Starts a test bed whose clock runs `speed` times as fast as the machine's.
    ///
    /// # Errors
    ///
    /// As [`TestBed::start`].
    ///
    /// # Cancellation
    ///
    /// As [`TestBed::start`].
    pub async fn start_at_speed(vendor: &str, speed: f64) -> Outcome<Self> {
        Self::of(vendor, Sandbox::builder().speed(speed)).await
    }

    async fn of(vendor: &str, sandbox: Builder) -> Outcome<Self> {
        let sandbox = sandbox.start().await?;
        sandbox.vendor(vendor)?.expect("Mustermann");
        Ok(Self {
            vendor: vendor.to_owned(),
            sandbox,
            acted: Mutex::default(),
        })
    }

    /// Returns the sandbox.
    #[must_use]
    pub const fn sandbox(&self) -> &Sandbox {
        &self.sandbox
    }

    /// Returns the environment variables for the application: its whole configuration for the
    /// vendor.
    #[must_use]
    pub fn variables(&self) -> Vec<(String, String)> {
        self.sandbox.settings(&self.vendor)
    }

    /// Returns a client of the configured vendor.
    ///
    /// An application calls [`idv::connect`] with the same configuration. The test bed's client
    /// uses the test bed's clock, since tokens carry dates.
    ///
    /// # Errors
    ///
    /// If the configuration is invalid.
    pub fn connect(&self) -> Outcome<Client> {
        let mut environment: Environment =
            idv::transport::environment(TransportOptions::default())?;
        environment.clock = self.clock();
        Ok(idv::connect_in(
            &Config::from_env(self.variables())?,
            environment,
        )?)
    }

    /// Returns the test bed's clock, for other parts of the application.
    #[must_use]
    pub fn clock(&self) -> Arc<dyn Clock> {
        Arc::new(TestBedClock {
            time: self.sandbox.clock(),
            real: SystemClock::new(),
        })
    }

    /// Sets the vendor's callback address, as an operator does once, in its panel or through its
    /// API.
    ///
    /// # Errors
    ///
    /// If the vendor refuses.
    pub fn report_to(&self, url: &Url) -> Outcome {
        Ok(self.vendor()?.report_to(url.as_str())?)
    }

    /// Lets every person act who was handed off since the last call.
    ///
    /// # Errors
    ///
    /// If the vendor refuses.
    pub fn act_pending(&self) -> Outcome {
        let vendor = self.vendor()?;
        for id in vendor.ids() {
            if self
                .acted
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .insert(id.clone())
            {
                vendor.act(&id, "happy")?;
            }
        }
        Ok(())
    }

    /// Returns the number of callbacks that the vendor has delivered.
    #[must_use]
    pub fn delivered(&self) -> usize {
        self.sandbox
            .callbacks()
            .iter()
            .filter(|callback| callback.state == "delivered")
            .count()
    }

    /// Plays a scenario for the latest verification.
    ///
    /// # Errors
    ///
    /// If there is no verification, or the vendor does not have the scenario.
    pub fn act(&self, scenario: &str) -> Outcome {
        let vendor = self.vendor()?;
        vendor.act(
            &vendor.ids().pop().ok_or("no verification was created")?,
            scenario,
        )?;
        Ok(())
    }

    /// Moves the clock forward and delivers the callbacks that become due.
    ///
    /// # Cancellation
    ///
    /// Callbacks may then be undelivered although the clock has moved.
    pub async fn advance(&self, time: Duration) {
        self.sandbox.clock().advance(time).await;
    }

    /// Stops the sandbox.
    ///
    /// # Cancellation
    ///
    /// Its connections then end at some later time.
    pub async fn shutdown(self) {
        self.sandbox.shutdown().await;
    }

    fn vendor(&self) -> Outcome<Vendor<'_>> {
        Ok(self.sandbox.vendor(&self.vendor)?)
    }
}

/// A clock with the test bed's time of day; timeouts and waits between attempts take real time.
#[derive(Debug)]
struct TestBedClock {
    time: VirtualClock,
    real: SystemClock,
}

impl Clock for TestBedClock {
    fn now(&self) -> Timestamp {
        self.time.now()
    }

    fn monotonic(&self) -> Duration {
        self.real.monotonic()
    }

    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        self.real.sleep(duration)
    }
}

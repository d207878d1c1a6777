//! What lies outside of an application: its configuration for each vendor, the vendor's panel, the person, and time.

use std::collections::HashSet;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use idv::transport::{SystemClock, TransportOptions};
use idv::{Client, Clock, Config, Environment, Timestamp, Url};
use idv_sandbox::{Builder, Sandbox, Vendor, VirtualClock};

use crate::Outcome;

/// The world around an application that uses one of the vendors.
pub struct Town {
    vendor: String,
    sandbox: Sandbox,
    /// The vendor's ids of those who have done their part.
    acted: Mutex<HashSet<String>>,
}

impl Town {
    /// Returns a town in which time stands still until [`Town::wait`] moves it.
    ///
    /// # Errors
    ///
    /// If no port is free, or there is no such vendor.
    pub async fn begin(vendor: &str) -> Outcome<Self> {
        Self::begin_at_speed(vendor, 0.0).await
    }

    /// Returns a town like [`Town::begin`] whose time begins now, for a program that has the machine's clock.
    ///
    /// # Errors
    ///
    /// As [`Town::begin`].
    pub async fn begin_now(vendor: &str) -> Outcome<Self> {
        Self::of(
            vendor,
            Sandbox::builder().speed(0.0).start_time(Timestamp::now()),
        )
        .await
    }

    /// Returns a town in which this many seconds pass in a second.
    ///
    /// # Errors
    ///
    /// As [`Town::begin`].
    pub async fn begin_at_speed(vendor: &str, speed: f64) -> Outcome<Self> {
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

    /// Returns the environment variables that an application is started with: all that it is ever told of the vendor.
    #[must_use]
    pub fn variables(&self) -> Vec<(String, String)> {
        self.sandbox.settings(&self.vendor)
    }

    /// Returns a client of the vendor that the configuration names. An application calls [`idv::connect`] with that configuration alone;
    /// here the clock is the town's, since tokens are dated.
    ///
    /// # Errors
    ///
    /// If the configuration cannot work.
    pub fn connect(&self) -> Outcome<Client> {
        let mut environment: Environment =
            idv::transport::environment(TransportOptions::default())?;
        environment.clock = self.clock();
        Ok(idv::connect_in(
            &Config::from_env(self.variables())?,
            environment,
        )?)
    }

    /// Returns the town's clock, for whatever else in the application has one.
    #[must_use]
    pub fn clock(&self) -> Arc<dyn Clock> {
        Arc::new(TownClock {
            time: self.sandbox.clock(),
            real: SystemClock::new(),
        })
    }

    /// Tells the vendor where to report to, as an operator does once, in its panel or by its API.
    ///
    /// # Errors
    ///
    /// If the vendor refuses.
    pub fn report_to(&self, url: &Url) -> Outcome {
        Ok(self.vendor()?.report_to(url.as_str())?)
    }

    /// Lets everyone who was handed off since the last time do their part, as time passes.
    ///
    /// # Errors
    ///
    /// If the vendor refuses.
    pub fn everyone_acts(&self) -> Outcome {
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

    /// Returns how many callbacks the vendor has delivered.
    #[must_use]
    pub fn delivered(&self) -> usize {
        self.sandbox
            .callbacks()
            .iter()
            .filter(|callback| callback.state == "delivered")
            .count()
    }

    /// Plays a scenario at the only verification that was created.
    ///
    /// # Errors
    ///
    /// If there is none, or the vendor has no such scenario.
    pub fn plays_alone(&self, scenario: &str) -> Outcome {
        let vendor = self.vendor()?;
        vendor.act(&vendor.ids().pop().ok_or("nothing was created")?, scenario)?;
        Ok(())
    }

    /// Lets time pass.
    pub async fn wait(&self, time: Duration) {
        self.sandbox.clock().advance(time).await;
    }

    /// Stops the vendor.
    pub async fn end(self) {
        self.sandbox.shutdown().await;
    }

    fn vendor(&self) -> Outcome<Vendor<'_>> {
        Ok(self.sandbox.vendor(&self.vendor)?)
    }
}

/// The town's time of day; timeouts and waits before another attempt pass in real time.
#[derive(Debug)]
struct TownClock {
    time: VirtualClock,
    real: SystemClock,
}

impl Clock for TownClock {
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

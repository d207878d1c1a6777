//! What lies outside of an application: its configuration for each vendor, the vendor's panel, the person, and time.

use std::collections::HashSet;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use idv::cm_id_scan::CmIdScan;
use idv::transport::{SystemClock, TransportOptions};
use idv::{Client, Clock, Config, CreateResponse, Environment, Operation, OsRandom, Reference, Secret, Timestamp, Url, VendorId};
use idv_sandbox::{Sandbox, VirtualClock};

use crate::Outcome;

/// The vendors of the family.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Vendor {
    /// CM.com ID Scan.
    CmIdScan,
    /// Identify24.
    Identify24,
    /// Identity.TM.
    IdentityTm,
    /// IDnow.
    Idnow,
    /// VerificarIdentidad.
    VerificarIdentidad,
}

impl Vendor {
    /// Every vendor.
    pub const ALL: [Self; 5] = [Self::CmIdScan, Self::Identify24, Self::IdentityTm, Self::Idnow, Self::VerificarIdentidad];

    /// The provider's id.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::CmIdScan => "cm-id-scan",
            Self::Identify24 => "identify24",
            Self::IdentityTm => "identity-tm",
            Self::Idnow => "idnow",
            Self::VerificarIdentidad => "verificar-identidad",
        }
    }
}

/// What the words of the sandbox's account mean. The vendor's document shows one alone, so each account is taught its own.
const IDENTIFY24_WORDS: &str = "Aborted = awaiting_person, InReview = in_review, FraudSuspected = in_review, Identified = verified, \
    Rejected = rejected, Canceled = canceled, Expired = expired";

/// The world around an application that uses one of the vendors.
pub struct Town {
    vendor: Vendor,
    sandbox: Sandbox,
    /// The secret that proves callbacks.
    secret: Secret,
    /// The vendor's ids of those who have done their part.
    acted: Mutex<HashSet<String>>,
}

impl Town {
    /// A town in which time stands still until somebody waits.
    ///
    /// # Errors
    ///
    /// Where no port is free.
    pub async fn begin(vendor: Vendor) -> Outcome<Self> {
        Self::begin_at_speed(vendor, 0.0).await
    }

    /// A town like [`Town::begin`] whose time begins now, for a program that has the machine's clock.
    ///
    /// # Errors
    ///
    /// Where no port is free.
    pub async fn begin_now(vendor: Vendor) -> Outcome<Self> {
        Self::of(vendor, Sandbox::builder().speed(0.0).start_time(Timestamp::now()).start().await?)
    }

    /// A town in which so many seconds pass in a second.
    ///
    /// # Errors
    ///
    /// Where no port is free.
    pub async fn begin_at_speed(vendor: Vendor, speed: f64) -> Outcome<Self> {
        Self::of(vendor, Sandbox::builder().speed(speed).start().await?)
    }

    fn of(vendor: Vendor, sandbox: Sandbox) -> Outcome<Self> {
        // 128 random bits, which is what a reference is too.
        let secret = Secret::from(Reference::random(&OsRandom).as_str());
        Ok(Self { vendor, sandbox, secret, acted: Mutex::default() })
    }

    /// Returns the sandbox.
    #[must_use]
    pub const fn sandbox(&self) -> &Sandbox {
        &self.sandbox
    }

    /// The environment variables that an application is started with: all that it is ever told of the vendor. The files have its secrets.
    ///
    /// # Errors
    ///
    /// Where a file cannot be written.
    pub fn variables(&self, files: &mut SecretFiles) -> Outcome<Vec<(&'static str, String)>> {
        let callback_secret = files.write(self.secret.expose())?;
        Ok(match self.vendor {
            Vendor::CmIdScan => {
                let vendor = self.sandbox.cm_id_scan();
                vec![
                    ("IDV_PROVIDER", "cm-id-scan".to_owned()),
                    ("IDV_CM_ID_SCAN_KEY_ID", vendor.key_id().to_owned()),
                    ("IDV_CM_ID_SCAN_SECRET_FILE", files.write(vendor.secret())?),
                    // A day, which people who try it by hand need while time flies.
                    ("IDV_CM_ID_SCAN_EXPIRES_IN", "86400".to_owned()),
                    ("IDV_CM_ID_SCAN_BASE_URL", format!("{}/id-scan/v1/", vendor.base_url())),
                    ("IDV_CM_ID_SCAN_CALLBACK_SECRET_FILE", callback_secret),
                ]
            }
            Vendor::Identify24 => {
                let vendor = self.sandbox.identify24();
                vec![
                    ("IDV_PROVIDER", "identify24".to_owned()),
                    ("IDV_IDENTIFY24_PARTNER", vendor.partner().to_owned()),
                    ("IDV_IDENTIFY24_API_KEY_FILE", files.write(vendor.api_key())?),
                    ("IDV_IDENTIFY24_PROJECT_ID", vendor.project_id().to_owned()),
                    ("IDV_IDENTIFY24_BASE_URL", vendor.base_url()),
                    ("IDV_IDENTIFY24_STATUSES", IDENTIFY24_WORDS.to_owned()),
                    ("IDV_IDENTIFY24_CALLBACK_SECRET_FILE", callback_secret),
                ]
            }
            Vendor::IdentityTm => {
                let vendor = self.sandbox.identity_tm();
                vec![
                    ("IDV_PROVIDER", "identity-tm".to_owned()),
                    ("IDV_IDENTITY_TM_USER", vendor.user().to_owned()),
                    ("IDV_IDENTITY_TM_PASSWORD_FILE", files.write(vendor.password())?),
                    ("IDV_IDENTITY_TM_BASE_URL", vendor.base_url()),
                    // As this account has them: beside the result, not in it.
                    ("IDV_IDENTITY_TM_IMAGES", "separate".to_owned()),
                    ("IDV_IDENTITY_TM_CALLBACK_SECRET_FILE", callback_secret),
                ]
            }
            Vendor::Idnow => {
                let vendor = self.sandbox.idnow();
                vec![
                    ("IDV_PROVIDER", "idnow".to_owned()),
                    ("IDV_IDNOW_COMPANY", vendor.company_id().to_owned()),
                    ("IDV_IDNOW_API_KEY_FILE", files.write(vendor.api_key())?),
                    ("IDV_IDNOW_GATEWAY_URL", vendor.base_url()),
                    ("IDV_IDNOW_GO_URL", vendor.base_url()),
                    ("IDV_IDNOW_CALLBACK_SECRET_FILE", callback_secret),
                ]
            }
            Vendor::VerificarIdentidad => {
                let vendor = self.sandbox.verificar_identidad();
                vec![
                    ("IDV_PROVIDER", "verificar-identidad".to_owned()),
                    ("IDV_VERIFICAR_IDENTIDAD_USER", vendor.user().to_owned()),
                    ("IDV_VERIFICAR_IDENTIDAD_TOKEN_FILE", files.write(&vendor.token())?),
                    ("IDV_VERIFICAR_IDENTIDAD_BASE_URL", vendor.base_url()),
                    ("IDV_VERIFICAR_IDENTIDAD_CALLBACK_SECRET_FILE", callback_secret),
                ]
            }
        })
    }

    /// A client of the vendor that the configuration names. An application calls [`idv::connect`] with that configuration alone; here
    /// the clock is the town's, since tokens are dated.
    ///
    /// # Errors
    ///
    /// Where the configuration cannot work.
    pub fn connect(&self) -> Outcome<Client> {
        let mut files = SecretFiles::default();
        let config = Config::from_env(self.variables(&mut files)?)?;
        Ok(idv::connect_in(&config, self.environment()?)?)
    }

    /// The town's clock, for whatever else in the application has one.
    #[must_use]
    pub fn clock(&self) -> Arc<dyn Clock> {
        Arc::new(TownClock { time: self.sandbox.clock(), real: SystemClock::new() })
    }

    fn environment(&self) -> Outcome<Environment> {
        let mut environment = idv::transport::environment(TransportOptions::default())?;
        environment.clock = self.clock();
        Ok(environment)
    }

    /// What an operator does once: tells the vendor where to report to, in its panel or by its API.
    ///
    /// # Errors
    ///
    /// Where the vendor refuses.
    pub async fn report_to(&self, client: &Client, url: &Url) -> Outcome {
        let mut proven = url.clone();
        if let Some((name, secret)) =
            client.provider().capabilities().callbacks.and_then(|callbacks| callbacks.auth().parameter_for(""))
        {
            proven.query_pairs_mut().append_pair(name, secret.expose());
        }
        let proven = Some(proven.to_string());
        match self.vendor {
            Vendor::CmIdScan => {
                // The secret is in a header that the webhook is registered with.
                let vendor = client.vendor::<CmIdScan>().ok_or("the client is another vendor's")?;
                vendor.register_webhook(&client.context(Operation::Other), url.clone()).await?;
            }
            Vendor::Identify24 => self.sandbox.identify24().configure(|account| account.callback_url = proven)?,
            // Each order brings the address of its own callbacks.
            Vendor::IdentityTm => {}
            Vendor::Idnow => self.sandbox.idnow().configure(|account| account.callback_url = proven)?,
            Vendor::VerificarIdentidad => {
                self.sandbox.verificar_identidad().configure(|account| account.callback_url = proven)?;
            }
        }
        Ok(())
    }

    /// The person follows the hand-off, and everybody does their part, as time passes.
    ///
    /// # Errors
    ///
    /// Where the vendor knows of no such verification.
    pub fn act(&self, created: &CreateResponse) -> Outcome {
        match self.vendor {
            Vendor::Idnow => self.plays(created.id.reference.as_str(), "happy"),
            _ => self.plays(created.id.vendor_id.as_ref().map_or("", VendorId::as_str), "happy"),
        }
    }

    /// Whoever was handed off since the last time does their part, among them the one whose reference this is.
    ///
    /// # Errors
    ///
    /// Where the vendor knows of no such verification.
    pub async fn everybody_acts(&self, reference: &Reference) -> Outcome {
        let waiting = match self.vendor {
            Vendor::CmIdScan => self.ids("transactions").await?,
            Vendor::Identify24 => self.ids("idents").await?,
            Vendor::IdentityTm => self.ids("orders").await?,
            // There, our reference is the vendor's id.
            Vendor::Idnow => vec![reference.as_str().to_owned()],
            Vendor::VerificarIdentidad => self.sandbox.verificar_identidad().ids(),
        };
        for id in waiting {
            if self.acted.lock().unwrap_or_else(PoisonError::into_inner).insert(id.clone()) {
                self.plays(&id, "happy")?;
            }
        }
        Ok(())
    }

    /// How many callbacks the vendor has delivered.
    #[must_use]
    pub fn delivered(&self) -> usize {
        self.sandbox.callbacks().iter().filter(|callback| callback.state == "delivered").count()
    }

    /// The ids that the vendor gave, as the sandbox's control plane lists them.
    async fn ids(&self, of: &str) -> Outcome<Vec<String>> {
        let address = format!("{}{}/{of}", self.sandbox.control_url(), self.vendor.id());
        let answer = self.sandbox.exchange(http::Request::get(address).body(Bytes::new())?).await?;
        Ok(serde_json::from_slice(&answer.into_body().whole()?)?)
    }

    /// The only verification that was created plays a scenario.
    ///
    /// # Errors
    ///
    /// Where there is none, or the vendor has no such scenario.
    pub async fn plays_alone(&self, scenario: &str) -> Outcome {
        let id = match self.vendor {
            Vendor::CmIdScan => self.ids("transactions").await?.pop(),
            Vendor::Identify24 => self.ids("idents").await?.pop(),
            Vendor::IdentityTm => self.ids("orders").await?.pop(),
            Vendor::Idnow => self.sandbox.requests().iter().find_map(|request| {
                let path = request.path.strip_suffix("/start")?;
                path.rsplit('/').next().map(str::to_owned)
            }),
            Vendor::VerificarIdentidad => self.sandbox.verificar_identidad().ids().pop(),
        };
        self.plays(&id.ok_or("nothing was created")?, scenario)
    }

    /// A scenario is played, by the vendor's id.
    fn plays(&self, id: &str, scenario: &str) -> Outcome {
        match self.vendor {
            Vendor::CmIdScan => {
                self.sandbox.cm_id_scan().configure(|account| {
                    // Nobody says at creation who is expected: who comes is who comes elsewhere.
                    account.person.given_names = "Erika".to_owned();
                    account.person.surname = "Mustermann".to_owned();
                    account.person.date_of_birth = jiff::civil::date(1982, 5, 22);
                    account.person.nationality = "Germany".to_owned();
                })?;
                self.sandbox.cm_id_scan().act(id, scenario)?
            }
            Vendor::Identify24 => self.sandbox.identify24().act(id, scenario)?,
            Vendor::IdentityTm => self.sandbox.identity_tm().act(id, scenario)?,
            Vendor::Idnow => self.sandbox.idnow().act(id, scenario)?,
            Vendor::VerificarIdentidad => {
                self.sandbox.verificar_identidad().configure(|account| {
                    account.person.name = "MUSTERMANN,ERIKA".to_owned();
                    account.person.birth_date = jiff::civil::date(1982, 5, 22);
                    account.person.nationality = "DEU".to_owned();
                })?;
                self.sandbox.verificar_identidad().act(id, scenario)?
            }
        };
        Ok(())
    }

    /// What time it is.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.sandbox.clock().now()
    }

    /// Time passes, without anybody having to sit and wait.
    pub async fn wait(&self, time: Duration) {
        self.sandbox.clock().advance(time).await;
    }

    /// The end.
    pub async fn end(self) {
        self.sandbox.shutdown().await;
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

/// Secrets in files, as a cluster mounts them. They are read when the client is made, and removed afterwards.
#[derive(Default)]
pub struct SecretFiles(Vec<std::path::PathBuf>);

impl SecretFiles {
    fn write(&mut self, secret: &str) -> Outcome<String> {
        let name = format!("idv-example-{}-{}", std::process::id(), Reference::random(&OsRandom).as_str());
        let path = std::env::temp_dir().join(name);
        std::fs::write(&path, secret)?;
        let shown = path.display().to_string();
        self.0.push(path);
        Ok(shown)
    }
}

impl Drop for SecretFiles {
    fn drop(&mut self) {
        for path in &self.0 {
            // It was written a moment ago; that somebody else removed it is as well.
            let _ = std::fs::remove_file(path);
        }
    }
}

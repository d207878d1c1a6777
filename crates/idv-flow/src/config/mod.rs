//! The configuration of flows: the table `flow` of an application's configuration.

mod accounts;
mod address;

use std::borrow::Cow;
use std::time::Duration;

use idv_core::adapter::settings::{
    Address, Days, Fault, Millis, Secrets, Section, Setting, SettingValue, Table, Value,
};
use idv_core::{Secret, Url, settings};

use crate::machine::evidence::{MIB, kind_of};
use crate::{
    EvidenceKinds, EvidencePolicy, FileKeys, FlowError, Result, Retention, RetentionRule, Schedule,
    Vault, Webhook,
};

pub use self::accounts::{AccountSettings, AccountTable};
pub use self::address::StoreAddress;

settings! {
    /// The configuration of flows: the table `flow` of an application's configuration, which
    /// `Config::section` reads.
    ///
    /// ```toml
    /// [flow]
    /// store = "flows.db"
    /// key = { env = "IDV_FLOW_KEY" }
    /// retention.vendor_days = 30
    /// schedule.interval_ms = 60000
    /// ```
    pub struct FlowConfig {
        optional {
            /// The store: a file of SQLite, or the address of a PostgreSQL database.
            store: Option<StoreAddress>,
            /// The key that seals personal data. Without a key they are stored in clear.
            key: Option<Secret>,
            /// The keys that were used before.
            older_keys: Secrets,
            /// A directory of files `<id>.key` that wrap the data keys, instead of `key`. The last
            /// one by name is current, unless the file `current` names another. A `key` beside it
            /// opens older values.
            key_directory: Option<String>,
            /// The limits and the circuit breaker of accounts: a table for each, with `per_second`,
            /// `per_minute`, `concurrent`, `breaker_outages` (0: off) and `breaker_interval_ms`.
            accounts: AccountTable,
            /// The accounts whose flows continue beside those of the default account.
            also: Vec<String>,
            /// The lease duration: if a worker crashes, another takes over its work after this
            /// long. Longer than the deadline of calls.
            lease("lease_ms"): Option<Duration> as Millis,
            /// The endpoint that events are sent to, signed by Standard Webhooks: an https address.
            webhook_url("webhook.url"): Option<Url> as Address,
            /// The secret that signs webhooks: `whsec_` and the Base64 of 24 to 64 random bytes.
            webhook_secret("webhook.secret"): Option<Secret>,
            /// The secrets that were used before; webhooks are signed with them as well.
            webhook_older_secrets("webhook.older_secrets"): Secrets,
            /// The time after which the vendor's copy is deleted; without it, on request.
            vendor_retention("retention.vendor_days"): Option<Duration> as Days,
            /// The time after which our copy is deleted; without it, on request.
            own_retention("retention.own_days"): Option<Duration> as Days,
            /// The time after which an erased flow is removed from the store, at least 30 days;
            /// without it, never.
            purge_erased_after("retention.purge_erased_days"): Option<Duration> as Days,
            /// The evidence that is kept before the vendor's copy is deleted: `all`, or a list of
            /// kinds.
            evidence_kinds("evidence.kinds"): EvidenceKinds,
            /// The maximum length of an item of evidence, in MiB. Default: 256.
            evidence_max_mb("evidence.max_mb"): Option<u32>,
            /// The maximum length of the evidence of a flow, in MiB. Default: 1,024.
            evidence_max_total_mb("evidence.max_total_mb"): Option<u32>,
            /// The maximum number of items of evidence of a flow. Default: 64.
            evidence_max_items("evidence.max_items"): Option<u32>,
            /// Replaces [`Schedule::interval`].
            interval("schedule.interval_ms"): Option<Duration> as Millis,
            /// Replaces [`Schedule::slowest`].
            slowest("schedule.slowest_ms"): Option<Duration> as Millis,
            /// Replaces [`Schedule::wake_gap`].
            wake_gap("schedule.wake_gap_ms"): Option<Duration> as Millis,
            /// Replaces [`Schedule::sweep`] if the vendor has lists; 0 for no sweep.
            sweep("schedule.sweep_ms"): Option<Duration> as Millis,
            /// Replaces [`Schedule::backstop`].
            backstop("schedule.backstop_ms"): Option<Duration> as Millis,
            /// Replaces [`Schedule::lifetime`].
            lifetime("schedule.lifetime_ms"): Option<Duration> as Millis,
            /// Replaces [`Schedule::grace`].
            grace("schedule.grace_ms"): Option<Duration> as Millis,
            /// Replaces [`Schedule::overdue`].
            overdue("schedule.overdue_ms"): Option<Duration> as Millis,
            /// Replaces [`Schedule::create_within`].
            create_within("schedule.create_within_ms"): Option<Duration> as Millis,
            /// Replaces [`Schedule::settle_within`].
            settle_within("schedule.settle_within_ms"): Option<Duration> as Millis,
            /// Replaces [`Schedule::failing`].
            failing("schedule.failing_ms"): Option<Duration> as Millis,
            /// Replaces [`Schedule::confirm_after`].
            confirm_after("schedule.confirm_after_ms"): Option<Duration> as Millis,
        }
    }
}

impl Section for FlowConfig {
    const NAME: &'static str = "flow";

    fn settings() -> &'static [Setting] {
        Self::SETTINGS
    }

    fn from_table(table: &Table) -> idv_core::Result<Self> {
        Self::from_table(table)
    }
}

impl FlowConfig {
    /// Returns the vault that seals personal data.
    ///
    /// ```
    /// use idv_flow::FlowConfig;
    ///
    /// let config = FlowConfig::default().key("0f".repeat(32).as_str());
    /// assert!(!config.vault()?.is_plain());
    /// assert!(FlowConfig::default().vault()?.is_plain());
    ///
    /// let error = FlowConfig::default().key("too short").vault().unwrap_err();
    /// assert!(error.to_string().contains("64 hexadecimal digits"));
    /// # Ok::<(), idv_flow::FlowError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`FlowError::Invalid`] if a key is not 64 hexadecimal digits, or there are older keys only.
    pub fn vault(&self) -> Result<Vault> {
        if let Some(directory) = &self.key_directory {
            let vault = Vault::from_provider(FileKeys::new(directory));
            let older = self.key.iter().chain(self.older_keys.iter());
            return older.into_iter().try_fold(vault, Vault::with_older);
        }
        match &self.key {
            Some(key) => self.older_keys.iter().try_fold(Vault::new(key)?, Vault::with_older),
            None if self.older_keys.is_empty() => Ok(Vault::plain()),
            None => Err(FlowError::Invalid(
                "`flow.key` is missing beside `flow.older_keys`: new values have to be sealed by a key too".to_owned(),
            )),
        }
    }

    /// Returns the webhook; `None` if none is configured.
    ///
    /// ```
    /// use idv_flow::FlowConfig;
    ///
    /// let url: idv_core::Url = "https://bank.example/hooks/idv".parse().unwrap();
    /// let config = FlowConfig::default().webhook_url(url);
    /// let error = config.webhook().unwrap_err();
    /// assert!(error.to_string().contains("flow.webhook.secret"));
    ///
    /// let config = config.webhook_secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
    /// assert!(config.webhook()?.is_some());
    /// # Ok::<(), idv_flow::FlowError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`FlowError::Invalid`] if the address or a secret does not have its form, or one of them is
    /// missing.
    pub fn webhook(&self) -> Result<Option<Webhook>> {
        match (&self.webhook_url, &self.webhook_secret) {
            (Some(url), Some(secret)) => {
                let webhook = Webhook::new(url.as_str(), secret)?;
                self.webhook_older_secrets
                    .iter()
                    .try_fold(webhook, Webhook::older_secret)
                    .map(Some)
            }
            (None, None) if self.webhook_older_secrets.is_empty() => Ok(None),
            _ => Err(FlowError::Invalid(
                "a webhook needs both `flow.webhook.url` and `flow.webhook.secret`".to_owned(),
            )),
        }
    }

    /// Returns the retention of new flows.
    ///
    /// ```
    /// use std::time::Duration;
    /// use idv_flow::FlowConfig;
    ///
    /// let config: FlowConfig = serde_json::from_str(r#"{"retention": {"vendor_days": 30}}"#)?;
    /// let retention = config.retention();
    /// assert_eq!(retention.vendor.after, Some(Duration::from_secs(30 * 24 * 60 * 60)));
    /// assert_eq!(retention.own.after, None); // kept until its deletion is requested
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    #[must_use]
    pub fn retention(&self) -> Retention {
        let keep = |after: Option<Duration>| {
            after.map_or_else(RetentionRule::until_asked, RetentionRule::after)
        };
        Retention::new(keep(self.vendor_retention), keep(self.own_retention))
    }

    /// Returns the evidence that is kept of new flows.
    ///
    /// ```
    /// use idv_core::report::EvidenceKind;
    /// use idv_flow::FlowConfig;
    ///
    /// let config: FlowConfig = serde_json::from_str(
    ///     r#"{"evidence": {"kinds": ["document_front", "selfie"], "max_mb": 10}}"#,
    /// )?;
    /// let policy = config.evidence();
    /// assert!(policy.keeps(EvidenceKind::Selfie) && !policy.keeps(EvidenceKind::Video));
    /// assert_eq!(policy.max_item, 10 * 1024 * 1024);
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    #[must_use]
    pub fn evidence(&self) -> EvidencePolicy {
        let mut policy = EvidencePolicy {
            kinds: self.evidence_kinds.clone(),
            ..EvidencePolicy::none()
        };
        policy.max_item = self
            .evidence_max_mb
            .map_or(policy.max_item, |mib| u64::from(mib) * MIB);
        policy.max_total = self
            .evidence_max_total_mb
            .map_or(policy.max_total, |mib| u64::from(mib) * MIB);
        policy.max_items = self.evidence_max_items.unwrap_or(policy.max_items);
        policy
    }

    /// Changes a schedule that suits the vendor to the configured one.
    ///
    /// ```
    /// # mod bank { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/bank.rs")); }
    /// # bank::run(async |bank| {
    /// # let client = bank.client();
    /// use std::time::Duration;
    /// use idv_flow::{FlowConfig, Schedule};
    ///
    /// let config: FlowConfig = serde_json::from_str(r#"{"schedule": {"interval_ms": 15000}}"#)?;
    /// let suitable = Schedule::of(client.info());
    /// let schedule = config.schedule(suitable.clone());
    /// assert_eq!(schedule.interval, Duration::from_secs(15));
    /// assert_eq!(schedule.backstop, suitable.backstop);
    /// # Ok(())
    /// # });
    /// ```
    #[must_use]
    pub fn schedule(&self, mut schedule: Schedule) -> Schedule {
        let set = |field: &mut Duration, value: Option<Duration>| *field = value.unwrap_or(*field);
        set(&mut schedule.interval, self.interval);
        // A longer interval lengthens the slowest one too, unless that is configured itself.
        schedule.slowest = schedule.slowest.max(schedule.interval);
        set(&mut schedule.slowest, self.slowest);
        set(&mut schedule.wake_gap, self.wake_gap);
        set(&mut schedule.backstop, self.backstop);
        set(&mut schedule.lifetime, self.lifetime);
        set(&mut schedule.grace, self.grace);
        set(&mut schedule.overdue, self.overdue);
        set(&mut schedule.create_within, self.create_within);
        set(&mut schedule.settle_within, self.settle_within);
        set(&mut schedule.failing, self.failing);
        set(&mut schedule.confirm_after, self.confirm_after);
        // A vendor without lists is not swept, whatever is configured; 0 turns the sweep of one
        // with lists off.
        if let (Some(_), Some(sweep)) = (schedule.sweep, self.sweep) {
            schedule.sweep = Some(sweep).filter(|sweep| !sweep.is_zero());
        }
        schedule
    }
}

impl SettingValue for EvidenceKinds {
    fn form() -> Cow<'static, str> {
        "`all`, `none`, or a list of kinds such as `document_front`, `selfie` and `video`".into()
    }

    fn read(value: &Value) -> Result<Self, Fault> {
        let words = <Vec<String>>::read(value)?;
        match words.as_slice() {
            [word] if word == "all" => Ok(Self::All),
            [word] if word == "none" => Ok(Self::None),
            [] => Ok(Self::None),
            words => words
                .iter()
                .map(|word| kind_of(word).ok_or(Fault::FORM))
                .collect::<Result<_, _>>()
                .map(Self::Only),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use idv_core::report::EvidenceKind;
    use idv_core::{Capability, CreateSafety, HandOffKind, ProviderId, ReportSource, VendorInfo};
    use serde_json::json;

    use super::*;
    use crate::{AccountLimits, CircuitBreaker};

    fn read(value: Value) -> Result<FlowConfig, String> {
        serde_json::from_value(value).map_err(|error| error.to_string())
    }

    fn schedule() -> Schedule {
        let id = ProviderId::new("example");
        let mut info = VendorInfo::new(
            id,
            "Example",
            CreateSafety::Keyed,
            HandOffKind::Redirect,
            ReportSource::Poll,
        );
        info.capabilities = vec![Capability::Listing];
        Schedule::of(&info)
    }

    #[test]
    fn every_key_of_the_schedule_changes_it() {
        for setting in FlowConfig::SETTINGS {
            let Some(key) = setting.key.strip_prefix("schedule.") else {
                continue;
            };
            let config = read(json!({ "schedule": { key: 7 } })).unwrap();
            assert_ne!(config.schedule(schedule()), schedule(), "{key}");
        }
        assert_eq!(FlowConfig::default().schedule(schedule()), schedule());
        assert!(schedule().sweep.is_some());
        let none = FlowConfig::default().sweep(Duration::ZERO);
        assert!(
            none.schedule(schedule()).sweep.is_none(),
            "a sweep of nothing is none"
        );
    }

    #[test]
    fn password_in_clear_is_refused_and_not_repeated() {
        for text in [
            "postgres://me:hunter2@db/flows",
            "postgresql://db/flows?password=hunter2",
            "mysql://me:hunter2@db",
        ] {
            let error = StoreAddress::parse_public(text).unwrap_err().to_string()
                + &read(json!({ "store": text })).unwrap_err();
            assert!(!error.contains("hunter2"), "{error}");
        }
        let place =
            StoreAddress::parse("postgres://me:hunter2@db:5433/flows?sslmode=require").unwrap();
        assert_eq!(
            format!("{place} {place:?}"),
            "postgres://db/flows postgres://db/flows"
        );
    }

    #[test]
    fn store_is_a_file_or_an_address() {
        assert_eq!(
            StoreAddress::public("flows.db").unwrap().file(),
            Some(Path::new("flows.db"))
        );
        assert!(
            StoreAddress::public("postgres://me@db/flows")
                .unwrap()
                .file()
                .is_none()
        );
        assert!(StoreAddress::public("").is_err());
        assert!(
            read(json!({ "store": 1 }))
                .unwrap_err()
                .contains("a file, or an address")
        );
    }

    #[test]
    fn server_of_another_machine_is_not_local() {
        for address in [
            "flows.db",
            "postgres://me@127.0.0.1:1/x",
            "postgres://localhost/x",
            "postgres:///x?host=/run/postgresql",
        ] {
            assert!(
                StoreAddress::parse(address).unwrap().is_local(),
                "{address}"
            );
        }
        for address in [
            "postgres://me@db.evil.example/x",
            "postgres://localhost/x?host=db.evil.example",
            "postgresql://10.0.0.1/x",
        ] {
            assert!(
                !StoreAddress::parse(address).unwrap().is_local(),
                "{address}"
            );
        }
    }

    #[test]
    fn evidence_is_configured_by_kinds_and_limits() {
        assert!(FlowConfig::default().evidence().is_none());
        let policy = read(
            json!({ "evidence": { "kinds": ["selfie", "video"], "max_mb": 2, "max_items": 3 } }),
        )
        .unwrap()
        .evidence();
        let expected = EvidencePolicy::of([EvidenceKind::Selfie, EvidenceKind::Video])
            .max_item(2 * MIB)
            .max_items(3);
        assert_eq!(policy, expected);
        for (text, kinds) in [
            ("all", EvidenceKinds::All),
            ("none", EvidenceKinds::None),
            ("", EvidenceKinds::None),
        ] {
            assert_eq!(
                read(json!({ "evidence": { "kinds": text } }))
                    .unwrap()
                    .evidence()
                    .kinds,
                kinds
            );
        }
        assert!(
            read(json!({ "evidence": { "kinds": ["selfies"] } }))
                .unwrap_err()
                .contains("`all`, `none`")
        );
    }

    #[test]
    fn webhook_needs_an_address_and_a_secret() {
        let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
        let url: Url = "https://bank.example/hooks".parse().unwrap();
        assert!(FlowConfig::default().webhook().unwrap().is_none());
        let whole = FlowConfig::default()
            .webhook_url(url.clone())
            .webhook_secret(secret)
            .webhook_older_secrets(secret);
        assert!(format!("{:?}", whole.webhook().unwrap()).contains("secrets: 2"));
        for part in [
            FlowConfig::default().webhook_url(url),
            FlowConfig::default().webhook_secret(secret),
            FlowConfig::default().webhook_older_secrets(secret),
        ] {
            assert!(
                part.webhook()
                    .unwrap_err()
                    .to_string()
                    .contains("`flow.webhook.url` and `flow.webhook.secret`")
            );
        }
    }

    #[test]
    fn accounts_have_limits_and_a_circuit_breaker() {
        let tables = json!({
            "bank": { "per_minute": 30, "concurrent": "4", "breaker_outages": 0 },
            "branch": { "per_second": 2, "breaker_interval_ms": 60_000 },
        });
        let limits = AccountLimits::none();
        let breaker = CircuitBreaker::default();
        let bank = AccountSettings {
            limits: limits.per_minute(30).concurrent(4),
            breaker: CircuitBreaker::new(0, breaker.probe_interval),
        };
        let branch = AccountSettings {
            limits: limits.per_second(2),
            breaker: CircuitBreaker::new(breaker.outages, Duration::from_secs(60)),
        };
        let expected = AccountTable::from([("bank", bank), ("branch", branch)]);
        let config = read(json!({ "accounts": tables })).unwrap();
        assert_eq!(config.accounts, expected);
        // As a variable of the environment has it.
        let config = read(json!({ "accounts": tables.to_string() })).unwrap();
        assert_eq!(config.accounts, expected);
        for (table, part) in [
            (json!({ "per_second": 0 }), "`per_second`"),
            (json!({ "persecond": 1 }), "did you mean `per_second`?"),
            (json!({ "per_second": 1, "per_minute": 1 }), "not both"),
            (json!(3), "a table for each account"),
        ] {
            let error = read(json!({ "accounts": { "bank": table } })).unwrap_err();
            assert!(error.contains(part), "{error}");
        }
    }

    #[test]
    fn directory_of_keys_goes_before_a_key() {
        let config = FlowConfig::default().key_directory("/etc/idv/keys");
        let both = config.clone().key("00".repeat(32).as_str());
        for config in [config, both] {
            let vault = config.vault().unwrap();
            assert_eq!(format!("{vault:?}"), "Vault(sealed by a key provider)");
        }
    }

    #[test]
    fn older_keys_need_a_key() {
        let older = FlowConfig::default().older_keys("00".repeat(32).as_str());
        assert!(
            older
                .vault()
                .unwrap_err()
                .to_string()
                .contains("`flow.key` is missing")
        );
        assert!(FlowConfig::default().vault().is_ok());
    }
}

//! The settings of accounts: the tables `flow.accounts`.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::time::Duration;

use idv_core::adapter::settings::{Fault, Positive, SettingValue, Value};

use crate::{AccountLimits, CircuitBreaker};

/// The limits and the circuit breaker of each account, by its name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AccountTable(BTreeMap<String, AccountSettings>);

/// The limits and the circuit breaker of an account.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct AccountSettings {
    /// The limits of the calls of all programs together.
    pub limits: AccountLimits,
    /// The circuit breaker.
    pub breaker: CircuitBreaker,
}

/// The keys of an account.
const ACCOUNT_KEYS: &[&str] = &[
    "per_second",
    "per_minute",
    "concurrent",
    "breaker_outages",
    "breaker_interval_ms",
];

impl AccountTable {
    /// Returns the settings of each account that has any.
    ///
    /// ```
    /// use idv_flow::FlowConfig;
    ///
    /// let config: FlowConfig = serde_json::from_str(
    ///     r#"{"accounts": {"idnow": {"per_minute": 30, "concurrent": 4}}}"#,
    /// )?;
    /// let (account, settings) = config.accounts.iter().next().expect("one account has settings");
    /// assert_eq!((account, settings.limits.concurrent), ("idnow", Some(4)));
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    pub fn iter(&self) -> impl Iterator<Item = (&str, AccountSettings)> {
        self.0
            .iter()
            .map(|(account, settings)| (account.as_str(), *settings))
    }
}

impl<S: Into<String>, const N: usize> From<[(S, AccountSettings); N]> for AccountTable {
    fn from(accounts: [(S, AccountSettings); N]) -> Self {
        let settings = accounts.map(|(account, settings)| (account.into(), settings));
        Self(settings.into())
    }
}

impl AccountSettings {
    fn read(value: &Value) -> Result<Self, Fault> {
        let Value::Object(table) = value else {
            return Err(Fault::FORM);
        };
        let (mut limits, mut breaker) = (AccountLimits::none(), CircuitBreaker::default());
        for (key, value) in table {
            let positive = || Positive::<u32>::read(value).map(|number| number.0);
            let fault = |_| {
                Fault::because(format!(
                    "expected a whole number for `{key}`, which is not 0 unless it is `breaker_outages`"
                ))
            };
            match key.as_str() {
                "per_second" | "per_minute" if limits.rate.is_some() => {
                    return Err(Fault::because(
                        "expected `per_second` or `per_minute`, not both",
                    ));
                }
                "per_second" => limits = limits.per_second(positive().map_err(fault)?),
                "per_minute" => limits = limits.per_minute(positive().map_err(fault)?),
                "concurrent" => limits = limits.concurrent(positive().map_err(fault)?),
                "breaker_outages" => breaker.outages = u32::read(value).map_err(fault)?,
                "breaker_interval_ms" => {
                    let millis = positive().map_err(fault)?;
                    breaker.probe_interval = Duration::from_millis(millis.into());
                }
                _ => return Err(Fault::word(&Value::String(key.clone()), ACCOUNT_KEYS)),
            }
        }
        Ok(Self { limits, breaker })
    }
}

impl SettingValue for AccountTable {
    fn form() -> Cow<'static, str> {
        "a table for each account, such as `idnow = { per_second = 10, concurrent = 4 }`, or one text with an object of JSON".into()
    }

    fn read(value: &Value) -> Result<Self, Fault> {
        let parsed;
        let tables = match value {
            Value::String(text) => {
                parsed = text.parse::<Value>().map_err(|_| Fault::FORM)?;
                &parsed
            }
            other => other,
        };
        let Value::Object(tables) = tables else {
            return Err(Fault::FORM);
        };
        let read = |(account, table): (&String, &Value)| {
            AccountSettings::read(table).map(|settings| (account.clone(), settings))
        };
        tables.iter().map(read).collect::<Result<_, _>>().map(Self)
    }
}

//! What is configured of flows: the table `flow` of a file, or the variables that begin with `IDV_FLOW_`.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use idv::adapter::settings::{number, words};
use idv::{Secret, Url};
use idv_flow::{Keep, Retention, Schedule, Vault};
use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, Visitor, value::MapAccessDeserializer};
use serde_json::{Map, Value, json};

use crate::failure::Failure;

/// How the variables begin that stand in for the table.
pub(crate) const PREFIX: &str = "IDV_FLOW_";

/// A day has so many seconds.
const DAY: u64 = 24 * 60 * 60;

/// What is configured of flows. Everything is optional.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct FlowTable {
    store: Option<Place>,
    key: Option<Secret>,
    older_keys: Vec<Secret>,
    /// The providers whose flows go on beside the chosen one's.
    #[serde(deserialize_with = "words")]
    pub(crate) also: Vec<String>,
    #[serde(deserialize_with = "milliseconds")]
    lease_ms: Option<Duration>,
    retention: RetentionTable,
    schedule: ScheduleTable,
}

/// After how many days copies are deleted.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RetentionTable {
    #[serde(deserialize_with = "days")]
    vendor_days: Option<Duration>,
    #[serde(deserialize_with = "days")]
    own_days: Option<Duration>,
}

/// What is changed about when vendors are asked.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
struct ScheduleTable {
    #[serde(deserialize_with = "milliseconds")]
    interval_ms: Option<Duration>,
    #[serde(deserialize_with = "milliseconds")]
    slowest_ms: Option<Duration>,
    #[serde(deserialize_with = "milliseconds")]
    wake_gap_ms: Option<Duration>,
    #[serde(deserialize_with = "milliseconds")]
    sweep_ms: Option<Duration>,
    #[serde(deserialize_with = "milliseconds")]
    backstop_ms: Option<Duration>,
    #[serde(deserialize_with = "milliseconds")]
    lifetime_ms: Option<Duration>,
    #[serde(deserialize_with = "milliseconds")]
    grace_ms: Option<Duration>,
    #[serde(deserialize_with = "milliseconds")]
    overdue_ms: Option<Duration>,
    #[serde(deserialize_with = "milliseconds")]
    create_within_ms: Option<Duration>,
    #[serde(deserialize_with = "milliseconds")]
    settle_within_ms: Option<Duration>,
    #[serde(deserialize_with = "milliseconds")]
    failing_ms: Option<Duration>,
    #[serde(deserialize_with = "milliseconds")]
    confirm_after_ms: Option<Duration>,
}

impl FlowTable {
    /// The variables and where in the table their values belong.
    const VARIABLES: &'static [(&'static str, Variable)] = &[
        ("STORE", Variable::Secret(&["store"])),
        ("KEY", Variable::Secret(&["key"])),
        ("KEY_FILE", Variable::SecretFile(&["key"])),
        ("OLDER_KEY", Variable::Secrets(&["older_keys"])),
        ("ALSO", Variable::Text(&["also"])),
        ("LEASE_MS", Variable::Text(&["lease_ms"])),
        ("RETENTION_VENDOR_DAYS", Variable::Text(&["retention", "vendor_days"])),
        ("RETENTION_OWN_DAYS", Variable::Text(&["retention", "own_days"])),
        ("SCHEDULE_INTERVAL_MS", Variable::Text(&["schedule", "interval_ms"])),
        ("SCHEDULE_SLOWEST_MS", Variable::Text(&["schedule", "slowest_ms"])),
        ("SCHEDULE_WAKE_GAP_MS", Variable::Text(&["schedule", "wake_gap_ms"])),
        ("SCHEDULE_SWEEP_MS", Variable::Text(&["schedule", "sweep_ms"])),
        ("SCHEDULE_BACKSTOP_MS", Variable::Text(&["schedule", "backstop_ms"])),
        ("SCHEDULE_LIFETIME_MS", Variable::Text(&["schedule", "lifetime_ms"])),
        ("SCHEDULE_GRACE_MS", Variable::Text(&["schedule", "grace_ms"])),
        ("SCHEDULE_OVERDUE_MS", Variable::Text(&["schedule", "overdue_ms"])),
        ("SCHEDULE_CREATE_WITHIN_MS", Variable::Text(&["schedule", "create_within_ms"])),
        ("SCHEDULE_SETTLE_WITHIN_MS", Variable::Text(&["schedule", "settle_within_ms"])),
        ("SCHEDULE_FAILING_MS", Variable::Text(&["schedule", "failing_ms"])),
        ("SCHEDULE_CONFIRM_AFTER_MS", Variable::Text(&["schedule", "confirm_after_ms"])),
    ];

    /// Parses the variables that are about flows, with the same validation as a file.
    pub(crate) fn from_variables(variables: &[(String, String)]) -> Result<Self, Failure> {
        let mut root = Map::new();
        for (name, value) in variables.iter().filter(|(name, _)| name.starts_with(PREFIX)) {
            let Some((path, value)) = Self::meaning(name, value) else {
                let names: Vec<String> = Self::VARIABLES.iter().map(|(known, _)| format!("{PREFIX}{known}")).collect();
                return Err(Failure::usage(format!("there is no environment variable {name}; there are: {}", names.join(", "))));
            };
            if !put(&mut root, path, value) {
                return Err(Failure::usage(format!("{name} is given twice: as a value and as a file")));
            }
        }
        serde_json::from_value(Value::Object(root)).map_err(|error| Failure::usage(format!("{PREFIX}…: {error}")))
    }

    /// Returns the place in the table that a variable stands for, and its value there.
    pub(crate) fn meaning(name: &str, value: &str) -> Option<(&'static [&'static str], Value)> {
        let suffix = name.strip_prefix(PREFIX)?;
        let (_, variable) = Self::VARIABLES.iter().find(|(known, _)| *known == suffix)?;
        Some(match variable {
            Variable::Text(path) => (*path, json!(value)),
            Variable::Secret(path) => (*path, json!({ "env": name })),
            Variable::SecretFile(path) => (*path, json!({ "file": value })),
            Variable::Secrets(path) => (*path, json!([{ "env": name }])),
        })
    }

    /// Where the flows are: where the command line says, else where the configuration does.
    pub(crate) fn place(&self, option: Option<&str>) -> Result<Place, Failure> {
        match (option, &self.store) {
            (Some(text), _) => Place::in_clear(text).map_err(Failure::usage),
            (None, Some(place)) => Ok(place.clone()),
            (None, None) => Err(Failure::usage(
                "no store is named: write --store FILE, `store = \"FILE\"` in the table `flow` of idv.toml, or set IDV_FLOW_STORE",
            )),
        }
    }

    /// What seals what is stored of people.
    pub(crate) fn vault(&self) -> Result<Vault, Failure> {
        let Some(key) = &self.key else {
            if self.older_keys.is_empty() {
                return Ok(Vault::plain());
            }
            return Err(Failure::usage(
                "flow.older_keys is given, and flow.key is not: what is written has to be sealed by a key too",
            ));
        };
        let vault = self.older_keys.iter().try_fold(Vault::new(key)?, Vault::with_older)?;
        Ok(vault)
    }

    /// For how long work is leased, where it is configured.
    pub(crate) const fn lease(&self) -> Option<Duration> {
        self.lease_ms
    }

    /// How long copies are kept of what is started.
    pub(crate) fn retention(&self) -> Retention {
        let keep = |after: Option<Duration>| after.map_or_else(Keep::until_asked, Keep::after);
        Retention::new(keep(self.retention.vendor_days), keep(self.retention.own_days))
    }

    /// The schedule that this makes of one that suits the vendor.
    pub(crate) fn schedule(&self, mut schedule: Schedule) -> Schedule {
        let table = &self.schedule;
        let set = |field: &mut Duration, value: Option<Duration>| *field = value.unwrap_or(*field);
        set(&mut schedule.interval, table.interval_ms);
        // A longer interval slows the slowest down too, unless that is configured itself.
        schedule.slowest = schedule.slowest.max(schedule.interval);
        set(&mut schedule.slowest, table.slowest_ms);
        set(&mut schedule.wake_gap, table.wake_gap_ms);
        set(&mut schedule.backstop, table.backstop_ms);
        set(&mut schedule.lifetime, table.lifetime_ms);
        set(&mut schedule.grace, table.grace_ms);
        set(&mut schedule.overdue, table.overdue_ms);
        set(&mut schedule.create_within, table.create_within_ms);
        set(&mut schedule.settle_within, table.settle_within_ms);
        set(&mut schedule.failing, table.failing_ms);
        set(&mut schedule.confirm_after, table.confirm_after_ms);
        // A vendor without lists is not swept, whatever is configured; 0 is how not to sweep one that has them.
        if let (Some(_), Some(sweep)) = (schedule.sweep, table.sweep_ms) {
            schedule.sweep = Some(sweep).filter(|sweep| !sweep.is_zero());
        }
        schedule
    }
}

/// How a variable's value stands in the table, and where.
enum Variable {
    Text(&'static [&'static str]),
    /// The variable holds the secret.
    Secret(&'static [&'static str]),
    /// The variable holds the path of a file that holds the secret.
    SecretFile(&'static [&'static str]),
    /// The variable holds the one secret of a list.
    Secrets(&'static [&'static str]),
}

/// Where flows are kept.
#[derive(Clone)]
pub(crate) enum Place {
    /// In a file of SQLite.
    File(PathBuf),
    /// In a database of PostgreSQL, at an address that may hold a password.
    Postgres(Secret),
}

impl Place {
    /// What stands where others can read it: without a password.
    fn in_clear(text: &str) -> Result<Self, String> {
        match Url::parse(text) {
            Ok(url) if is_postgres(&url) && has_password(&url) => Err(
                "a password is not written into a configuration or a command line: refer to the address by { env = \"NAME\" } or \
                 { file = \"path\" }, or set IDV_FLOW_STORE"
                    .to_owned(),
            ),
            _ => Self::parse(text),
        }
    }

    fn parse(text: &str) -> Result<Self, String> {
        if text.is_empty() {
            return Err("a store is a file, or an address that begins with postgres://".to_owned());
        }
        match Url::parse(text) {
            Ok(url) if is_postgres(&url) => Ok(Self::Postgres(Secret::new(text))),
            // The text could be an address with a password in it, so it is not repeated.
            _ if text.contains("://") => Err("a store is a file, or an address that begins with postgres://".to_owned()),
            _ => Ok(Self::File(PathBuf::from(text))),
        }
    }

    /// Returns whether an address of a store is a file, or a server on this machine.
    pub(crate) fn is_local(address: &str) -> bool {
        match Url::parse(address) {
            // An option of the address may name another server.
            Ok(url) if is_postgres(&url) => {
                (url.host_str().is_none_or(str::is_empty) || is_loopback_host(url.host_str().unwrap_or_default()))
                    && url.query_pairs().all(|(name, value)| {
                        !matches!(name.as_ref(), "host" | "hostaddr") || value.starts_with('/') || is_loopback_host(&value)
                    })
            }
            _ => true,
        }
    }

    /// The file, if it is one.
    pub(crate) fn file(&self) -> Option<&Path> {
        match self {
            Self::File(path) => Some(path),
            Self::Postgres(_) => None,
        }
    }
}

impl fmt::Display for Place {
    /// The file, or the server and the database: no user, no password, no options.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Postgres(address) => match Url::parse(address.expose()) {
                Ok(url) => write!(f, "postgres://{}{}", url.host_str().unwrap_or_default(), url.path()),
                Err(_) => f.write_str("postgres://"),
            },
        }
    }
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl<'de> Deserialize<'de> for Place {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(PlaceVisitor)
    }
}

struct PlaceVisitor;

impl<'de> Visitor<'de> for PlaceVisitor {
    type Value = Place;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "a file, an address that begins with postgres://, or a reference to one: { env = \"NAME\" } or { file = \"path\" }",
        )
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Place, E> {
        Place::in_clear(text).map_err(E::custom)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Place, A::Error> {
        let address = Secret::deserialize(MapAccessDeserializer::new(map))?;
        Place::parse(address.expose()).map_err(A::Error::custom)
    }
}

/// Returns whether a host is this machine. The addresses of PostgreSQL are not parsed as those of HTTP are.
fn is_loopback_host(host: &str) -> bool {
    Url::parse(&format!("http://{host}/")).is_ok_and(|url| idv::adapter::settings::is_loopback(&url))
}

fn is_postgres(url: &Url) -> bool {
    matches!(url.scheme(), "postgres" | "postgresql")
}

/// Whether an address has a password: before the host, or among its options.
fn has_password(url: &Url) -> bool {
    url.password().is_some() || url.query_pairs().any(|(name, _)| name == "password")
}

/// Puts a value where it belongs; `false` where there is one.
fn put(root: &mut Map<String, Value>, path: &[&str], value: Value) -> bool {
    match path {
        [] => false,
        [key] => root.insert((*key).to_owned(), value).is_none(),
        [table, rest @ ..] => {
            let table = root.entry(*table).or_insert_with(|| Value::Object(Map::new()));
            table.as_object_mut().is_some_and(|table| put(table, rest, value))
        }
    }
}

fn milliseconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
    number(deserializer).map(|number| Some(Duration::from_millis(number)))
}

fn days<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
    number(deserializer).map(|number: u64| Some(Duration::from_secs(number.saturating_mul(DAY))))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(pairs: &[(&str, &str)]) -> Result<FlowTable, Failure> {
        let pairs: Vec<(String, String)> = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        FlowTable::from_variables(&pairs)
    }

    fn schedule() -> Schedule {
        let providers = idv::providers();
        Schedule::of(providers.iter().find(|provider| provider.has(idv::Capability::Listing)).unwrap())
    }

    #[test]
    fn every_variable_is_a_key_of_the_table_and_changes_something() {
        for (suffix, variable) in FlowTable::VARIABLES {
            if let Variable::Text(path) = variable {
                let value = if *suffix == "ALSO" { "idnow" } else { "7" };
                let table = from(&[(&format!("{PREFIX}{suffix}"), value)]).unwrap_or_else(|error| panic!("{}", error.text()));
                let changed = table.schedule(schedule()) != schedule();
                assert_eq!(changed, path.first() == Some(&"schedule"), "{suffix}");
                assert_ne!(format!("{table:?}"), format!("{:?}", FlowTable::default()), "{suffix}");
            }
        }
    }

    #[test]
    fn an_unknown_variable_is_answered_with_what_there_is() {
        let error = from(&[("IDV_FLOW_STOR", "x")]).unwrap_err();
        assert!(error.text().contains("IDV_FLOW_STORE"), "{}", error.text());
        assert!(from(&[("IDV_FLOW_LEASE_MS", "soon")]).unwrap_err().text().contains("digits"));
    }

    #[test]
    fn a_password_in_clear_is_refused_and_not_repeated() {
        for text in ["postgres://me:hunter2@db/flows", "postgresql://db/flows?password=hunter2", "mysql://me:hunter2@db"] {
            let error = Place::in_clear(text).unwrap_err();
            assert!(!error.contains("hunter2"), "{error}");
        }
        let place = Place::parse("postgres://me:hunter2@db:5433/flows?sslmode=require").unwrap();
        assert_eq!(format!("{place} {place:?}"), "postgres://db/flows postgres://db/flows");
    }

    #[test]
    fn a_store_is_a_file_or_an_address() {
        assert_eq!(Place::in_clear("flows.db").unwrap().file(), Some(Path::new("flows.db")));
        assert!(Place::in_clear("postgres://me@db/flows").unwrap().file().is_none());
        assert!(Place::in_clear("").is_err());
    }

    #[test]
    fn server_of_another_machine_is_not_local() {
        for address in ["flows.db", "postgres://me@127.0.0.1:1/x", "postgres://localhost/x", "postgres:///x?host=/run/postgresql"]
        {
            assert!(Place::is_local(address), "{address}");
        }
        for address in
            ["postgres://me@db.evil.example/x", "postgres://localhost/x?host=db.evil.example", "postgresql://10.0.0.1/x"]
        {
            assert!(!Place::is_local(address), "{address}");
        }
    }

    #[test]
    fn a_sweep_of_nothing_is_none() {
        assert!(schedule().sweep.is_some());
        assert!(from(&[("IDV_FLOW_SCHEDULE_SWEEP_MS", "0")]).unwrap().schedule(schedule()).sweep.is_none());
    }
}

//! The stored control of an account: its mode, its limits and the state of its circuit breaker.
//!
//! Everything here is a pure function of the stored value and of a time. The value is JSON under
//! the name `account:<name>`, changed by compare-and-replace, and holds no personal data.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::limits::{AccountLimits, BATCH, CircuitBreaker, RateLimit};
use crate::audit::AuditHead;
use crate::error::{FlowError, Result};
use crate::machine::retention::later;

/// The version of the stored form. A program refuses a higher one.
const VERSION: u32 = 1;
/// Maximum number of changes that are remembered.
const HISTORY: usize = 20;
/// The longest time that a start may be planned ahead beyond its interval. Only a clock that was
/// set back can exceed it.
const MAX_AHEAD: Duration = Duration::from_secs(60);

/// Whether an account takes new flows and calls its vendor.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum AccountMode {
    /// The account works normally.
    #[default]
    Active,
    /// New flows are refused; the others continue.
    Draining,
    /// No program calls the vendor.
    Paused,
}

impl AccountMode {
    /// Returns the mode as one word.
    ///
    /// ```
    /// use idv_flow::AccountMode;
    ///
    /// assert_eq!(AccountMode::Draining.name(), "draining");
    /// assert_eq!(AccountMode::default(), AccountMode::Active);
    /// ```
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Draining => "draining",
            Self::Paused => "paused",
        }
    }
}

/// A change that an operator made to an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AccountChange {
    /// When the change was made.
    pub at: Timestamp,
    /// The operator's account.
    pub by: String,
    /// The change: `pause`, `resume`, `drain` or `limit`.
    pub change: String,
    #[serde(flatten)]
    newer: Map<String, Value>,
}

/// The control of an account, as it is stored.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct AccountControl {
    version: u32,
    pub(crate) mode: AccountMode,
    /// When the mode was set last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) since: Option<Timestamp>,
    /// Limits that an operator has set. They replace those of the configuration.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) limits: Option<StoredLimits>,
    /// When the next call may start.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_start: Option<Timestamp>,
    /// The calls that each program may have under way.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    slots: BTreeMap<String, Slots>,
    /// The number of outages in a row.
    #[serde(skip_serializing_if = "is_zero")]
    pub(crate) outages: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) open: Option<OpenCircuit>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) history: Vec<AccountChange>,
    /// The head of the account's audit trail.
    #[serde(skip_serializing_if = "TrailHead::is_empty")]
    trail: TrailHead,
    /// Fields that a newer program has added.
    #[serde(flatten)]
    newer: Map<String, Value>,
}

/// The head of an account's audit trail, as it is stored.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
struct TrailHead {
    count: u64,
    /// The hash of the last entry, in hexadecimal.
    hash: String,
}

impl TrailHead {
    const fn is_empty(&self) -> bool {
        self.count == 0
    }
}

/// Limits, as they are stored.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct StoredLimits {
    #[serde(skip_serializing_if = "Option::is_none")]
    calls: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    per_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    concurrent: Option<u32>,
    #[serde(flatten)]
    newer: Map<String, Value>,
}

impl From<AccountLimits> for StoredLimits {
    fn from(limits: AccountLimits) -> Self {
        let millis = |rate: RateLimit| u64::try_from(rate.per.as_millis()).unwrap_or(u64::MAX);
        Self {
            calls: limits.rate.map(|rate| rate.calls),
            per_ms: limits.rate.map(millis),
            concurrent: limits.concurrent,
            newer: Map::new(),
        }
    }
}

impl StoredLimits {
    fn read(&self) -> AccountLimits {
        let rate = self
            .calls
            .zip(self.per_ms)
            .map(|(calls, per)| RateLimit::new(calls, Duration::from_millis(per)));
        AccountLimits {
            rate: rate.filter(RateLimit::is_valid),
            concurrent: self.concurrent,
        }
    }
}

/// The calls that one program may have under way.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Slots {
    count: u32,
    /// When they lapse, unless the program renews them.
    until: Timestamp,
    #[serde(flatten)]
    newer: Map<String, Value>,
}

/// An open circuit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct OpenCircuit {
    pub(crate) since: Timestamp,
    /// When the next call may probe the vendor.
    pub(crate) probe_at: Timestamp,
    /// The kind of the failure that opened it.
    pub(crate) kind: String,
    #[serde(flatten)]
    newer: Map<String, Value>,
}

/// Calls that a program asks for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Demand<'a> {
    /// The random name of the program.
    pub(crate) program: &'a str,
    /// The number of calls it has under way.
    pub(crate) in_use: u32,
    /// The number of further calls it wants to start.
    pub(crate) wanted: u32,
    pub(crate) now: Timestamp,
    /// When its slots lapse.
    pub(crate) until: Timestamp,
}

/// The answer to a [`Demand`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Grant {
    Granted {
        /// The number of calls that may start.
        starts: u32,
        /// The number of calls that the program may have under way; 0 if there is no limit.
        slots: u32,
    },
    /// Nothing is free before then.
    Refused(Timestamp),
}

impl AccountControl {
    /// Reads a stored value. An account without one is active and has the configured limits.
    pub(crate) fn read(stored: Option<&[u8]>) -> Result<Self> {
        let Some(stored) = stored else {
            return Ok(Self::default());
        };
        let control: Self = serde_json::from_slice(stored)
            .map_err(|_| FlowError::Damaged("the control of an account cannot be parsed"))?;
        if control.version > VERSION {
            return Err(FlowError::Newer);
        }
        Ok(control)
    }

    pub(crate) fn to_json(&self) -> Vec<u8> {
        let control = Self {
            version: VERSION,
            ..self.clone()
        };
        // It is made of words, numbers and times, which always serialize.
        serde_json::to_vec(&control).unwrap_or_default()
    }

    /// Returns the limits that hold: the operator's, or else the configured ones.
    pub(crate) fn limits(&self, configured: AccountLimits) -> AccountLimits {
        self.limits.as_ref().map_or(configured, StoredLimits::read)
    }

    /// Returns the limits that an operator has set.
    pub(crate) fn set_limits(&self) -> Option<AccountLimits> {
        self.limits.as_ref().map(StoredLimits::read)
    }

    /// Returns the head of the account's audit trail.
    pub(crate) fn trail(&self) -> Result<AuditHead> {
        if self.trail.is_empty() {
            return Ok(AuditHead::default());
        }
        let mut hash = [0; 32];
        hex::decode_to_slice(&self.trail.hash, &mut hash)
            .map_err(|_| FlowError::Damaged("the control of an account cannot be parsed"))?;
        Ok(AuditHead {
            count: self.trail.count,
            hash,
        })
    }

    pub(crate) fn set_trail(&mut self, head: AuditHead) {
        self.trail = TrailHead {
            count: head.count,
            hash: hex::encode(head.hash),
        };
    }

    /// Remembers a change by an operator.
    pub(crate) fn note(&mut self, by: &str, change: &str, at: Timestamp) {
        self.history.push(AccountChange {
            at,
            by: by.to_owned(),
            change: change.to_owned(),
            newer: Map::new(),
        });
        let surplus = self.history.len().saturating_sub(HISTORY);
        self.history.drain(..surplus);
    }

    /// Grants calls under limits. Without a limit of a kind, as many as are wanted.
    pub(crate) fn grant(&mut self, limits: AccountLimits, demand: Demand<'_>) -> Grant {
        const OTHERS_MAY_RELEASE: Duration = Duration::from_secs(1);
        let Demand {
            program,
            in_use,
            wanted,
            now,
            until,
        } = demand;
        let free = limits.concurrent.map_or(wanted, |concurrent| {
            let taken = self.taken_by_others(program, now).saturating_add(in_use);
            concurrent.saturating_sub(taken)
        });
        let mut starts = wanted.min(free);
        if starts == 0 {
            return Grant::Refused(later(now, OTHERS_MAY_RELEASE));
        }
        if let Some(rate) = limits.rate {
            // A batch saves statements; one call is granted at the least.
            starts = self.take_starts(rate, now, starts.max(rate.burst()));
            if starts == 0 {
                return Grant::Refused(self.next_start.unwrap_or(now));
            }
        }
        let mut slots = 0;
        if limits.concurrent.is_some() {
            slots = in_use.saturating_add(starts.min(wanted).min(free));
            self.set_slots(program, slots, now, until);
        }
        Grant::Granted { starts, slots }
    }

    /// Sets the number of calls that a program may have under way, and removes lapsed ones.
    pub(crate) fn set_slots(
        &mut self,
        program: &str,
        count: u32,
        now: Timestamp,
        until: Timestamp,
    ) {
        self.slots.retain(|_, slots| slots.until > now);
        if count == 0 {
            self.slots.remove(program);
            return;
        }
        let slots = self
            .slots
            .entry(program.to_owned())
            .or_insert_with(|| Slots {
                count,
                until,
                newer: Map::new(),
            });
        (slots.count, slots.until) = (count, until);
    }

    /// Returns the number of calls that other programs may have under way.
    fn taken_by_others(&self, program: &str, now: Timestamp) -> u32 {
        self.slots
            .iter()
            .filter(|(name, slots)| *name != program && slots.until > now)
            .fold(0, |sum, (_, slots)| sum.saturating_add(slots.count))
    }

    /// Returns the number of calls that all programs may have under way.
    pub(crate) fn taken(&self, now: Timestamp) -> u32 {
        self.taken_by_others("", now)
    }

    /// Takes up to `wanted` starts: one for each interval that has begun, and after a pause as many
    /// as a burst.
    fn take_starts(&mut self, rate: RateLimit, now: Timestamp, wanted: u32) -> u32 {
        let interval = rate.interval();
        let burst = rate.burst();
        // A start that comes a little late does not slow those after it.
        let earliest = now.checked_sub(BATCH).unwrap_or(Timestamp::MIN);
        let latest = later(now, interval.saturating_add(MAX_AHEAD));
        let mut next = self
            .next_start
            .unwrap_or(Timestamp::MIN)
            .clamp(earliest, latest);
        let mut taken = 0;
        while taken < wanted.min(burst) && next <= now {
            next = later(next, interval);
            taken += 1;
        }
        self.next_start = Some(next);
        taken
    }

    /// Notes an outage. Returns whether it opens the circuit.
    pub(crate) fn note_outage(
        &mut self,
        breaker: CircuitBreaker,
        kind: &str,
        now: Timestamp,
    ) -> bool {
        self.outages = self.outages.saturating_add(1);
        if self.open.is_some() || breaker.outages == 0 || self.outages < breaker.outages {
            return false;
        }
        self.open = Some(OpenCircuit {
            since: now,
            probe_at: later(now, breaker.probe_interval),
            kind: kind.to_owned(),
            newer: Map::new(),
        });
        true
    }

    /// Takes the next probe of an open circuit. Returns when it lapses; `None` if it is not due.
    pub(crate) fn take_probe(
        &mut self,
        breaker: CircuitBreaker,
        now: Timestamp,
    ) -> Option<Timestamp> {
        let open = self.open.as_mut().filter(|open| open.probe_at <= now)?;
        open.probe_at = later(now, breaker.probe_interval);
        Some(open.probe_at)
    }

    /// Notes an answer of the vendor. Returns whether it closes the circuit.
    pub(crate) fn note_answer(&mut self) -> bool {
        self.outages = 0;
        self.open.take().is_some()
    }
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde calls it with a reference"
)]
const fn is_zero(number: &u32) -> bool {
    *number == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millisecond(1_700_000_000_000 + millis).unwrap()
    }

    fn demand(program: &str, in_use: u32, wanted: u32, now: Timestamp) -> Demand<'_> {
        Demand {
            program,
            in_use,
            wanted,
            now,
            until: later(now, Duration::from_secs(60)),
        }
    }

    fn starts(grant: Grant) -> u32 {
        match grant {
            Grant::Granted { starts, .. } => starts,
            Grant::Refused(_) => 0,
        }
    }

    #[test]
    fn rate_is_shared_and_bounded_over_any_window() {
        for (calls, per) in [(40, 1_000), (3, 1_000), (30, 60_000), (1, 250)] {
            let limits = AccountLimits::none().rate(calls, Duration::from_millis(per));
            let rate = limits.rate.unwrap();
            let mut control = AccountControl::default();
            let mut granted = Vec::new();
            for now in (0..120_000).step_by(50) {
                for program in ["a", "b"] {
                    let grant = control.grant(limits, demand(program, 0, 3, at(now)));
                    granted.extend((0..starts(grant)).map(|_| now));
                }
            }
            // After the first burst nothing but the rate, and nothing of it is lost.
            let ideal = 120_000 * i64::from(calls) / i64::try_from(per).unwrap();
            let total = i64::try_from(granted.len()).unwrap();
            assert!(
                total <= ideal + i64::from(rate.burst()) + 1 && total >= ideal * 9 / 10,
                "{total} of {ideal}"
            );
            let window = |from: i64| {
                granted
                    .iter()
                    .filter(|time| (from..from + 10_000).contains(*time))
                    .count()
            };
            let most = (10_000 * u64::from(calls) / per) as usize + rate.burst() as usize + 2;
            assert!(granted.iter().all(|from| window(*from) <= most));
        }
    }

    #[test]
    fn refusal_names_the_time_of_the_next_start() {
        let limits = AccountLimits::none().per_second(2);
        let mut control = AccountControl::default();
        assert_eq!(starts(control.grant(limits, demand("a", 0, 1, at(0)))), 1);
        assert_eq!(
            control.grant(limits, demand("a", 0, 1, at(100))),
            Grant::Refused(at(250))
        );
        assert_eq!(starts(control.grant(limits, demand("b", 0, 9, at(250)))), 1);
        // A clock that was an hour ahead does not stop the account for an hour.
        assert_eq!(
            starts(control.grant(limits, demand("a", 0, 1, at(3_600_000)))),
            1
        );
        control.grant(limits, demand("a", 0, 1, at(0)));
        assert_eq!(
            starts(control.grant(limits, demand("a", 0, 1, at(62_000)))),
            1
        );
    }

    #[test]
    fn slots_are_shared_until_they_lapse() {
        let limits = AccountLimits::none().concurrent(3);
        let mut control = AccountControl::default();
        let grant = control.grant(limits, demand("a", 0, 2, at(0)));
        assert_eq!(
            grant,
            Grant::Granted {
                starts: 2,
                slots: 2
            }
        );
        let grant = control.grant(limits, demand("b", 0, 2, at(0)));
        assert_eq!(
            grant,
            Grant::Granted {
                starts: 1,
                slots: 1
            }
        );
        assert!(matches!(
            control.grant(limits, demand("b", 1, 1, at(0))),
            Grant::Refused(_)
        ));
        assert_eq!(control.taken(at(0)), 3);
        control.set_slots("a", 0, at(0), at(60_000));
        let grant = control.grant(limits, demand("b", 1, 9, at(0)));
        assert_eq!(
            grant,
            Grant::Granted {
                starts: 2,
                slots: 3
            }
        );
        // The program crashed.
        let grant = control.grant(limits, demand("a", 0, 9, at(60_001)));
        assert_eq!(
            grant,
            Grant::Granted {
                starts: 3,
                slots: 3
            }
        );
    }

    #[test]
    fn circuit_opens_probes_and_closes() {
        let breaker = CircuitBreaker::new(2, Duration::from_secs(30));
        let mut control = AccountControl::default();
        assert!(!control.note_outage(breaker, "unavailable", at(0)));
        assert!(!control.note_answer(), "an answer begins the count anew");
        assert!(!control.note_outage(breaker, "unavailable", at(0)));
        assert!(control.note_outage(breaker, "unavailable", at(0)));
        assert!(!control.note_outage(breaker, "unavailable", at(0)));
        assert_eq!(control.take_probe(breaker, at(29_999)), None);
        assert_eq!(control.take_probe(breaker, at(30_000)), Some(at(60_000)));
        assert_eq!(control.take_probe(breaker, at(30_000)), None);
        assert!(control.note_answer());
        assert_eq!(control, AccountControl::default());
        let off = CircuitBreaker::off();
        assert!((0..100).all(|_| !control.note_outage(off, "unavailable", at(0))));
    }

    #[test]
    fn stored_form_keeps_fields_of_newer_programs() {
        let stored = br#"{"version":1,"mode":"paused","next":1,"limits":{"calls":2,"per_ms":1000,"daily":9},
            "slots":{"x":{"count":1,"until":"2030-01-01T00:00:00Z","who":7}},
            "open":{"since":"2030-01-01T00:00:00Z","probe_at":"2030-01-01T00:00:00Z","kind":"unavailable","why":[]},
            "history":[{"at":"2030-01-01T00:00:00Z","by":"ops","change":"pause","ticket":"T-1"}]}"#;
        let mut control = AccountControl::read(Some(stored)).unwrap();
        assert_eq!(control.mode, AccountMode::Paused);
        control.note("ops", "resume", at(0));
        let written: Value = serde_json::from_slice(&control.to_json()).unwrap();
        assert_eq!(written["next"], 1);
        assert_eq!(written["limits"]["daily"], 9);
        assert_eq!(written["slots"]["x"]["who"], 7);
        assert_eq!(written["open"]["why"], serde_json::json!([]));
        assert_eq!(written["history"][0]["ticket"], "T-1");
        assert_eq!(written["history"][1]["change"], "resume");
        for (stored, is_newer) in [
            (br#"{"version":2}"#.as_slice(), true),
            (b"", false),
            (b"[]", false),
            (br#"{"version":1,"mode":"dancing"}"#, false),
        ] {
            let error = AccountControl::read(Some(stored)).unwrap_err();
            assert_eq!(matches!(error, FlowError::Newer), is_newer, "{error}");
        }
    }

    #[test]
    fn history_keeps_the_latest_changes() {
        let mut control = AccountControl::default();
        for number in 0..30 {
            control.note(&format!("operator-{number}"), "pause", at(number));
        }
        assert_eq!(control.history.len(), HISTORY);
        assert_eq!(control.history.last().unwrap().by, "operator-29");
    }
}

//! The calls that this program may start and has under way, by account.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;

use super::control::AccountControl;
use super::limits::AccountLimits;
use crate::machine::retention::later;

/// The time for which a start that was granted can be used: an idle program must not hoard them.
const STARTS_LAST: Duration = Duration::from_millis(250);

/// The controls that this program has read, and the calls that it was granted. Clones share them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Permits(Arc<Mutex<BTreeMap<String, Pool>>>);

/// The part of one account.
#[derive(Debug, Default)]
struct Pool {
    cached: Option<Cached>,
    /// The starts that were granted and not used, and when they lapse.
    starts: u32,
    starts_until: Option<Timestamp>,
    /// The calls that may be under way, by the shared limit, and until when.
    held: u32,
    held_until: Option<Timestamp>,
    /// The calls that are under way, or about to be.
    in_use: u32,
    /// Since when fewer calls are under way than may be.
    surplus_since: Option<Timestamp>,
    /// When a probe of the open circuit lapses that was taken and not used.
    probe_until: Option<Timestamp>,
    /// When calls may be possible again, after one was refused.
    again: Option<Timestamp>,
}

/// A control that was read from the store.
#[derive(Debug, Clone)]
pub(crate) struct Cached {
    pub(crate) stored: Option<Vec<u8>>,
    pub(crate) control: AccountControl,
    pub(crate) read_at: Timestamp,
}

/// The kind of a permit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Unlimited,
    Limited,
    Probe(Timestamp),
}

/// Permission for one call. A call that did not start gives it back when it is dropped.
#[derive(Debug)]
#[must_use = "the call may only be made while it is held"]
pub(crate) struct Permit {
    permits: Permits,
    account: String,
    kind: Kind,
    is_used: bool,
}

impl Permit {
    /// Notes that the call starts.
    pub(crate) const fn start(&mut self) {
        self.is_used = true;
    }

    /// Returns whether it permits a call although the circuit is open.
    pub(crate) const fn is_probe(&self) -> bool {
        matches!(self.kind, Kind::Probe(_))
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.permits.with(&self.account, |pool| {
            pool.in_use = pool.in_use.saturating_sub(1);
            match self.kind {
                Kind::Limited if !self.is_used => pool.starts = pool.starts.saturating_add(1),
                Kind::Probe(until) if !self.is_used => pool.probe_until = Some(until),
                _ => {}
            }
        });
    }
}

impl Permits {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Pool>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn with<T>(&self, account: &str, change: impl FnOnce(&mut Pool) -> T) -> T {
        let mut pools = self.lock();
        if let Some(pool) = pools.get_mut(account) {
            return change(pool);
        }
        change(pools.entry(account.to_owned()).or_default())
    }

    pub(crate) fn cached(&self, account: &str) -> Option<Cached> {
        self.with(account, |pool| pool.cached.clone())
    }

    pub(crate) fn cache(&self, account: &str, cached: Cached) {
        self.with(account, |pool| pool.cached = Some(cached));
    }

    /// Returns the number of calls of this program that are under way, or about to be.
    pub(crate) fn in_use(&self, account: &str) -> u32 {
        self.with(account, |pool| pool.in_use)
    }

    /// Permits a call without a limit.
    pub(crate) fn unlimited(&self, account: &str) -> Permit {
        self.with(account, |pool| pool.in_use = pool.in_use.saturating_add(1));
        self.of(account, Kind::Unlimited)
    }

    /// Notes that calls may be possible from now on.
    pub(crate) fn reopen(&self, account: &str) {
        self.with(account, |pool| pool.again = None);
    }

    /// Permits up to `wanted` calls out of those that were granted to this program.
    pub(crate) fn take(
        &self,
        account: &str,
        limits: AccountLimits,
        now: Timestamp,
        wanted: u32,
    ) -> Vec<Permit> {
        let count = self.with(account, |pool| {
            if pool.starts_until.is_none_or(|until| until <= now) {
                pool.starts = 0;
            }
            if pool.held_until.is_none_or(|until| until <= now) {
                pool.held = 0;
            }
            let mut count = wanted;
            if limits.rate.is_some() {
                count = count.min(pool.starts);
            }
            if limits.concurrent.is_some() {
                count = count.min(pool.held.saturating_sub(pool.in_use));
            }
            pool.starts -= count.min(pool.starts);
            pool.in_use = pool.in_use.saturating_add(count);
            count
        });
        (0..count)
            .map(|_| self.of(account, Kind::Limited))
            .collect()
    }

    /// Adds what was granted.
    pub(crate) fn add(
        &self,
        account: &str,
        starts: u32,
        held: u32,
        now: Timestamp,
        until: Timestamp,
    ) {
        self.with(account, |pool| {
            pool.starts = pool.starts.saturating_add(starts);
            pool.starts_until = Some(later(now, STARTS_LAST));
            (pool.held, pool.held_until) = (held, Some(until));
            pool.surplus_since = None;
            pool.again = None;
        });
    }

    /// Notes the number of calls that may be under way, after it was stored.
    pub(crate) fn hold(&self, account: &str, held: u32, until: Timestamp) {
        self.with(account, |pool| {
            (pool.held, pool.held_until, pool.surplus_since) = (held, Some(until), None);
        });
    }

    /// Returns whether what this program holds has to be stored anew: released, because calls have
    /// ended, or renewed.
    pub(crate) fn is_unsettled(
        &self,
        account: &str,
        now: Timestamp,
        patience: Duration,
        renewed_before: Timestamp,
    ) -> bool {
        self.with(account, |pool| {
            if pool.held == 0 {
                return false;
            }
            if pool.held <= pool.in_use {
                pool.surplus_since = None;
                return pool.held_until.is_none_or(|until| until < renewed_before);
            }
            later(*pool.surplus_since.get_or_insert(now), patience) <= now
        })
    }

    /// Permits the probe of an open circuit that was taken and not used.
    pub(crate) fn take_probe(&self, account: &str, now: Timestamp) -> Option<Permit> {
        let until = self.with(account, |pool| {
            pool.probe_until.take().filter(|until| *until > now)
        })?;
        Some(self.probe(account, until))
    }

    /// Permits the probe of an open circuit, which lapses then.
    pub(crate) fn probe(&self, account: &str, until: Timestamp) -> Permit {
        self.with(account, |pool| {
            pool.in_use = pool.in_use.saturating_add(1);
            pool.again = None;
        });
        self.of(account, Kind::Probe(until))
    }

    /// Returns whether a probe was taken and not used.
    pub(crate) fn has_probe(&self, account: &str, now: Timestamp) -> bool {
        self.with(account, |pool| {
            pool.probe_until.is_some_and(|until| until > now)
        })
    }

    /// Notes that no call is possible before `again`.
    pub(crate) fn refuse_until(&self, account: &str, again: Timestamp) {
        self.with(account, |pool| pool.again = Some(again));
    }

    /// Returns when a call may be possible; `None` if none was refused, or calls may be possible
    /// now.
    pub(crate) fn refused_until(&self, account: &str, now: Timestamp) -> Option<Timestamp> {
        self.with(account, |pool| pool.again.filter(|again| *again > now))
    }

    fn of(&self, account: &str, kind: Kind) -> Permit {
        Permit {
            permits: self.clone(),
            account: account.to_owned(),
            kind,
            is_used: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millisecond(millis).unwrap()
    }

    #[test]
    fn unused_permits_are_given_back_and_lapse() {
        let permits = Permits::default();
        let limits = AccountLimits::none().per_second(8).concurrent(2);
        permits.add("a", 2, 2, at(0), at(60_000));
        let mut taken = permits.take("a", limits, at(0), 9);
        assert_eq!((taken.len(), permits.in_use("a")), (2, 2));
        taken[0].start();
        drop(taken);
        assert_eq!(permits.in_use("a"), 0);
        let again = permits.take("a", limits, at(100), 9);
        assert_eq!(again.len(), 1, "one was used");
        drop(again);
        assert!(permits.take("a", limits, at(250), 9).is_empty(), "too late");
        let unlimited = [permits.unlimited("b"), permits.unlimited("b")];
        assert_eq!((unlimited.len(), permits.in_use("b")), (2, 2));
    }

    #[test]
    fn surplus_is_released_after_a_while_and_the_rest_renewed() {
        let permits = Permits::default();
        let limits = AccountLimits::none().concurrent(2);
        let second = Duration::from_secs(1);
        permits.add("a", 2, 2, at(0), at(60_000));
        let taken = permits.take("a", limits, at(0), 2);
        assert!(!permits.is_unsettled("a", at(0), second, at(30_000)));
        assert!(permits.is_unsettled("a", at(0), second, at(60_001)));
        drop(taken);
        assert!(!permits.is_unsettled("a", at(1_000), second, at(30_000)));
        assert!(permits.is_unsettled("a", at(2_000), second, at(30_000)));
        permits.hold("a", 0, at(60_000));
        assert!(!permits.is_unsettled("a", at(9_000), second, at(99_000)));
        assert!(permits.take("a", limits, at(9_000), 1).is_empty());
    }

    #[test]
    fn unused_probe_is_kept_until_it_lapses() {
        let permits = Permits::default();
        let mut probe = permits.probe("a", at(30_000));
        assert!(!permits.has_probe("a", at(0)));
        drop(probe);
        assert!(permits.has_probe("a", at(0)) && !permits.has_probe("a", at(30_000)));
        probe = permits.take_probe("a", at(1)).unwrap();
        probe.start();
        drop(probe);
        assert!(permits.take_probe("a", at(1)).is_none());
    }
}

//! Divides the places of a program's workers among its accounts, so that a vendor that hangs does
//! not stop the others.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// The number of places that each account has taken.
#[derive(Debug, Default)]
pub(crate) struct Places(Mutex<BTreeMap<String, usize>>);

/// A place that is taken until it is dropped.
#[derive(Debug)]
pub(crate) struct Place {
    places: Arc<Places>,
    account: String,
}

/// Limits for a claim: a number of flows of any account, and one flow more of each listed account.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Shares<'p> {
    pub(crate) of_any: usize,
    pub(crate) one_each: Vec<&'p str>,
}

impl Places {
    /// Takes a place.
    pub(crate) fn take(self: &Arc<Self>, account: &str) -> Place {
        *self.lock().entry(account.to_owned()).or_default() += 1;
        Place {
            places: Arc::clone(self),
            account: account.to_owned(),
        }
    }

    /// Divides the `free` places of `workers`. A place is left for each account that has none, as
    /// far as half of the workers reach: the first flow of a vendor never waits for the others'
    /// calls.
    pub(crate) fn shares<'p>(
        &self,
        workers: usize,
        free: usize,
        accounts: &[&'p str],
    ) -> Shares<'p> {
        let taken = self.lock();
        let has_none = |account: &&str| !taken.contains_key(*account);
        let mut idle: Vec<&str> = accounts.iter().copied().filter(has_none).collect();
        let others = if idle.len() == accounts.len() {
            idle.len().saturating_sub(1)
        } else {
            idle.len()
        };
        let left = others.min(workers / 2).min(free);
        idle.truncate(free);
        Shares {
            of_any: free - left,
            one_each: if left > 0 { idle } else { Vec::new() },
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.lock();
        if let Some(count) = taken.get_mut(&self.account) {
            *count -= 1;
            if *count == 0 {
                taken.remove(&self.account);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn place_is_left_for_each_account_that_has_none() {
        let places = Arc::new(Places::default());
        let shares = |free, accounts: &[&'static str]| {
            let Shares { of_any, one_each } = places.shares(4, free, accounts);
            (of_any, one_each)
        };
        assert_eq!(
            shares(4, &["a"]),
            (4, vec![]),
            "a single account has all places"
        );
        assert_eq!(shares(4, &["a", "b"]), (3, vec!["a", "b"]));
        let hanging = [places.take("a"), places.take("a"), places.take("a")];
        assert_eq!(
            shares(1, &["a", "b"]),
            (0, vec!["b"]),
            "the last place is the other's"
        );
        assert_eq!(shares(1, &["a"]), (1, vec![]));
        let second = places.take("b");
        assert_eq!(shares(0, &["a", "b"]), (0, vec![]));
        drop(second);
        drop(hanging);
        assert_eq!(
            shares(4, &["a", "b"]),
            (3, vec!["a", "b"]),
            "places are given back"
        );
        assert_eq!(
            shares(4, &["a", "b", "c", "d", "e"]),
            (2, vec!["a", "b", "c", "d"]),
            "half of the workers are free for any account"
        );
        assert_eq!(
            places.shares(1, 1, &["a", "b"]),
            Shares {
                of_any: 1,
                one_each: vec![]
            },
            "one worker serves all accounts"
        );
    }
}

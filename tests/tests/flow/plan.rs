//! The plan of a world, derived from its seed: the people, their actions, and the faults.

use std::time::Duration;

use idv::{NewVerification, Reference, Timestamp, VendorInfo};
use idv_flow::{EvidencePolicy, Retention, RetentionRule, Schedule};
use idv_sandbox::{Fault, FaultKind};
use jiff::SignedDuration;

use super::clock::{Leap, Skew, later};
use super::executor::Fate;
use super::random::Chance;
use super::transport::Outage;
use super::vendor::Vendor;
use idv_testkit::conformance::SCENARIOS;

const SECOND: Duration = Duration::from_secs(1);
pub const MINUTE: Duration = Duration::from_secs(60);
pub const HOUR: Duration = Duration::from_secs(60 * 60);
pub const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// The plan of a world.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The vendors, usually one and at most two.
    pub vendors: Vec<Vendor>,
    pub lives: Vec<Life>,
    /// The programs that run over the store.
    pub programs: Vec<Configuration>,
    /// The fates of the programs, in the order in which they start. Further programs have none.
    pub fates: Vec<Fate>,
    pub nuisances: Vec<(Duration, Nuisance)>,
    /// The percentage of requests that fail.
    pub trouble: u64,
    pub outages: Vec<Outage>,
    /// The share of the store's transactions that fail, in tenths of a percent.
    pub store_faults: u64,
    /// The time after which the vendors, the network, the store and the programs do not fail.
    pub calm_from: Timestamp,
    /// The faults of callbacks.
    pub callback_faults: Vec<Fault>,
    /// The interval at which an operator reads the list of tasks, if there is an operator.
    pub operator: Option<Duration>,
    pub sealed: bool,
}

/// The configuration of a program, and the clock of its machine.
#[derive(Debug, Clone)]
pub struct Configuration {
    /// The vendors at which the program has an account.
    pub vendors: Vec<Vendor>,
    pub workers: usize,
    pub skew: Skew,
}

/// A disturbance of a program.
#[derive(Debug, Clone, Copy)]
pub enum Nuisance {
    /// The program is killed.
    Kill(usize),
    /// The program is asked to stop, and starts again.
    Restart(usize),
    /// The program hangs for this long, and then continues.
    Hang(usize, Duration),
}

/// One person's verification.
#[derive(Debug, Clone)]
pub struct Life {
    pub number: usize,
    pub vendor: Vendor,
    pub new: NewVerification,
    pub scenario: &'static str,
    /// The time from the beginning of the world to the start.
    pub start_after: Duration,
    /// Whether the application repeats the start until it knows the result.
    pub insists: bool,
    /// The time from the creation at the vendor to the person's action.
    pub acts_after: Duration,
    /// Whether the person acts even if the flow has no link.
    pub acts_without_link: bool,
    pub retention: Retention,
    /// The evidence that the application keeps.
    pub evidence: EvidencePolicy,
    /// The time from the beginning of the world to the application's request for deletion.
    pub delete_after: Option<Duration>,
    /// The times from the beginning of the world to each forged callback.
    pub forge_after: Vec<Duration>,
}

impl Plan {
    pub fn of(vendor: Vendor, seed: u64, began: Timestamp) -> Self {
        let chance = Chance::new(seed ^ vendor.number() << 56);
        // Some worlds have no faults, so that errors show that do not depend on faults.
        let wild = chance.percent(90);
        let calm_after = if wild {
            chance.between_times(HOUR, 4 * DAY)
        } else {
            SECOND
        };
        let mut vendors = vec![vendor];
        if chance.percent(30) {
            let others: Vec<_> = Vendor::all().filter(|other| *other != vendor).collect();
            vendors.push(chance.pick(&others));
        }
        let lives = (0..chance.pick(&[1, 1, 1, 1, 1, 2, 2, 3, 4]).max(vendors.len()))
            .map(|number| Life::of(vendors[number % vendors.len()], number, &chance, began))
            .collect();
        let count = chance.pick(&[1, 1, 2]);
        let programs: Vec<_> = (0..count)
            .map(|number| {
                // The first program has all accounts; another may have only one.
                let vendors = if number > 0 && chance.percent(50) {
                    vec![chance.pick(&vendors)]
                } else {
                    vendors.clone()
                };
                let skew = if wild {
                    skew(&chance, began, calm_after)
                } else {
                    Skew::default()
                };
                Configuration {
                    vendors,
                    workers: chance.pick(&[1, 2, 4]),
                    skew,
                }
            })
            .collect();
        let fates = if wild {
            (0..chance.between(0, 7)).map(|_| fate(&chance)).collect()
        } else {
            Vec::new()
        };
        let count = if wild { chance.between(0, 4) } else { 0 };
        let mut nuisances: Vec<_> = (0..count)
            .map(|_| {
                let who = chance.index(programs.len());
                let nuisance = match chance.between(0, 4) {
                    0 => Nuisance::Restart(who),
                    1 => Nuisance::Kill(who),
                    _ => Nuisance::Hang(who, chance.between_times(10 * SECOND, 12 * HOUR)),
                };
                (
                    chance.between_times(SECOND, calm_after.max(MINUTE)),
                    nuisance,
                )
            })
            .collect();
        nuisances.sort_by_key(|(after, _)| *after);
        Self {
            vendors,
            lives,
            programs,
            fates,
            nuisances,
            trouble: if wild {
                chance.pick(&[0, 5, 15, 30, 60])
            } else {
                0
            },
            outages: if wild && chance.percent(30) {
                outages(&chance, began, calm_after)
            } else {
                Vec::new()
            },
            store_faults: if wild {
                chance.pick(&[0, 0, 0, 2, 10])
            } else {
                0
            },
            calm_from: later(began, calm_after),
            callback_faults: if wild {
                callback_faults(&chance)
            } else {
                Vec::new()
            },
            operator: chance
                .percent(60)
                .then(|| chance.between_times(6 * HOUR, 3 * DAY)),
            sealed: chance.percent(10),
        }
    }

    /// Returns whether a program hangs and then continues.
    pub fn has_hangs(&self) -> bool {
        self.fates.iter().any(|fate| fate.hangs_for.is_some())
            || self
                .nuisances
                .iter()
                .any(|(_, nuisance)| matches!(nuisance, Nuisance::Hang(..)))
    }

    /// Returns the vendor's schedule with fewer polls, since a world lasts for months.
    pub fn schedule(info: &VendorInfo) -> Schedule {
        let mut schedule = Schedule::of(info);
        schedule.growth = 3.0;
        schedule.slowest = 6 * DAY;
        schedule.backstop = 6 * DAY;
        schedule.sweep = schedule.sweep.map(|_| 2 * DAY);
        // No person in a world waits longer.
        schedule.lifetime = schedule.lifetime.min(12 * DAY);
        schedule
    }
}

impl Life {
    fn of(vendor: Vendor, number: usize, chance: &Chance, began: Timestamp) -> Self {
        let new = vendor.new_verification(Reference::random(chance), number);
        // Scenarios that last for months are rarer, since they take most of the run time.
        let scenario = loop {
            let scenario = chance.pick(SCENARIOS);
            let long = matches!(
                scenario,
                "expired" | "never-finishes" | "unknown-status" | "canceled-in-review"
            );
            if !long || chance.percent(25) {
                break scenario;
            }
        };
        let keep = |chance: &Chance, shortest, longest| match chance.between(0, 3) {
            0 => RetentionRule::until_asked(),
            _ => RetentionRule::after(chance.between_times(shortest, longest)),
        };
        let mut retention = Retention::new(
            keep(chance, MINUTE, 3 * DAY),
            keep(chance, MINUTE, 10 * DAY),
        );
        if chance.percent(10) {
            retention.vendor = retention
                .vendor
                .not_before(later(began, chance.between_times(HOUR, 20 * DAY)));
        }
        let keeps_evidence = new
            .reference
            .as_str()
            .bytes()
            .last()
            .is_some_and(|byte| byte % 2 == 0);
        let evidence = if keeps_evidence {
            EvidencePolicy::all()
        } else {
            EvidencePolicy::none()
        };
        let forgeries = if chance.percent(30) {
            chance.between(1, 4)
        } else {
            0
        };
        Self {
            number,
            vendor,
            new,
            scenario,
            start_after: chance.between_times(SECOND, 6 * HOUR),
            insists: chance.percent(70),
            acts_after: chance.between_times(2 * SECOND, vendor.patience()),
            acts_without_link: chance.percent(30),
            retention,
            evidence,
            delete_after: chance
                .percent(30)
                .then(|| chance.between_times(MINUTE, 20 * DAY)),
            forge_after: (0..forgeries)
                .map(|_| chance.between_times(MINUTE, 5 * DAY))
                .collect(),
        }
    }
}

impl Vendor {
    /// Returns the longest time before a person acts, well within the verification's lifetime.
    fn patience(self) -> Duration {
        let most = Duration::from_secs(5 * 24 * 60 * 60);
        self.info()
            .lifetime
            .map_or(most, |lifetime| most.min(lifetime * 2 / 3))
    }
}

/// Returns the poll at which a program crashes or hangs. Early polls are likelier, since most await
/// points come early.
fn fate(chance: &Chance) -> Fate {
    let longest = chance.pick(&[20, 60, 200, 1_000]);
    let polls = chance.between(0, longest);
    Fate {
        polls,
        hangs_for: chance
            .percent(25)
            .then(|| chance.between_times(10 * SECOND, 5 * DAY)),
    }
}

/// Returns the deviation of a program's clock: usually none, often a little, and sometimes a large
/// one for a while.
fn skew(chance: &Chance, began: Timestamp, calm_after: Duration) -> Skew {
    let drift = match chance.between(0, 3) {
        0 => SignedDuration::from_millis(chance.between(0, 40_000).cast_signed() - 20_000),
        _ => SignedDuration::ZERO,
    };
    let leap = chance.percent(20).then(|| {
        let from = later(began, chance.between_times(SECOND, calm_after.max(MINUTE)));
        let hours = chance.pick(&[-720, -24, -1, 1, 24, 744, 52_560]);
        Leap {
            from,
            until: later(from, chance.between_times(SECOND, 20 * MINUTE)),
            by: SignedDuration::from_hours(hours),
        }
    });
    Skew { drift, leap }
}

fn outages(chance: &Chance, began: Timestamp, calm_after: Duration) -> Vec<Outage> {
    let kinds = [
        FaultKind::Refuse,
        FaultKind::CutBefore,
        FaultKind::Html,
        FaultKind::Status {
            code: 503,
            retry_after: None,
        },
        FaultKind::Status {
            code: 429,
            retry_after: Some("3600".to_owned()),
        },
    ];
    let outage = || {
        let from = later(began, chance.between_times(SECOND, calm_after.max(MINUTE)));
        Outage {
            from,
            until: later(from, chance.between_times(MINUTE, 30 * HOUR)),
            kind: chance.pick(&kinds),
        }
    };
    (0..chance.between(1, 3)).map(|_| outage()).collect()
}

fn callback_faults(chance: &Chance) -> Vec<Fault> {
    (0..chance.between(0, 5))
        .map(|_| {
            let kind = match chance.between(0, 5) {
                0 | 1 => FaultKind::CallbackLost,
                2 => FaultKind::CallbackLate(chance.between_times(MINUTE, 3 * DAY).as_secs()),
                3 => FaultKind::CallbackDuplicated,
                _ => FaultKind::CallbackReordered,
            };
            Fault::new(kind).after(u32::try_from(chance.between(0, 3)).unwrap())
        })
        .collect()
}

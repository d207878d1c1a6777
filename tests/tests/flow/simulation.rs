//! The real runner over the sandbox, in seeded worlds.

use super::media::Medium;
use super::vendor::Vendor;
use super::world::{Setting, World};

/// The number of worlds for each vendor, unless `IDV_SIMULATION_SEEDS` sets another. CI takes
/// 2,000.
const SEEDS: u64 = 100;

/// Simulates one world. Returns its record, which is empty unless the setting is traced, and the
/// violated property, if any.
pub fn live(vendor: Vendor, seed: u64, setting: Setting) -> (String, Result<(), String>) {
    let mut world = World::new(vendor, seed, setting);
    let result = world.run();
    (world.trace.text(), result)
}

fn setting(medium: Medium, traced: bool) -> Setting {
    Setting {
        traced,
        ..medium.setting()
    }
}

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable)
        .ok()
        .map(|text| text.parse().expect("expected a seed or a number of seeds"))
}

/// Simulates every world of a vendor over a kind of store, or the one that `IDV_SIMULATION_SEED`
/// names, and prints the record of the first that fails.
#[allow(clippy::print_stdout, reason = "the record explains a failure")]
fn simulate(module: &str, medium: Medium) {
    let vendor = Vendor::of_module(module);
    let only = number("IDV_SIMULATION_SEED");
    let seeds = only.map_or_else(
        || {
            let seeds = number("IDV_SIMULATION_SEEDS").unwrap_or(SEEDS);
            0..seeds.div_ceil(medium.divisor())
        },
        |seed| seed..seed + 1,
    );
    let failed: Vec<u64> = seeds
        .filter(|seed| live(vendor, *seed, setting(medium, false)).1.is_err())
        .collect();
    let Some(seed) = failed.first().copied().or(only) else {
        return;
    };
    // The same world again, with a record.
    let (trace, result) = live(vendor, seed, setting(medium, true));
    println!("{trace}");
    let id = vendor.id();
    let test = format!("simulation::{}::{module}", medium.name());
    let replay = format!("IDV_SIMULATION_SEED={seed} cargo test -p idv-tests --test flow {test}");
    match result {
        Err(error) => panic!(
            "seed {seed} of {id} failed: {error}; replay with {replay}\nfailed seeds: {failed:?}"
        ),
        Ok(()) => assert_eq!(
            failed, [0; 0],
            "seed {seed} of {id} failed once and passed when it was simulated again"
        ),
    }
}

macro_rules! simulations {
    ($($vendor:ident,)*) => {
        mod memory {
            $(#[test]
            fn $vendor() {
                super::simulate(stringify!($vendor), super::Medium::Memory);
            })*
        }
        mod sqlite {
            $(#[test]
            fn $vendor() {
                super::simulate(stringify!($vendor), super::Medium::Sqlite);
            })*
        }
        mod postgres {
            $(#[test]
            fn $vendor() {
                super::simulate(stringify!($vendor), super::Medium::Postgres);
            })*
        }
    };
}

idv_sandbox::for_each_vendor!(simulations);

/// The events that the first [`SEEDS`] worlds of all vendors must contain, as their records show.
const EVENTS: &[&str] = &[
    "the connection was refused [",
    "the connection broke [CutBefore]",
    "the connection broke [CutAfter]",
    "[Delay(40000)]",
    "503 [Status",
    "429 [Status",
    "[Html]",
    "[Truncated]",
    "[WrongType]",
    "a callback reached no program",
    "a callback was answered with Some(200)",
    "a callback was answered with Some(403)",
    "a callback was answered with None",
    "a program crashed during: start",
    "a program crashed during: receive",
    "a program crashed during: delete",
    "the store fails [Refused]",
    "the store fails [AnswerLost]",
    "the store fails [Broken]",
    "Broken(1)",
    "Nuisance(Kill",
    "Nuisance(Restart",
    "Nuisance(Hang",
    "Boot(1)",
    "attention Some(\"creation_unknown\")",
    "attention Some(\"overdue\")",
    "attention Some(\"failing\")",
    "attention Some(\"unknown_code\")",
    "attention Some(\"delete_by_hand\")",
    "operator: person",
    "Adopt(",
    "CreateAgain",
    "Abandon",
    "erased, Some(Finished(Verified))",
    "done, Some(Finished(Rejected))",
    "done, Some(Finished(Canceled))",
    "done, Some(Finished(Expired))",
    "done, Some(Finished(Inconclusive))",
    "refused, None",
];

#[test]
fn simulated_worlds_cover_every_listed_event() {
    let mut missing = EVENTS.to_vec();
    for seed in 0..SEEDS {
        for vendor in Vendor::all() {
            let (trace, _) = live(vendor, seed, setting(Medium::Memory, true));
            missing.retain(|event| !trace.contains(event));
        }
        // Further worlds would add nothing.
        if missing.is_empty() {
            return;
        }
    }
    panic!("no world contains these events: {missing:?}");
}

#[test]
fn same_seed_produces_the_same_world() {
    for vendor in Vendor::all() {
        for seed in 0..10 {
            let (first, again) = (
                live(vendor, seed, setting(Medium::Memory, true)),
                live(vendor, seed, setting(Medium::Memory, true)),
            );
            assert!(
                first == again,
                "seed {seed} of {}:\n{}\n--- and again ---\n{}",
                vendor.id(),
                first.0,
                again.0
            );
        }
    }
}

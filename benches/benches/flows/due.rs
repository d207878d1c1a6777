//! The cost of finding due flows as the number of open verifications grows.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use idv_core::Timestamp;
use idv_flow::FlowId;
use idv_flow::store::{Commit, Committed, Inserted, LookupKey, Phase, Record, Store};
use jiff::SignedDuration;

use super::stores::{Kind, Place};
use super::{SMALL, print};

/// The numbers of open verifications.
const SIZES: &[u64] = if SMALL {
    &[20, 40]
} else {
    &[1_000, 10_000, 100_000, 1_000_000]
};
/// The number of repetitions.
const ROUNDS: usize = if SMALL { 3 } else { 200 };
/// The length of a flow's sealed state, in bytes.
const LENGTH: usize = 900;
/// A second, in microseconds. One flow becomes due in each.
const SECOND: u64 = 1_000_000;

pub(super) async fn measure() {
    let mut table = format!(
        "{:<12} {:>10} {:>14} {:>7} {:>14} {:>7} {:>14} {:>7}\n",
        "store", "open", "one is due", "", "none is due", "", "the next time", ""
    );
    for kind in Kind::ALL {
        let mut place = Place::new(kind);
        let store = place.connect().await;
        store.migrate().await.unwrap();
        let (mut there, mut next) = (0, 0);
        let mut smallest = None;
        for size in SIZES.iter().copied() {
            fill(&place, &*store, there, size).await;
            there = size;
            let cost = cost(&*store, &mut next).await;
            let first = *smallest.get_or_insert(cost);
            write!(table, "{kind:<12} {size:>10}").unwrap();
            for (cost, first) in cost.into_iter().zip(first) {
                let (ratio, cost) = (
                    cost.as_secs_f64() / first.as_secs_f64().max(1e-9),
                    format!("{cost:.2?}"),
                );
                write!(table, " {cost:>14} {ratio:>6.2}x").unwrap();
            }
            table.push('\n');
        }
    }
    print(
        "claims of due flows by the number of open verifications: median, and ratio to the \
         smallest number",
        &table,
    );
}

/// Returns the time to claim the only due flow, to search without success, and to find the next due
/// time.
async fn cost(store: &dyn Store, next: &mut u64) -> [Duration; 3] {
    let mut costs = [const { Vec::new() }; 3];
    for _ in 0..ROUNDS {
        let now = due(*next);
        *next += 1;
        let start = Instant::now();
        let claimed = store
            .claim(now, now + SignedDuration::from_secs(210), 8, &[])
            .await
            .unwrap();
        costs[0].push(start.elapsed());
        let [record] = claimed.as_slice() else {
            panic!("one is due, and {} were claimed", claimed.len())
        };
        // A step ends like this: the flow is due again much later.
        let mut later = record.clone();
        later.due = Some(record.due.unwrap() + SignedDuration::from_hours(24 * 365));
        assert!(matches!(
            store.commit(&Commit::new(&later, &[])).await.unwrap(),
            Committed::Done(_)
        ));

        let start = Instant::now();
        assert!(store.claim(now, now, 8, &[]).await.unwrap().is_empty());
        costs[1].push(start.elapsed());

        let start = Instant::now();
        assert_eq!(store.next_due(&[], &[]).await.unwrap(), Some(due(*next)));
        costs[2].push(start.elapsed());
    }
    costs.map(|mut costs| {
        costs.sort_unstable();
        costs[costs.len() / 2]
    })
}

/// Returns when the flow with this number is due.
fn due(number: u64) -> Timestamp {
    Timestamp::from_microsecond(due_in_microseconds(number)).unwrap()
}

fn due_in_microseconds(number: u64) -> i64 {
    i64::try_from(1_900_000_000 * SECOND + number * SECOND).unwrap()
}

/// Adds flows up to this number: by one statement if the store has a database, because a
/// transaction per flow would take hours.
async fn fill(place: &Place, store: &dyn Store, from: u64, to: u64) {
    const COLUMNS: &str = "id, provider, account, phase, phase_since, created_at, reference, vendor, audit_count, audit_hash, body";
    let first = due_in_microseconds(0);
    match place {
        Place::Memory(_) => {
            for number in from..to {
                let inserted = store.insert(&record(number), None, &[]).await.unwrap();
                assert_eq!(inserted, Inserted::New);
            }
        }
        Place::Sqlite(..) => {
            place
                .execute(format!(
                    "WITH RECURSIVE n(i) AS (SELECT {from} UNION ALL SELECT i + 1 FROM n WHERE i \
                     + 1 < {to}) INSERT INTO idv_flows ({COLUMNS}) SELECT randomblob(16), \
                     'idnow', 'idnow', 'open', {first} + i, {first}, randomblob(32), \
                     randomblob(32), 0, zeroblob(32), randomblob({LENGTH}) FROM n"
                ))
                .await;
            place
                .execute(format!(
                    "INSERT INTO idv_queue (flow, account, version, due) SELECT id, account, 1, \
                     {first} + (phase_since - {first}) * {SECOND} FROM idv_flows WHERE \
                     phase_since >= {first} + {from}"
                ))
                .await;
        }
        Place::Postgres { .. } => {
            place
                .execute(format!(
                    "INSERT INTO idv_flows ({COLUMNS}) SELECT decode(md5(i::text), 'hex'), \
                     'idnow', 'idnow', 'open', {first}, {first}, sha256(i::text::bytea), \
                     sha256(('v' || i)::bytea), 0, sha256(''), decode(repeat(md5(i::text), {}), \
                     'hex') FROM generate_series({from}::bigint, {to} - 1) AS i",
                    LENGTH / 16
                ))
                .await;
            place
                .execute(format!(
                    "INSERT INTO idv_queue (flow, account, version, due) SELECT \
                     decode(md5(i::text), 'hex'), 'idnow', 1, {first} + i * {SECOND} FROM \
                     generate_series({from}::bigint, {to} - 1) AS i"
                ))
                .await;
            // A server in use does this automatically.
            place.execute("ANALYZE".to_owned()).await;
        }
    }
}

fn record(number: u64) -> Record {
    let name = |salt: u64| {
        let mut bytes = [0; 32];
        for (index, part) in bytes.chunks_mut(8).enumerate() {
            // Scattered, like random ids.
            let mixed = (number ^ salt ^ ((index as u64) << 40))
                .wrapping_mul(0x9E37_79B9_7F4A_7C15)
                .rotate_left(29);
            part.copy_from_slice(&mixed.wrapping_mul(0xBF58_476D_1CE4_E5B9).to_be_bytes());
        }
        bytes
    };
    let id = FlowId::from_bytes(name(1 << 50).first_chunk().copied().unwrap());
    let mut record = Record::new(id, "idnow", LookupKey(name(2 << 50)), due(0));
    (record.phase, record.due, record.vendor) = (
        Phase::Open,
        Some(due(number)),
        Some(LookupKey(name(3 << 50))),
    );
    record.body = vec![7; LENGTH];
    record
}

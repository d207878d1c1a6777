//! The cost of an open verification: in memory, and in calls if the vendor has lists.

use std::fmt::Write as _;
use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use idv::idnow::{DataCentre, Idnow, IdnowConfig};
use idv_benches::memory::Run;
use idv_core::{
    OsRandom, Reference, Timestamp, VendorId, VendorInfo, Verification, VerificationId,
};
use idv_flow::store::MemoryStore;
use idv_flow::{Engine, Vault};

use super::vendor::Vendor;
use super::{SMALL, print, timed};

/// The number of verifications in memory.
const HELD: u64 = if SMALL { 10_000 } else { 1_000_000 };
/// The maximum number of bytes per verification.
const BUDGET: u64 = 512;
/// The number of open verifications at the vendor.
const OPEN: usize = if SMALL { 40 } else { 10_000 };

/// Holds this number of verifications, in a separate process.
pub(super) fn side(what: &str, count: u64) {
    assert_eq!(what, "verifications");
    let idnow = Idnow::new(IdnowConfig::new(
        "example",
        "example".into(),
        DataCentre::Test,
    ))
    .unwrap();
    let capabilities = VendorInfo::of(&idnow);
    Run::report(|| {
        let open = |number: u64| {
            let id = VerificationId::new(
                Reference::random(&OsRandom),
                Some(VendorId::new(format!("IBA-{number:08X}"))),
            );
            Verification::new(id, &capabilities, Some(Timestamp::MAX))
        };
        let held: Vec<Verification> = (0..count).map(open).collect();
        black_box(&held);
    });
}

/// Measures the memory of a verification by the growth of the process, allocator included.
pub(super) fn memory() {
    let grown = Run::in_child(&["--side", "verifications", &HELD.to_string()]).grown;
    let each = grown / HELD;
    let verdict = if each <= BUDGET { "" } else { "  MISSED" };
    let inline = size_of::<Verification>();
    let table =
        format!("{each} bytes, of which {inline} are its own; the budget is {BUDGET}{verdict}\n");
    print(
        &format!("an open verification in memory, of {HELD}"),
        &table,
    );
}

/// Measures the cost of a sweep, compared with a poll of each verification.
pub(super) async fn sweep() {
    let vendor = Vendor::start().await;
    let store = MemoryStore::new();
    let flow = Engine::builder(store)
        .client(vendor.client.clone())
        .vault(Vault::new(&"7".repeat(64).into()).unwrap())
        .clock(Arc::new(vendor.clock.of_a_flow()))
        .open()
        .await
        .unwrap();
    let mut ids = Vec::with_capacity(OPEN);
    let mut references = Vec::with_capacity(OPEN);
    for _ in 0..OPEN {
        let new = vendor.submitted();
        references.push(new.reference.clone());
        ids.push(flow.start(new).await.unwrap().id);
    }
    let mut table = format!("{:<58} {:>8} {:>8} {:>12}\n", "", "lists", "polls", "time");
    let mut row = |name: &str, calls: (usize, usize), time: Duration| {
        let time = format!("{time:.2?}");
        writeln!(table, "{name:<58} {:>8} {:>8} {time:>12}", calls.0, calls.1).unwrap();
    };
    // A login, and the timers of a new store.
    let swept = async || {
        vendor.pass(Duration::from_secs(5 * 60)).await;
        let before = calls(&vendor);
        let (_, time) = timed(async { flow.run_due().await.unwrap() }).await;
        let after = calls(&vendor);
        ((after.0 - before.0, after.1 - before.1), time)
    };
    let (asked, time) = swept().await;
    row("a sweep before any person has begun", asked, time);
    assert_eq!(asked, (4, 0), "one call per page and no other");

    for reference in &references {
        // The agent acts much later.
        let steps = vendor
            .sandbox
            .idnow()
            .act(reference.as_str(), "happy")
            .unwrap();
        assert!(steps.len() > 1);
    }
    let begun = 2 * 60;
    vendor.pass(Duration::from_secs(begun)).await;
    let (asked, time) = swept().await;
    row("a sweep with a change of each, and its polls", asked, time);
    let (asked, time) = swept().await;
    row(
        "a sweep without a change, with all on the lists",
        asked,
        time,
    );

    let client = vendor.client.clone();
    let mut verifications = Vec::with_capacity(OPEN);
    for reference in references {
        verifications.push(VerificationId::new(reference, None));
    }
    let before = calls(&vendor);
    let ((), time) = timed(async {
        for id in &verifications {
            black_box(client.poll(id).await.unwrap());
        }
    })
    .await;
    let after = calls(&vendor);
    row(
        "a poll of each, without a store",
        (after.0 - before.0, after.1 - before.1),
        time,
    );
    print(&format!("{OPEN} open verifications at IDnow"), &table);
}

/// Returns the numbers of lists and of single identifications that the vendor was asked for.
fn calls(vendor: &Vendor) -> (usize, usize) {
    let requests = vendor.sandbox.requests();
    let asked = requests.iter().filter(|request| request.method == "GET");
    let (lists, polls): (Vec<_>, Vec<_>) =
        asked.partition(|request| request.path.ends_with("/identifications"));
    (lists.len(), polls.len())
}

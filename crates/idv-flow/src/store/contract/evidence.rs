//! Promises of evidence stores.

use std::sync::Arc;

use super::abandoned::abandon;
use super::{at_once, done, flow};
use crate::store::{EvidencePart, EvidenceStore};

/// An evidence store under test. Its folder or server lives as long as the harness.
pub trait EvidenceHarness: Send + Sync + Sized + 'static {
    /// Returns a place for one store, with nothing in it.
    fn open_evidence() -> impl Future<Output = Self> + Send;

    /// Returns the store there, ready for use, as one more program would open it.
    fn connect_evidence(&self) -> impl Future<Output = Arc<dyn EvidenceStore>> + Send;
}

/// Creates a test of each promise of an [`EvidenceStore`](crate::store::EvidenceStore), as
/// [`store_contract!`](crate::store_contract!) does for a store.
///
/// ```
/// use std::sync::Arc;
///
/// use idv_flow::store::contract::EvidenceHarness;
/// use idv_flow::store::{EvidenceStore, MemoryStore};
///
/// struct Memory(MemoryStore);
///
/// impl EvidenceHarness for Memory {
///     async fn open_evidence() -> Self {
///         Self(MemoryStore::new())
///     }
///
///     async fn connect_evidence(&self) -> Arc<dyn EvidenceStore> {
///         Arc::new(self.0.clone())
///     }
/// }
///
/// idv_flow::evidence_contract!(Memory);
/// # fn main() {}
/// ```
#[macro_export]
macro_rules! evidence_contract {
    ($harness:ty) => {
        $crate::evidence_contract!(@tests $harness;
            part_is_read_as_it_was_stored
            part_is_replaced
            parts_are_listed_in_order
            parts_are_erased_by_item_and_by_flow
            parts_of_many_programs_are_all_there
            part_whose_call_was_dropped_is_whole_or_missing
        );
    };
    (@tests $harness:ty; $($name:ident)*) => {
        $(
            #[test]
            fn $name() {
                $crate::store::contract::run(async {
                    let harness = <$harness as $crate::store::contract::EvidenceHarness>::open_evidence().await;
                    $crate::store::contract::$name(&harness).await;
                });
            }
        )*
    };
}

/// A body of any bytes.
fn body(length: usize, first: u8) -> Vec<u8> {
    (0..length)
        .map(|at| first.wrapping_add(at.to_le_bytes()[0]))
        .collect()
}

/// Promises: a part is read as it was stored, by another program too; one that is not there is
/// `None`.
pub async fn part_is_read_as_it_was_stored<H: EvidenceHarness>(harness: &H) {
    let (store, other) = (
        harness.connect_evidence().await,
        harness.connect_evidence().await,
    );
    for (number, length) in [0, 1, 1024 * 1024].into_iter().enumerate() {
        let part = EvidencePart::new(flow(1), 1, u32::try_from(number).unwrap_or_default());
        assert_eq!(done(other.part(part).await), None);
        done(store.put_part(part, &body(length, 3)).await);
        assert_eq!(done(other.part(part).await), Some(body(length, 3)));
    }
    let last = EvidencePart::new(flow(1), u32::MAX, u32::MAX);
    done(store.put_part(last, b"last").await);
    assert_eq!(done(other.part(last).await).as_deref(), Some(&b"last"[..]));
}

/// Promises: a part that was there under its name is replaced, however long it was.
pub async fn part_is_replaced<H: EvidenceHarness>(harness: &H) {
    let store = harness.connect_evidence().await;
    let part = EvidencePart::new(flow(1), 1, 0);
    for length in [500_000, 3, 900_000] {
        done(store.put_part(part, &body(length, 9)).await);
        assert_eq!(done(store.part(part).await), Some(body(length, 9)));
    }
    assert_eq!(done(store.parts(flow(1)).await), [part]);
}

/// Promises: the parts of one flow are listed in the order of their numbers.
pub async fn parts_are_listed_in_order<H: EvidenceHarness>(harness: &H) {
    let store = harness.connect_evidence().await;
    assert_eq!(done(store.parts(flow(1)).await), []);
    let mut parts: Vec<_> = [(10, 0), (2, 10), (2, 9), (1, 0), (2, 100)]
        .map(|(item, part)| EvidencePart::new(flow(1), item, part))
        .into();
    for part in &parts {
        done(store.put_part(*part, b"part").await);
        done(
            store
                .put_part(
                    EvidencePart {
                        flow: flow(2),
                        ..*part
                    },
                    b"another flow's",
                )
                .await,
        );
    }
    parts.sort_unstable();
    assert_eq!(done(store.parts(flow(1)).await), parts);
}

/// Promises: what is erased is gone, nothing else is, and what is not there is no error.
pub async fn parts_are_erased_by_item_and_by_flow<H: EvidenceHarness>(harness: &H) {
    let store = harness.connect_evidence().await;
    let part = |number, item, part| EvidencePart::new(flow(number), item, part);
    let all = [part(1, 1, 0), part(1, 1, 1), part(1, 12, 0), part(2, 1, 0)];
    for part in all {
        done(store.put_part(part, b"part").await);
    }
    done(store.erase_parts(flow(1), Some(1)).await);
    assert_eq!(done(store.parts(flow(1)).await), [part(1, 12, 0)]);
    assert_eq!(done(store.part(part(1, 1, 1)).await), None);
    for _ in 0..2 {
        done(store.erase_parts(flow(1), None).await);
        assert_eq!(done(store.parts(flow(1)).await), []);
    }
    done(store.erase_parts(flow(3), None).await);
    assert_eq!(
        done(store.parts(flow(2)).await),
        [part(2, 1, 0)],
        "the parts of another flow stay"
    );
}

/// Promises: parts that several programs store at the same time are all there.
pub async fn parts_of_many_programs_are_all_there<H: EvidenceHarness>(harness: &H) {
    let stores = [
        harness.connect_evidence().await,
        harness.connect_evidence().await,
        harness.connect_evidence().await,
    ];
    let calls = (0..24_u32)
        .zip(stores.iter().cycle())
        .map(|(number, store)| {
            let store = Arc::clone(store);
            async move {
                store
                    .put_part(
                        EvidencePart::new(flow(1), number % 3, number),
                        &body(10_000, number.to_le_bytes()[0]),
                    )
                    .await
            }
        });
    for result in at_once(calls).await {
        done(result);
    }
    let [store, ..] = stores;
    let parts = done(store.parts(flow(1)).await);
    assert_eq!(parts.len(), 24);
    for part in parts {
        assert_eq!(
            done(store.part(part).await),
            Some(body(10_000, part.part.to_le_bytes()[0]))
        );
    }
}

/// Promises: a part whose call was dropped is there as a whole, or not at all; and the store goes
/// on.
pub async fn part_whose_call_was_dropped_is_whole_or_missing<H: EvidenceHarness>(harness: &H) {
    let store = harness.connect_evidence().await;
    let whole = body(200_000, 5);
    for polls in 1..=50 {
        let part = EvidencePart::new(flow(1), 1, u32::try_from(polls).unwrap_or_default());
        let stored = abandon(polls, store.put_part(part, &whole)).await;
        let there = done(store.part(part).await);
        assert!(
            there.is_none_or(|there| there == whole),
            "dropped after {polls}"
        );
        if stored.is_some() {
            break;
        }
    }
    let part = EvidencePart::new(flow(1), 2, 0);
    done(store.put_part(part, b"after").await);
    assert_eq!(done(store.part(part).await).as_deref(), Some(&b"after"[..]));
}

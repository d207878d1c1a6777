//! The three stores keep one contract.

mod memory {
    use std::sync::Arc;

    use idv_flow::store::contract::Harness;
    use idv_flow::store::{MemoryStore, Store};

    struct Memory(MemoryStore);

    impl Harness for Memory {
        async fn open() -> Self {
            Self(MemoryStore::new())
        }

        async fn connect(&self) -> Arc<dyn Store> {
            Arc::new(self.0.clone())
        }
    }

    idv_flow::store_contract!(Memory);
}

//! Orders, for the tests of them.
#![allow(dead_code, reason = "each test uses a part of it")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says what is wrong by failing"
)]

use idv_core::{Error, ErrorKind};
use idv_identity_tm::api::order::{Address, IdentData, Order, Product, SignDocument};
use serde_json::Value;

/// The least that can be ordered.
pub(crate) fn order(product: Product) -> Order {
    Order::new(
        product,
        "e.mustermann@example.com".into(),
        Address::new("Erika".into(), "Mustermann".into(), "DE".into()),
    )
}

/// An order for a signature that is complete.
pub(crate) fn esign() -> Order {
    let mut order = order(Product::Esign);
    order.mobile = Some("+491711234567".into());
    order
        .esign_pdfs
        .push(SignDocument::new(b"%PDF-1.7".to_vec(), "contract.pdf"));
    order
}

/// What is to be checked.
pub(crate) fn data(order: &mut Order) -> &mut IdentData {
    order.ident_data.get_or_insert_with(IdentData::default)
}

/// The field that an order is refused for; none where it is not.
pub(crate) fn refused(order: &Order) -> Option<String> {
    let error: Error = order.check().err()?;
    match error.kind() {
        ErrorKind::InvalidRequest { field } => Some(field.to_string()),
        other => panic!("{other:?} is not about a field"),
    }
}

/// What is sent.
pub(crate) fn written(order: &Order) -> Value {
    serde_json::to_value(order).unwrap()
}

/// An order that is read back.
pub(crate) fn read(value: &Value) -> Result<Order, serde_json::Error> {
    serde_json::from_value(value.clone())
}

/// The least that the vendor takes, with this beside it.
pub(crate) fn least_with(more: &Value) -> Value {
    let mut value = written(&order(Product::Video));
    for (name, element) in more.as_object().unwrap() {
        value[name] = element.clone();
    }
    value
}

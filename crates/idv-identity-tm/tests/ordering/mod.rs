//! Orders for the tests.
#![allow(dead_code, reason = "each test uses a part of it")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

use idv_core::{Error, ErrorKind};
use idv_identity_tm::api::order::{Address, IdentData, Order, Product, SignDocument};
use serde_json::Value;

/// An order with only the required fields.
pub(crate) fn order(product: Product) -> Order {
    Order::new(
        product,
        "e.mustermann@example.com".into(),
        Address::new("Erika".into(), "Mustermann".into(), "DE".into()),
    )
}

/// A complete signing order.
pub(crate) fn esign() -> Order {
    let mut order = order(Product::Esign);
    order.mobile = Some("+491711234567".into());
    order
        .esign_pdfs
        .push(SignDocument::new(b"%PDF-1.7".to_vec(), "contract.pdf"));
    order
}

/// The data to be checked.
pub(crate) fn data(order: &mut Order) -> &mut IdentData {
    order.ident_data.get_or_insert_with(IdentData::default)
}

/// The field that the check of an order names, or `None` if the order is valid.
pub(crate) fn refused(order: &Order) -> Option<String> {
    let error: Error = order.check().err()?;
    match error.kind() {
        ErrorKind::InvalidRequest { field } => Some(field.to_string()),
        other => panic!("{other:?} is not about a field"),
    }
}

/// The JSON of an order.
pub(crate) fn written(order: &Order) -> Value {
    serde_json::to_value(order).unwrap()
}

/// Parses an order.
pub(crate) fn read(value: &Value) -> Result<Order, serde_json::Error> {
    serde_json::from_value(value.clone())
}

/// The JSON of an order with only the required fields, and these in addition.
pub(crate) fn least_with(more: &Value) -> Value {
    let mut value = written(&order(Product::Video));
    for (name, element) in more.as_object().unwrap() {
        value[name] = element.clone();
    }
    value
}

//! An application checks its requirements when it starts. A vendor that does not meet them is
//! refused, with every gap listed, before the first customer.

#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use idv::report::Field;
use idv::{Capability, Requirements};
use idv_examples::{Outcome, sandbox};

#[tokio::main]
async fn main() -> Outcome {
    let (sandbox, client) = sandbox().await?;
    client.require(
        &Requirements::new()
            .capability(Capability::Deletion)
            .field(Field::DocumentNumber)
            .repeatable_create(),
    )?;
    println!(
        "{} meets the requirements of this application",
        client.info().name
    );

    let too_much = Requirements::new()
        .capability(Capability::Lookup)
        .field(Field::SerialNumber)
        .input("callback_url")
        .proven_callbacks();
    let refused = client
        .require(&too_much)
        .err()
        .ok_or("this vendor does not meet all requirements")?;
    println!("{refused}");
    assert!(sandbox.requests().is_empty(), "nothing was sent");
    sandbox.shutdown().await;
    Ok(())
}

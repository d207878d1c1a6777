//! Tests that cross the crates of the workspace; there is nothing to use here.
//!
//! The pages of the book and the README are compiled as documentation of this crate, so that no example in them can go stale.

#![forbid(unsafe_code)]

macro_rules! pages {
    ($($name:ident $path:literal;)*) => {
        $(#[cfg(doctest)] #[doc = include_str!($path)] #[allow(missing_docs)] pub struct $name;)*
    };
}

pages! {
    Readme "../../README.md";
    FacadeReadme "../../crates/idv/README.md";
    Introduction "../../docs/src/introduction.md";
    FirstVerification "../../docs/src/first-verification.md";
    Configuration "../../docs/src/configuration.md";
    SwapVendors "../../docs/src/swap-vendors.md";
    Callbacks "../../docs/src/callbacks.md";
    Flows "../../docs/src/flows.md";
    Operations "../../docs/src/operations.md";
    Program "../../docs/src/program.md";
    Sandbox "../../docs/src/sandbox.md";
    IdentityTm "../../docs/src/vendors/identity-tm.md";
    Idnow "../../docs/src/vendors/idnow.md";
    Identify24 "../../docs/src/vendors/identify24.md";
    CmIdScan "../../docs/src/vendors/cm-id-scan.md";
    VerificarIdentidad "../../docs/src/vendors/verificar-identidad.md";
    Design "../../docs/src/design.md";
    AddingAVendor "../../docs/src/adding-a-vendor.md";
    Decisions "../../docs/src/decisions.md";
    Versions "../../docs/src/versions.md";
}

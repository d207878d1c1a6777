//! Chainable setters for option structs.

/// Declares chainable setters for the fields of an option struct.
///
/// An application cannot write a `#[non_exhaustive]` struct with `..Default::default()`.
#[doc(hidden)]
#[macro_export]
macro_rules! setters {
    ($($field:ident: $type:ty),* $(,)?) => {$(
        #[doc = concat!("Sets [`", stringify!($field), "`](Self#structfield.", stringify!($field), ").")]
        #[must_use]
        pub const fn $field(mut self, $field: $type) -> Self {
            self.$field = $field;
            self
        }
    )*};
}

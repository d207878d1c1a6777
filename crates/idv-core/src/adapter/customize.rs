//! Parts of a request for which the model has no field.

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::Result;
use crate::id::ProviderId;
use crate::new::NewVerification;

/// Options for the requests of one vendor, carried in a [`NewVerification`] beside the fields of
/// the model.
///
/// An application sets them with [`NewVerification::set_options`]. The adapter of that vendor
/// applies them, and every other adapter ignores them, so a stored request remains valid if the
/// application changes the vendor.
pub trait VendorOptions: Serialize + DeserializeOwned {
    /// The provider to which the options apply.
    const PROVIDER: ProviderId;
}

/// Options that an adapter applies to a request of the type `R`.
pub trait RequestOptions<R>: VendorOptions {
    /// Applies the options that are set.
    fn apply(self, request: &mut R);
}

type Function<R> = Arc<dyn Fn(&NewVerification, &mut R) -> Result<()> + Send + Sync>;

/// A function of the application that modifies each request of an adapter before it is checked and
/// sent.
pub struct Customize<R>(RwLock<Option<Function<R>>>);

impl<R> Customize<R> {
    /// Sets the function and replaces an earlier one.
    pub fn set(
        &self,
        function: impl Fn(&NewVerification, &mut R) -> Result<()> + Send + Sync + 'static,
    ) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(function));
    }

    /// Returns whether there is a function.
    #[must_use]
    pub fn is_set(&self) -> bool {
        self.0
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .is_some()
    }

    /// Modifies a request by the options of a verification, and then by the function, if there is
    /// one.
    ///
    /// # Errors
    ///
    /// Returns the errors of the function; [`InvalidRequest`](crate::ErrorKind::InvalidRequest) if
    /// the options cannot be parsed.
    pub fn prepare<O: RequestOptions<R>>(
        &self,
        new: &NewVerification,
        request: &mut R,
    ) -> Result<()> {
        if let Some(options) = new.vendor_options::<O>()? {
            options.apply(request);
        }
        self.apply(new, request)
    }

    /// Calls the function, if there is one.
    ///
    /// # Errors
    ///
    /// Returns the errors of the function.
    pub fn apply(&self, new: &NewVerification, request: &mut R) -> Result<()> {
        let function = self
            .0
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        function.map_or(Ok(()), |function| function(new, request))
    }
}

impl<R> Default for Customize<R> {
    fn default() -> Self {
        Self(RwLock::new(None))
    }
}

impl<R> fmt::Debug for Customize<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Customize(set: {})", self.is_set())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Error, ErrorKind, Reference};

    #[test]
    fn last_function_changes_the_request() {
        let customize = Customize::<Vec<String>>::default();
        let new = NewVerification::new(Reference::parse("0123456789abcdef").unwrap());
        let mut request = Vec::new();
        customize.apply(&new, &mut request).unwrap();
        assert!(request.is_empty() && !customize.is_set());
        customize.set(|_, _| Err(Error::invalid("a", "b")));
        assert!(matches!(
            customize.apply(&new, &mut request).unwrap_err().kind(),
            ErrorKind::InvalidRequest { .. }
        ));
        customize.set(|new, request| {
            request.push(new.reference.as_str().to_owned());
            Ok(())
        });
        customize.apply(&new, &mut request).unwrap();
        assert_eq!(request, ["0123456789abcdef"]);
    }
}

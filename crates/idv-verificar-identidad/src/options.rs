//! Options of a single verification beyond the model.

use idv_core::adapter::{RequestOptions, VendorOptions};
use idv_core::pii::exposed;
use idv_core::{Pii, ProviderId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::VerificarIdentidad;
use crate::api::SendRequest;

/// Vendor options of a verification, set with
/// [`NewVerification::set_options`](idv_core::NewVerification::set_options).
///
/// ```
/// use idv_core::{NewVerification, Reference};
/// use idv_verificar_identidad::VerificarIdentidadOptions;
///
/// let mut new = NewVerification::new(Reference::parse("6f1c2a9e1c1f4a6b")?);
/// let mut options = VerificarIdentidadOptions::default();
/// options.sender = Some("MiBanco".to_owned());
/// new.set_options(&options)?;
/// # Ok::<(), idv_core::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct VerificarIdentidadOptions {
    /// The text message, with `[LINK]` as the placeholder of the link (`Mensaje`).
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "exposed")]
    pub message: Option<Pii<String>>,
    /// The time at which the message is sent, or `None` to send it immediately (`Fecha`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub send_at: Option<Timestamp>,
    /// The sender of the message, at most 11 characters (`Remitente`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sender: Option<String>,
}

impl VendorOptions for VerificarIdentidadOptions {
    const PROVIDER: ProviderId = VerificarIdentidad::ID;
}

impl RequestOptions<SendRequest> for VerificarIdentidadOptions {
    fn apply(self, request: &mut SendRequest) {
        request.message = self.message.or(request.message.take());
        request.send_at = self.send_at.or(request.send_at);
        request.sender = self.sender.or(request.sender.take());
    }
}

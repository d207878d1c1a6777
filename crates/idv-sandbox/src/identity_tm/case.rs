//! An order: its submitted data and its history.

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::account::Account;
use super::codes;
use super::order::{Submitted, add, product};
use crate::part::Verification;

/// An order at Identity.TM.
#[derive(Debug, Clone)]
pub(crate) struct Case {
    /// The OrderID.
    pub(crate) id: String,
    /// The user name of the account.
    pub(crate) user: String,
    pub(crate) submitted: Submitted,
    pub(crate) created: Timestamp,
    /// The last part of the person's links.
    pub(crate) token: String,
    pub(crate) statuses: Vec<Status>,
    pub(crate) attempt: u32,
    /// Whether the agent corrected the submitted data.
    pub(crate) changed: bool,
    /// The date of birth on the document, if it differs from the submitted one.
    pub(crate) born: Option<&'static str>,
    /// Whether the result contains no name.
    pub(crate) nameless: bool,
    /// Whether an agent flagged a possible fraud.
    pub(crate) fraud: bool,
    /// Whether the person has currently completed their part of the identification.
    pub(crate) conducted: bool,
    /// The time of the result.
    pub(crate) identified: Option<Timestamp>,
    /// The data of an earlier identification that is used again (7).
    pub(crate) reused: Option<Map<String, Value>>,
    /// Whether the mobile number was verified with a TAN.
    pub(crate) mobile_verified: bool,
    /// Whether the data is deleted.
    pub(crate) deleted: bool,
    /// Whether the recording is available (3.9).
    pub(crate) video_ready: bool,
    /// The latest TAN.
    pub(crate) tan: Option<Tan>,
    /// The process that currently waits for a TAN.
    pub(crate) asked: Option<Asked>,
    /// The mails of `EmailNotifications`: kind and address.
    pub(crate) mails: Vec<(&'static str, String)>,
}

/// A status and its time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Status {
    pub(crate) kind: u32,
    pub(crate) sub_kind: Option<u32>,
    pub(crate) at: Timestamp,
    pub(crate) text: Option<&'static str>,
}

/// A TAN on the person's phone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tan {
    pub(crate) code: String,
    pub(crate) number: String,
    pub(crate) text: String,
}

/// A process that waits for a TAN.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Asked {
    pub(crate) purpose: Purpose,
    /// The number of wrong TANs.
    pub(crate) wrong: u32,
}

/// The purpose of a TAN.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Signing (chapter 5).
    Signature,
    /// Phone verification (chapter 6).
    Phone,
}

/// The method of an order's identification.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Method {
    Video,
    Shop,
    Eid,
    AutoId,
    /// Only the phone number is verified.
    Phone,
    /// The person was identified earlier.
    Earlier,
}

impl Verification for Case {
    fn account(&self) -> &str {
        &self.user
    }

    fn is_over(&self) -> bool {
        self.is_final()
    }

    fn attempt(&mut self) -> &mut u32 {
        &mut self.attempt
    }
}

impl Case {
    pub(crate) const fn new(
        id: String,
        user: String,
        token: String,
        submitted: Submitted,
        now: Timestamp,
    ) -> Self {
        Self {
            id,
            user,
            submitted,
            created: now,
            token,
            statuses: Vec::new(),
            attempt: 0,
            changed: false,
            born: None,
            nameless: false,
            fraud: false,
            conducted: false,
            identified: None,
            reused: None,
            mobile_verified: false,
            deleted: false,
            video_ready: false,
            tan: None,
            asked: None,
            mails: Vec::new(),
        }
    }

    /// Returns whether the order reached a status of this kind.
    pub(crate) fn reached(&self, kind: u32) -> bool {
        self.statuses.iter().any(|status| status.kind == kind)
    }

    /// Returns whether the vendor suspects fraud, by an agent's flag or a finding of autoID.
    pub(crate) fn is_suspicious(&self) -> bool {
        self.fraud
            || self
                .statuses
                .iter()
                .any(|status| matches!(status.kind, 20_000..=20_003))
    }

    /// Returns whether the process has ended (3.2.1). The final status depends on whether the order
    /// includes a signature.
    pub(crate) fn is_final(&self) -> bool {
        self.statuses.iter().any(|status| self.ends(status.kind))
    }

    /// Returns whether a status ends this order.
    pub(crate) fn ends(&self, kind: u32) -> bool {
        let signed = self.submitted.is_signed();
        codes::code(kind).is_some_and(|code| {
            if signed {
                code.ends_signing
            } else {
                code.ends_identification
            }
        })
    }

    /// Returns whether there is a result: the person was identified, or is suspected of fraud
    /// (2.4).
    pub(crate) fn has_result(&self) -> bool {
        self.is_final() && self.identified.is_some() && !self.deleted
    }

    pub(crate) fn method(&self) -> Method {
        if self.reused.is_some() || self.submitted.adds(add::SIGN_ME_USE) {
            return Method::Earlier;
        }
        match self.submitted.product {
            product::SHOP => Method::Shop,
            product::ANY_BUT_VIDEO if self.asks_of_eid("DisableEID") => Method::Shop,
            product::AUTO_ID => Method::AutoId,
            product::PHONE => Method::Phone,
            product::VIDEO | product::ESIGN => Method::Video,
            _ => Method::Eid,
        }
    }

    /// Returns whether an element of `eIDSettings` is set.
    pub(crate) fn asks_of_eid(&self, name: &str) -> bool {
        self.submitted
            .value(&["eIDSettings", name])
            .and_then(Value::as_bool)
            .unwrap_or_default()
    }

    /// Returns whether the person's next action is awaited on the vendor's pages: the
    /// identification, or the signature.
    pub(crate) fn awaits_person(&self, account: &Account) -> bool {
        !self.is_final()
            && if self.awaits_signature() {
                !account.customer_side_signing
            } else {
                !self.is_done_by_person() && self.identified.is_none()
            }
    }

    /// Returns whether the person can sign: the identification is positive or took place earlier.
    pub(crate) fn awaits_signature(&self) -> bool {
        let identified = self.identified.is_some() || self.method() == Method::Earlier;
        identified && self.submitted.is_signed() && !self.is_final()
    }

    /// Returns whether the person has completed their part of the identification.
    pub(crate) fn is_done_by_person(&self) -> bool {
        self.conducted || (self.method() == Method::Phone && self.mobile_verified)
    }

    /// Returns whether the order has succeeded: the person is identified, and has signed if the
    /// order includes a signature.
    pub(crate) fn has_succeeded(&self) -> bool {
        self.reached(if self.submitted.is_signed() { 84 } else { 6 })
    }

    /// Returns whether images of the document were recorded; by eID, only if requested (3.1.4,
    /// `eIDSettings`).
    pub(crate) fn has_images(&self, account: &Account) -> bool {
        let taken = match self.method() {
            Method::Video | Method::Shop | Method::AutoId => true,
            Method::Eid => self.asks_of_eid("CaptureImages") || self.asks_of_eid("EnableOCR"),
            Method::Phone | Method::Earlier => false,
        };
        taken && account.image_recording && self.identified.is_some()
    }

    /// Returns whether the order is signed through sign-me.
    pub(crate) fn uses_sign_me(&self, account: &Account) -> bool {
        self.submitted.product == product::ESIGN
            && account.sign_me
            && (self.submitted.adds(add::SIGN_ME) || !account.namirial)
    }

    /// Returns whether the order was created at an agent's point of sale, according to `Add`.
    pub(crate) const fn is_at_point_of_sale(&self) -> bool {
        self.submitted.adds(add::POS_ESIGN | add::POS_IDENT)
    }

    /// Returns whether there is a recording of the video call (3.10.1).
    pub(crate) fn has_video(&self, account: &Account) -> bool {
        let wanted = account.video_recording || self.submitted.adds(add::RECORD_VIDEO);
        wanted
            && self.method() == Method::Video
            && (self.reached(6) || self.reached(89))
            && self.is_final()
    }
}

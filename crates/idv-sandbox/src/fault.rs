//! Planned faults.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::exchange::Piece;

/// The longest body of a callback that a fault makes, in bytes: unlike that of an answer it is in memory.
const LONGEST_CALLBACK: u64 = 64 * 1024 * 1024;

/// A fault of the requests that match. Faults are tried in the order in which they were planned.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Fault {
    /// Only requests with this method; any, if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// Only requests whose path contains this; any, if empty. Callbacks are matched by the path they are sent to.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub path: String,
    /// The number of matching requests that are let through first.
    #[serde(default)]
    pub skip: u32,
    /// The number of matching requests that it strikes then.
    #[serde(default = "one")]
    pub count: u32,
    /// The kind of fault.
    pub kind: FaultKind,
}

/// The kinds of faults.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum FaultKind {
    /// The connection is closed before anything is read or done.
    Refuse,
    /// The request is read, nothing is done, and the connection is closed.
    CutBefore,
    /// The request is done, and the connection is closed without an answer.
    CutAfter,
    /// The request is done and answered after so many real milliseconds.
    Delay(u64),
    /// The request is done, and the answer comes byte by byte, so many real milliseconds apart.
    Drip(u64),
    /// Nothing is done, and this status is answered, with `Retry-After` where given.
    Status {
        /// The status.
        code: u16,
        /// The value of `Retry-After`.
        #[serde(default)]
        retry_after: Option<String>,
    },
    /// Nothing is done, and the vendor's failure with this code is answered with status 200. With 401 it is an expired token.
    StatusInside(u16),
    /// Nothing is done, and an HTML page of an error is answered with status 502.
    Html,
    /// The request is done, and the answer breaks off in the middle.
    Truncated,
    /// The request is done, and the answer is JSON of another type.
    WrongType,
    /// The request is done, and the answer is padded with white space to so many bytes.
    Oversize(u64),
    /// The request is done, and the answer is an array of small numbers, `[0,0,…]`, of this length in bytes.
    Hostile(u64),
    /// The request is done, and the answer is arrays in arrays, `[[…]]`, of this length in bytes.
    Nested(u64),
    /// A callback's body is padded with white space to this length in bytes, 64 MiB at most.
    CallbackOversize(u64),
    /// A callback's body is an array of small numbers, `[0,0,…]`, of this length in bytes, 64 MiB at most.
    CallbackHostile(u64),
    /// A callback's body is arrays in arrays, `[[…]]`, of this length in bytes, 64 MiB at most.
    CallbackNested(u64),
    /// A callback is believed to be delivered and is not.
    CallbackLost,
    /// A callback comes so many virtual seconds later.
    CallbackLate(u64),
    /// A callback comes twice.
    CallbackDuplicated,
    /// A callback comes after the next one.
    CallbackReordered,
}

impl Fault {
    /// A fault that befalls the next request of any kind, once.
    #[must_use]
    pub const fn new(kind: FaultKind) -> Self {
        Self {
            method: None,
            path: String::new(),
            skip: 0,
            count: 1,
            kind,
        }
    }

    /// The same for requests whose path contains `path`.
    #[must_use]
    pub fn at(mut self, path: &str) -> Self {
        path.clone_into(&mut self.path);
        self
    }

    /// The same for `count` requests.
    #[must_use]
    pub const fn times(mut self, count: u32) -> Self {
        self.count = count;
        self
    }

    /// The same after `skip` requests that it spares.
    #[must_use]
    pub const fn after(mut self, skip: u32) -> Self {
        self.skip = skip;
        self
    }

    const fn is_about_callbacks(&self) -> bool {
        matches!(
            self.kind,
            FaultKind::CallbackLost
                | FaultKind::CallbackLate(_)
                | FaultKind::CallbackDuplicated
                | FaultKind::CallbackReordered
                | FaultKind::CallbackOversize(_)
                | FaultKind::CallbackHostile(_)
                | FaultKind::CallbackNested(_)
        )
    }
}

impl FaultKind {
    /// The body of a callback as this fault changes it. One without a body gets one of JSON.
    pub(crate) fn of_callback(
        &self,
        body: Option<(&'static str, Bytes)>,
    ) -> Option<(&'static str, Bytes)> {
        let media_type = body
            .as_ref()
            .map_or("application/json", |(media_type, _)| media_type);
        let pieces = match self {
            Self::CallbackOversize(length) => {
                let bytes = body.map(|(_, bytes)| bytes).unwrap_or_default();
                let padding = length
                    .min(&LONGEST_CALLBACK)
                    .saturating_sub(bytes.len() as u64);
                vec![Piece::Bytes(bytes), Piece::spaces(padding)]
            }
            Self::CallbackHostile(length) => Piece::tiny_elements(*length.min(&LONGEST_CALLBACK)),
            Self::CallbackNested(length) => Piece::nested_arrays(*length.min(&LONGEST_CALLBACK)),
            _ => return body,
        };
        Some((media_type, Piece::collect(pieces).into()))
    }
}

const fn one() -> u32 {
    1
}

/// The faults that are planned.
#[derive(Debug, Default)]
pub(crate) struct FaultPlan(Vec<Fault>);

impl FaultPlan {
    pub(crate) fn add(&mut self, fault: Fault) {
        self.0.push(fault);
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    /// Those that are still to come.
    pub(crate) fn faults(&self) -> Vec<&Fault> {
        self.0.iter().filter(|fault| fault.count > 0).collect()
    }

    /// Takes the fault of a request, if there is one.
    pub(crate) fn strike(&mut self, method: &str, path: &str) -> Option<FaultKind> {
        self.take(|fault| {
            !fault.is_about_callbacks()
                && fault
                    .method
                    .as_deref()
                    .is_none_or(|only| only.eq_ignore_ascii_case(method))
                && path.contains(&fault.path)
        })
    }

    /// Takes the fault of a callback, if there is one.
    pub(crate) fn strike_callback(&mut self, path: &str) -> Option<FaultKind> {
        self.take(|fault| fault.is_about_callbacks() && path.contains(&fault.path))
    }

    fn take(&mut self, matches: impl Fn(&Fault) -> bool) -> Option<FaultKind> {
        self.0.retain(|fault| fault.count > 0);
        let index = self.0.iter().position(matches)?;
        let fault = self.0.get_mut(index)?;
        if fault.skip > 0 {
            fault.skip -= 1;
            return None;
        }
        fault.count -= 1;
        Some(fault.kind.clone())
    }
}

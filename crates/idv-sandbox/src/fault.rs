//! Planned faults.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::exchange::Piece;

/// The maximum length of a callback's body with a fault, in bytes. Unlike a response, it is held in
/// memory.
const LONGEST_CALLBACK: u64 = 64 * 1024 * 1024;

/// A fault that strikes matching requests or callbacks. Faults are tried in the order in which they
/// were planned.
///
/// ```
/// use idv_sandbox::{Fault, FaultKind};
///
/// // The second and the third login fail.
/// let fault = Fault::new(FaultKind::Status { code: 503, retry_after: None })
///     .at("/login")
///     .after(1)
///     .times(2);
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Fault {
    /// The method of the requests; every method, if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// A part of the path of the requests, or of the callback address; every path, if empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub path: String,
    /// The number of matching requests to spare first.
    #[serde(default)]
    pub skip: u32,
    /// The number of matching requests to strike.
    #[serde(default = "one")]
    pub count: u32,
    /// The kind of fault.
    pub kind: FaultKind,
}

/// The kinds of faults. Delays are real milliseconds, except where virtual seconds are stated.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum FaultKind {
    /// The vendor resets the connection before it reads the request.
    Refuse,
    /// The vendor reads the request, does not act, and closes the connection.
    CutBefore,
    /// The vendor acts on the request and closes the connection without a response.
    CutAfter,
    /// The vendor acts, and responds after this number of milliseconds.
    Delay(u64),
    /// The vendor acts, and sends the response byte by byte, with this number of milliseconds
    /// before each.
    Drip(u64),
    /// The vendor does not act, and responds with this status and, if given, `Retry-After`.
    Status {
        /// The status.
        code: u16,
        /// The value of `Retry-After`.
        #[serde(default)]
        retry_after: Option<String>,
    },
    /// The vendor does not act, and responds with status 200 and its body for a failure with this
    /// code; with 401, for an expired token.
    StatusInside(u16),
    /// The vendor does not act; a proxy responds with status 502 and a page of HTML.
    Html,
    /// The vendor acts, and its response breaks off in the middle.
    Truncated,
    /// The vendor acts, and responds with JSON of another type.
    WrongType,
    /// The vendor acts, and pads its response with white space to this length in bytes.
    Oversize(u64),
    /// The vendor acts, and responds with an array of small numbers, `[0,0,…]`, of this length in
    /// bytes.
    Hostile(u64),
    /// The vendor acts, and responds with nested arrays, `[[…]]`, of this length in bytes.
    Nested(u64),
    /// The body of a callback is padded with white space to this length in bytes, at most 64 MiB.
    CallbackOversize(u64),
    /// The body of a callback is an array of small numbers, `[0,0,…]`, of this length in bytes, at
    /// most 64 MiB.
    CallbackHostile(u64),
    /// The body of a callback consists of nested arrays, `[[…]]`, of this length in bytes, at most
    /// 64 MiB.
    CallbackNested(u64),
    /// A callback is recorded as sent but never arrives.
    CallbackLost,
    /// A callback arrives this number of virtual seconds late.
    CallbackLate(u64),
    /// A callback arrives twice.
    CallbackDuplicated,
    /// A callback arrives after the next one.
    CallbackReordered,
}

impl Fault {
    /// Returns a fault that strikes the next request once.
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

    /// Restricts the fault to requests whose path contains `path`.
    #[must_use]
    pub fn at(mut self, path: &str) -> Self {
        path.clone_into(&mut self.path);
        self
    }

    /// Strikes this number of requests.
    #[must_use]
    pub const fn times(mut self, count: u32) -> Self {
        self.count = count;
        self
    }

    /// Spares this number of matching requests first.
    #[must_use]
    pub const fn after(mut self, skip: u32) -> Self {
        self.skip = skip;
        self
    }

    pub(crate) const fn is_about_callbacks(&self) -> bool {
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
    /// Returns the body of a callback with this fault. A callback without a body gets a JSON body.
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

/// The planned faults.
#[derive(Debug, Default)]
pub(crate) struct FaultPlan(Vec<Fault>);

impl FaultPlan {
    pub(crate) fn add(&mut self, fault: Fault) {
        self.0.push(fault);
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    /// Returns the faults that are still planned.
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

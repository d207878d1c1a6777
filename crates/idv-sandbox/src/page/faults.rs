//! The planned faults, and a form to plan another one.

use maud::{Markup, html};
use serde_json::{Value, json};

use super::field;
use super::layout::{Section, View};
use crate::exchange::{Answer, Incoming};
use crate::fault::Fault;
use crate::vendor::VENDORS;

/// A kind of fault in the form: its name in the fault plan, its effect, and its parameter.
struct Kind {
    name: &'static str,
    effect: &'static str,
    parameter: Option<Parameter>,
}

/// A number that a kind of fault needs.
struct Parameter {
    unit: &'static str,
    usual: &'static str,
}

const fn plain(name: &'static str, effect: &'static str) -> Kind {
    Kind {
        name,
        effect,
        parameter: None,
    }
}

const fn number(
    name: &'static str,
    effect: &'static str,
    unit: &'static str,
    usual: &'static str,
) -> Kind {
    Kind {
        name,
        effect,
        parameter: Some(Parameter { unit, usual }),
    }
}

/// The kinds of faults that strike requests.
const REQUESTS: &[Kind] = &[
    plain(
        "refuse",
        "The connection is reset, and the vendor does not act.",
    ),
    plain(
        "cut_before",
        "The vendor does not act and closes the connection.",
    ),
    plain(
        "cut_after",
        "The vendor acts and closes the connection without a response.",
    ),
    number(
        "delay",
        "The vendor acts, and its response comes late.",
        "milliseconds",
        "5000",
    ),
    number(
        "drip",
        "The response comes byte by byte, with a pause before each.",
        "milliseconds",
        "100",
    ),
    number(
        "status",
        "The vendor does not act and responds with this status.",
        "status",
        "503",
    ),
    number(
        "status_inside",
        "The vendor does not act, and responds with status 200 and its body for this failure.",
        "code",
        "401",
    ),
    plain(
        "html",
        "A proxy responds with status 502 and a page of HTML.",
    ),
    plain("truncated", "The vendor acts, and its response breaks off."),
    plain(
        "wrong_type",
        "The vendor acts, and its response is JSON of another type.",
    ),
    number(
        "oversize",
        "The response is padded to this length.",
        "bytes",
        "10000000",
    ),
    number(
        "hostile",
        "The response is an array of small numbers.",
        "bytes",
        "10000000",
    ),
    number(
        "nested",
        "The response consists of nested arrays.",
        "bytes",
        "1000000",
    ),
];

/// The kinds of faults that strike callbacks.
const CALLBACKS: &[Kind] = &[
    plain("callback_lost", "The callback never arrives."),
    number(
        "callback_late",
        "The callback arrives late.",
        "seconds of the sandbox's time",
        "600",
    ),
    plain("callback_duplicated", "The callback arrives twice."),
    plain(
        "callback_reordered",
        "The callback arrives after the next one.",
    ),
    number(
        "callback_oversize",
        "The body is padded to this length.",
        "bytes",
        "10000000",
    ),
    number(
        "callback_hostile",
        "The body is an array of small numbers.",
        "bytes",
        "10000000",
    ),
    number(
        "callback_nested",
        "The body consists of nested arrays.",
        "bytes",
        "1000000",
    ),
];

/// The name of the fault whose status can come with a header.
const STATUS: &str = "status";

/// The number of planned faults that the page lists.
const SHOWN: usize = 100;

/// Returns the fault that a form describes.
pub(super) fn parse(request: &Incoming) -> Result<Fault, String> {
    let name = field(request, "kind");
    let kind = REQUESTS
        .iter()
        .chain(CALLBACKS)
        .find(|kind| kind.name == name)
        .ok_or("unknown kind of fault")?;
    let number = |name: &str| -> Result<u64, String> {
        let text = field(request, name);
        text.trim()
            .parse()
            .map_err(|_| format!("invalid `{name}`: expected a whole number"))
    };
    let kind = match &kind.parameter {
        None => json!(kind.name),
        Some(_) if kind.name == STATUS => {
            let code = number(STATUS)?;
            if !(100..1000).contains(&code) {
                return Err("invalid `status`: expected a number from 100 to 999".to_owned());
            }
            let retry_after = Some(field(request, "retry_after")).filter(|text| !text.is_empty());
            json!({ STATUS: { "code": code, "retry_after": retry_after } })
        }
        Some(_) => json!({ kind.name: number(kind.name)? }),
    };
    let method = Some(field(request, "method")).filter(|method| !method.is_empty());
    let fault = json!({
        "method": method,
        "path": field(request, "path"),
        "skip": number("skip")?,
        "count": number("count")?,
        "kind": kind,
    });
    serde_json::from_value(fault).map_err(|error| format!("invalid fault: {error}"))
}

pub(super) fn list(view: &View<'_>) -> Answer {
    let faults = view.state.faults.faults();
    let main = html! {
        h1 { "Faults" }
        section.card aria-labelledby="planned" {
            h2 #planned { "Planned" }
            @if faults.is_empty() { p.quiet { "No fault is planned: every request and callback gets through." } }
            @else {
                ol.timeline { @for fault in faults.iter().take(SHOWN) { li { (described(fault)) } } }
                @if faults.len() > SHOWN { p { "and " (faults.len() - SHOWN) " more" } }
                form method="post" action="/_page/faults/clear" {
                    (view.back_field())
                    button { "Remove all faults" }
                }
            }
        }
        section.card aria-labelledby="new" {
            h2 #new { "Plan a fault" }
            form method="post" action="/_page/faults" {
                // The default button: the Enter key in a field plans nothing.
                button disabled hidden {}
                (view.back_field())
                (target())
                h3 { "Faults of requests" }
                ul.buttons { @for kind in REQUESTS { (row(kind)) } }
                h3 { "Faults of callbacks" }
                ul.buttons { @for kind in CALLBACKS { (row(kind)) } }
            }
        }
    };
    view.page(Section::Faults, "Faults", &main)
}

/// Returns the fields for the requests or callbacks that a fault strikes.
fn target() -> Markup {
    html! {
        fieldset {
            legend { "Which requests or callbacks" }
            label { "Path contains " input name="path" list="paths" placeholder="any path" autocomplete="off"; }
            datalist #paths {
                @for vendor in VENDORS {
                    option value=(vendor.create) { (vendor.name) ": create" }
                    option value=(vendor.poll) { (vendor.name) ": status" }
                }
            }
            label {
                "Method "
                select name="method" {
                    option value="" { "any" }
                    @for method in ["GET", "POST", "PUT", "PATCH", "DELETE"] { option { (method) } }
                }
            }
            label { "Spare the first " input name="skip" type="number" min="0" max="4294967295" value="0" required; }
            label { "Strike the next " input name="count" type="number" min="1" max="4294967295" value="1" required; }
        }
    }
}

fn row(kind: &Kind) -> Markup {
    html! {
        li {
            button name="kind" value=(kind.name) { (kind.name) }
            span.quiet { (kind.effect) }
            @if let Some(parameter) = &kind.parameter {
                label {
                    input name=(kind.name) type="number" min="0" value=(parameter.usual) required;
                    " " (parameter.unit)
                }
            }
            @if kind.name == STATUS {
                label { "Retry-After " input name="retry_after" placeholder="none" size="6" autocomplete="off"; }
            }
        }
    }
}

fn described(fault: &Fault) -> Markup {
    let struck = match (fault.is_about_callbacks(), fault.count) {
        (true, 1) => "callback".to_owned(),
        (false, 1) => "request".to_owned(),
        (true, count) => format!("{count} callbacks"),
        (false, count) => format!("{count} requests"),
    };
    html! {
        code { (kind(fault)) }
        " for the next "
        @if let Some(method) = &fault.method { (method) " " }
        (struck)
        @if !fault.path.is_empty() { " with " code { (fault.path) } " in the path" }
        @if fault.skip > 0 { ", after " (fault.skip) " that are spared" }
    }
}

/// Returns the name of a kind and its parameters.
fn kind(fault: &Fault) -> String {
    let Value::Object(kind) = json!(fault.kind) else {
        return json!(fault.kind).as_str().unwrap_or_default().to_owned();
    };
    let parameters = kind.into_iter().map(|(name, parameter)| match parameter {
        Value::Object(fields) => {
            let given = fields.into_iter().filter(|(_, value)| !value.is_null());
            let fields: Vec<String> = given
                .map(|(field, value)| format!("{field} {value}"))
                .collect();
            format!("{name}: {}", fields.join(", "))
        }
        parameter => format!("{name}: {parameter}"),
    });
    parameters.collect()
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::fault::FaultKind;

    fn form(fields: &[(&str, &str)]) -> Result<Fault, String> {
        let body = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(fields)
            .finish();
        let (head, ()) = http::Request::post("/_page/faults")
            .body(())
            .unwrap()
            .into_parts();
        parse(&Incoming::new(head, Bytes::from(body)))
    }

    /// Returns the name of a kind. A new kind has to be added here, and is then missing from the
    /// form.
    fn name(kind: &FaultKind) -> &'static str {
        match kind {
            FaultKind::Refuse => "refuse",
            FaultKind::CutBefore => "cut_before",
            FaultKind::CutAfter => "cut_after",
            FaultKind::Delay(_) => "delay",
            FaultKind::Drip(_) => "drip",
            FaultKind::Status { .. } => "status",
            FaultKind::StatusInside(_) => "status_inside",
            FaultKind::Html => "html",
            FaultKind::Truncated => "truncated",
            FaultKind::WrongType => "wrong_type",
            FaultKind::Oversize(_) => "oversize",
            FaultKind::Hostile(_) => "hostile",
            FaultKind::Nested(_) => "nested",
            FaultKind::CallbackOversize(_) => "callback_oversize",
            FaultKind::CallbackHostile(_) => "callback_hostile",
            FaultKind::CallbackNested(_) => "callback_nested",
            FaultKind::CallbackLost => "callback_lost",
            FaultKind::CallbackLate(_) => "callback_late",
            FaultKind::CallbackDuplicated => "callback_duplicated",
            FaultKind::CallbackReordered => "callback_reordered",
        }
    }

    #[test]
    fn every_kind_of_the_form_is_planned() {
        let kinds = REQUESTS.iter().chain(CALLBACKS);
        let mut count = 0;
        for kind in kinds {
            count += 1;
            let usual = kind
                .parameter
                .as_ref()
                .map_or("", |parameter| parameter.usual);
            let fault = form(&[
                ("kind", kind.name),
                (kind.name, usual),
                ("path", "/start"),
                ("method", "POST"),
                ("skip", "1"),
                ("count", "2"),
            ])
            .unwrap();
            assert_eq!(name(&fault.kind), kind.name);
            assert_eq!(fault.method.as_deref(), Some("POST"));
            let expected = Fault::new(fault.kind.clone())
                .at("/start")
                .after(1)
                .times(2);
            assert_eq!(
                Fault {
                    method: None,
                    ..fault
                },
                expected
            );
        }
        assert_eq!(count, 20, "the kinds of `name`");
    }

    #[test]
    fn status_can_come_with_a_header() {
        let fields = [
            ("kind", "status"),
            ("status", "429"),
            ("skip", "0"),
            ("count", "1"),
        ];
        let kind = |retry_after| {
            form(&[&fields[..], &[("retry_after", retry_after)]].concat())
                .unwrap()
                .kind
        };
        assert_eq!(
            kind(""),
            FaultKind::Status {
                code: 429,
                retry_after: None
            }
        );
        let retry_after = Some("2".to_owned());
        assert_eq!(
            kind("2"),
            FaultKind::Status {
                code: 429,
                retry_after
            }
        );
    }

    #[test]
    fn invalid_form_is_refused_with_the_field() {
        let fields = |kind, value, skip| {
            [
                ("kind", kind),
                (kind, value),
                ("skip", skip),
                ("count", "1"),
            ]
        };
        for (fields, named) in [
            (fields("delay", "x", "0"), "`delay`"),
            (fields("delay", "-1", "0"), "`delay`"),
            (fields("status", "99", "0"), "`status`"),
            (fields("status_inside", "70000", "0"), "invalid fault"),
            (fields("refuse", "", ""), "`skip`"),
            (fields("refuse", "", "5000000000"), "invalid fault"),
            (fields("unknown", "", "0"), "unknown kind"),
        ] {
            let error = form(&fields).unwrap_err();
            assert!(error.contains(named), "{error}");
        }
    }
}

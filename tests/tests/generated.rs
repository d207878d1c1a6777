//! Parts of the documentation that are made from the code. Run with `IDV_GENERATE=write` to write them anew.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use idv::adapter::Provider;
use idv::adapter::settings::Section as _;
use idv::identity_tm::api::CALLS;
use idv::identity_tm::normalize::{Flow, KINDS, SUB_KINDS};
use idv::idnow::normalize::{ATTACHMENTS, REASONS, RESULTS};
use idv::report::Field;
use idv::{Capability, CreateSafety, HandOffKind, ProofKind, ReportSource, Secret, Status, VendorInfo};
use idv_flow::{Attention, FlowConfig, Schedule};

#[test]
fn the_readmes_matrix_is_what_the_code_can() {
    keep("README.md", "matrix", &matrix(&idv::providers()));
}

#[test]
fn configuration_page_lists_every_key() {
    let mut text = String::new();
    for (name, settings) in idv::Config::tables().into_iter().chain([(FlowConfig::NAME, FlowConfig::settings())]) {
        let mut keys = table(&["key", "variable", "meaning", "form"]);
        for setting in settings {
            let cells = [
                format!("`{}`", setting.key),
                format!("`{}`", setting.variable(name)),
                setting.summary(),
                (setting.form)().into(),
            ];
            line(&mut keys, &cells);
        }
        write!(text, "### `{name}`\n\n{keys}\n").unwrap();
    }
    keep("docs/src/configuration.md", "settings", text.trim_end());
}

#[test]
fn the_page_of_idnow_has_the_adapters_tables() {
    let mut results = table(&["result", "state", "outcome or leaning", "chapter", "why"]);
    for row in RESULTS {
        let status = serde_json::to_value(row.status).unwrap();
        let word = |name: &str| status[name].as_str().unwrap_or_default().to_owned();
        let outcome = match (word("outcome"), word("leaning")) {
            (outcome, leaning) if leaning.is_empty() => outcome,
            (_, leaning) => format!("leans to {leaning}"),
        };
        line(&mut results, &[format!("`{}`", row.code), word("state"), outcome, row.source.into(), row.why.into()]);
    }
    keep("docs/src/vendors/idnow.md", "results", &results);

    let mut reasons = table(&["reason", "in the model", "permanent", "caused by the person", "failed check", "chapter"]);
    for row in REASONS {
        let yes = |said: Option<bool>| said.map_or("", |yes| if yes { "yes" } else { "no" }).to_owned();
        let check = row.failed.map(|check| name(&check)).unwrap_or_default();
        let cells = [
            format!("`{}`", row.code),
            row.reason.name().into(),
            yes(row.permanent),
            yes(row.by_person),
            check,
            row.source.into(),
        ];
        line(&mut reasons, &cells);
    }
    keep("docs/src/vendors/idnow.md", "reasons", &reasons);

    let mut attachments = table(&["key", "evidence", "chapter"]);
    for row in ATTACHMENTS {
        line(&mut attachments, &[format!("`{}`", row.key), name(&row.kind), row.source.into()]);
    }
    keep("docs/src/vendors/idnow.md", "attachments", &attachments);
}

#[test]
fn each_vendors_page_says_what_is_supported() {
    for provider in idv::providers() {
        let mut supported = table(&["", ""]);
        for facet in Capability::ALL {
            line(&mut supported, &[facet.name().to_owned(), if provider.has(*facet) { "yes" } else { "–" }.to_owned()]);
        }
        let paths = |paths: &[&str]| paths.iter().map(|path| format!("`{path}`")).collect::<Vec<_>>().join(", ");
        line(&mut supported, &["a creation takes".to_owned(), paths(provider.accepts)]);
        let fields: Vec<String> = provider.report_fields.iter().map(Field::to_string).collect();
        line(&mut supported, &["a report can fill".to_owned(), paths(&fields.iter().map(String::as_str).collect::<Vec<_>>())]);
        keep(&format!("docs/src/vendors/{}.md", provider.provider), "supported", &supported);
    }
}

#[test]
fn the_page_of_identity_tm_has_the_adapters_tables() {
    const PAGE: &str = "docs/src/vendors/identity-tm.md";
    let mut calls = table(&["call", "chapter", "method", "success", "failures"]);
    for call in CALLS {
        let failures: Vec<String> =
            call.failures.iter().map(|failure| format!("{}: {}", failure.status, failure.detail)).collect();
        let cells = [
            format!("`{}`", call.name),
            call.chapter.into(),
            call.method.to_string(),
            call.success.to_string(),
            failures.join("; "),
        ];
        line(&mut calls, &cells);
    }
    keep(PAGE, "calls", &calls);

    let mut codes = table(&["code", "meaning", "extended", "of an identification", "of a signature", "reason"]);
    for row in KINDS {
        let state = |flow: Flow| match (row.ends_with(flow), row.state) {
            (Some(outcome), _) => format!("ends: {}", outcome.name()),
            (None, Some(state)) => {
                let state = serde_json::to_value(state).unwrap();
                let leaning = state["leaning"].as_str().map(|leaning| format!(", leans to {leaning}")).unwrap_or_default();
                format!("{}{leaning}", state["state"].as_str().unwrap())
            }
            (None, None) => String::new(),
        };
        let reason = row.reason.as_ref().map(|reason| reason.name().to_owned()).unwrap_or_default();
        let extended = if row.extended { "yes" } else { "" };
        line(
            &mut codes,
            &[row.code.to_string(), row.meaning.into(), extended.into(), state(Flow::Identification), state(Flow::Esign), reason],
        );
    }
    keep(PAGE, "codes", &codes);

    let mut sub_codes = table(&["code", "meaning", "reason", "failed check"]);
    for row in SUB_KINDS {
        let reason = row.reason.as_ref().map(|reason| reason.name().to_owned()).unwrap_or_default();
        let check = row.failed.map(|check| name(&check)).unwrap_or_default();
        line(&mut sub_codes, &[format!("{}/{}", row.kind, row.sub_kind), row.meaning.into(), reason, check]);
    }
    keep(PAGE, "sub-codes", &sub_codes);
}

#[test]
fn the_page_of_cm_id_scan_has_the_adapters_tables() {
    use idv::cm_id_scan::normalize::{DOCUMENT_KINDS, FIELDS, REPORT_FIELDS, STATES, Target};
    const PAGE: &str = "docs/src/vendors/cm-id-scan.md";
    let mut states = table(&["state", "before the person has begun", "once the person has", "source"]);
    for row in STATES {
        line(&mut states, &[format!("`{}`", row.state), state(row.untouched), state(row.begun), row.source.into()]);
    }
    keep(PAGE, "states", &states);

    let mut fields = table(&["field", "in the model", "in a sample"]);
    for row in FIELDS {
        // A target and the field of a report that it stands for have one name.
        let target = format!("{:?}", row.target);
        let field = REPORT_FIELDS.iter().find(|field| format!("{field:?}") == target);
        let path = match (row.target, field) {
            (Target::Age, _) => "a check, and `custom`".to_owned(),
            (_, field) => format!("`{}`", field.unwrap_or_else(|| panic!("no report has {target}"))),
        };
        line(&mut fields, &[format!("`{}`", row.field), path, if row.documented { "yes" } else { "" }.into()]);
    }
    keep(PAGE, "fields", &fields);

    let mut documents = table(&["type", "kind"]);
    for (word, kind) in DOCUMENT_KINDS {
        line(&mut documents, &[format!("`{word}`"), name(kind)]);
    }
    keep(PAGE, "documents", &documents);
}

#[test]
fn the_page_of_identify24_has_the_adapters_tables() {
    use idv::identify24::api::{CALLS, FAILURES};
    use idv::identify24::normalize::STATUSES;
    const PAGE: &str = "docs/src/vendors/identify24.md";
    let mut states = table(&["word", "state", "source"]);
    for row in STATUSES {
        line(&mut states, &[format!("`{}`", row.word), state(row.status), row.source.into()]);
    }
    keep(PAGE, "states", &states);

    let mut calls = table(&["call", "method", "body"]);
    for call in CALLS {
        line(&mut calls, &[format!("`{}`", call.name), call.method.to_string(), if call.has_body { "JSON" } else { "" }.into()]);
    }
    keep(PAGE, "calls", &calls);

    let mut failures = table(&["status", "meaning"]);
    for failure in FAILURES {
        line(&mut failures, &[failure.status.to_string(), failure.detail.into()]);
    }
    keep(PAGE, "failures", &failures);
}

#[test]
fn the_page_of_verificar_identidad_has_the_adapters_tables() {
    use idv::verificar_identidad::api::CALLS;
    use idv::verificar_identidad::normalize::{RESULTS, STATES};
    const PAGE: &str = "docs/src/vendors/verificar-identidad.md";
    let mut states = table(&["`Estado`", "name", "state", "has a report", "meaning"]);
    for row in STATES {
        let reports = if row.reports { "yes" } else { "" };
        line(&mut states, &[row.code.to_string(), row.name.into(), state(row.status), reports.into(), row.meaning.into()]);
    }
    keep(PAGE, "states", &states);

    let mut results = table(&["`Resultado`", "meaning", "check", "reason", "an operator judges"]);
    for row in RESULTS {
        let check = row.check.map(|(kind, result)| format!("{}: {}", name(&kind), name(&result))).unwrap_or_default();
        let reason = row.reason.as_ref().map(|reason| reason.name().to_owned()).unwrap_or_default();
        let judged = if row.to_be_judged { "yes" } else { "" };
        line(&mut results, &[row.code.to_string(), row.meaning.into(), check, reason, judged.into()]);
    }
    keep(PAGE, "results", &results);

    let mut calls = table(&["call", "section", "sends and costs", "failures"]);
    for call in CALLS {
        let failures: Vec<String> = call.failures.iter().map(|failure| format!("{}: {}", failure.res, failure.detail)).collect();
        let acts = if call.acts { "yes" } else { "" };
        line(&mut calls, &[format!("`{}`", call.name), call.section.into(), acts.into(), failures.join("; ")]);
    }
    keep(PAGE, "calls", &calls);
}

#[test]
fn the_page_on_flows_says_when_what_is_tried_at_each_vendor() {
    let vendors = vendors();
    let mut header = vec!["".to_owned(), "".to_owned()];
    header.extend(vendors.iter().map(|vendor| format!("`{}`", vendor.describe().provider)));
    let mut schedules = table(&header.iter().map(String::as_str).collect::<Vec<_>>());
    let of_each: Vec<Schedule> = vendors.iter().map(|vendor| schedule(&**vendor)).collect();
    let mut row = |name: &str, meaning: &str, cell: &dyn Fn(&Schedule) -> String| {
        let cells: Vec<String> = [format!("`{name}`"), meaning.to_owned()].into_iter().chain(of_each.iter().map(cell)).collect();
        line(&mut schedules, &cells);
    };
    row("interval", "the first wait between two questions", &|it| time(it.interval));
    row("growth", "by what waits grow while nothing happens", &|it| it.growth.to_string());
    row("slowest", "the longest wait", &|it| time(it.slowest));
    row("jitter", "by what part a wait is longer or shorter", &|it| it.jitter.to_string());
    row("wake_gap", "how soon it is asked again when a message wakes", &|it| time(it.wake_gap));
    row("sweep", "how often the lists are read", &|it| it.sweep.map_or_else(|| "–".to_owned(), time));
    row("backstop", "where lists are read: how long one goes unasked", &|it| {
        it.sweep.map_or_else(|| "–".to_owned(), |_| time(it.backstop))
    });
    row("lifetime", "how long a person has, where the answer does not say", &|it| time(it.lifetime));
    row("grace", "how long it is still tried to be asked after that", &|it| time(it.grace));
    row("overdue", "how long a report is waited for before a person is told", &|it| time(it.overdue));
    row("create_within", "how long a creation that reached nobody is tried", &|it| time(it.create_within));
    row("settle_within", "how long a lost answer is settled before a person is told", &|it| time(it.settle_within));
    row("failing", "how long the vendor fails before a person is told", &|it| time(it.failing));
    row("confirm_after", "how long after a deletion it is asked to be confirmed", &|it| time(it.confirm_after));
    keep(FLOWS, "schedules", &schedules);

    // What a schedule shows of itself has the name of each field, so none can be forgotten here.
    let shown = format!("{:?}", of_each[0]);
    let fields: BTreeSet<&str> = shown.split([' ', '{']).filter_map(|word| word.strip_suffix(':')).collect();
    let rows: BTreeSet<&str> = schedules.lines().skip(2).filter_map(|row| row.split('`').nth(1)).collect();
    assert_eq!(rows, fields);
}

#[test]
fn the_page_on_flows_says_what_becomes_of_an_interrupted_creation() {
    let mut creations =
        table(&["vendor", "a repeated creation", "what the flow does", "when a person is told: `creation_unknown`"]);
    for vendor in vendors() {
        let (info, schedule) = (vendor.describe(), schedule(&*vendor));
        let (kind, done, told) = match info.create_safety {
            CreateSafety::Keyed => (
                "is the same verification",
                "creates again under the same reference, until there is an answer".to_owned(),
                format!("after {}, and it goes on", time(schedule.settle_within)),
            ),
            CreateSafety::Findable => (
                "is another one, and both can be found",
                format!("looks our reference up, for {}; never creates again by itself", time(schedule.lifetime)),
                format!(
                    "after {}, and it goes on; at once where several are found: `several_found`",
                    time(schedule.settle_within)
                ),
            ),
            _ => (
                "is another one",
                "waits for a proven callback that names our reference; never creates again by itself".to_owned(),
                "at once".to_owned(),
            ),
        };
        line(&mut creations, &[info.name.to_owned(), kind.into(), done, told]);
    }
    keep(FLOWS, "interrupted creations", &creations);
}

#[test]
fn the_page_on_flows_has_everything_that_needs_a_person() {
    let all = [
        Attention::CreationUnknown,
        Attention::SeveralFound(2),
        Attention::Disputed,
        Attention::Overdue,
        Attention::Failing("unavailable".to_owned()),
        Attention::Failing("unauthorized".to_owned()),
        Attention::Failing("quota_exhausted".to_owned()),
        Attention::Failing("not_found".to_owned()),
        Attention::UnknownCode("A_CODE".to_owned()),
        Attention::NoWayOn,
        Attention::DeleteByHand,
        Attention::DeletionFailing(None),
        Attention::Damaged,
        Attention::Unconfigured,
        Attention::Unmatched,
        Attention::Unproven,
        Attention::Unreadable,
        Attention::InboxFull,
    ];
    let mut attentions = table(&["word", "meaning", "what a person can do"]);
    for attention in &all {
        let detail = match attention {
            Attention::Failing(error) if error != "unavailable" => format!(": `{error}`"),
            _ => String::new(),
        };
        let cells = [format!("`{}`{detail}", attention.name()), attention.to_string(), attention.what_to_do("")];
        line(&mut attentions, &cells);
    }
    keep(FLOWS, "attention", &attentions);

    // Whatever reads one lists the words there are, so none can be forgotten here.
    let there = serde_json::from_str::<Attention>(r#"{"kind":"none of them"}"#).unwrap_err().to_string();
    let there: BTreeSet<&str> = there.split('`').skip(3).step_by(2).collect();
    assert_eq!(there, all.iter().map(Attention::name).collect());
}

#[test]
fn the_page_on_flows_says_what_is_deleted_by_hand() {
    let mut by_hand = table(&["vendor", "its copy is deleted"]);
    for vendor in vendors() {
        let how = match vendor.capabilities().deletion {
            Some(_) => "by a call".to_owned(),
            None => format!("by hand: {}", vendor.describe().manual_steps),
        };
        line(&mut by_hand, &[vendor.describe().name.to_owned(), how]);
    }
    keep(FLOWS, "by hand", &by_hand);
}

#[test]
fn the_page_on_callbacks_says_how_each_vendor_calls() {
    let mut intakes = table(&["vendor", "it calls by", "a body is at most", "it wants its reply within", "its address is set"]);
    for vendor in vendors() {
        let intake = vendor.capabilities().callbacks.unwrap().spec();
        let methods: Vec<&str> = intake.methods.iter().map(http::Method::as_str).collect();
        let set = if vendor.describe().accepts.contains(&"callback_url") { "with each verification" } else { "once per account" };
        let cells = [
            vendor.describe().name.to_owned(),
            methods.join(", "),
            format!("{} KiB", intake.body_limit / 1024),
            intake.reply_within.map_or_else(|| "–".to_owned(), time),
            set.to_owned(),
        ];
        line(&mut intakes, &cells);
    }
    keep("docs/src/callbacks.md", "intakes", &intakes);
}

const FLOWS: &str = "docs/src/flows.md";

/// Every vendor, as an account of nobody's has it.
fn vendors() -> [Box<dyn Provider>; 5] {
    use idv::{cm_id_scan, identify24, identity_tm, idnow, verificar_identidad};
    let secret = || Secret::from("an example of a secret, long enough");
    let mut verificar_identidad = verificar_identidad::VerificarIdentidadConfig::new("example", secret());
    verificar_identidad.callback_secret = secret().into();
    [
        Box::new(cm_id_scan::CmIdScan::new(cm_id_scan::CmIdScanConfig::new("example", secret())).unwrap()),
        Box::new(identify24::Identify24::new(identify24::Identify24Config::new("example", secret(), 1)).unwrap()),
        Box::new(identity_tm::IdentityTm::new(identity_tm::IdentityTmConfig::new("example", secret())).unwrap()),
        Box::new(idnow::Idnow::new(idnow::IdnowConfig::new("example", secret(), idnow::DataCentre::Test)).unwrap()),
        Box::new(verificar_identidad::VerificarIdentidad::new(verificar_identidad).unwrap()),
    ]
}

fn schedule(vendor: &dyn Provider) -> Schedule {
    Schedule::of(&VendorInfo::of(vendor))
}

/// A time in the largest unit of which it is a whole number.
fn time(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let (length, unit) = [(24 * 60 * 60, "days"), (60 * 60, "h"), (60, "min"), (1, "s")]
        .into_iter()
        .find(|(length, _)| seconds.is_multiple_of(*length))
        .unwrap();
    let count = seconds / length;
    format!("{count} {}", if (count, unit) == (1, "days") { "day" } else { unit })
}

/// A state in words: its name, and what it comes to or leans to.
fn state(status: Status) -> String {
    let status = serde_json::to_value(status).unwrap();
    let word = |name: &str| status[name].as_str();
    let state = word("state").unwrap();
    match (word("outcome"), word("leaning")) {
        (Some(outcome), _) => format!("{state}: {outcome}"),
        (None, Some(leaning)) => format!("{state}, leans to {leaning}"),
        (None, None) => state.to_owned(),
    }
}

fn matrix(providers: &[VendorInfo]) -> String {
    let mut header = vec!["".to_owned()];
    header.extend(providers.iter().map(|provider| format!("`{}`", provider.provider)));
    let mut text = table(&header.iter().map(String::as_str).collect::<Vec<_>>());
    let mut row = |what: &str, cell: &dyn Fn(&VendorInfo) -> String| {
        let cells: Vec<String> = std::iter::once(what.to_owned()).chain(providers.iter().map(cell)).collect();
        line(&mut text, &cells);
    };
    row("vendor", &|provider| provider.name.to_owned());
    for facet in Capability::ALL {
        row(facet.name(), &|provider| if provider.has(*facet) { "yes" } else { "–" }.to_owned());
    }
    row("a creation whose answer was lost", &|provider| {
        match provider.create_safety {
            CreateSafety::Keyed => "repeat it: our reference is the key",
            CreateSafety::Findable => "find it by our reference",
            _ => "wait, or ask a person",
        }
        .to_owned()
    });
    row("the person", &|provider| {
        match provider.hand_off {
            HandOffKind::Redirect => "visits a link",
            _ => "is contacted by the vendor",
        }
        .to_owned()
    });
    row("the report comes", &|provider| {
        match provider.report_from {
            ReportSource::Poll => "with the state",
            ReportSource::Fetch => "by fetching",
            _ => "with a callback",
        }
        .to_owned()
    });
    row("callbacks are proven by", &|provider| {
        match provider.callback_proof {
            Some(ProofKind::SecretUrl) => "a secret in the address, where one is configured",
            Some(ProofKind::SharedSecret) => "a secret in a header, where one is configured",
            Some(ProofKind::Basic) => "Basic authentication, where it is configured",
            _ => "nothing",
        }
        .to_owned()
    });
    row("a creation requires", &|provider| {
        if provider.requires.is_empty() { "–".to_owned() } else { provider.requires.join(", ").replace('|', " or ") }
    });
    row("fields a report can fill", &|provider| provider.report_fields.len().to_string());
    text
}

fn table(header: &[&str]) -> String {
    format!("| {} |\n|{}\n", header.join(" | "), "---|".repeat(header.len()))
}

fn line(table: &mut String, cells: &[String]) {
    writeln!(table, "| {} |", cells.join(" | ")).unwrap();
}

/// A value's name in JSON.
fn name(value: &impl serde::Serialize) -> String {
    serde_json::to_value(value).unwrap().as_str().unwrap_or_default().to_owned()
}

/// Compares the part of a file between its markers with what it is to be, or writes it.
fn keep(file: &str, part: &str, wanted: &str) {
    // Several tests keep parts of one file.
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _turn = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(file);
    let text = std::fs::read_to_string(&path).unwrap();
    let begin = format!("<!-- generated: {part} -->\n");
    let (before, rest) = text.split_once(&begin).unwrap_or_else(|| panic!("{file} has no part {part}"));
    let (found, after) = rest.split_once("<!-- /generated -->").expect("a part has an end");
    let wanted = format!("\n{wanted}\n");
    if std::env::var("IDV_GENERATE").as_deref() == Ok("write") {
        return std::fs::write(&path, format!("{before}{begin}{wanted}<!-- /generated -->{after}")).unwrap();
    }
    assert_eq!(found, wanted, "{file}: {part} is stale; run `just generate`");
}

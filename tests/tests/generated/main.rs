//! Parts of the documentation that the code generates. Run with `IDV_GENERATE=write` to write them.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use idv::adapter::settings::Section as _;
use idv::report::Field;
use idv::{
    Capability, Client, Config, CreateSafety, HandOffKind, ProofKind, ReportSource, Status,
    Timestamp, VendorInfo,
};
use idv_flow::{Attention, FlowConfig, Schedule};
use idv_sandbox::Sandbox;
use idv_testkit::{ManualClock, ScriptedTransport, environment};

macro_rules! pages {
    ($($vendor:ident,)*) => {
        $(mod $vendor;)*
    };
}

idv_sandbox::for_each_vendor!(pages);
mod instruments;
mod places;

#[test]
fn readme_matrix_matches_the_code() {
    keep("README.md", "matrix", &matrix(&idv::providers()));
}

#[test]
fn configuration_page_lists_every_key() {
    let mut text = String::new();
    for (name, settings) in Config::tables()
        .into_iter()
        .chain([(FlowConfig::NAME, FlowConfig::settings())])
    {
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
fn vendor_pages_list_supported_features() {
    for provider in idv::providers() {
        let mut supported = table(&["", ""]);
        for facet in Capability::ALL {
            line(
                &mut supported,
                &[
                    facet.name().to_owned(),
                    if provider.has(*facet) { "yes" } else { "–" }.to_owned(),
                ],
            );
        }
        let paths = |paths: &[&str]| {
            paths
                .iter()
                .map(|path| format!("`{path}`"))
                .collect::<Vec<_>>()
                .join(", ")
        };
        line(
            &mut supported,
            &[
                "a create request accepts".to_owned(),
                paths(provider.accepts),
            ],
        );
        let fields: Vec<String> = provider
            .report_fields
            .iter()
            .map(Field::to_string)
            .collect();
        line(
            &mut supported,
            &[
                "a report can contain".to_owned(),
                paths(&fields.iter().map(String::as_str).collect::<Vec<_>>()),
            ],
        );
        keep(
            &format!("docs/src/vendors/{}.md", provider.provider),
            "supported",
            &supported,
        );
    }
}

#[test]
fn flows_page_lists_schedules() {
    let vendors = vendors();
    let mut header = vec!["".to_owned(), "".to_owned()];
    header.extend(
        vendors
            .iter()
            .map(|vendor| format!("`{}`", vendor.info().provider)),
    );
    let mut schedules = table(&header.iter().map(String::as_str).collect::<Vec<_>>());
    let of_each: Vec<Schedule> = vendors.iter().map(schedule).collect();
    let mut row = |name: &str, meaning: &str, cell: &dyn Fn(&Schedule) -> String| {
        let cells: Vec<String> = [format!("`{name}`"), meaning.to_owned()]
            .into_iter()
            .chain(of_each.iter().map(cell))
            .collect();
        line(&mut schedules, &cells);
    };
    row("interval", "first interval between polls", &|it| {
        time(it.interval)
    });
    row(
        "growth",
        "growth of the interval per poll without a change",
        &|it| it.growth.to_string(),
    );
    row("slowest", "longest interval", &|it| time(it.slowest));
    row("jitter", "random part of the interval", &|it| {
        it.jitter.to_string()
    });
    row(
        "wake_gap",
        "shortest interval between polls that callbacks request",
        &|it| time(it.wake_gap),
    );
    row("sweep", "interval between reads of the list", &|it| {
        it.sweep.map_or_else(|| "–".to_owned(), time)
    });
    row(
        "backstop",
        "longest time without a poll while lists are read",
        &|it| {
            it.sweep
                .map_or_else(|| "–".to_owned(), |_| time(it.backstop))
        },
    );
    row(
        "lifetime",
        "lifetime of a session if the answer states none",
        &|it| time(it.lifetime),
    );
    row(
        "grace",
        "time after the session's end in which polls continue",
        &|it| time(it.grace),
    );
    row(
        "overdue",
        "wait for a report before an operator gets a task",
        &|it| time(it.overdue),
    );
    row(
        "create_within",
        "time in which a create request that did not arrive is retried",
        &|it| time(it.create_within),
    );
    row(
        "settle_within",
        "time to settle a lost answer before an operator gets a task",
        &|it| time(it.settle_within),
    );
    row(
        "failing",
        "time for which calls fail before an operator gets a task",
        &|it| time(it.failing),
    );
    row(
        "confirm_after",
        "wait after a deletion before it is confirmed",
        &|it| time(it.confirm_after),
    );
    keep(FLOWS, "schedules", &schedules);

    // The `Debug` output of a schedule names each field, so the table cannot omit one.
    let shown = format!("{:?}", of_each[0]);
    let fields: BTreeSet<&str> = shown
        .split([' ', '{'])
        .filter_map(|word| word.strip_suffix(':'))
        .collect();
    let rows: BTreeSet<&str> = schedules
        .lines()
        .skip(2)
        .filter_map(|row| row.split('`').nth(1))
        .collect();
    assert_eq!(rows, fields);
}

#[test]
fn flows_page_lists_interrupted_creations() {
    let mut creations = table(&[
        "vendor",
        "a repeated create request",
        "after a lost answer, the engine",
        "the operator gets the task `creation_unknown`",
    ]);
    for vendor in vendors() {
        let (info, schedule) = (vendor.info(), schedule(&vendor));
        let (kind, done, told) = match info.create_safety {
            CreateSafety::Keyed => (
                "returns the same verification",
                "repeats the request under the same reference until the vendor answers".to_owned(),
                format!(
                    "after {}; the engine continues",
                    time(schedule.settle_within)
                ),
            ),
            CreateSafety::Findable => (
                "creates another verification; both can be found",
                format!(
                    "searches for our reference, for {}; never repeats the request",
                    time(schedule.lifetime)
                ),
                format!(
                    "after {}; the engine continues. At once if the search finds several: \
                     `several_found`",
                    time(schedule.settle_within)
                ),
            ),
            _ => (
                "creates another verification",
                "waits for an authenticated callback with our reference; never repeats the \
                 request"
                    .to_owned(),
                "at once".to_owned(),
            ),
        };
        line(
            &mut creations,
            &[info.name.to_owned(), kind.into(), done, told],
        );
    }
    keep(FLOWS, "interrupted creations", &creations);
}

#[test]
fn flows_page_lists_operator_tasks() {
    let all = [
        Attention::CreationUnknown,
        Attention::SeveralFound(2),
        Attention::Disputed,
        Attention::Overdue,
        Attention::Failing("unavailable".to_owned()),
        Attention::Failing("unauthorized".to_owned()),
        Attention::Failing("quota_exhausted".to_owned()),
        Attention::Failing("not_found".to_owned()),
        Attention::Failing("crashed".to_owned()),
        Attention::UnknownCode("A_CODE".to_owned()),
        Attention::NoWayOn,
        Attention::DeleteByHand,
        Attention::DeletionFailing(None),
        Attention::EvidenceFailing("not_found".to_owned()),
        Attention::EvidenceFailing("unavailable".to_owned()),
        Attention::EvidenceFailing("sink".to_owned()),
        Attention::Damaged,
        Attention::NewerVersion,
        Attention::Unconfigured,
        Attention::Undelivered("settled".to_owned()),
        Attention::Unmatched,
        Attention::Unproven,
        Attention::Unreadable,
        Attention::InboxFull,
        Attention::Paused,
        Attention::Draining,
    ];
    let mut attentions = table(&["reason", "meaning", "what the operator can do"]);
    for attention in &all {
        let detail = match attention {
            Attention::Failing(error) if error != "unavailable" => format!(": `{error}`"),
            Attention::EvidenceFailing(error) if error != "not_found" => format!(": `{error}`"),
            _ => String::new(),
        };
        let cells = [
            format!("`{}`{detail}", attention.name()),
            attention.to_string(),
            attention.what_to_do(""),
        ];
        line(&mut attentions, &cells);
    }
    keep(FLOWS, "attention", &attentions);

    // The error message of the deserializer lists every variant, so the table cannot omit one.
    let there = serde_json::from_str::<Attention>(r#"{"kind":"none of them"}"#)
        .unwrap_err()
        .to_string();
    let there: BTreeSet<&str> = there.split('`').skip(3).step_by(2).collect();
    assert_eq!(there, all.iter().map(Attention::name).collect());
}

#[test]
fn flows_page_lists_manual_deletions() {
    let mut by_hand = table(&["vendor", "deletion of its copy"]);
    for vendor in vendors() {
        let how = match vendor.provider().capabilities().deletion {
            Some(_) => "by a call".to_owned(),
            None => format!("by hand: {}", vendor.info().manual_steps),
        };
        line(&mut by_hand, &[vendor.info().name.to_owned(), how]);
    }
    keep(FLOWS, "by hand", &by_hand);
}

#[test]
fn callbacks_page_lists_requests_of_each_vendor() {
    let mut intakes = table(&[
        "vendor",
        "method",
        "maximum length of the body",
        "expects a reply within",
        "the callback URL is set",
    ]);
    for vendor in vendors() {
        let intake = vendor.provider().capabilities().callbacks.unwrap().spec();
        let methods: Vec<&str> = intake.methods.iter().map(http::Method::as_str).collect();
        let set = if vendor.info().accepts.contains(&"callback_url") {
            "with each verification"
        } else {
            "once per account"
        };
        let cells = [
            vendor.info().name.to_owned(),
            methods.join(", "),
            format!("{} KiB", intake.body_limit / 1024),
            intake.reply_within.map_or_else(|| "–".to_owned(), time),
            set.to_owned(),
        ];
        line(&mut intakes, &cells);
    }
    keep("docs/src/callbacks.md", "intakes", &intakes);
}

#[test]
fn readme_of_facade_lists_each_feature() {
    let mut vendors = table(&["feature", "vendor", "by"]);
    for vendor in idv::providers() {
        line(
            &mut vendors,
            &[
                format!("`{}`", vendor.provider),
                vendor.name.to_owned(),
                vendor.document.to_owned(),
            ],
        );
    }
    keep("crates/idv/README.md", "vendors", &vendors);
}

#[test]
fn sandbox_page_lists_scenarios() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let sandbox = runtime
        .block_on(Sandbox::builder().in_process().start())
        .unwrap();
    let mut scenarios = table(&["vendor", "scenarios"]);
    for vendor in sandbox.vendors() {
        let common = idv_testkit::conformance::SCENARIOS;
        let own: Vec<String> = vendor
            .scenarios()
            .iter()
            .filter(|scenario| !common.contains(&scenario.name))
            .map(|scenario| format!("`{}`", scenario.name))
            .collect();
        line(&mut scenarios, &[vendor.name().to_owned(), own.join(", ")]);
    }
    keep("docs/src/sandbox.md", "scenarios", &scenarios);
}

const FLOWS: &str = "docs/src/flows.md";

/// Returns a client of every vendor, in the order of their ids. The clients make no calls.
fn vendors() -> Vec<Client> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let sandbox = runtime
        .block_on(Sandbox::builder().in_process().start())
        .unwrap();
    let mut ids: Vec<&str> = sandbox
        .vendors()
        .iter()
        .map(idv_sandbox::Vendor::id)
        .collect();
    ids.sort_unstable();
    let client = |id: &str| {
        let environment = environment(
            &ScriptedTransport::new(),
            &ManualClock::new(Timestamp::UNIX_EPOCH),
        );
        idv::connect_in(
            &Config::from_env(sandbox.settings(id)).unwrap(),
            environment,
        )
        .unwrap()
    };
    ids.into_iter().map(client).collect()
}

fn schedule(vendor: &Client) -> Schedule {
    Schedule::of(vendor.info())
}

/// Returns a duration in the largest unit of which it is a whole number.
fn time(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let (length, unit) = [
        (24 * 60 * 60, "days"),
        (60 * 60, "h"),
        (60, "min"),
        (1, "s"),
    ]
    .into_iter()
    .find(|(length, _)| seconds.is_multiple_of(*length))
    .unwrap();
    let count = seconds / length;
    format!(
        "{count} {}",
        if (count, unit) == (1, "days") {
            "day"
        } else {
            unit
        }
    )
}

/// Returns a status in words: its name, and its outcome or leaning.
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
    header.extend(
        providers
            .iter()
            .map(|provider| format!("`{}`", provider.provider)),
    );
    let mut text = table(&header.iter().map(String::as_str).collect::<Vec<_>>());
    let mut row = |what: &str, cell: &dyn Fn(&VendorInfo) -> String| {
        let cells: Vec<String> = std::iter::once(what.to_owned())
            .chain(providers.iter().map(cell))
            .collect();
        line(&mut text, &cells);
    };
    row("vendor", &|provider| provider.name.to_owned());
    row("document", &|provider| provider.document.to_owned());
    row("proved by", &|_| {
        "its document and an emulator; no live account yet".to_owned()
    });
    for facet in Capability::ALL {
        row(facet.name(), &|provider| {
            if provider.has(*facet) { "yes" } else { "–" }.to_owned()
        });
    }
    row("after a lost answer to a create request", &|provider| {
        match provider.create_safety {
            CreateSafety::Keyed => "repeat it: our reference is the idempotency key",
            CreateSafety::Findable => "find the verification by our reference",
            _ => "wait for a callback or an operator",
        }
        .to_owned()
    });
    row("the person", &|provider| {
        match provider.hand_off {
            HandOffKind::Redirect => "opens a link",
            _ => "receives a message from the vendor",
        }
        .to_owned()
    });
    row("the report arrives", &|provider| {
        match provider.report_from {
            ReportSource::Poll => "with the status",
            ReportSource::Fetch => "by fetching",
            _ => "with a callback",
        }
        .to_owned()
    });
    row("callbacks are authenticated by", &|provider| {
        match provider.callback_proof {
            Some(ProofKind::SecretUrl) => "a secret in the URL, if configured",
            Some(ProofKind::SharedSecret) => "a secret in a header, if configured",
            Some(ProofKind::Basic) => "Basic authentication, if configured",
            _ => "nothing",
        }
        .to_owned()
    });
    row("a create request requires", &|provider| {
        if provider.requires.is_empty() {
            "–".to_owned()
        } else {
            provider.requires.join(", ").replace('|', " or ")
        }
    });
    row("fields of a report", &|provider| {
        provider.report_fields.len().to_string()
    });
    text
}

fn table(header: &[&str]) -> String {
    format!(
        "| {} |\n|{}\n",
        header.join(" | "),
        "---|".repeat(header.len())
    )
}

fn line(table: &mut String, cells: &[String]) {
    writeln!(table, "| {} |", cells.join(" | ")).unwrap();
}

/// Returns a value's name in JSON.
fn name(value: &impl serde::Serialize) -> String {
    serde_json::to_value(value)
        .unwrap()
        .as_str()
        .unwrap_or_default()
        .to_owned()
}

/// Compares the part of a file between its markers with the expected text, or writes it.
fn keep(file: &str, part: &str, wanted: &str) {
    // Several tests check parts of the same file.
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _turn = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(file);
    let text = std::fs::read_to_string(&path).unwrap();
    let begin = format!("<!-- generated: {part} -->\n");
    let (before, rest) = text
        .split_once(&begin)
        .unwrap_or_else(|| panic!("{file} has no part {part}"));
    let (found, after) = rest
        .split_once("<!-- /generated -->")
        .expect("a part has an end");
    let wanted = format!("\n{wanted}\n");
    if std::env::var("IDV_GENERATE").as_deref() == Ok("write") {
        return std::fs::write(
            &path,
            format!("{before}{begin}{wanted}<!-- /generated -->{after}"),
        )
        .unwrap();
    }
    assert_eq!(
        found, wanted,
        "{file}: {part} is stale; run `just generate`"
    );
}

//! What a hostile body costs: at most ten times its size in memory, at every vendor and in every shape.
//!
//! The peak of a process only grows, so each body is read by a process of its own: the test starts itself again.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::process::Command;

use idv::Observation;

const BODY: usize = 4 << 20;
const CASE: &str = "IDV_HOSTILE_CASE";

type Read = fn(&[u8], &str) -> idv::Result<Vec<Observation>>;

/// How each vendor's payloads are read, the kinds of payloads, and members that its documents have lists in.
const VENDORS: [(&str, Read, &[&str], &[&str]); 5] = [
    ("cm-id-scan", cm_id_scan, &["result", "status", "callback"], &["tasks", "result", "transaction"]),
    ("identify24", identify24, &["status", "callback"], &["data", "messages"]),
    ("identity-tm", identity_tm, &["result", "status"], &["IdentData", "Status", "Images"]),
    ("idnow", idnow, &["result", "status", "callback"], &["identifications", "attachments", "questions"]),
    ("verificar-identidad", verificar_identidad, &["callback"], &["Result", "Acceso", "Estado"]),
];

fn cm_id_scan(body: &[u8], kind: &str) -> idv::Result<Vec<Observation>> {
    use idv::cm_id_scan::normalize;
    Ok(normalize::kind(body, kind, &normalize::Acceptance::strict())?.observations)
}

fn identify24(body: &[u8], kind: &str) -> idv::Result<Vec<Observation>> {
    use idv::identify24::normalize;
    Ok(normalize::kind(body, kind, &normalize::Statuses::of_document())?.observations)
}

fn identity_tm(body: &[u8], kind: &str) -> idv::Result<Vec<Observation>> {
    use idv::identity_tm::normalize;
    Ok(normalize::kind(body, kind, normalize::Flow::of_product(12))?.observations)
}

fn idnow(body: &[u8], kind: &str) -> idv::Result<Vec<Observation>> {
    Ok(idv::idnow::normalize::kind(body, kind)?.observations)
}

fn verificar_identidad(body: &[u8], kind: &str) -> idv::Result<Vec<Observation>> {
    Ok(idv::verificar_identidad::normalize::kind(body, kind)?.observations)
}

/// Repeats a piece between a head and a tail until the body is full.
fn filled(head: &str, piece: impl Fn(usize) -> String, tail: &str) -> Vec<u8> {
    let mut body = head.to_owned();
    let mut number = 0;
    while body.len() < BODY {
        body.push_str(&piece(number));
        number += 1;
    }
    body.truncate(body.trim_end_matches(',').len());
    body.push_str(tail);
    body.into_bytes()
}

type Body = (String, Box<dyn Fn() -> Vec<u8>>);

/// The bodies, each made only when it is asked for: what making it took must not be left to the reader.
fn bodies(members: &[&str]) -> Vec<Body> {
    let mut bodies: Vec<Body> = Vec::new();
    let mut add = |name: &str, head: &str, piece: fn(usize) -> String, tail: &str| {
        let (head, tail) = (head.to_owned(), tail.to_owned());
        bodies.push((name.to_owned(), Box::new(move || filled(&head, piece, &tail))));
    };
    for member in members {
        let head = format!("{{\"{member}\":[");
        add(member, &head, |_| "0,".into(), "]}");
        add(member, &head, |_| "{},".into(), "]}");
        add(member, &head, |_| "[],".into(), "]}");
        add(member, &head, |_| "\"\",".into(), "]}");
        add(member, &head, |_| "{\"a\":0},".into(), "]}");
        add(member, &head, |_| "{\"a\":{\"b\":[]}},".into(), "]}");
        add(member, &head, |_| "{\"value\":\"x\",\"name\":\"y\"},".into(), "]}");
        add(member, &format!("{{\"{member}\":{{"), |number| format!("\"{number}\":0,"), "}}");
    }
    add("unknown members", "{", |number| format!("\"{number}\":0,"), "}");
    add("escapes", "{\"a\":\"", |_| "\\u0000\\ud800".into(), "\"}");
    add("digits", "{\"a\":", |_| "9".into(), "}");
    add("long numbers", "{\"a\":[", |_| "12345678901234567890123,".into(), "]}");
    add("depth", "{\"a\":", |_| "[".into(), "");
    add("elements", "<identification>", |_| "<a/>".into(), "</identification>");
    add("known elements", "<identification>", |n| format!("<attachments><a{n}>b</a{n}></attachments>"), "</identification>");
    add("attributes", "<identification", |number| format!(" a{number}=\"\""), "/>");
    add("parameters", "Estado=5100", |number| format!("&{number}="), "");
    add("percent signs", "Estado=", |_| "%41".into(), "");
    bodies
}

fn memory(line: &str) -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let kib = status.lines().find_map(|text| text.strip_prefix(line)).and_then(|rest| rest.split_whitespace().next());
    kib.unwrap().parse::<usize>().unwrap() << 10
}

/// Reads one body in this process, and prints by how much its memory grew.
fn measure(case: &str) {
    let (vendor, rest) = case.split_once('/').unwrap();
    let (kind, index) = rest.split_once('/').unwrap();
    let (_, read, _, members) = VENDORS.iter().find(|row| row.0 == vendor).unwrap();
    let body = bodies(members).swap_remove(index.parse().unwrap()).1();
    let before = memory("VmRSS:");
    let read = read(&body, kind);
    let grown = memory("VmHWM:").saturating_sub(before);
    println!("grown={grown} read={}", read.is_ok());
}

#[test]
fn hostile_body_costs_at_most_ten_times_its_size() {
    if let Ok(case) = std::env::var(CASE) {
        return measure(&case);
    }
    let program = std::env::current_exe().unwrap();
    let mut failures = Vec::new();
    let mut measured = 0;
    for (vendor, _, kinds, members) in VENDORS {
        for kind in kinds {
            for (index, (name, _)) in bodies(members).into_iter().enumerate() {
                let output = Command::new(&program)
                    .args(["--exact", "hostile_body_costs_at_most_ten_times_its_size", "--nocapture"])
                    .env(CASE, format!("{vendor}/{kind}/{index}"))
                    .output()
                    .unwrap();
                let printed = String::from_utf8_lossy(&output.stdout).into_owned();
                let grown = printed.split("grown=").nth(1).and_then(|rest| rest.split_whitespace().next());
                let Some(grown) = grown.and_then(|text| text.parse::<usize>().ok()) else {
                    panic!("{vendor} {kind} {name}: {printed}{}", String::from_utf8_lossy(&output.stderr));
                };
                measured += 1;
                if grown > 10 * BODY {
                    failures.push(format!("{vendor} {kind}, {name} ({index}): {:.1} times its size", grown as f64 / BODY as f64));
                }
            }
        }
    }
    assert!(measured > 200, "{measured}");
    assert!(failures.is_empty(), "\n{}", failures.join("\n"));
}

//! A hostile body costs at most ten times its size in memory, for every vendor and every shape.
//!
//! The peak memory of a process only grows, so each body is parsed in its own process: the test
//! starts itself again.

#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use std::process::Command;

use idv::Observation;

const BODY: usize = 4 << 20;
const CASE: &str = "IDV_HOSTILE_CASE";

type Read = fn(&[u8], &str) -> idv::Result<Vec<Observation>>;

/// A vendor: its module, its parser, the kinds of its payloads, and members that hold lists in its
/// document.
type Vendor = (
    &'static str,
    Read,
    &'static [&'static str],
    &'static [&'static str],
);

macro_rules! vendors {
    ($($vendor:ident,)*) => {
        $(mod $vendor;)*

        const VENDORS: &[Vendor] = &[$((stringify!($vendor), $vendor::read, $vendor::KINDS, $vendor::LISTS),)*];
    };
}

idv_sandbox::for_each_vendor!(vendors);

/// The piece that a body repeats between its head and its tail.
#[derive(Clone, Copy)]
enum Piece {
    Same(&'static str),
    Numbered(fn(usize) -> String),
}

/// A body: its name and its parts.
type Body = (String, String, Piece, &'static str);

/// Builds a body. A process builds only the body that it parses, so that no memory of others is
/// left over.
fn filled((_, head, piece, tail): &Body) -> Vec<u8> {
    let mut body = head.clone();
    match piece {
        Piece::Same(piece) => body.push_str(&piece.repeat(BODY / piece.len())),
        Piece::Numbered(piece) => (0..)
            .map(piece)
            .take_while(|piece| {
                body.push_str(piece);
                body.len() < BODY
            })
            .for_each(drop),
    }
    body.truncate(body.trim_end_matches(',').len());
    body.push_str(tail);
    body.into_bytes()
}

fn bodies(members: &[&str]) -> Vec<Body> {
    use Piece::{Numbered, Same};
    let mut bodies: Vec<Body> = Vec::new();
    let mut add = |name: &str, head: &str, piece: Piece, tail: &'static str| {
        bodies.push((
            format!("{name} {}", bodies.len()),
            head.to_owned(),
            piece,
            tail,
        ));
    };
    for member in members {
        let head = format!("{{\"{member}\":[");
        for piece in [
            "0,",
            "{},",
            "[],",
            "\"\",",
            "{\"a\":0},",
            "{\"a\":{\"b\":[]}},",
            "{\"value\":\"x\",\"name\":\"y\"},",
        ] {
            add(member, &head, Same(piece), "]}");
        }
        add(
            member,
            &format!("{{\"{member}\":{{"),
            Numbered(|number| format!("\"{number}\":0,")),
            "}}",
        );
    }
    add(
        "unknown members",
        "{",
        Numbered(|number| format!("\"{number}\":0,")),
        "}",
    );
    add("escapes", "{\"a\":\"", Same("\\u0000\\ud800"), "\"}");
    add("digits", "{\"a\":", Same("9"), "}");
    add(
        "long numbers",
        "{\"a\":[",
        Same("12345678901234567890123,"),
        "]}",
    );
    add("depth", "{\"a\":", Same("["), "");
    add(
        "elements",
        "<identification>",
        Same("<a/>"),
        "</identification>",
    );
    add(
        "known elements",
        "<identification>",
        Numbered(|n| format!("<attachments><a{n}>b</a{n}></attachments>")),
        "</identification>",
    );
    add(
        "attributes",
        "<identification",
        Numbered(|number| format!(" a{number}=\"\"")),
        "/>",
    );
    add(
        "parameters",
        "Estado=5100",
        Numbered(|number| format!("&{number}=")),
        "",
    );
    add("percent signs", "Estado=", Same("%41"), "");
    bodies
}

fn memory(line: &str) -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let kib = status
        .lines()
        .find_map(|text| text.strip_prefix(line))
        .and_then(|rest| rest.split_whitespace().next());
    kib.unwrap().parse::<usize>().unwrap() << 10
}

/// Parses one body in this process, and prints the growth of its memory.
#[expect(clippy::print_stdout, reason = "the parent process reads the output")]
fn measure(case: &str) {
    let (vendor, rest) = case.split_once('/').unwrap();
    let (kind, index) = rest.split_once('/').unwrap();
    let (_, read, _, members) = VENDORS.iter().find(|row| row.0 == vendor).unwrap();
    let body = filled(&bodies(members).swap_remove(index.parse().unwrap()));
    let before = memory("VmRSS:");
    let read = read(&body, kind);
    let grown = memory("VmHWM:").saturating_sub(before);
    println!("grown={grown} read={}", read.is_ok());
}

/// Parses the body of a case in its own process. Returns a description if it used too much memory.
fn too_much((case, name): &(String, String)) -> Option<String> {
    let output = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "hostile_body_costs_at_most_ten_times_its_size",
            "--nocapture",
        ])
        .env(CASE, case)
        .output()
        .unwrap();
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    let grown = printed
        .split("grown=")
        .nth(1)
        .and_then(|rest| rest.split_whitespace().next());
    let Some(grown) = grown.and_then(|text| text.parse::<usize>().ok()) else {
        return Some(format!(
            "{name}: {printed}{}",
            String::from_utf8_lossy(&output.stderr)
        ));
    };
    (grown > 10 * BODY).then(|| format!("{name}: {:.1} times its size", grown as f64 / BODY as f64))
}

#[test]
fn hostile_body_costs_at_most_ten_times_its_size() {
    if let Ok(case) = std::env::var(CASE) {
        return measure(&case);
    }
    let cases: Vec<(String, String)> = VENDORS
        .iter()
        .flat_map(|(vendor, _, kinds, members)| {
            kinds
                .iter()
                .map(move |kind| (vendor, kind, bodies(members)))
        })
        .flat_map(|(vendor, kind, bodies)| {
            let case = move |(index, (name, ..)): (usize, Body)| {
                (
                    format!("{vendor}/{kind}/{index}"),
                    format!("{vendor} {kind}, {name}"),
                )
            };
            bodies.into_iter().enumerate().map(case)
        })
        .collect();
    let measured = cases.len();
    let failures: Vec<String> = std::thread::scope(|scope| {
        let halves = cases
            .chunks(measured.div_ceil(2))
            .map(|half| scope.spawn(|| half.iter().filter_map(too_much).collect()));
        let halves: Vec<_> = halves.collect();
        halves
            .into_iter()
            .flat_map(|half| {
                half.join()
                    .unwrap_or_else(|_| vec!["a case failed".to_owned()])
            })
            .collect()
    });
    assert!(measured > 150, "{measured}");
    assert!(failures.is_empty(), "\n{}", failures.join("\n"));
}

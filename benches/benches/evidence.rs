//! Evidence of Identity.TM: images inside a result, and a streamed video. Measures the peak memory
//! and the time of each.
//!
//! Each memory figure is of a separate process, which this program starts with `--side SIDE …`. The
//! vendor is the sandbox in the first process, over HTTP on the loopback interface.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a benchmark fails by panicking"
)]

use std::hint::black_box;
use std::io;
use std::path::Path;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use idv::identity_tm::normalize::{Flow, payload};
use idv::identity_tm::{IdentityTm, IdentityTmConfig};
use idv_benches::memory::{self, Limit, Peak, Run};
use idv_benches::{Comparison, print};
use idv_core::call::CallPolicy;
use idv_core::report::Country;
use idv_core::{
    Channel, Client, ErrorKind, EvidenceId, NewVerification, Observation, Reference, Sink,
    VendorId, VerificationId, async_trait,
};
use idv_sandbox::Sandbox;
use idv_transport_reqwest::TransportOptions;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use tokio::runtime::{Builder, Runtime};

const USER: &str = "example";
const PASSWORD: &str = "examplePassword";
/// The key of encrypted answers (chapter 9.4).
const KEY: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

/// An unoptimized build runs small cases only, to check that they work.
const SMALL: bool = cfg!(debug_assertions);
/// The total Base64 length of a result's three images, in bytes.
const IMAGES: usize = if SMALL { 1 << 20 } else { 20_000_000 };
/// The length of the video, in bytes.
const VIDEO: u64 = if SMALL { 4 << 20 } else { 1 << 30 };
/// The number of runs of each side.
const ROUNDS: usize = if SMALL { 1 } else { 5 };

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if let Some(at) = arguments.iter().position(|argument| argument == "--side") {
        let arguments: Vec<&str> = arguments[at + 1..].iter().map(String::as_str).collect();
        return side(&arguments);
    }
    if !memory::is_measurable() {
        return memory::print("evidence of Identity.TM is measured on Linux only", &[]);
    }
    let vendor = Vendor::start();
    let result = vendor.result();
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("identity-tm-result.json");
    std::fs::write(&file, &result).unwrap();
    let file = file.to_str().unwrap();
    let length = result.len() as u64;

    let at = [
        vendor.base.as_str(),
        vendor.id.reference.as_str(),
        vendor.order(),
    ];
    let peak = |name, ours: [&str; 2], baseline: &str| {
        let highest = |side: &str, what: &str| {
            let arguments = ["--side", side, at[0], at[1], at[2], what];
            (0..ROUNDS)
                .map(|_| Run::in_child(&arguments).grown)
                .max()
                .unwrap_or_default()
        };
        let (ours, baseline) = (highest(ours[0], ours[1]), highest(baseline, ours[1]));
        Peak {
            name,
            ours,
            baseline,
            limit: Limit::OfPayload(length, 2.2),
        }
    };
    let image = image_in(&result);
    let mut peaks = vec![
        peak(
            "20 MB of images in a result, to a report / to a Value",
            ["normalize", file],
            "value",
        ),
        peak(
            "one image out of it, by the client / by a Value",
            ["image", &image],
            "image-by-hand",
        ),
    ];
    std::fs::remove_file(file).unwrap();
    vendor.encrypt();
    peaks.push(peak(
        "the same, encrypted by the vendor / not encrypted",
        ["image-encrypted", &image],
        "image-by-hand",
    ));

    let videos: Vec<[Run; 3]> = (0..ROUNDS)
        .map(|_| {
            ["video", "video-by-hand", "video-hashed"]
                .map(|side| Run::in_child(&["--side", side, at[0], at[1], at[2], ""]))
        })
        .collect();
    let highest = |side: usize| {
        videos
            .iter()
            .map(|runs| runs[side].grown)
            .max()
            .unwrap_or_default()
    };
    peaks.push(Peak {
        name: "1 GiB of video, by the client / by reqwest",
        ours: highest(0),
        baseline: highest(1),
        limit: Limit::Bytes(8 << 20),
    });
    memory::print(
        "Identity.TM's evidence: growth of the peak, to the payload or as it is",
        &peaks,
    );
    print(
        "Identity.TM's evidence: time",
        &[Comparison::measure(
            "20 MB of images in a result, to a report / to a Value",
            1.0,
            || drop(black_box(reported(&result))),
            || {
                drop(black_box(
                    serde_json::from_slice::<Value>(black_box(&result)).unwrap(),
                ));
            },
        )],
    );
    print_throughput(&videos);
}

#[expect(clippy::print_stdout, reason = "a benchmark prints its figures")]
fn print_throughput(videos: &[[Run; 3]]) {
    if SMALL {
        return;
    }
    let median = |of: &dyn Fn(&[Run; 3]) -> f64| {
        let mut figures: Vec<f64> = videos.iter().map(of).collect();
        figures.sort_by(f64::total_cmp);
        figures[figures.len() / 2]
    };
    let seconds = |side: usize| median(&|runs| runs[side].time.as_secs_f64());
    let ratio = |baseline: usize| {
        median(&|runs| runs[0].time.as_secs_f64() / runs[baseline].time.as_secs_f64())
    };
    println!(
        "{:<58} {:>12} {:>7}\n",
        "1 GiB of video", "throughput", "time"
    );
    for (name, side) in [
        ("by the client", 0),
        ("by reqwest alone", 1),
        ("by reqwest, with a SHA-256 digest", 2),
    ] {
        let throughput = format!("{:.0} MiB/s", (VIDEO >> 20) as f64 / seconds(side));
        let ratio = if side == 0 {
            String::new()
        } else {
            format!("{:.2}x", ratio(side))
        };
        println!("{name:<58} {throughput:>12} {ratio:>7}");
    }
    println!();
}

/// Runs one side in a child process and reports its figures.
fn side(arguments: &[&str]) {
    let [side, base, reference, order, what] = arguments else {
        panic!("--side SIDE BASE REFERENCE ORDER WHAT")
    };
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let id = VerificationId::new(
        Reference::parse(*reference).unwrap(),
        Some(VendorId::new(*order)),
    );
    let by_hand = || reqwest::Client::builder().no_proxy().build().unwrap();
    let url = |method: &str| format!("{base}{method}/{order}");
    match *side {
        "normalize" => Run::report(|| drop(black_box(reported(&std::fs::read(what).unwrap())))),
        "value" => Run::report(|| {
            drop(black_box(
                serde_json::from_slice::<Value>(&std::fs::read(what).unwrap()).unwrap(),
            ));
        }),
        "image" | "image-encrypted" => {
            let client = client(base, (*side == "image-encrypted").then_some(KEY));
            Run::report(|| {
                assert!(runtime.block_on(counted(&client, &id, what)) > IMAGES as u64 / 5);
            });
        }
        "image-by-hand" => {
            let http = by_hand();
            Run::report(|| {
                assert!(
                    runtime.block_on(image_by_hand(&http, &url("getIdentData"), what)) > IMAGES / 5
                );
            });
        }
        "video" => {
            let client = client(base, None);
            Run::report(|| {
                assert_eq!(
                    runtime.block_on(counted(&client, &id, "video/provided")),
                    VIDEO
                );
            });
        }
        "video-by-hand" => {
            let http = by_hand();
            Run::report(|| {
                assert_eq!(
                    runtime.block_on(video_by_hand(&http, &url("getVideoFileBinary"), |_| {})),
                    VIDEO
                );
            });
        }
        "video-hashed" => {
            let (http, mut digest) = (by_hand(), Sha256::new());
            let hash = |piece: &[u8]| digest.update(piece);
            Run::report(|| {
                assert_eq!(
                    runtime.block_on(video_by_hand(&http, &url("getVideoFileBinary"), hash)),
                    VIDEO
                );
            });
            black_box(digest.finalize());
        }
        other => panic!("there is no side {other}"),
    }
}

/// Returns the observation of a result, with its report, which lists the images.
fn reported(result: &[u8]) -> Vec<Observation> {
    let seen = payload(result, Channel::Fetch, Flow::Identification).unwrap();
    assert_eq!(seen[0].report().unwrap().evidence.len(), 3);
    seen
}

/// Downloads an item of evidence into a sink that counts bytes, and returns their number.
async fn counted(client: &Client, id: &VerificationId, evidence: &str) -> u64 {
    let mut count = Count(0);
    let download = client
        .evidence(id, &EvidenceId::new(evidence), 2 << 30, &mut count)
        .await
        .unwrap();
    assert_eq!(download.length, count.0);
    count.0
}

struct Count(u64);

#[async_trait]
impl Sink for Count {
    async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0 += bytes.len() as u64;
        Ok(())
    }
}

/// The code that an application would write for one image: it parses the whole answer to a `Value`
/// and decodes the whole image.
async fn image_by_hand(http: &reqwest::Client, url: &str, evidence: &str) -> usize {
    let answer = http
        .get(url)
        .basic_auth(USER, Some(PASSWORD))
        .send()
        .await
        .unwrap()
        .error_for_status()
        .unwrap();
    let result: Value = answer.json().await.unwrap();
    let images = result["IdentData"]["Images"].as_array().unwrap();
    let name = evidence.strip_prefix("image/").unwrap();
    let image = images
        .iter()
        .find(|image| image["Filename"] == name)
        .unwrap();
    STANDARD
        .decode(image["Image"].as_str().unwrap())
        .unwrap()
        .len()
}

/// The code that an application would write for a video.
async fn video_by_hand(http: &reqwest::Client, url: &str, mut take: impl FnMut(&[u8])) -> u64 {
    let answer = http
        .get(url)
        .basic_auth(USER, Some(PASSWORD))
        .send()
        .await
        .unwrap();
    let mut answer = answer.error_for_status().unwrap();
    let mut length = 0;
    while let Some(piece) = answer.chunk().await.unwrap() {
        take(&piece);
        length += piece.len() as u64;
    }
    length
}

/// Returns the evidence id of a result's second image.
fn image_in(result: &[u8]) -> String {
    reported(result)[0].report().unwrap().evidence[1]
        .id
        .as_str()
        .to_owned()
}

fn client(base: &str, key: Option<&str>) -> Client {
    let mut config = IdentityTmConfig::new(USER, PASSWORD.into());
    config.base_url = Some(base.parse().unwrap());
    config.crypt_key = key.map(Into::into);
    // No server listens there; the sandbox only requires a callback URL.
    config.video_callback_url = Some("http://127.0.0.1:9/video".parse().unwrap());
    let environment = idv_transport_reqwest::environment(TransportOptions::default()).unwrap();
    Client::new(
        IdentityTm::new(config).unwrap(),
        environment,
        CallPolicy::default(),
    )
}

/// The sandbox with a finished order that has long images and a long video.
struct Vendor {
    runtime: Runtime,
    sandbox: Sandbox,
    base: String,
    id: VerificationId,
}

impl Vendor {
    fn start() -> Self {
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let (sandbox, base, id) = runtime.block_on(async {
            let sandbox = Sandbox::builder().speed(0.0).start().await.unwrap();
            let base = sandbox.identity_tm().base_url();
            sandbox
                .identity_tm()
                .configure(|account| {
                    account.images_in_result = true;
                    account.image_length = IMAGES / 4;
                    account.video_length = VIDEO;
                })
                .unwrap();
            let client = client(&base, None);
            let mut new = NewVerification::new(client.reference());
            new.person.given_names = Some("Erika".into());
            new.person.family_name = Some("Mustermann".into());
            new.person.address.country = Country::from_alpha2("DE").map(Into::into);
            new.contact.email = Some("erika@example.com".into());
            let id = client.create(&new).await.unwrap().id;
            sandbox
                .identity_tm()
                .act(id.vendor_id.as_ref().unwrap().as_str(), "happy")
                .unwrap();
            sandbox.clock().advance(Duration::from_secs(3600)).await;
            let asked = client
                .evidence(&id, &EvidenceId::new("video"), u64::MAX, &mut Count(0))
                .await
                .unwrap_err();
            assert_eq!(*asked.kind(), ErrorKind::NotReady);
            sandbox.clock().advance(Duration::from_secs(60)).await;
            (sandbox, base, id)
        });
        Self {
            runtime,
            sandbox,
            base,
            id,
        }
    }

    fn order(&self) -> &str {
        self.id.vendor_id.as_ref().unwrap().as_str()
    }

    /// Returns the result as the vendor sends it.
    fn result(&self) -> Vec<u8> {
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let url = format!("{}getIdentData/{}", self.base, self.order());
        self.runtime.block_on(async {
            let answer = http
                .get(url)
                .basic_auth(USER, Some(PASSWORD))
                .send()
                .await
                .unwrap();
            answer
                .error_for_status()
                .unwrap()
                .bytes()
                .await
                .unwrap()
                .to_vec()
        })
    }

    /// Has the account's answers encrypted.
    fn encrypt(&self) {
        self.sandbox
            .identity_tm()
            .configure(|account| account.encryption_key = Some(KEY.to_owned()))
            .unwrap();
    }
}

//! The video, which the vendor prepares on request and then announces (chapters 3.9 and 3.10).

use http::Method;
use idv::identity_tm::Recordings;
use idv::report::EvidenceKind;
use idv::{ErrorKind, EvidenceId, Step, Transition};
use idv_sandbox::{Fault, FaultKind};

use crate::support::identity_tm::{Bank, Receiver, Vendor, order_of, poll};

/// The first bytes of a recording, and of the placeholder.
const RECORDING: &[u8] = b"\0\0\0\x18ftypisom";
const PLACEHOLDER: &[u8] = b"\0\0\0\x14ftypmp42";

fn recording(vendor: &Vendor, receiver: &Receiver) -> Bank {
    vendor.bank(|config| {
        let mut recordings = Recordings::default();
        recordings.video = true;
        config.recordings = recordings;
        config.video_callback_url = Some(receiver.url.clone());
    })
}

fn videos(report: &idv::Report) -> Vec<&str> {
    let videos = report
        .evidence
        .iter()
        .filter(|evidence| evidence.kind == EvidenceKind::Video);
    videos.map(|evidence| evidence.id.as_str()).collect()
}

#[tokio::test]
async fn video_is_requested_announced_and_downloaded() {
    let vendor = Vendor::with(|account| account.video_length = 500_000).await;
    let receiver = Receiver::start().await;
    let bank = recording(&vendor, &receiver);
    let mut verification = bank.create().await;
    vendor.play(&verification, "happy").await;
    poll(&bank, &mut verification).await;
    let Step::Fetch(handle) = verification.next_step(bank.client.info()) else {
        panic!("no result")
    };
    let first = bank
        .client
        .fetch(verification.id(), Some(&handle))
        .await
        .unwrap();
    assert_eq!(videos(first.report().unwrap()), ["video"]);

    let mut file = Vec::new();
    let error = bank
        .client
        .evidence(
            verification.id(),
            &EvidenceId::new("video"),
            1 << 20,
            &mut file,
        )
        .await
        .unwrap_err();
    assert_eq!(error.kind(), &ErrorKind::NotReady);
    assert!(file.is_empty(), "the file stays empty");
    assert_eq!(
        (
            vendor.calls("getVideoFileBinaryAsync"),
            vendor.calls("getVideoFileBinary")
        ),
        (1, 0),
        "nor downloaded"
    );
    assert!(receiver.take().is_empty(), "the video is not ready yet");

    vendor.pass(2).await;
    let [delivery] = receiver.take().try_into().unwrap();
    assert_eq!(delivery.method, Method::GET);
    let observation = bank
        .client
        .receive(&delivery)
        .unwrap()
        .observations
        .remove(0);
    assert!(observation.trust.is_proven());
    assert!(observation.subject.is(verification.id()));
    let idv::ResultState::Fetchable(handle) = &observation.result else {
        panic!("{observation:?}")
    };
    let report = bank
        .client
        .fetch(verification.id(), Some(handle))
        .await
        .unwrap();
    assert_eq!(videos(report.report().unwrap()), ["video/provided"]);
    assert_ne!(verification.apply(&observation), Transition::WrongSubject);

    let mut file = Vec::new();
    let provided = EvidenceId::new("video/provided");
    let download = bank
        .client
        .evidence(verification.id(), &provided, 1 << 20, &mut file)
        .await
        .unwrap();
    assert_eq!(download.media_type.as_deref(), Some("video/mp4"));
    assert!(file.starts_with(RECORDING), "{:?}", &file[..20]);
    assert_eq!(file.len(), 500_000);
    let error = bank
        .client
        .evidence(verification.id(), &provided, 499_999, &mut Vec::new())
        .await
        .unwrap_err();
    assert_eq!(error.kind(), &ErrorKind::LimitExceeded);
}

#[tokio::test]
async fn report_lists_no_placeholder() {
    let (vendor, receiver) = (Vendor::new().await, Receiver::start().await);
    let bank = recording(&vendor, &receiver);
    let verification = bank.create().await;
    vendor.play(&verification, "happy").await;
    // A download before the announcement yields the placeholder, which the application could not
    // recognize.
    let taken = bank
        .evidence(verification.id(), "video/provided")
        .await
        .unwrap();
    assert!(taken.starts_with(PLACEHOLDER));
    let before = vendor.calls("getVideoFileBinary");
    for _ in 0..3 {
        for evidence in bank.report(verification.id()).await.evidence {
            if evidence.kind == EvidenceKind::Video {
                let error = bank
                    .evidence(verification.id(), evidence.id.as_str())
                    .await
                    .unwrap_err();
                assert_eq!(error.kind(), &ErrorKind::NotReady);
            }
        }
    }
    assert_eq!(vendor.calls("getVideoFileBinary"), before);
    assert_eq!(
        vendor.calls("getVideoFileBinaryAsync"),
        3,
        "a repeated request has no effect"
    );
}

#[tokio::test]
async fn forged_announcement_of_video_is_refused() {
    let (vendor, receiver) = (Vendor::new().await, Receiver::start().await);
    let bank = recording(&vendor, &receiver);
    let verification = bank.create().await;
    vendor.play(&verification, "happy").await;
    let order = order_of(verification.id());
    let reference = verification.id().reference.as_str();
    let url = format!(
        "{}?event=VideoProvided&orderId={}&ref={reference}",
        receiver.url,
        order.as_str()
    );
    vendor.sandbox.forge_visit(&url).await.unwrap();
    vendor
        .sandbox
        .forge_visit(&format!("{url}&token=0123456789abcdef0123456789abcdef"))
        .await
        .unwrap();
    for delivery in receiver.take() {
        assert_eq!(
            bank.client.receive(&delivery).unwrap_err().kind(),
            &ErrorKind::Forged
        );
    }
}

#[tokio::test]
async fn video_request_is_repeated_when_its_answer_is_lost() {
    let (vendor, receiver) = (Vendor::new().await, Receiver::start().await);
    let bank = recording(&vendor, &receiver);
    let verification = bank.create().await;
    vendor.play(&verification, "happy").await;
    vendor
        .sandbox
        .plan(Fault::new(FaultKind::CutAfter).at("getVideoFileBinaryAsync"));
    assert_eq!(
        bank.evidence(verification.id(), "video")
            .await
            .unwrap_err()
            .kind(),
        &ErrorKind::NotReady
    );
    assert_eq!(vendor.calls("getVideoFileBinaryAsync"), 2);
    vendor.pass(2).await;
    assert_eq!(
        receiver.take().len(),
        2,
        "a repeated announcement has no effect"
    );
    assert!(
        bank.evidence(verification.id(), "video/provided")
            .await
            .unwrap()
            .starts_with(RECORDING)
    );
}

#[tokio::test]
async fn video_needs_callback_url_and_recording() {
    let (vendor, receiver) = (Vendor::new().await, Receiver::start().await);
    let verification = vendor.bank.create().await;
    vendor.play(&verification, "happy").await;
    let before = vendor.count();
    assert_eq!(
        vendor
            .bank
            .evidence(verification.id(), "video")
            .await
            .unwrap_err()
            .kind(),
        &ErrorKind::Unsupported
    );
    assert_eq!(vendor.count(), before, "nothing was sent");

    vendor
        .sandbox
        .identity_tm()
        .configure(|account| account.video_recording = false)
        .unwrap();
    let bank = recording(&vendor, &receiver);
    assert_eq!(
        bank.evidence(verification.id(), "video")
            .await
            .unwrap_err()
            .kind(),
        &ErrorKind::Conflict
    );
    assert_eq!(
        bank.evidence(verification.id(), "video/provided")
            .await
            .unwrap_err()
            .kind(),
        &ErrorKind::Conflict
    );
}

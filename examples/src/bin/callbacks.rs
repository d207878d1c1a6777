//! Callbacks: they are answered at once, decide nothing where the vendor can be asked, and wake a poll. A forged one changes nothing.

#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use std::time::Duration;

use idv::{NewVerification, Transition, Verification};
use idv_examples::{Inbox, Outcome, sandbox};

#[tokio::main]
async fn main() -> Outcome {
    let (sandbox, client) = sandbox().await?;
    let inbox = Inbox::open(client.clone()).await?;
    let url = inbox.url().to_string();
    sandbox.idnow().configure(|account| account.callback_url = Some(url.clone()))?;

    let created = client.create(&NewVerification::new(client.reference())).await?;
    let mut verification = Verification::new(created.id.clone(), client.info(), created.expires_at);

    // Anybody can send this.
    let forged =
        format!(r#"{{"identificationprocess":{{"result":"SUCCESS","transactionnumber":"{}"}}}}"#, created.id.reference.as_str());
    let status = sandbox.forge_callback(&url, forged).await?;
    let woken = is_woken(&inbox, &mut verification);
    println!("a forged callback: answered {status}, a reason to ask: {woken}, decided: {:?}", verification.decision());
    assert!(!verification.decision().is_verified());
    verification.apply(&client.poll(&created.id).await?);
    println!("what the vendor says: {:?}", verification.decision());
    assert!(!verification.decision().is_verified());

    // The vendor's own callbacks, as the person and the agents act.
    sandbox.idnow().act(created.id.reference.as_str(), "happy")?;
    for _ in 0..2 {
        sandbox.clock().advance(Duration::from_secs(720)).await;
        if is_woken(&inbox, &mut verification) {
            let transition = verification.apply(&client.poll(&created.id).await?);
            println!("woken, asked: {transition:?}");
        }
    }
    println!("verified: {}", verification.decision().is_verified());
    assert!(verification.decision().is_verified());
    sandbox.shutdown().await;
    Ok(())
}

/// Takes in what arrived, and says whether it is a reason to ask the vendor.
fn is_woken(inbox: &Inbox, verification: &mut Verification) -> bool {
    // Each one is taken in, also behind one that is a reason already.
    inbox.take().iter().filter(|seen| verification.apply(seen) == Transition::PollRequested).count() > 0
}

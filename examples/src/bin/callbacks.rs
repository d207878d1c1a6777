//! Callbacks: they are answered at once, decide nothing where the vendor can be asked, and wake a poll. A forged one changes nothing.

#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use std::time::Duration;

use http::{HeaderMap, Method};
use idv::{Client, Delivery, NewVerification, Reply, Transition, Verification};
use idv_examples::{Outcome, sandbox};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> Outcome {
    let (sandbox, client) = sandbox().await?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}/callbacks/idnow", listener.local_addr()?);
    sandbox.idnow().configure(|account| account.callback_url = Some(url.clone()))?;

    let created = client.create(&NewVerification::new(client.reference())).await?;
    let mut verification = Verification::new(created.id.clone(), client.capabilities(), created.expires_at);

    // Anybody can send this.
    let forged =
        format!(r#"{{"identificationprocess":{{"result":"SUCCESS","transactionnumber":"{}"}}}}"#, created.id.reference.as_str());
    let (status, woken) = tokio::join!(sandbox.forge_callback(&url, forged), receive(&listener, &client, &mut verification));
    println!("a forged callback: answered {}, a reason to ask: {}, decided: {:?}", status?, woken?, verification.decision());
    assert!(!verification.decision().is_verified());
    verification.apply(&client.poll(&created.id).await?);
    println!("what the vendor says: {:?}", verification.decision());
    assert!(!verification.decision().is_verified());

    // The vendor's own callbacks, as the person and the agents act.
    sandbox.idnow().act(created.id.reference.as_str(), "happy")?;
    for _ in 0..2 {
        let clock = sandbox.clock();
        let (woken, ()) = tokio::join!(receive(&listener, &client, &mut verification), clock.advance(Duration::from_secs(720)));
        if woken? {
            let transition = verification.apply(&client.poll(&created.id).await?);
            println!("woken, asked: {transition:?}");
        }
    }
    println!("verified: {}", verification.decision().is_verified());
    assert!(verification.decision().is_verified());
    sandbox.shutdown().await;
    Ok(())
}

/// Takes one callback, answers it, and says whether it is a reason to ask the vendor. An application has a web framework for this.
async fn receive(listener: &TcpListener, client: &Client, verification: &mut Verification) -> Outcome<bool> {
    let (mut stream, _) = listener.accept().await?;
    let mut request = Vec::new();
    let (head, length) = loop {
        stream.read_buf(&mut request).await?;
        let text = String::from_utf8_lossy(&request);
        if let Some((head, _)) = text.split_once("\r\n\r\n") {
            let length = head
                .lines()
                .filter_map(|line| line.split_once(": "))
                .find(|(name, _)| name.eq_ignore_ascii_case("content-length"));
            break (head.to_owned(), length.map_or(Ok(0), |(_, length)| length.parse::<usize>())?);
        }
    };
    let begin = head.len() + 4;
    while request.len() < begin + length {
        stream.read_buf(&mut request).await?;
    }
    let target = head.split(' ').nth(1).ok_or("a request has a target")?.parse()?;
    let delivery = Delivery::callback(Method::POST, target, HeaderMap::new(), request.split_off(begin));

    let (reply, woken) = match client.receive(&delivery) {
        Ok(received) => {
            let woken = received.observations.iter().any(|seen| verification.apply(seen) == Transition::Woken);
            (received.reply, woken)
        }
        Err(error) => (Reply::to_error(&error), false),
    };
    let answer = format!("HTTP/1.1 {} -\r\ncontent-length: 0\r\nconnection: close\r\n\r\n", reply.status.as_u16());
    stream.write_all(answer.as_bytes()).await?;
    Ok(woken)
}

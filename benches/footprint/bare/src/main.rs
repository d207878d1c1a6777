//! An application without idv: one vendor call by hand.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let url = std::env::args().nth(1).ok_or("usage: footprint-bare URL")?;
    let body = reqwest::Client::new().get(url).header("X-API-LOGIN-TOKEN", "token").send().await?.bytes().await?;
    let answer: serde_json::Value = serde_json::from_slice(&body)?;
    println!("{}", answer["identificationprocess"]["result"]);
    Ok(())
}

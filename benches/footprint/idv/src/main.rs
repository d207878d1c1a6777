//! The same vendor call through idv.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let reference = std::env::args().nth(1).ok_or("usage: footprint-idv REFERENCE")?;
    let client = idv::connect(&idv::Config::from_env(std::env::vars())?)?;
    let id = idv::VerificationId::new(idv::Reference::parse(reference)?, None);
    println!("{}", serde_json::to_string(&client.poll(&id).await?)?);
    Ok(())
}

// The account of the examples in the documentation: that of the vendor's document, on the test
// system, with a server in memory. Examples include this file.

use std::error::Error;

use idv_core::call::CallPolicy;
use idv_core::{
    Body, Bytes, CallContext, Client, Environment, Operation, Transport, TransportError,
    async_trait, http,
};
use idv_idnow::api::{Api, TransactionNumber};
use idv_idnow::{DataCentre, Idnow, IdnowConfig};
use idv_testkit::{ManualClock, ScriptedTransport};

/// Returns the configuration of the account.
pub fn config() -> IdnowConfig {
    IdnowConfig::new("ihrebank", "exampleApiKey".into(), DataCentre::Test)
}

/// Returns the transaction number of the document's examples of results.
pub fn number() -> TransactionNumber {
    TransactionNumber::parse("AH73JK3LM").unwrap()
}

/// Creates a ZIP archive of files.
pub fn archive(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, bytes) in files {
        let options = zip::write::SimpleFileOptions::default();
        zip.start_file(*name, options).unwrap();
        std::io::Write::write_all(&mut zip, bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// Creates a client of the account, whose clock does not wait in real time.
pub fn client(server: &Server) -> Client {
    let clock = ManualClock::leaping("2014-07-11T10:25:49.567Z".parse().unwrap());
    Client::new(
        Idnow::new(config()).unwrap(),
        Environment::new(server.clone(), clock),
        CallPolicy::default(),
    )
}

/// Runs an example with the account's API, a context and the server.
pub fn run(example: impl AsyncFnOnce(Api, CallContext, Server) -> Result<(), Box<dyn Error>>) {
    let server = Server::default();
    let api = Api::new(&config()).unwrap();
    let cx = client(&server).context(Operation::Other);
    let example = example(api, cx, server);
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    runtime.unwrap().block_on(example).unwrap();
}

/// The vendor's server. It answers from a script, and logins by itself.
#[derive(Debug, Clone, Default)]
pub struct Server(ScriptedTransport);

impl Server {
    /// Adds a JSON response to the script.
    pub fn json(&self, status: u16, body: &str) {
        self.0.then_json(status, body);
    }

    /// Adds a file to the script.
    pub fn file(&self, bytes: &'static [u8]) {
        self.0
            .then(idv_testkit::file("application/octet-stream", bytes));
    }

    /// Returns the method and the path of the last request, except for logins.
    pub fn line(&self) -> String {
        let requests = self.0.requests();
        let request = requests.last().expect("a request was sent");
        let path = request.uri().path_and_query().expect("a URL has a path");
        format!("{} {path}", request.method())
    }

    /// Returns the body of the last request.
    pub fn body(&self) -> String {
        let requests = self.0.requests();
        let request = requests.last().expect("a request was sent");
        String::from_utf8(request.body().to_vec()).expect("the body is text")
    }

    /// Returns a header of the last request.
    pub fn header(&self, name: &str) -> Option<String> {
        let requests = self.0.requests();
        let request = requests.last().expect("a request was sent");
        idv_testkit::header(request, name).map(str::to_owned)
    }

    /// Returns the number of requests, except for logins.
    pub fn count(&self) -> usize {
        self.0.count()
    }
}

#[async_trait]
impl Transport for Server {
    async fn send(
        &self,
        request: http::Request<Bytes>,
    ) -> Result<http::Response<Body>, TransportError> {
        if request.uri().path().ends_with("/login") {
            let token = br#"{"authToken":"7eb579f6-51b9-4a61-a32b-8bce0f84c6fa"}"#;
            return Ok(http::Response::new(Bytes::from_static(token).into()));
        }
        self.0.send(request).await
    }
}

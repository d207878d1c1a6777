//! The vendors of a world: their clients, the scenarios that people act out, and the expected
//! outcomes.

use std::sync::LazyLock;

use idv::{
    Client, Config, CreateSafety, Environment, NewVerification, Outcome, Reference, VendorInfo,
};
use idv_sandbox::{Ending, ForgedCallback, Sandbox, SandboxError, Step};

static ALL: LazyLock<Vec<VendorInfo>> = LazyLock::new(idv::providers);

/// A vendor.
#[derive(Debug, Clone, Copy)]
pub struct Vendor(&'static VendorInfo);

impl PartialEq for Vendor {
    fn eq(&self, other: &Self) -> bool {
        self.id() == other.id()
    }
}

/// The expected result of a scenario.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comes {
    /// The vendor reports this outcome.
    Told(Outcome),
    /// The vendor reports no outcome: the verification expires, or needs an operator.
    Nothing,
}

impl Vendor {
    /// Returns every vendor.
    pub fn all() -> impl Iterator<Item = Self> {
        ALL.iter().map(Self)
    }

    /// Returns the vendor with this module in the sandbox.
    pub fn of_module(module: &str) -> Self {
        let id = module.replace('_', "-");
        Self::all()
            .find(|vendor| vendor.id() == id)
            .unwrap_or_else(|| panic!("no vendor has the id {id}"))
    }

    /// Returns the vendors whose create requests have this safety.
    pub fn with(safety: CreateSafety) -> impl Iterator<Item = Self> {
        Self::all().filter(move |vendor| vendor.info().create_safety == safety)
    }

    /// Returns a vendor that cannot be polled.
    pub fn without_polling() -> Self {
        Self::all()
            .find(|vendor| !vendor.info().has(idv::Capability::Polling))
            .unwrap()
    }

    /// Returns the vendor's position among all vendors.
    pub fn number(self) -> u64 {
        Self::all()
            .take_while(|vendor| vendor.id() != self.id())
            .count() as u64
    }

    pub const fn info(self) -> &'static VendorInfo {
        self.0
    }

    pub fn id(self) -> &'static str {
        self.0.provider.as_str()
    }

    fn of(self, sandbox: &Sandbox) -> idv_sandbox::Vendor<'_> {
        sandbox.vendor(self.id()).unwrap()
    }

    /// Returns a client of the vendor.
    pub fn client(self, sandbox: &Sandbox, environment: Environment) -> Client {
        idv::connect_in(
            &Config::from_env(sandbox.settings(self.id())).unwrap(),
            environment,
        )
        .unwrap()
    }

    /// Registers the application's callback URL with the vendor.
    pub fn report_to_us(self, sandbox: &Sandbox) {
        self.of(sandbox).report_to(&self.callback_url()).unwrap();
    }

    fn callback_url(self) -> String {
        format!("http://localhost/callbacks/{}", self.id())
    }

    /// Returns the vendor whose callbacks have this path.
    pub fn of_callback(path: &str) -> Option<Self> {
        let id = path.strip_prefix("/callbacks/")?;
        Self::all().find(|vendor| vendor.id() == id)
    }

    /// Returns the request for the person with this number.
    pub fn new_verification(self, reference: Reference, number: usize) -> NewVerification {
        NewVerification::builder(reference)
            .given_names("Erika")
            .family_name("Mustermann")
            .birth_date("1964-08-12")
            .birth_place("Berlin")
            .nationality("DE")
            .gender("female")
            .street("Heidestr.")
            .house_number("17")
            .postal_code("51147")
            .city("Köln")
            .country("DE")
            .email("e.mustermann@example.com")
            .phone(format!("+3460000000{number}"))
            .success_url(return_url(number))
            .callback_url(self.callback_url())
            .build()
            .unwrap()
    }

    /// Returns words of which each create request for this person contains one.
    pub fn words(new: &NewVerification, number: usize) -> Vec<String> {
        vec![
            new.reference.as_str().to_owned(),
            format!("3460000000{number}"),
            return_url(number),
        ]
    }

    /// Returns the vendor's verifications, in the order of their creation.
    pub fn ids(self, sandbox: &Sandbox) -> Vec<String> {
        self.of(sandbox).ids()
    }

    /// Has the people involved act out a scenario.
    pub fn act(
        self,
        sandbox: &Sandbox,
        id: &str,
        scenario: &str,
    ) -> Result<Vec<Step>, SandboxError> {
        self.of(sandbox).act(id, scenario)
    }

    /// Returns the expected result of a scenario.
    pub fn comes(self, sandbox: &Sandbox, scenario: &str) -> Comes {
        let scenarios = self.of(sandbox).scenarios();
        Comes::Told(
            match scenarios
                .iter()
                .find(|known| known.name == scenario)
                .unwrap()
                .ending
            {
                Ending::Verified | Ending::VerifiedWithChanges => Outcome::Verified,
                Ending::Rejected => Outcome::Rejected,
                Ending::Inconclusive => Outcome::Inconclusive,
                Ending::Canceled => Outcome::Canceled,
                Ending::Expired => Outcome::Expired,
                _ => return Comes::Nothing,
            },
        )
    }

    /// Returns a callback of an unauthenticated sender that claims that the person is verified.
    pub fn forgery(self, sandbox: &Sandbox, reference: &str, id: &str) -> ForgedCallback {
        self.of(sandbox)
            .forgery(&self.callback_url(), reference, id)
    }
}

fn return_url(number: usize) -> String {
    format!("https://bank.example/done/{number}")
}

//! Maps a verification of the model to an order (chapter 3.1.4).

use idv_core::report::{Country, Gender};
use idv_core::{Error, NewVerification, Pii, Result, Secret, Url};

use crate::api::order::{
    Address, IdCard, IdentData, Order, Product, Purpose, Redirects, VideoOrIdent, Webhooks,
};
use crate::callback::{self, Event};
use crate::config::{IdentityTmConfig, Link};

/// The inputs that `create` accepts, by their names in [`NewVerification::given`].
pub(crate) const ACCEPTS: &[&str] = &[
    "person.given_names",
    "person.family_name",
    "person.birth_name",
    "person.birth_date",
    "person.birth_place",
    "person.nationality",
    "person.gender",
    "person.title",
    "person.address.street",
    "person.address.house_number",
    "person.address.postal_code",
    "person.address.city",
    "person.address.country",
    "contact.email",
    "contact.phone",
    "document.number",
    "document.issuing_country",
    "document.issuer",
    "document.issued_on",
    "document.expires_on",
    "locale",
    "return_urls.success",
    "return_urls.failure",
    "callback_url",
    "purpose",
];

/// The model's names of the fields of an order.
pub(crate) const NAMES: &[(&str, &str)] = &[
    ("Ref", "reference"),
    ("Lang", "locale"),
    ("Mobile", "contact.phone"),
    ("Email", "contact.email"),
    ("Purpose", "purpose"),
    ("RedirectURL.Success", "return_urls.success"),
    ("RedirectURL.Abort", "return_urls.failure"),
    ("WebhookURL", "callback_url"),
    ("WebhookURL.AfterVideo", "callback_url"),
    ("WebhookURL.AfterIdent", "callback_url"),
    ("WebhookURL.OnFinal", "callback_url"),
    ("WebhookURL.OnError", "callback_url"),
    ("WebhookURL.OnVideoError", "callback_url"),
    ("WebhookURL.OnStatusChange", "callback_url"),
    ("Address.Firstname", "person.given_names"),
    ("Address.Surname", "person.family_name"),
    ("Address.Street", "person.address.street"),
    ("IdentData.Street", "person.address.street"),
    ("Address.ZipCode", "person.address.postal_code"),
    ("Address.City", "person.address.city"),
    ("Address.Country", "person.address.country"),
    ("IdentData.Birthdate", "person.birth_date"),
    ("IdentData.Birthplace", "person.birth_place"),
    ("IdentData.Birthname", "person.birth_name"),
    ("IdentData.Title", "person.title"),
    ("IdentData.IDCard.CardNo", "document.number"),
    ("IdentData.IDCard.PlaceOfIssue", "document.issuer"),
    ("IdentData.IDCard.DateOfIssue", "document.issued_on"),
    ("IdentData.IDCard.ValidUntil", "document.expires_on"),
];

/// The maximum length of the street in `Address`, in characters.
const CONTACT_STREET: usize = 50;

/// Returns the inputs that every order requires (chapter 3.1.4), and the number that product 17
/// verifies.
pub(crate) fn requires(config: &IdentityTmConfig) -> Vec<&'static str> {
    let mut requires = vec![
        "person.given_names",
        "person.family_name",
        "person.address.country",
        "contact.email",
    ];
    if config
        .order_product()
        .is_ok_and(|product| product == Product::PhoneVerification)
    {
        requires.push("contact.phone");
    }
    requires
}

/// Builds the order of a verification. The document requires a name, an e-mail address and a
/// country.
pub(crate) fn order(
    new: &NewVerification,
    config: &IdentityTmConfig,
    secret: Option<(&str, &Secret)>,
) -> Result<Order> {
    let person = &new.person;
    let missing = |field: &'static str| {
        move || Error::invalid(field, "Identity.TM requires this field for every order")
    };
    let given = person
        .given_names
        .clone()
        .ok_or_else(missing("person.given_names"))?;
    let family = person
        .family_name
        .clone()
        .ok_or_else(missing("person.family_name"))?;
    let country = person
        .address
        .country
        .as_ref()
        .ok_or_else(missing("person.address.country"))?;
    let email = new
        .contact
        .email
        .clone()
        .ok_or_else(missing("contact.email"))?;

    if new
        .callback_url
        .as_ref()
        .is_some_and(|url| !callback::can_be_base(url, &config.callback_parameter))
    {
        return Err(Error::invalid(
            "callback_url",
            "the URL has a fragment, or a parameter that the adapter adds (event, orderId, \
             ref, statusCode, or the secret's)",
        ));
    }

    let street = street(new);
    let mut address = Address::new(given.clone(), family.clone(), alpha2(country));
    // The contact's address is limited to 50 characters and may omit the street; the data to be
    // checked is limited to 100.
    address.street = street
        .clone()
        .filter(|street| street.expose().chars().count() <= CONTACT_STREET);
    address.zip_code.clone_from(&person.address.postal_code);
    address.city.clone_from(&person.address.city);

    let mut order = Order::new(config.order_product()?, email, address);
    order.behaviors = config.order_behaviors()?;
    order.reference = Some(new.reference.as_str().to_owned());
    order.language = new
        .locale
        .as_ref()
        .map(|locale| locale.language().to_owned());
    order.target_link = config.link != Link::Email;
    order.deep_link = config.link == Link::Deep;
    order.auto_id_link = config.link == Link::AutoIdent;
    order.mobile.clone_from(&new.contact.phone);
    order.purpose = new.purpose.clone().map(Purpose::Text);
    order.redirects = Redirects::new(
        new.return_urls.success.as_ref().map(Url::to_string),
        new.return_urls.failure.as_ref().map(Url::to_string),
    );
    order.webhooks = new
        .callback_url
        .as_ref()
        .map_or_else(Webhooks::default, |url| webhooks(url, config, secret));

    let document = &new.document;
    order.ident_data = Some(IdentData {
        firstname: Some(given),
        surname: Some(family),
        street,
        zip_code: person.address.postal_code.clone(),
        city: person.address.city.clone(),
        country: Some(alpha2(country)),
        birthdate: person.birth_date.clone(),
        birthplace: person.birth_place.clone(),
        birthname: person.birth_name.clone(),
        nationality: person.nationality.as_ref().map(alpha2),
        title: person.title.clone(),
        gender: person.gender.as_ref().map(gender),
        id_card: IdCard {
            card_no: document.number.clone(),
            place_of_issue: document.issuer.clone(),
            date_of_issue: document.issued_on.clone(),
            country_of_issue: document.issuing_country.as_ref().map(alpha2),
            valid_until: document.expires_on.clone(),
            ..IdCard::default()
        },
        ..IdentData::default()
    });
    Ok(order)
}

/// Returns the URLs of the configured webhooks.
fn webhooks(url: &Url, config: &IdentityTmConfig, secret: Option<(&str, &Secret)>) -> Webhooks {
    let wanted = config.webhooks;
    let address =
        |wanted: bool, event: Event| wanted.then(|| callback::address(url, event, secret));
    Webhooks {
        // The configuration allows only one of them.
        after: address(wanted.after_video, Event::AfterVideo)
            .map(VideoOrIdent::AfterVideo)
            .or_else(|| {
                address(wanted.after_ident, Event::AfterIdent).map(VideoOrIdent::AfterIdent)
            }),
        on_final: address(wanted.on_final, Event::OnFinal),
        on_error: address(wanted.on_error, Event::OnError),
        on_video_error: address(wanted.on_video_error, Event::OnVideoError),
        on_status_change: address(wanted.on_status_change, Event::OnStatusChange),
    }
}

/// Returns the street with the house number, which the vendor does not separate.
fn street(new: &NewVerification) -> Option<Pii<String>> {
    let address = &new.person.address;
    match (&address.street, &address.house_number) {
        (Some(street), Some(number)) => {
            Some(Pii::new(format!("{} {}", street.expose(), number.expose())))
        }
        (street, _) => street.clone(),
    }
}

fn alpha2(country: &Pii<Country>) -> Pii<String> {
    Pii::new(country.expose().code().to_owned())
}

fn gender(gender: &Pii<Gender>) -> Pii<crate::api::order::Gender> {
    Pii::new(match gender.expose() {
        Gender::Female => crate::api::order::Gender::Female,
        Gender::Male => crate::api::order::Gender::Male,
        _ => crate::api::order::Gender::Diverse,
    })
}

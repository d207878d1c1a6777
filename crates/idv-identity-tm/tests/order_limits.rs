//! Orders that the document forbids are refused before anything is sent (chapter 3.1.4).
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

mod ordering;

use std::collections::BTreeMap;

use idv_core::{Pii, Secret};
use idv_identity_tm::api::OrderId;
use idv_identity_tm::api::order::{
    AdditionalField, Behaviors, FieldKind, LegitimationDocument, MultiSign, Order, Placement,
    Product, Purpose, SignDocument, SignHash, SignParameters, Stamp, StampPosition, TestRobot,
    VideoOrIdent,
};
use ordering::*;
use serde_json::json;

type Fill = fn(&mut Order, String);
type Break = fn(&mut Order);

/// Every length in the table of chapter 3.1.4: the field, its maximum, and a setter.
const LENGTHS: &[(&str, usize, Fill)] = &[
    ("Ref", 100, |order, text| order.reference = Some(text)),
    ("Address.Firstname", 50, |order, text| {
        order.address.firstname = text.into();
    }),
    ("Address.Surname", 50, |order, text| {
        order.address.surname = text.into();
    }),
    ("Address.CompanyName", 50, |order, text| {
        order.address.company_name = Some(text.into());
    }),
    ("Address.Street", 50, |order, text| {
        order.address.street = Some(text.into());
    }),
    ("Address.ZipCode", 5, |order, text| {
        order.address.zip_code = Some(text.into());
    }),
    ("Address.City", 100, |order, text| {
        order.address.city = Some(text.into());
    }),
    ("IdentData.Firstname", 50, |order, text| {
        data(order).firstname = Some(text.into());
    }),
    ("IdentData.Surname", 50, |order, text| {
        data(order).surname = Some(text.into());
    }),
    ("IdentData.Street", 100, |order, text| {
        data(order).street = Some(text.into());
    }),
    ("IdentData.ZipCode", 5, |order, text| {
        data(order).zip_code = Some(text.into());
    }),
    ("IdentData.City", 100, |order, text| {
        data(order).city = Some(text.into());
    }),
    ("IdentData.Birthplace", 100, |order, text| {
        data(order).birthplace = Some(text.into());
    }),
    ("IdentData.Birthname", 75, |order, text| {
        data(order).birthname = Some(text.into());
    }),
    ("IdentData.Nationality", 50, |order, text| {
        data(order).nationality = Some(text.into());
    }),
    ("IdentData.Title", 50, |order, text| {
        data(order).title = Some(text.into());
    }),
    ("IdentData.Artistname", 50, |order, text| {
        data(order).artistname = Some(text.into());
    }),
    ("IdentData.CollectedBy", 255, |order, text| {
        data(order).collected_by = Some(text.into());
    }),
    ("IdentData.IDCard.CardNo", 50, |order, text| {
        data(order).id_card.card_no = Some(text.into());
    }),
    ("IdentData.IDCard.PlaceOfIssue", 100, |order, text| {
        data(order).id_card.place_of_issue = Some(text.into());
    }),
    ("IdentData.DriverLicence.LicenceNo", 50, |order, text| {
        data(order).driver_licence.licence_no = Some(text.into());
    }),
    ("IdentData.DriverLicence.Classes", 50, |order, text| {
        data(order).driver_licence.classes = Some(text.into());
    }),
    ("IdentData.Additional", 50, |order, text| {
        data(order)
            .additional
            .insert(text, AdditionalField::new(FieldKind::Text, "label"));
    }),
    ("IdentData.Additional.Label", 100, |order, text| {
        data(order)
            .additional
            .insert("a".to_owned(), AdditionalField::new(FieldKind::Text, text));
    }),
    ("IdentData.Additional.Value", 150, |order, text| {
        data(order).additional.insert(
            "a".to_owned(),
            AdditionalField::new(FieldKind::Text, "label").with(text),
        );
    }),
    ("LegitimationDocument.Document", 50, |order, text| {
        order.legitimation_documents = vec![LegitimationDocument::new(text)];
    }),
    ("eSignPDF.Filename", 50, |order, text| {
        order.esign_pdfs[0].filename = Some(text.into());
    }),
    ("eSignPDF.Stamping.Content", 500, |order, text| {
        order.esign_pdfs[0].stamps = vec![Stamp::new(text)];
    }),
    ("eSignHash.Filename", 50, |order, text| {
        order.esign_hashes = vec![SignHash::new(vec![1], text)];
    }),
    ("eSignOptions.AdditionalCheckboxes", 300, |order, text| {
        order.esign_options.additional_checkboxes = vec![text];
    }),
    (
        "MultiSignOptions.SignParameters.Filename",
        50,
        |order, text| {
            let mut parties = MultiSign::of(OrderId::parse("99920006C38842").unwrap());
            parties.sign_parameters = vec![SignParameters::new(
                text,
                Placement::Field("field".to_owned()),
            )];
            order.multi_sign = Some(parties);
        },
    ),
    ("Purpose", 150, |order, text| {
        order.purpose = Some(Purpose::Text(text));
    }),
    ("Purpose", 150, |order, text| {
        order.purpose = Some(Purpose::ByLanguage(BTreeMap::from([(
            "de".to_owned(),
            text,
        )])));
    }),
    ("CustomerRouteTag", 250, |order, text| {
        order.customer_route_tag = Some(text);
    }),
];

#[test]
fn every_maximum_length_is_exact() {
    for (field, most, fill) in LENGTHS {
        for (count, expected) in [(*most, None), (most + 1, Some((*field).to_owned()))] {
            let mut order = esign();
            order.behaviors = Behaviors::POINT_OF_SALE_SIGNATURE;
            // Two bytes each: the document counts characters.
            fill(&mut order, "ö".repeat(count));
            assert_eq!(refused(&order), expected, "{field}: {count} characters");
        }
    }
}

#[test]
fn lengths_of_urls_numbers_and_ids_are_exact() {
    let table: &[(&str, usize, &str, &str, Fill)] = &[
        ("Email", 50, "", "@example.com", |order, text| {
            order.email = text.into();
        }),
        ("IdentData.Email", 50, "", "@example.com", |order, text| {
            data(order).email = Some(text.into());
        }),
        (
            "EmailNotifications.OnPositiveIdent",
            150,
            "",
            "@b.de",
            |order, text| {
                order.email_notifications.on_positive_ident = Some(text.into());
            },
        ),
        (
            "EmailNotifications.OnNegativeIdent",
            150,
            "",
            "@b.de",
            |order, text| {
                order.email_notifications.on_negative_ident = Some(text.into());
            },
        ),
        (
            "EmailNotifications.OnTimeOut",
            150,
            "",
            "@b.de",
            |order, text| {
                order.email_notifications.on_time_out = Some(text.into());
            },
        ),
        (
            "EmailNotifications.OnLeave",
            150,
            "",
            "@b.de",
            |order, text| order.email_notifications.on_leave = Some(text.into()),
        ),
        ("Phone", 50, "+", "", |order, text| {
            order.phone = Some(text.into());
        }),
        ("Mobile", 50, "+", "", |order, text| {
            order.mobile = Some(text.into());
        }),
        ("IdentData.Mobile", 50, "+", "", |order, text| {
            data(order).mobile = Some(text.into());
        }),
        (
            "RedirectURL.Success",
            150,
            "https://example.com/",
            "",
            |order, text| order.redirects.success = Some(text),
        ),
        (
            "RedirectURL.Abort",
            150,
            "https://example.com/",
            "",
            |order, text| order.redirects.abort = Some(text),
        ),
        (
            "WebhookURL.AfterVideo",
            250,
            "https://example.com/",
            "",
            |order, text| {
                order.webhooks.after = Some(VideoOrIdent::AfterVideo(text));
            },
        ),
        (
            "WebhookURL.AfterIdent",
            250,
            "https://example.com/",
            "",
            |order, text| {
                order.webhooks.after = Some(VideoOrIdent::AfterIdent(text));
            },
        ),
        (
            "WebhookURL.OnFinal",
            250,
            "https://example.com/",
            "",
            |order, text| order.webhooks.on_final = Some(text),
        ),
        (
            "WebhookURL.OnError",
            250,
            "https://example.com/",
            "",
            |order, text| order.webhooks.on_error = Some(text),
        ),
        (
            "WebhookURL.OnVideoError",
            250,
            "https://example.com/",
            "",
            |order, text| order.webhooks.on_video_error = Some(text),
        ),
        (
            "WebhookURL.OnStatusChange",
            250,
            "https://example.com/",
            "",
            |order, text| {
                order.webhooks.on_status_change = Some(text);
            },
        ),
        (
            "MultiSignOptions.FirstOrderID",
            14,
            "",
            "",
            |order, text| {
                order.multi_sign = Some(MultiSign::of(OrderId::parse(text).unwrap()));
            },
        ),
    ];
    for (field, most, before, after, fill) in table {
        for (length, expected) in [(*most, None), (most + 1, Some((*field).to_owned()))] {
            let mut order = esign();
            fill(
                &mut order,
                format!(
                    "{before}{}{after}",
                    "1".repeat(length - before.len() - after.len())
                ),
            );
            assert_eq!(refused(&order), expected, "{field}: {length} characters");
        }
    }
}

#[test]
fn invalid_formats_are_refused_by_field() {
    let table: &[(&str, Break)] = &[
        ("Address.Firstname", |order| {
            order.address.firstname = " ".into();
        }),
        ("Address.Surname", |order| order.address.surname = "".into()),
        ("Address.Country", |order| {
            order.address.country = "D".into();
        }),
        ("Address.Country", |order| {
            order.address.country = "DEUT".into();
        }),
        ("Address.Country", |order| {
            order.address.country = "49".into();
        }),
        ("IdentData.Country", |order| {
            data(order).country = Some("DEU".into());
        }),
        ("IdentData.IDCard.CountryOfIssue", |order| {
            data(order).id_card.country_of_issue = Some("DEUT".into());
        }),
        ("IdentData.DriverLicence.CountryOfIssue", |order| {
            data(order).driver_licence.country_of_issue = Some("".into());
        }),
        ("IdentData.Birthdate", |order| {
            data(order).birthdate = Some(jiff::civil::date(64, 8, 12).into());
        }),
        ("Lang", |order| order.language = Some("deu".to_owned())),
        ("Email", |order| order.email = "nobody".into()),
        ("Phone", |order| order.phone = Some("030123".into())),
        ("Mobile", |order| {
            order.mobile = Some("+49 171 1234567".into());
        }),
        ("Mobile", |order| order.mobile = Some("+".into())),
        ("IdentData.IDCard.Images.Front", |order| {
            data(order).id_card.images.front = Some(Pii::new(b"\x89PNG".to_vec()));
        }),
        ("IdentData.IDCard.Images.Back", |order| {
            data(order).id_card.images.back = Some(Pii::new(Vec::new()));
        }),
        ("eSignPDF.Data", |order| {
            order.esign_pdfs[0].data = Some(Pii::new(b"PK\x03\x04".to_vec()));
        }),
        ("eSignPDF.Data", |order| order.esign_pdfs[0].data = None),
        ("eSignHash.Hash", |order| {
            order.esign_hashes = vec![SignHash::new(Vec::new(), "1")];
        }),
        ("eSignPDF", |order| {
            order.esign_pdfs[0].placement = Some(Placement::At {
                x: 0,
                y: 0,
                width: None,
                height: None,
                page: Some(0),
            });
        }),
        ("eSignPDF", |order| {
            order.esign_pdfs[0].placement = Some(Placement::Field(String::new()));
        }),
        ("eSignPDF.Stamping", |order| {
            let mut stamp = Stamp::new("[DT]");
            stamp.position = Some(StampPosition::At(-1, 0));
            order.esign_pdfs[0].stamps.push(stamp);
        }),
        ("MultiSignOptions.FirstOrderID", |order| {
            order.multi_sign = Some(MultiSign::default());
        }),
        ("MultiSignOptions.SignParameters", |order| {
            let mut parties = MultiSign::of(OrderId::parse("99920006C38842").unwrap());
            let tag = Placement::Tag {
                tag: "tag".to_owned(),
                offset: None,
            };
            parties.sign_parameters = vec![SignParameters::new("1", tag)];
            order.multi_sign = Some(parties);
        }),
        ("IdentDataSigned", |order| {
            order.ident_data_signed = Some(Secret::new(""));
        }),
        ("Purpose", |order| {
            order.purpose = Some(Purpose::ByLanguage(BTreeMap::from([(
                "deu".to_owned(),
                "x".to_owned(),
            )])));
        }),
        ("eSignTanSmsText", |order| {
            order.esign_tan_sms_text = Some("your TAN".to_owned());
        }),
        ("verificationSmsText", |order| {
            order.verification_sms_text = Some("[tan]".to_owned());
        }),
        ("RedirectURL.Success", |order| {
            order.redirects.success = Some("/done".to_owned());
        }),
        ("WebhookURL.OnFinal", |order| {
            order.webhooks.on_final = Some("ftp://example.com".to_owned());
        }),
        ("WebhookURL", |order| {
            order.webhooks.on_final = Some("https://example.com/?s=[statusCode]".to_owned());
        }),
        ("WebhookURL", |order| {
            order.webhooks.after = Some(VideoOrIdent::AfterVideo(
                "https://example.com/?s=[statusCode]".to_owned(),
            ));
        }),
    ];
    assert_eq!(refused(&esign()), None);
    for (number, (field, break_it)) in table.iter().enumerate() {
        let mut order = esign();
        break_it(&mut order);
        assert_eq!(refused(&order).as_deref(), Some(*field), "row {number}");
    }
}

#[test]
fn country_codes_have_the_documented_lengths() {
    for (code, address, ident_data) in [
        ("DE", true, true),
        ("DEU", true, false),
        ("de", true, true),
        ("ÖS", false, false),
    ] {
        let mut order = order(Product::Video);
        order.address.country = code.into();
        data(&mut order).id_card.country_of_issue = Some(code.into());
        data(&mut order).driver_licence.country_of_issue = Some(code.into());
        assert_eq!(refused(&order).is_none(), address, "{code}");
        let mut order = ordering::order(Product::Video);
        data(&mut order).country = Some(code.into());
        assert_eq!(refused(&order).is_none(), ident_data, "{code}");
    }
}

#[test]
fn additional_fields_match_their_type_and_limit() {
    for (kind, good, bad) in [
        (FieldKind::Date, "2010-01-11", "11.01.2010"),
        (FieldKind::Date, "2012-02-29", "2011-02-29"),
        (FieldKind::Boolean, "true", "yes"),
        (FieldKind::Country, "AT", "A1"),
    ] {
        for (value, expected) in [
            (good, None),
            (bad, Some("IdentData.Additional.Value".to_owned())),
        ] {
            let mut order = order(Product::Video);
            data(&mut order).additional.insert(
                "a".to_owned(),
                AdditionalField::new(kind, "label").with(value),
            );
            assert_eq!(refused(&order), expected, "{kind:?} {value}");
        }
    }
    for (product, most) in [(Product::Shop, 2), (Product::Video, 10)] {
        for (count, expected) in [
            (most, None),
            (most + 1, Some("IdentData.Additional".to_owned())),
        ] {
            let mut order = order(product);
            data(&mut order).additional = (0..count)
                .map(|number| {
                    (
                        number.to_string(),
                        AdditionalField::new(FieldKind::Text, "label"),
                    )
                })
                .collect();
            assert_eq!(refused(&order), expected, "{product:?}: {count}");
        }
    }
}

#[test]
fn exclusive_behaviors_are_refused() {
    for bits in [
        0,
        4,
        8,
        16,
        128,
        256,
        4096,
        8192,
        4096 | 8192,
        131_072,
        4_194_304,
        8_388_608,
        4 | 128,
        4 | 256,
        16 | 256,
    ] {
        assert_eq!(Behaviors::from_bits(bits).unwrap().bits(), bits);
    }
    for bits in [
        1,
        2,
        32,
        64,
        512,
        1 << 31,
        4 | 8,
        4 | 16,
        8 | 16,
        4 | 8 | 16,
        128 | 256,
        4 | 128 | 256,
    ] {
        assert!(Behaviors::from_bits(bits).is_err(), "{bits}");
        assert!(
            read(&least_with(&json!({"Product": 15, "Add": bits}))).is_err(),
            "{bits}"
        );
    }
    let both = [
        Behaviors::SIGN_ME_USE.with(Behaviors::SIGN_ME_CREATE),
        Behaviors::ADVANCED_SIGNATURE.with(Behaviors::BASIC_SIGNATURE),
    ];
    for behaviors in both {
        let mut order = esign();
        order.behaviors = behaviors;
        assert_eq!(refused(&order).as_deref(), Some("Add"), "{behaviors:?}");
    }
    for behaviors in [
        Behaviors::SIGN_ME_USE,
        Behaviors::ADVANCED_SIGNATURE,
        Behaviors::POINT_OF_SALE_SIGNATURE,
    ] {
        let mut order = order(Product::Video);
        order.behaviors = behaviors;
        assert_eq!(refused(&order).as_deref(), Some("Add"), "{behaviors:?}");
    }
    // 0 is also a way of using sign-me (chapter 9.1).
    let mut basic = esign();
    basic.behaviors = Behaviors::BASIC_SIGNATURE;
    assert_eq!(refused(&basic), None);
}

#[test]
fn signature_needs_something_to_sign() {
    for behaviors in [
        Behaviors::NORMAL,
        Behaviors::SIGN_ME_USE_OR_CREATE,
        Behaviors::SIGN_ME_USE,
        Behaviors::BASIC_SIGNATURE,
    ] {
        let mut nothing = order(Product::Esign);
        nothing.behaviors = behaviors;
        assert_eq!(
            refused(&nothing).as_deref(),
            Some("eSignPDF"),
            "{behaviors:?}"
        );
        nothing.multi_sign = Some(MultiSign::of(OrderId::parse("99920006C38842").unwrap()));
        assert_eq!(refused(&nothing), None, "{behaviors:?}");
    }
    // An order that only creates an account must not have a document (chapter 9.1).
    let mut account = order(Product::Esign);
    account.behaviors = Behaviors::SIGN_ME_CREATE;
    assert_eq!(refused(&account), None);
    let mut both = esign();
    both.behaviors = Behaviors::SIGN_ME_CREATE;
    assert_eq!(refused(&both).as_deref(), Some("Add"));
}

#[test]
fn only_product_15_signs_documents() {
    let signed = esign();
    for product in Product::ALL
        .iter()
        .copied()
        .filter(|product| *product != Product::Esign)
    {
        let mut with_documents = order(product);
        with_documents.mobile = Some("+491711234567".into());
        assert_eq!(refused(&with_documents), None, "{product:?}");
        let mut with_multi_sign = with_documents.clone();
        with_documents.esign_pdfs.clone_from(&signed.esign_pdfs);
        assert_eq!(
            refused(&with_documents).as_deref(),
            Some("Product"),
            "{product:?}"
        );
        with_multi_sign.multi_sign = Some(MultiSign::of(OrderId::parse("99920006C38842").unwrap()));
        assert_eq!(
            refused(&with_multi_sign).as_deref(),
            Some("Product"),
            "{product:?}"
        );
    }
}

#[test]
fn mobile_number_is_required_only_to_verify_it() {
    let mut silent = esign();
    silent.mobile = None;
    assert_eq!(refused(&silent), None);
    let mut phone = order(Product::PhoneVerification);
    assert_eq!(refused(&phone).as_deref(), Some("Mobile"));
    data(&mut phone).mobile = Some("+491711234567".into());
    assert_eq!(refused(&phone), None);
    let mut text = order(Product::Video);
    text.esign_tan_sms_text = Some("[TAN]".to_owned());
    assert_eq!(refused(&text).as_deref(), Some("eSignTanSmsText"));
}

#[test]
fn pdf_header_may_follow_other_bytes() {
    for (start, expected) in [
        (0, None),
        (1, None),
        (1019, None),
        (1020, Some("eSignPDF.Data")),
    ] {
        let mut order = esign();
        let file = [vec![b'\n'; start], b"%PDF-1.7".to_vec()].concat();
        order.esign_pdfs = vec![SignDocument::new(file, "contract.pdf")];
        assert_eq!(refused(&order).as_deref(), expected, "{start}");
    }
}

#[test]
fn test_robot_starts_only_on_request() {
    for robot in [TestRobot::Positive, TestRobot::Negative, TestRobot::Fraud] {
        assert_eq!(refused(&order(Product::Video).test_robot(robot)), None);
        assert_eq!(
            written(&order(Product::Video).test_robot(robot))["Ref"],
            json!(robot.reference())
        );
        let mut by_hand = order(Product::Video);
        by_hand.reference = Some(robot.reference().to_lowercase());
        assert_eq!(refused(&by_hand).as_deref(), Some("Ref"));
    }
}

#[test]
fn collecting_agent_is_only_for_a_point_of_sale() {
    let mut order = esign();
    data(&mut order).collected_by = Some("Shop 1".into());
    assert_eq!(refused(&order).as_deref(), Some("IdentData.CollectedBy"));
    order.behaviors = Behaviors::POINT_OF_SALE_SIGNATURE;
    assert_eq!(refused(&order), None);
}

//! The documented API, call by call: the method, the path, and the status of success.

use idv::Pii;
use idv::identity_tm::api::order::{Behaviors, Product, SignHash};
use idv::identity_tm::api::{CALLS, IdentDataVariants, StatusVariants};
use idv::identity_tm::wire;

use crate::esign::{for_signing, with_contract};
use crate::functions::{order, tan};
use crate::support::identity_tm::{Receiver, Vendor, follow, order_of};

#[tokio::test]
async fn every_documented_call_is_answered() {
    let vendor = Vendor::with(|account| {
        account.customer_side_signing = true;
        account.phone_verification = true;
        account.audio_recording = true;
    })
    .await;
    let receiver = Receiver::start().await;
    let bank = vendor.preparing(
        |config| {
            for_signing(config);
            config.behaviors = Behaviors::ADVANCED_SIGNATURE.bits();
        },
        |order| {
            with_contract(order);
            order
                .esign_hashes
                .push(SignHash::new(vec![7; 32], "hash".to_owned()));
        },
    );
    let (api, cx) = (bank.api(), bank.call());
    assert!(api.server_status(&cx).await.unwrap());
    api.system_status(&cx).await.unwrap();
    api.check_signme_user(&cx, &Pii::from("e.mustermann@example.com"), None)
        .await
        .unwrap();

    let phone = api
        .put_order(&cx, &order(Product::PhoneVerification))
        .await
        .unwrap()
        .order_id;
    api.request_phone_verification(&cx, &phone).await.unwrap();
    api.resend_phone_tan(&cx, &phone).await.unwrap();
    api.prove_phone_control(
        &cx,
        &phone,
        &tan(&vendor.sandbox.identity_tm().tan(phone.as_str()).unwrap()),
    )
    .await
    .unwrap();

    let mut verification = bank.create().await;
    let id = order_of(verification.id());
    vendor.play(&verification, "happy").await;
    api.request_sign(&cx, &id).await.unwrap();
    api.resend_sign_tan(&cx, &id).await.unwrap();
    api.confirm_sign(
        &cx,
        &id,
        &tan(&vendor.sandbox.identity_tm().tan(id.as_str()).unwrap()),
    )
    .await
    .unwrap();
    assert!(follow(&vendor, &bank, &mut verification).await.is_some());
    assert_eq!(
        api.orders_by_ref(&cx, &verification.id().reference)
            .await
            .unwrap(),
        std::slice::from_ref(&id)
    );
    api.status(&cx, &id, StatusVariants::ALL).await.unwrap();
    api.ident_data(&cx, &id, IdentDataVariants::default())
        .await
        .unwrap();
    assert!(
        api.ident_data_pdf(&cx, &id, 1 << 20, &mut Vec::new())
            .await
            .unwrap()
            .length
            > 0
    );
    assert_eq!(
        api.signed_documents(&cx, &id)
            .await
            .unwrap()
            .read(wire::SignedDocuments::read)
            .unwrap()
            .pdfs
            .len(),
        1
    );
    assert_eq!(
        api.signed_hashes(&cx, &id)
            .await
            .unwrap()
            .read(wire::Hashes::read)
            .unwrap()
            .hashes
            .entries
            .len(),
        1
    );
    assert!(
        api.audit_log(&cx, &id, 1 << 20, &mut Vec::new())
            .await
            .unwrap()
            .length
            > 0
    );
    assert_eq!(
        api.images(&cx, &id)
            .await
            .unwrap()
            .read(wire::Images::read)
            .unwrap()
            .images
            .len(),
        3
    );
    api.provide_video(&cx, &id, &receiver.url).await.unwrap();
    vendor.pass(2).await;
    assert_eq!(receiver.take().len(), 1);
    assert!(
        api.video(&cx, &id, 1 << 20, &mut Vec::new())
            .await
            .unwrap()
            .length
            > 0
    );
    assert_eq!(
        api.voice_files(&cx, &id)
            .await
            .unwrap()
            .read(wire::VoiceFiles::read)
            .unwrap()
            .voice_files
            .len(),
        1
    );
    api.delete(&cx, &id).await.unwrap();
    api.cancel(&cx, &order_of(bank.create().await.id()))
        .await
        .unwrap();
    api.request_new_password(&cx, &Pii::from("+49171123456"))
        .await
        .unwrap();
    let shown = vendor
        .control("GET", "identity-tm/accounts/example/phone", &().into())
        .await;
    api.confirm_new_password(&cx, &tan(shown["tan"].as_str().unwrap()))
        .await
        .unwrap();

    for row in CALLS {
        assert!(vendor.calls(row.name) > 0, "{}", row.name);
    }
    let failed: Vec<_> = vendor
        .sandbox
        .requests()
        .into_iter()
        .filter(|request| request.status >= 300)
        .collect();
    assert!(failed.is_empty(), "{failed:?}");
    for request in vendor.sandbox.requests() {
        let name = request
            .path
            .strip_prefix("/api/2.10/")
            .and_then(|rest| rest.split('/').next());
        let row = CALLS.iter().find(|row| Some(row.name) == name);
        let row = row.unwrap_or_else(|| panic!("{}", request.path));
        assert_eq!(
            (request.method.as_str(), request.status),
            (row.method.as_str(), row.success),
            "{}",
            row.name
        );
    }
}

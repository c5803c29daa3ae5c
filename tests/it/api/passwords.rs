//! `/users/{id}/password`: passwords that come from elsewhere, as hashes.

use serde_json::json;
use vestibule::id::UserId;
use vestibule::passwords::{PasswordHash, Verdict};
use vestibule::store::passwords::{self, Password};

use crate::support::{Engine, PASSWORD, World, on_each_engine};

on_each_engine! {
    an_imported_password_signs_in_and_is_replaced
    the_key_of_a_firebase_project_is_kept_encrypted
    who_is_signed_in_when_the_password_is_set_is_signed_out
    a_temporary_password_leads_to_a_new_one
}

/// `bcrypt.hashpw(b"correct horse", …)` of Python.
const BCRYPT: &str = "$2b$04$abcdefghijklmnopqrstuujydOTSfIH/d5oUHpsygqV5X9xJLQc6e";
const IMPORTED: &str = "correct horse";
const EMAIL: &str = "ada@example.test";

async fn stored(world: &World, user: &UserId) -> Password {
    let mut tx = world.app.db.read().await.expect("the database answers");
    let found = passwords::find(&mut tx, user).await;
    found.expect("the database answers").expect("there is one")
}

async fn an_imported_password_signs_in_and_is_replaced(engine: Engine) {
    let world = World::on(engine).await;
    let (api, client) = (world.api().await, world.client().await);
    let user = world.user(EMAIL, PASSWORD).await;
    let route = format!("/users/{user}/password");
    let body = json!({ "hashed_password": BCRYPT });
    let answer = api.call("PUT", &route, Some(body)).await;
    assert_eq!(answer.status.as_u16(), 200, "{:?}", answer.body);
    assert!(
        stored(&world, &user)
            .await
            .password_hash
            .as_str()
            .contains(BCRYPT)
    );

    let mut browser = world.browser();
    browser.open(&client.authorize_url(&[])).await;
    browser.sign_in(EMAIL, PASSWORD).await;
    assert!(
        !browser.page().problems().is_empty(),
        "the former one is gone"
    );
    browser.press("sign-in", &[("p_password", IMPORTED)]).await;
    client.redeem(browser.arrived()).await;
    let after = stored(&world, &user).await;
    assert!(after.password_hash.as_str().starts_with("$argon2id$"));

    let mut again = world.browser();
    again.open(&client.authorize_url(&[])).await;
    again.sign_in(EMAIL, IMPORTED).await;
    client.redeem(again.arrived()).await;

    let log = api
        .get(&format!(
            "/audit_events?subject={user}&action=user.password_imported"
        ))
        .await;
    let details = json!({ "method": "bcrypt", "is_temporary": false });
    assert_eq!(log["audit_events"][0]["details"], details);
    assert!(!log.to_string().contains("$2b$"));
}

async fn the_key_of_a_firebase_project_is_kept_encrypted(engine: Engine) {
    // hashlib.scrypt(n=2**10, r=8, p=1, dklen=32), then AES-256-CTR of cryptography.
    const HASH: &str =
        "RzlsvkyZhKdiHDhkOfht209MFKEU43l3bOx9vTKk9gNRUr+qdJ2pSGNXqS9aX4q/v7qlEImz4R9Kdrb5d764Jw==";
    const KEY: &str =
        "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4vMDEyMzQ1Njc4OTo7PD0+Pw==";
    let world = World::on(engine).await;
    let (api, client) = (world.api().await, world.client().await);
    let user = world.user(EMAIL, PASSWORD).await;
    let body = json!({
        "hashed_password": HASH,
        "hashing_method": "firebase-scrypt",
        "salt": "c29tZXNhbHR2YWx1ZQ==",
        "salt_separator": "Bw==",
        "signer_key": KEY,
        "rounds": 8,
        "mem_cost": 10,
    });
    let route = format!("/users/{user}/password");
    let answer = api.call("PUT", &route, Some(body)).await;
    assert_eq!(answer.status.as_u16(), 200, "{:?}", answer.body);
    let kept = stored(&world, &user).await.password_hash;
    assert!(!kept.as_str().contains(KEY));

    // Another node opens it.
    let node = world.second_node().await;
    let verdict = node
        .app
        .hasher
        .verify(IMPORTED, Some(&kept), &mut rand::rng());
    assert!(matches!(verdict.await, Ok(Verdict::RightRehash(_))));

    // A row from before keys were encrypted.
    let mut clear: serde_json::Value = serde_json::from_str(kept.as_str()).unwrap();
    clear["signer_key"] = KEY.into();
    let clear = PasswordHash::from(clear.to_string());
    let mut tx = world.app.db.write().await.unwrap();
    assert!(
        passwords::rehash(&mut tx, &user, &kept, &clear)
            .await
            .unwrap()
    );
    tx.commit().await.unwrap();
    let mut browser = world.browser();
    browser.open(&client.authorize_url(&[])).await;
    browser.sign_in(EMAIL, IMPORTED).await;
    client.redeem(browser.arrived()).await;
    let after = stored(&world, &user).await.password_hash;
    assert!(after.as_str().starts_with("$argon2id$"));
}

async fn who_is_signed_in_when_the_password_is_set_is_signed_out(engine: Engine) {
    let world = World::on(engine).await;
    let (api, client) = (world.api().await, world.client().await);
    let user = world.user(EMAIL, PASSWORD).await;
    let (mut browser, tokens) = world.signed_in(&client, EMAIL).await;
    let body = json!({ "hashed_password": BCRYPT, "hashing_method": "bcrypt" });
    let route = format!("/users/{user}/password");
    assert!(
        api.call("PUT", &route, Some(body))
            .await
            .status
            .is_success()
    );
    let refresh_token = tokens.refresh_token.expect("offline");
    assert_eq!(client.refresh(&refresh_token).await.status.as_u16(), 400);
    assert_eq!(
        client.userinfo(&tokens.access_token).await.status.as_u16(),
        401
    );
    browser.open(&client.authorize_url(&[])).await;
    assert!(browser.page().url.path().starts_with("/interaction/"));
}

async fn a_temporary_password_leads_to_a_new_one(engine: Engine) {
    let world = World::on(engine).await;
    let (api, client) = (world.api().await, world.client().await);
    let user = world.user(EMAIL, PASSWORD).await;
    let body = json!({
        "hashed_password": "de8498eb12b0309737310c8971cfc7a2",
        "hashing_method": "md5",
        "salt": "salt",
        "salt_position": "prefix",
        "is_temporary_password": true,
    });
    let route = format!("/users/{user}/password");
    assert!(
        api.call("PUT", &route, Some(body))
            .await
            .status
            .is_success()
    );
    let mut browser = world.browser();
    browser.open(&client.authorize_url(&[])).await;
    browser.sign_in(EMAIL, IMPORTED).await;
    browser.choose_password("nine copper kettles sing").await;
    client.redeem(browser.arrived()).await;
    assert!(!stored(&world, &user).await.is_temporary);
}

#[tokio::test]
async fn what_can_not_be_a_password_is_refused_and_changes_nothing() {
    let world = World::new().await;
    let api = world.api().await;
    let user = world.user(EMAIL, PASSWORD).await;
    let before = stored(&world, &user).await.password_hash;
    let route = format!("/users/{user}/password");
    let long = "a".repeat(1025);
    let too_dear = BCRYPT.replace("$04$", "$15$");
    for (body, code) in [
        (json!({}), "INVALID_BODY"),
        (json!({ "hashed_password": IMPORTED }), "INVALID_FIELD"),
        (json!({ "hashed_password": long }), "INVALID_FIELD"),
        (json!({ "hashed_password": too_dear }), "INVALID_FIELD"),
        (
            json!({ "hashed_password": BCRYPT, "hashing_method": "rot13" }),
            "INVALID_FIELD",
        ),
        (
            json!({ "hashed_password": BCRYPT, "salt_position": "both" }),
            "INVALID_FIELD",
        ),
        (
            json!({ "hashed_password": BCRYPT, "salt": long }),
            "INVALID_FIELD",
        ),
        (
            json!({ "hashed_password": BCRYPT, "iterations": -1 }),
            "INVALID_BODY",
        ),
        (
            json!({ "hashed_password": "$1$saltsalt$NuzA7WTAelpl95xgBGWN60", "hashing_method": "crypt" }),
            "INVALID_FIELD",
        ),
        (
            json!({ "hashed_password": "$P$6saltsaltm5kzegSSYLpteeiemmHd3/", "hashing_method": "wordpress" }),
            "INVALID_FIELD",
        ),
    ] {
        let refused = api.refusal("PUT", &route, Some(body.clone())).await;
        assert_eq!(refused, (400, code.to_owned()), "{body}");
    }
    assert_eq!(stored(&world, &user).await.password_hash, before);
    for id in ["kp_00000000000000000000000000000000", "0"] {
        let body = json!({ "hashed_password": BCRYPT });
        let refused = api
            .refusal("PUT", &format!("/users/{id}/password"), Some(body))
            .await;
        assert_eq!(refused, (404, "USER_NOT_FOUND".to_owned()));
    }
}

//! Known answers, computed with other programs: Python's hashlib, bcrypt, passlib and cryptography, and
//! `openssl passwd`.

use super::super::tests::{POLICY, hasher, vault};
use super::super::{PasswordHash, Verdict};
use super::reading::{HASH, TOO_DEAR};
use super::*;

const PASSWORD: &str = "correct horse";
const PLAIN: Foreign<'static> = Foreign {
    method: Method::Bcrypt,
    hash: "",
    salt: None,
    salt_position: SaltPosition::Prefix,
    iterations: None,
    variant: None,
    signer_key: None,
    salt_separator: None,
    rounds: None,
    mem_cost: None,
};

const fn of(method: Method, hash: &'static str) -> Foreign<'static> {
    Foreign {
        method,
        hash,
        ..PLAIN
    }
}

const fn salted(method: Method, hash: &'static str, salt: &'static str) -> Foreign<'static> {
    Foreign {
        salt: Some(salt),
        ..of(method, hash)
    }
}

/// 16 bytes, `0123456789abcdef`.
const SALT: &str = "MDEyMzQ1Njc4OWFiY2RlZg==";
const BCRYPT: &str = "$2b$04$abcdefghijklmnopqrstuujydOTSfIH/d5oUHpsygqV5X9xJLQc6e";
const PBKDF2: &str = "cBg8D2DungRB9k76szThf5ehfyBz991ay6PT8Srwk4M=";

const FIREBASE: Foreign<'static> = Foreign {
    salt: Some("c29tZXNhbHR2YWx1ZQ=="),
    salt_separator: Some("Bw=="),
    signer_key: Some(
        "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4vMDEyMzQ1Njc4OTo7PD0+Pw==",
    ),
    rounds: Some(8),
    mem_cost: Some(10),
    ..of(
        Method::FirebaseScrypt,
        "RzlsvkyZhKdiHDhkOfht209MFKEU43l3bOx9vTKk9gNRUr+qdJ2pSGNXqS9aX4q/v7qlEImz4R9Kdrb5d764Jw==",
    )
};

/// Hashes of [`PASSWORD`].
#[expect(clippy::too_many_lines, reason = "one story, or one table")]
fn known() -> Vec<Foreign<'static>> {
    let suffix = |foreign| Foreign {
        salt_position: SaltPosition::Suffix,
        ..foreign
    };
    let pbkdf2 = |variant, hash| Foreign {
        iterations: Some(1000),
        variant: Some(variant),
        ..salted(Method::Pbkdf2, hash, SALT)
    };
    vec![
        // argon2-cffi: hash_secret(b, b"saltsaltsalt", 2, 64, 1, 32, Type.ID)
        of(
            Method::Argon2,
            "$argon2id$v=19$m=64,t=2,p=1$c2FsdHNhbHRzYWx0$aLaJqQFb5f1CILsf1cTEp4693N1unODGCdcToVVKvPA",
        ),
        // hashlib: 0, the salt, pbkdf2_hmac("sha1", …, 1000, 32)
        of(
            Method::AspnetIdentityV2,
            "ADAxMjM0NTY3ODlhYmNkZWZpR8Ta/HlDvOBtvSPHj0Bo2ldRBBVbql48o3lpvfsbjQ==",
        ),
        // bcrypt: hashpw
        of(Method::Bcrypt, BCRYPT),
        of(Method::Crypt, BCRYPT),
        // openssl passwd -5 and -6 -salt saltsalt; passlib: sha512_crypt.using(rounds=1000), sha256_crypt
        of(
            Method::Crypt,
            "$5$saltsalt$myjXcpMpE2Ofk7fj9hqyNYSn6lmWG4Mqnjx.KIRRr4/",
        ),
        of(
            Method::Crypt,
            "$6$saltsalt$hRM5XZ86KXEw9UOmjigeVqFgULtFB2sgpC9lXQDfMib3Zgw7mEiUvBJI2EplzfAqxL5Vvwp2scFtv/uamSo5z0",
        ),
        of(
            Method::Crypt,
            "$6$rounds=1000$saltsalt$4GMtaIz3E1AdDi2SmCokEW0ehi.HdxNDcL3fGE1XXuzvo6kbx7UOloZKONqEk5H3JrQA4NOfU8BmqFPrpGqwA1",
        ),
        of(
            Method::Crypt,
            "$5$rounds=12345$0123456789abcdef$thac8G6jjV/fIouezQCjLOx4YYgrVZOynX3NY.J1QCC",
        ),
        // hashlib.scrypt(n=2**10, r=8, p=1, dklen=32), then AES-256-CTR of cryptography
        FIREBASE,
        // hashlib: md5 and sha256 of the password, with the salt before and after it
        of(Method::Md5, "3cb4e732631f47e6eb961f34554b7cde"),
        of(Method::Md5, "3CB4E732631F47E6EB961F34554B7CDE"),
        salted(Method::Md5, "de8498eb12b0309737310c8971cfc7a2", "salt"),
        suffix(salted(
            Method::Md5,
            "0f8ace3b2b97fc3820def0a5a79cf93a",
            "salt",
        )),
        of(
            Method::Sha256,
            "4104d36f8da2c254349f85836793ebe029e0c957063a34c91c2e9203187b5631",
        ),
        salted(
            Method::Sha256,
            "8cb258c07eb871943b4ad0e754a502b5fc3a389d75fefc91b4e010778ecca018",
            "salt",
        ),
        suffix(salted(
            Method::Sha256,
            "n+NyCAC8BTzorAU7AQEsEfh4qDAh0HpRtPLX0dsQdAo=",
            "salt",
        )),
        // hashlib.pbkdf2_hmac
        pbkdf2("sha1", "aUfE2vx5Q7zgbb0jx49AaNpXUQQ="),
        pbkdf2("SHA-256", PBKDF2),
        pbkdf2(
            "sha256",
            "70183c0f60ee9e0441f64efab334e17f97a17f2073f7dd5acba3d3f12af09383",
        ),
        pbkdf2(
            "sha256",
            "70183c0f60ee9e0441f64efab334e17f97a17f2073f7dd5acba3d3f12af0938350102d06540c162d250659b7327b5c54f9d3bb7d91657750ecb1c36500dd6ec7",
        ),
        pbkdf2(
            "sha512",
            "OM0FAoIqCVK1sWtxDiffVlBejtLa+ks4TP71JiecwuSZCG8iLbnlIEPOMoVX+i2B2wkSxjQ8CRGR9OkNGuIPMQ==",
        ),
        // passlib: django_pbkdf2_sha256 and django_pbkdf2_sha1
        of(
            Method::Pbkdf2,
            "pbkdf2_sha256$1000$saltsalt$qQDPSZa3Ormyy9oK1Pu0ZLLwP2Svzmx3yu8OvDdq/J0=",
        ),
        of(
            Method::Pbkdf2,
            "pbkdf2_sha1$1000$saltsalt$wQoBU7GXMNo2CJC+raijrf6key4=",
        ),
        // hmac and bcrypt of Python, as WordPress puts them together
        of(
            Method::Wordpress,
            "$wp$2y$04$abcdefghijklmnopqrstuujv/86KBUqWwIdPp0uRATkCcvgptl1Pm",
        ),
        of(Method::Wordpress, BCRYPT),
    ]
}

#[tokio::test]
async fn a_known_hash_is_checked_and_then_replaced() {
    let hasher = hasher(&POLICY);
    let verify = async |password: &str, stored: &PasswordHash| {
        let verdict = hasher
            .verify(password, Some(stored), &mut rand::rng())
            .await;
        verdict.expect("there is room")
    };
    for foreign in known() {
        let (method, hash) = (foreign.method, foreign.hash);
        let stored = hasher.import(foreign).expect("it is a hash");
        assert_eq!(
            verify("correct Horse", &stored).await,
            Verdict::Wrong,
            "{method} {hash}"
        );
        assert_eq!(verify("", &stored).await, Verdict::Wrong, "{method} {hash}");
        let Verdict::RightRehash(replacement) = verify(PASSWORD, &stored).await else {
            panic!("{method} {hash} is not recognised");
        };
        assert!(
            replacement
                .as_str()
                .starts_with("$argon2id$v=19$m=64,t=1,p=1$")
        );
        assert_eq!(verify(PASSWORD, &replacement).await, Verdict::Right);
    }
}

#[test]
fn the_published_example_of_firebase_is_checked() {
    // README of github.com/firebase/scrypt.
    let foreign = Foreign {
        salt: Some("42xEC+ixf3L2lw=="),
        salt_separator: Some("Bw=="),
        signer_key: Some(
            "jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZvpjeJ9WmXA==",
        ),
        rounds: Some(8),
        mem_cost: Some(14),
        ..of(
            Method::FirebaseScrypt,
            "lSrfV15cpx95/sZS2W9c9Kp6i/LVgQNDNC/qzrCnh1SAyZvqmZqAjTdn3aoItz+VHjoZilo78198JAdRuid5lQ==",
        )
    };
    assert!(matches(foreign, "user1password"));
    assert!(!matches(foreign, "user2password"));
}

fn matches(foreign: Foreign<'_>, password: &str) -> bool {
    let vault = vault();
    let stored = import(foreign, &vault).expect("it is a hash");
    let imported = Imported::parse(stored.as_str()).unwrap();
    let imported = imported.expect("it is no PHC string");
    imported.matches(password, &vault).unwrap()
}

#[test]
fn what_the_systems_do_with_odd_passwords_is_done_here() {
    // bcrypt looks at 72 bytes: hashpw of 80 letters x.
    let bcrypt = of(
        Method::Bcrypt,
        "$2b$04$abcdefghijklmnopqrstuubzadhGtS2zEF.gu0yd0opP6cVzb.e0i",
    );
    assert!(matches(bcrypt, &"x".repeat(80)));
    assert!(!matches(bcrypt, &"x".repeat(71)));
    // WordPress trims.
    let wordpress = of(
        Method::Wordpress,
        "$wp$2y$04$abcdefghijklmnopqrstuujv/86KBUqWwIdPp0uRATkCcvgptl1Pm",
    );
    assert!(matches(wordpress, " correct horse\t"));
    // crypt(3) takes no more than 512 bytes.
    let crypt = of(
        Method::Crypt,
        "$5$saltsalt$myjXcpMpE2Ofk7fj9hqyNYSn6lmWG4Mqnjx.KIRRr4/",
    );
    assert!(!matches(crypt, &"x".repeat(513)));
}

#[test]
#[expect(clippy::too_many_lines, reason = "one story, or one table")]
fn what_is_malformed_unsupported_or_too_dear_is_refused() {
    let pbkdf2 = |iterations| Foreign {
        iterations,
        ..salted(Method::Pbkdf2, PBKDF2, SALT)
    };
    let long = "70183c0f60ee9e0441f64efab334e17f97a17f2073f7dd5acba3d3f12af0938350102d06540c162d250659b7327b5c54f9d3bb7d91657750ecb1c36500dd6ec7";
    let unsupported = [
        (
            of(
                Method::Bcrypt,
                "$2x$04$abcdefghijklmnopqrstuujydOTSfIH/d5oUHpsygqV5X9xJLQc6e",
            ),
            HASH,
        ),
        (
            of(Method::Crypt, "$1$saltsalt$NuzA7WTAelpl95xgBGWN60"),
            HASH,
        ),
        (of(Method::Crypt, "$y$j9T$salt$hash"), HASH),
        (of(Method::Crypt, "rqXexS6ZhobKA"), HASH),
        (
            of(Method::Wordpress, "$P$6saltsaltm5kzegSSYLpteeiemmHd3/"),
            HASH,
        ),
        (
            Foreign {
                variant: Some("md5"),
                ..pbkdf2(Some(1000))
            },
            "variant",
        ),
    ];
    let malformed = [
        (of(Method::Argon2, BCRYPT), HASH),
        (of(Method::Argon2, "$argon2id$v=19$m=64,t=2,p=1"), HASH),
        (of(Method::AspnetIdentityV2, "AAAA"), HASH),
        (of(Method::AspnetIdentityV2, "AQAAAAEAACcQ"), HASH),
        (of(Method::Bcrypt, ""), HASH),
        (of(Method::Bcrypt, "$2b$04$£"), HASH),
        (
            of(
                Method::Bcrypt,
                "$2b$03$abcdefghijklmnopqrstuujydOTSfIH/d5oUHpsygqV5X9xJLQc6e",
            ),
            HASH,
        ),
        (of(Method::Crypt, "$5$"), HASH),
        (
            of(
                Method::Crypt,
                "$5$rounds=999$saltsalt$myjXcpMpE2Ofk7fj9hqyNYSn6lmWG4Mqnjx.KIRRr4/",
            ),
            HASH,
        ),
        (
            of(
                Method::Crypt,
                "$6$saltsalt$myjXcpMpE2Ofk7fj9hqyNYSn6lmWG4Mqnjx.KIRRr4/",
            ),
            HASH,
        ),
        (of(Method::Md5, "3cb4"), HASH),
        (of(Method::Sha256, "3cb4e732631f47e6eb961f34554b7cde"), HASH),
        (
            Foreign {
                salt: None,
                ..FIREBASE
            },
            "salt",
        ),
        (
            Foreign {
                salt_separator: None,
                ..FIREBASE
            },
            "salt_separator",
        ),
        (
            Foreign {
                signer_key: Some("!"),
                ..FIREBASE
            },
            "signer_key",
        ),
        (
            Foreign {
                signer_key: Some("AAEC"),
                ..FIREBASE
            },
            HASH,
        ),
        (
            Foreign {
                rounds: None,
                ..FIREBASE
            },
            "rounds",
        ),
        (
            Foreign {
                mem_cost: Some(300),
                ..FIREBASE
            },
            "mem_cost",
        ),
        (pbkdf2(None), "iterations"),
        (pbkdf2(Some(0)), "iterations"),
        (
            Foreign {
                salt: None,
                ..pbkdf2(Some(1000))
            },
            "salt",
        ),
        (
            Foreign {
                hash: "AAEC",
                ..pbkdf2(Some(1000))
            },
            HASH,
        ),
        (of(Method::Pbkdf2, "pbkdf2_sha256$many$saltsalt$AAEC"), HASH),
        (of(Method::Pbkdf2, "pbkdf2_sha256$1000"), HASH),
    ];
    let dear = [
        (
            of(
                Method::Argon2,
                "$argon2id$v=19$m=65537,t=1,p=1$c2FsdHNhbHRzYWx0$aLaJqQFb5f1CILsf1cTEp4693N1unODGCdcToVVKvPA",
            ),
            HASH,
        ),
        (
            of(
                Method::Argon2,
                "$argon2id$v=19$m=65536,t=17,p=1$c2FsdHNhbHRzYWx0$aLaJqQFb5f1CILsf1cTEp4693N1unODGCdcToVVKvPA",
            ),
            HASH,
        ),
        (
            of(
                Method::Bcrypt,
                "$2b$15$abcdefghijklmnopqrstuujydOTSfIH/d5oUHpsygqV5X9xJLQc6e",
            ),
            HASH,
        ),
        (
            of(
                Method::Wordpress,
                "$wp$2y$31$abcdefghijklmnopqrstuujv/86KBUqWwIdPp0uRATkCcvgptl1Pm",
            ),
            HASH,
        ),
        (
            of(
                Method::Crypt,
                "$5$rounds=500001$saltsalt$myjXcpMpE2Ofk7fj9hqyNYSn6lmWG4Mqnjx.KIRRr4/",
            ),
            HASH,
        ),
        (
            Foreign {
                mem_cost: Some(17),
                ..FIREBASE
            },
            "mem_cost",
        ),
        (
            Foreign {
                mem_cost: Some(32),
                rounds: Some(1024),
                ..FIREBASE
            },
            "mem_cost",
        ),
        (pbkdf2(Some(1_500_001)), "iterations"),
        (pbkdf2(Some(u32::MAX)), "iterations"),
        (
            Foreign {
                hash: long,
                ..pbkdf2(Some(750_001))
            },
            "iterations",
        ),
    ];
    let hasher = hasher(&POLICY);
    for (foreign, field) in unsupported.into_iter().chain(malformed) {
        let refusal = hasher.import(foreign).expect_err(foreign.hash);
        assert_eq!(refusal.field, field, "{} {refusal}", foreign.hash);
        assert_ne!(refusal.reason, TOO_DEAR, "{} {refusal}", foreign.hash);
    }
    for (foreign, field) in dear {
        let refusal = hasher.import(foreign).expect_err(foreign.hash);
        assert_eq!(
            (refusal.field, refusal.reason),
            (field, TOO_DEAR),
            "{}",
            foreign.hash
        );
    }
}

#[test]
fn the_key_of_a_project_is_stored_encrypted_and_one_in_clear_stays_readable() {
    let (own, other) = (vault(), vault());
    let stored = import(FIREBASE, &own).unwrap();
    let key = FIREBASE.signer_key.unwrap();
    assert!(!stored.as_str().contains(key));
    let sealed = Imported::parse(stored.as_str()).unwrap().unwrap();
    assert!(sealed.matches(PASSWORD, &own).unwrap());
    assert!(sealed.matches(PASSWORD, &other).is_err());

    let mut text: serde_json::Value = serde_json::from_str(stored.as_str()).unwrap();
    text["signer_key"] = key.into();
    let clear = Imported::parse(&text.to_string()).unwrap().unwrap();
    assert!(clear.matches(PASSWORD, &own).unwrap());
    assert!(!clear.matches("correct Horse", &own).unwrap());
}

#[tokio::test]
async fn a_hash_whose_stored_form_is_broken_is_an_error() {
    let stored = PasswordHash::from("{\"method\": \"rot13\"}".to_owned());
    let outcome = hasher(&POLICY).verify(PASSWORD, Some(&stored), &mut rand::rng());
    assert!(outcome.await.is_err());
}

//! What an assertion means, as tables whose columns are the facts. Here are those facts; the tables are beside.

mod address;
mod membership;
mod profile;
mod refusals;
mod who;

use serde_json::{Map, Value, json};

use super::*;
use crate::clock::Timestamp;
use crate::federation::Presence;
use crate::federation::assertion::EmailProof;
use crate::federation::mapping::Mapping;
use crate::federation::settings::{
    EntraId, Google, Kind, OAuth2, Oidc, Registration, Settings, Sync,
};
use crate::id::{ConnectionId, RoleId};
use crate::store::types::{Json, Text};

pub(super) const NOW: Timestamp = Timestamp::from_unix(1_795_334_400);

// Whom the tables speak of.
pub(super) const ADA: u8 = 1;
pub(super) const GRACE: u8 = 2;
pub(super) const EVE: u8 = 3;

/// The address that is asserted where a table does not say otherwise.
pub(super) const ADDRESS: &str = "ada@acme.test";

pub(super) fn user_id(person: u8) -> UserId {
    UserId::parse(&format!("kp_{person:032x}")).unwrap()
}

pub(super) fn identity_id(number: u8) -> IdentityId {
    IdentityId::parse(&format!("identity_{number:032x}")).unwrap()
}

pub(super) fn organization_id(number: u8) -> OrganizationId {
    OrganizationId::parse(&format!("org_{number:011x}")).unwrap()
}

pub(super) fn role_id(number: u8) -> RoleId {
    RoleId::parse(&format!("00000000-0000-4000-8000-{number:012x}")).unwrap()
}

/// Somebody of whom nothing is known but that they are there.
pub(super) fn person(number: u8) -> Person {
    let user = User {
        id: user_id(number),
        given_name: None,
        family_name: None,
        picture: None,
        attributes: Json::default(),
        suspended_at: None,
        created_at: NOW,
        updated_at: NOW,
        provided_id: None,
        failed_sign_ins: 0,
    };
    Person {
        user,
        email: None,
        sources: Vec::new(),
        memberships: Vec::new(),
        group_roles: Vec::new(),
    }
}

pub(super) fn address(value: &str, is_verified: bool) -> Address {
    Address {
        value: value.to_owned(),
        is_verified,
    }
}

/// Who has the asserted address.
pub(super) fn holder(number: u8, is_verified: bool) -> Holder {
    Holder {
        identity: identity_id(number),
        is_verified,
        person: Person {
            email: Some(address(ADDRESS, is_verified)),
            ..person(number)
        },
    }
}

/// Their identity, and them.
pub(super) fn identified(number: u8) -> (IdentityId, Person) {
    (identity_id(number), person(number))
}

pub(super) fn claims(value: Value) -> Map<String, Value> {
    let Value::Object(claims) = value else {
        panic!("{value} are no claims")
    };
    claims
}

pub(super) fn assertion(said: Value, email_proof: EmailProof) -> Assertion {
    Assertion {
        issuer: "https://upstream.test".to_owned(),
        subject: "1".to_owned(),
        claims: claims(said),
        groups: Presence::Absent,
        email_proof,
        authenticated_at: None,
    }
}

/// An assertion of the usual address, and nothing else.
pub(super) fn of_address(email_proof: EmailProof) -> Assertion {
    assertion(json!({ "email": ADDRESS }), email_proof)
}

pub(super) fn settings(kind: Kind) -> Settings {
    let client = Registration::default();
    match kind {
        Kind::EntraId => Settings::EntraId(EntraId {
            client,
            ..EntraId::default()
        }),
        Kind::Google => Settings::Google(Google {
            client,
            ..Google::default()
        }),
        Kind::OAuth2 => Settings::OAuth2(OAuth2 {
            client,
            ..OAuth2::default()
        }),
        Kind::Oidc => Settings::Oidc(Oidc {
            client,
            ..Oidc::default()
        }),
    }
}

/// A connection for everybody, without domains, that is trusted for addresses and gives accounts to strangers.
pub(super) fn upstream(kind: Kind) -> Upstream {
    let connection = Connection {
        id: ConnectionId::parse(&format!("conn_{:032x}", 1)).unwrap(),
        kind: Text(kind),
        name: "upstream".to_owned(),
        display_name: "Upstream".to_owned(),
        organization_id: None,
        settings: Json(settings(kind)),
        secret_jwe: None,
        mapping: Json(Mapping::standard()),
        sync: Text(Sync::Inherit),
        creates_users: true,
        trusts_emails: true,
        trusts_authentication: false,
        joins_organization: false,
        shows_button: true,
        is_enabled: true,
        created_at: NOW,
        updated_at: NOW,
    };
    Upstream {
        connection,
        domains: Vec::new(),
        group_roles: Vec::new(),
    }
}

/// Profiles are brought up to date, and strangers get accounts.
pub(super) fn terms() -> Terms {
    Terms {
        syncs_profiles: true,
        self_sign_up_allowed: true,
        sign_up_domains: Vec::new(),
    }
}

/// Reconciles an assertion of any OpenID Provider with these facts.
fn decide(assertion: &Assertion, facts: &Facts) -> Result<Reconciliation, Refusal> {
    reconcile(assertion, &upstream(Kind::Oidc), &terms(), facts)
}

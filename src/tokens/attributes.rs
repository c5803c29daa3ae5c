//! What tokens say of feature flags and properties.
//!
//! What is defined is in memory. The database is asked for values of organizations and users only when a flag
//! may have any, and for values of properties only when the client selects one of that kind.

use serde_json::{Map, Value, json};

use super::keyring::Claims;
use crate::access::{Catalogue, Catalogues};
use crate::clock::Timestamp;
use crate::flags;
use crate::id::{OrganizationId, UserId};
use crate::properties;
use crate::store::Tx;
use crate::store::clients::{ClaimSwitches, Client};
use crate::store::feature_flags::{FeatureFlag, FlagKind, FlagValue};
use crate::store::properties::{Context, Property};
use crate::store::property_values::Holder;

/// The flags and properties of whom tokens are for.
#[derive(Debug, Clone, Default)]
pub struct Attributes {
    /// Every flag with the value that holds, by key.
    pub flags: Vec<(FeatureFlag, FlagValue)>,
    /// The public properties that the client selects for any token, with their values, by key.
    pub properties: Vec<(Property, String)>,
}

/// Reads what is known of a user, in one organization, and of the client. Changes show in the next token.
pub(super) async fn of_user(
    tx: &mut Tx,
    catalogues: &Catalogues,
    client: &Client,
    (user, organization): (&UserId, Option<&OrganizationId>),
    now: Timestamp,
) -> sqlx::Result<Attributes> {
    let catalogue = catalogues.current(tx, now).await?;
    let mut holders = vec![Holder::Application(&client.id), Holder::User(user)];
    holders.extend(organization.map(Holder::Organization));
    Ok(Attributes {
        flags: flags::list_effective(tx, &catalogue.flags, organization, Some(user)).await?,
        properties: selected(tx, &catalogue, client, &holders).await?,
    })
}

/// Reads what a machine's token says: the flags of the environment, if the client wants them, and its own properties.
pub async fn of_machine(
    tx: &mut Tx,
    catalogues: &Catalogues,
    client: &Client,
    now: Timestamp,
) -> sqlx::Result<Attributes> {
    let catalogue = catalogues.current(tx, now).await?;
    let flags = if client.claim_switches.0.feature_flags {
        flags::list_effective(tx, &catalogue.flags, None, None).await?
    } else {
        Vec::new()
    };
    let holders = [Holder::Application(&client.id)];
    Ok(Attributes {
        flags,
        properties: selected(tx, &catalogue, client, &holders).await?,
    })
}

async fn selected(
    tx: &mut Tx,
    catalogue: &Catalogue,
    client: &Client,
    holders: &[Holder<'_>],
) -> sqlx::Result<Vec<(Property, String)>> {
    let switches = &client.claim_switches.0;
    let is_selected = |property: &Property| {
        switches.properties_in_access_token.contains(&property.key)
            || switches.properties_in_id_token.contains(&property.key)
    };
    properties::list_public(tx, &catalogue.properties, holders, is_selected).await
}

/// Adds the flags to the claims of an access token.
pub(super) fn add_flags(claims: &mut Claims, attributes: &Attributes, switches: &ClaimSwitches) {
    let flags: Map<String, Value> = attributes
        .flags
        .iter()
        .map(|(flag, value)| {
            (
                flag.key.clone(),
                json!({ "t": letter(value.kind()), "v": value }),
            )
        })
        .collect();
    if flags.is_empty() {
        return;
    }
    let flags = Value::Object(flags);
    if flags.to_string().len() > switches.longest_feature_flags {
        claims.insert("feature_flags_omitted".into(), json!(true));
    } else {
        claims.insert("feature_flags".into(), flags);
    }
}

/// The type of a flag's value, as tokens write it.
fn letter(kind: FlagKind) -> &'static str {
    match kind {
        FlagKind::Bool => "b",
        FlagKind::Int => "i",
        FlagKind::Str => "s",
    }
}

/// Adds the properties of these keys to the claims of a token.
pub(super) fn add_properties(
    claims: &mut Claims,
    attributes: &Attributes,
    keys: &[String],
    longest: usize,
) {
    let mut named: Vec<(&'static str, Value)> = Vec::new();
    for (claim, context) in [
        ("user_properties", Context::User),
        ("organization_properties", Context::Organization),
        ("application_properties", Context::Application),
    ] {
        let known = attributes.properties.iter();
        let of_context: Map<String, Value> = known
            .filter(|(property, _)| property.context.0 == context && keys.contains(&property.key))
            .map(|(property, value)| (property.key.clone(), json!({ "v": value })))
            .collect();
        if !of_context.is_empty() {
            named.push((claim, Value::Object(of_context)));
        }
    }
    let length: usize = named.iter().map(|(_, value)| value.to_string().len()).sum();
    if length > longest {
        claims.insert("properties_omitted".into(), json!(true));
        return;
    }
    for (claim, value) in named {
        claims.insert(claim.into(), value);
    }
}

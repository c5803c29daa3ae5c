//! `/properties`: what else may be known of users, organizations and applications.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::answer::{Answer, Created, Done};
use super::caller::May;
use super::cursors::Cursors;
use super::error::{ApiError, Errors, checked};
use super::extract::{Body, Edit, Path, Query};
use crate::access::scopes::{CreateProperties, DeleteProperties, ReadProperties, UpdateProperties};
use crate::id::{PropertyCategoryId, PropertyId};
use crate::naming;
use crate::properties::{self, Definition, Refused};
use crate::store::Tx;
use crate::store::properties::{self as stored, Context, Property, PropertyKind};
use crate::web::extract::Now;
use crate::web::site::Site;

/// The routes.
pub fn routes() -> OpenApiRouter<Site> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(update, remove))
}

/// A property.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Property)]
pub struct Shown {
    #[schema(value_type = String, pattern = "^prop_[0-9a-f]{32}$")]
    id: PropertyId,
    /// What tokens say.
    key: String,
    name: String,
    description: String,
    /// Whether it is for programs of the business alone, and never in a token.
    is_private: bool,
    /// Always false: no property is there but those defined here.
    is_kinde_property: bool,
    /// What its values look like.
    #[serde(rename = "type")]
    #[schema(pattern = "^(single_line_text|multi_line_text)$")]
    kind: &'static str,
    /// Of what it is: users, organizations or applications.
    #[schema(pattern = "^(usr|org|app)$")]
    context: &'static str,
    #[schema(value_type = String, pattern = "^category_[0-9a-f]{32}$")]
    category_id: PropertyCategoryId,
}

impl From<Property> for Shown {
    fn from(property: Property) -> Self {
        Self {
            id: property.id,
            key: property.key,
            name: property.name,
            description: property.description,
            is_private: property.is_private,
            is_kinde_property: false,
            kind: property.kind.0.as_str(),
            context: property.context.0.as_str(),
            category_id: property.category_id,
        }
    }
}

/// A page of properties.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Properties)]
pub struct Page {
    properties: Vec<Shown>,
    has_more: bool,
}

/// Of what the properties or categories are that are listed.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct OfContext {
    /// Those of users, organizations or applications alone.
    #[param(pattern = "^(usr|org|app)$")]
    context: Option<String>,
}

impl OfContext {
    /// The context, if one is given.
    pub fn parse(&self) -> Result<Option<Context>, ApiError> {
        let given = self.context.as_deref().filter(|text| !text.is_empty());
        given.map(context).transpose()
    }
}

/// The context that a word names.
pub fn context(word: &str) -> Result<Context, ApiError> {
    Context::parse(word).ok_or_else(|| ApiError::field("context", "is one of usr, org, app"))
}

/// Lists the properties.
#[utoipa::path(
    get, path = "/properties", tag = "Properties",
    operation_id = "listProperties",
    security(("management" = ["read:properties"])),
    params(Cursors, OfContext),
    responses((status = 200, body = Answer<Page>), (status = "4XX", body = Errors)),
)]
pub async fn list(
    _may: May<ReadProperties>,
    State(site): State<Site>,
    Query(cursors): Query<Cursors>,
    Query(wanted): Query<OfContext>,
) -> Result<Answer<Page>, ApiError> {
    let (stretch, context) = (cursors.check(PropertyId::parse)?, wanted.parse()?);
    let mut tx = site.app.db.read().await?;
    let mut all = stored::list(&mut tx).await?;
    all.retain(|property| context.is_none_or(|context| property.context.0 == context));
    let (page, has_more) = stretch.select_by_id(all, |property| &property.id);
    Ok(Answer::of(Page {
        properties: page.into_iter().map(Shown::from).collect(),
        has_more,
    }))
}

/// A property to define.
#[derive(Debug, Deserialize, ToSchema)]
pub struct NewProperty {
    #[schema(min_length = 1, max_length = 100)]
    name: String,
    #[schema(max_length = 1000)]
    description: Option<String>,
    /// What tokens say. Unique, whatever it is of; it never changes.
    #[schema(min_length = 1, max_length = 100, pattern = "^[!-+\\--~]+$")]
    key: String,
    #[serde(rename = "type")]
    #[schema(pattern = "^(single_line_text|multi_line_text)$")]
    kind: String,
    /// Of what it is: users, organizations or applications.
    #[schema(pattern = "^(usr|org|app)$")]
    context: String,
    /// Whether it is for programs of the business alone, and never in a token.
    is_private: bool,
    /// A category of the same context.
    category_id: String,
}

/// What was created.
#[derive(Debug, Serialize, ToSchema)]
pub struct CreatedProperty {
    property: Reference,
}

/// A property by its id.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PropertyReference)]
pub struct Reference {
    #[schema(value_type = String, pattern = "^prop_[0-9a-f]{32}$")]
    id: PropertyId,
}

/// Defines a property.
#[utoipa::path(
    post, path = "/properties", tag = "Properties",
    operation_id = "createProperty",
    security(("management" = ["create:properties"])),
    request_body = NewProperty,
    responses((status = 201, body = Answer<CreatedProperty>), (status = "4XX", body = Errors)),
)]
pub async fn create(
    may: May<CreateProperties>,
    State(site): State<Site>,
    Now(now): Now,
    Body(new): Body<NewProperty>,
) -> Result<Created<CreatedProperty>, ApiError> {
    let kind = PropertyKind::parse(&new.kind)
        .ok_or_else(|| ApiError::field("type", "is one of single_line_text, multi_line_text"))?;
    let context = context(&new.context)?;
    let key = checked("key", &new.key, naming::key)?;
    let definition = Definition {
        name: checked("name", &new.name, naming::name)?,
        description: checked(
            "description",
            &new.description.unwrap_or_default(),
            naming::description,
        )?,
        is_private: new.is_private,
        category_id: category(&new.category_id, context)?,
    };
    let mut rng = site.app.random.generator();
    let mut tx = site.app.db.write().await?;
    let what = (key, context, kind);
    let property =
        properties::define(&mut tx, may.actor(), what, definition, now, &mut rng).await??;
    tx.commit().await?;
    let property = Reference { id: property.id };
    Ok(Answer::saying("Property created", CreatedProperty { property }).created())
}

/// What a property is from now on. Its key, type and context stay.
#[derive(Debug, Deserialize, ToSchema)]
pub struct PropertyChange {
    #[schema(min_length = 1, max_length = 100)]
    name: String,
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 1000)]
    description: Edit<String>,
    /// Whether it is for programs of the business alone, and never in a token.
    is_private: bool,
    /// A category of the same context.
    category_id: String,
}

/// Changes a property.
#[utoipa::path(
    put, path = "/properties/{property_id}", tag = "Properties",
    operation_id = "updateProperty",
    security(("management" = ["update:properties"])),
    params(("property_id" = String, Path)),
    request_body = PropertyChange,
    responses((status = 200, body = Done), (status = "4XX", body = Errors)),
)]
pub async fn update(
    may: May<UpdateProperties>,
    State(site): State<Site>,
    Now(now): Now,
    Path(id): Path<String>,
    Body(change): Body<PropertyChange>,
) -> Result<Done, ApiError> {
    let name = checked("name", &change.name, naming::name)?;
    let description = change
        .description
        .try_map(|text| checked("description", &text, naming::description))?;
    let mut rng = site.app.random.generator();
    let mut tx = site.app.db.write().await?;
    let before = find_to_change(&mut tx, &id).await?;
    let mut definition = Definition {
        name,
        description: before.description.clone(),
        is_private: change.is_private,
        category_id: category(&change.category_id, before.context.0)?,
    };
    description.apply_or(&mut definition.description, String::new());
    properties::redefine(&mut tx, may.actor(), &before, definition, now, &mut rng).await??;
    tx.commit().await?;
    Ok(Done::saying("Property updated"))
}

/// Removes a property with every value of it. This can't be undone.
#[utoipa::path(
    delete, path = "/properties/{property_id}", tag = "Properties",
    operation_id = "deleteProperty",
    security(("management" = ["delete:properties"])),
    params(("property_id" = String, Path)),
    responses((status = 200, body = Done), (status = "4XX", body = Errors)),
)]
pub async fn remove(
    may: May<DeleteProperties>,
    State(site): State<Site>,
    Now(now): Now,
    Path(id): Path<String>,
) -> Result<Done, ApiError> {
    let mut rng = site.app.random.generator();
    let mut tx = site.app.db.write().await?;
    let property = find_to_change(&mut tx, &id).await?;
    properties::remove(&mut tx, may.actor(), &property, now, &mut rng).await?;
    tx.commit().await?;
    Ok(Done::saying("Property deleted"))
}

fn category(id: &str, context: Context) -> Result<PropertyCategoryId, ApiError> {
    PropertyCategoryId::parse(id).ok_or_else(|| Refused::NoCategory(context).into())
}

async fn find_to_change(tx: &mut Tx, id: &str) -> Result<Property, ApiError> {
    let found = match PropertyId::parse(id) {
        Some(id) => stored::find_to_change(tx, &id).await?,
        None => None,
    };
    found
        .ok_or_else(|| ApiError::not_found("PROPERTY_NOT_FOUND", "there is no property of that id"))
}

impl From<Refused> for ApiError {
    fn from(refused: Refused) -> Self {
        let code = match refused {
            Refused::CategoryTaken(_) => "CATEGORY_ALREADY_EXISTS",
            Refused::KeyTaken(_) => "KEY_ALREADY_EXISTS",
            Refused::NoCategory(_) => "CATEGORY_NOT_FOUND",
        };
        Self::refused(code, refused.to_string())
    }
}

//! `/property_categories`: how properties are grouped.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::answer::{Answer, Created, Done};
use super::caller::May;
use super::cursors::Cursors;
use super::error::{ApiError, Errors, checked};
use super::extract::{Body, Path, Query};
use super::properties::{OfContext, context};
use crate::access::scopes::{
    CreatePropertyCategories, ReadPropertyCategories, UpdatePropertyCategories,
};
use crate::id::PropertyCategoryId;
use crate::naming;
use crate::properties;
use crate::store::property_categories as stored;
use crate::web::extract::Now;
use crate::web::site::Site;

/// The routes.
pub fn routes() -> OpenApiRouter<Site> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(update))
}

/// A category of properties.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PropertyCategory)]
pub struct Shown {
    #[schema(value_type = String, pattern = "^category_[0-9a-f]{32}$")]
    id: PropertyCategoryId,
    name: String,
    /// Of what its properties are: users, organizations or applications.
    #[schema(pattern = "^(usr|org|app)$")]
    context: &'static str,
}

/// A page of categories.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PropertyCategories)]
pub struct Page {
    categories: Vec<Shown>,
    has_more: bool,
}

/// Lists the categories.
#[utoipa::path(
    get, path = "/property_categories", tag = "Properties",
    operation_id = "listPropertyCategories",
    security(("management" = ["read:property_categories"])),
    params(Cursors, OfContext),
    responses((status = 200, body = Answer<Page>), (status = "4XX", body = Errors)),
)]
pub async fn list(
    _may: May<ReadPropertyCategories>,
    State(site): State<Site>,
    Query(cursors): Query<Cursors>,
    Query(wanted): Query<OfContext>,
) -> Result<Answer<Page>, ApiError> {
    let (stretch, context) = (cursors.check(PropertyCategoryId::parse)?, wanted.parse()?);
    let mut tx = site.app.db.read().await?;
    let mut all = stored::list(&mut tx).await?;
    all.retain(|category| context.is_none_or(|context| category.context.0 == context));
    let (page, has_more) = stretch.select_by_id(all, |category| &category.id);
    let shown = page.into_iter().map(|category| Shown {
        id: category.id,
        name: category.name,
        context: category.context.0.as_str(),
    });
    Ok(Answer::of(Page {
        categories: shown.collect(),
        has_more,
    }))
}

/// A category to make.
#[derive(Debug, Deserialize, ToSchema)]
pub struct NewPropertyCategory {
    /// Unique among those of its context.
    #[schema(min_length = 1, max_length = 100)]
    name: String,
    /// Of what its properties are: users, organizations or applications.
    #[schema(pattern = "^(usr|org|app)$")]
    context: String,
}

/// What was created.
#[derive(Debug, Serialize, ToSchema)]
pub struct CreatedPropertyCategory {
    category: Reference,
}

/// A category by its id.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PropertyCategoryReference)]
pub struct Reference {
    #[schema(value_type = String, pattern = "^category_[0-9a-f]{32}$")]
    id: PropertyCategoryId,
}

/// Makes a category.
#[utoipa::path(
    post, path = "/property_categories", tag = "Properties",
    operation_id = "createPropertyCategory",
    security(("management" = ["create:property_categories"])),
    request_body = NewPropertyCategory,
    responses((status = 201, body = Answer<CreatedPropertyCategory>), (status = "4XX", body = Errors)),
)]
pub async fn create(
    may: May<CreatePropertyCategories>,
    State(site): State<Site>,
    Now(now): Now,
    Body(new): Body<NewPropertyCategory>,
) -> Result<Created<CreatedPropertyCategory>, ApiError> {
    let name = checked("name", &new.name, naming::name)?;
    let what = (context(&new.context)?, name);
    let mut rng = site.app.random.generator();
    let mut tx = site.app.db.write().await?;
    let category = properties::add_category(&mut tx, may.actor(), what, now, &mut rng).await??;
    tx.commit().await?;
    let category = Reference { id: category.id };
    Ok(Answer::saying("Category created", CreatedPropertyCategory { category }).created())
}

/// What to change of a category; its context stays.
#[derive(Debug, Deserialize, ToSchema)]
pub struct PropertyCategoryChange {
    /// Unique among those of its context.
    #[schema(min_length = 1, max_length = 100)]
    name: String,
}

/// Gives a category another name.
#[utoipa::path(
    put, path = "/property_categories/{category_id}", tag = "Properties",
    operation_id = "updatePropertyCategory",
    security(("management" = ["update:property_categories"])),
    params(("category_id" = String, Path)),
    request_body = PropertyCategoryChange,
    responses((status = 200, body = Done), (status = "4XX", body = Errors)),
)]
pub async fn update(
    may: May<UpdatePropertyCategories>,
    State(site): State<Site>,
    Now(now): Now,
    Path(id): Path<String>,
    Body(change): Body<PropertyCategoryChange>,
) -> Result<Done, ApiError> {
    let name = checked("name", &change.name, naming::name)?;
    let unknown = || ApiError::not_found("CATEGORY_NOT_FOUND", "there is no category of that id");
    let id = PropertyCategoryId::parse(&id).ok_or_else(unknown)?;
    let mut rng = site.app.random.generator();
    let mut tx = site.app.db.write().await?;
    let found = stored::find_to_change(&mut tx, &id).await?;
    let before = found.ok_or_else(unknown)?;
    properties::rename_category(&mut tx, may.actor(), &before, name, now, &mut rng).await??;
    tx.commit().await?;
    Ok(Done::saying("Category updated"))
}

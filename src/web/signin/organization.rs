//! The pages about organizations: choosing one, naming a new one, being turned away.

use askama::Template;

use super::outcome::{self, Answer};
use super::scene::Posted;
use crate::directory::identifier;
use crate::directory::organizations::LONGEST_NAME;
use crate::id::OrganizationId;
use crate::interaction::{Step, organization};
use crate::store::organizations::Organization;
use crate::web::page::{Message, Person, Problems, Shell};

/// Asks which organization to go to.
#[derive(Template)]
#[template(path = "signin/select_organization.html")]
pub struct SelectOrganizationPage<'a> {
    pub shell: &'a Shell,
    pub interaction: &'a str,
    pub organizations: Vec<&'a Organization>,
    /// Whether there are so many that a search helps.
    pub can_search: bool,
    /// What was searched for.
    pub search: &'a str,
}

impl SelectOrganizationPage<'_> {
    /// With more organizations than this, they can be searched.
    pub const SEARCHED_FROM: usize = 8;
}

/// Asks for the name of an organization to be created.
#[derive(Template)]
#[template(path = "signin/name_organization.html")]
pub struct NameOrganizationPage<'a> {
    pub shell: &'a Shell,
    pub interaction: &'a str,
    /// What was typed.
    pub typed: &'a str,
    pub problems: Problems,
}

/// Says why an organization can't be entered.
#[derive(Template)]
#[template(path = "signin/organization_closed.html")]
pub struct OrganizationClosedPage<'a> {
    pub shell: &'a Shell,
    pub interaction: &'a str,
    /// The texts: `not-a-member` or `organization-suspended`.
    pub reason: &'a str,
    /// The name of the organization.
    pub organization: &'a str,
}

/// Says that the application lets in only those who hold one of its access roles.
#[derive(Template)]
#[template(path = "signin/not_admitted.html")]
pub struct NotAdmittedPage<'a> {
    pub shell: &'a Shell,
    pub interaction: &'a str,
    pub person: Person,
    /// Where they would have signed in to.
    pub organization: Option<&'a str>,
    /// Whether they could choose another organization.
    pub has_others: bool,
    /// Those to choose from.
    pub organizations: Vec<&'a Organization>,
    /// Whether there are so many that a search helps.
    pub can_search: bool,
    /// What was searched for.
    pub search: &'a str,
}

/// `POST …/organization`
///
/// Only one that the page has offered can be chosen; `next` looks again at what is chosen.
pub(super) async fn choose(posted: Posted) -> Answer {
    let Posted {
        mut interaction,
        scene,
        fields,
    } = posted;
    let chosen = OrganizationId::parse(fields.get("organization"));
    let is_offered = match scene.next(&interaction) {
        Ok(Step::SelectOrganization) => true,
        Ok(Step::NotAdmitted) => scene.facts.organizations.requested.is_none(),
        _ => false,
    };
    let memberships = &scene.facts.organizations.memberships;
    if let Some(chosen) = chosen.filter(|_| is_offered)
        && memberships
            .iter()
            .any(|member| member.organization.id == chosen)
    {
        let mut tx = scene.site.app.db.write().await?;
        organization::choose(&mut tx, &mut interaction, chosen).await?;
        tx.commit().await?;
    }
    Ok(outcome::onward(&interaction))
}

/// `POST …/organization-name`
pub(super) async fn name(posted: Posted) -> Answer {
    let Posted {
        mut interaction,
        scene,
        fields,
    } = posted;
    let step = Step::NameOrganization;
    let (Some(signed_in), Ok(next)) = (&scene.facts.signed_in, scene.next(&interaction)) else {
        return Ok(outcome::onward(&interaction));
    };
    if next != step {
        return Ok(outcome::onward(&interaction));
    }
    let typed = fields.get("p_organization_name");
    let Some(name) = identifier::name(typed).filter(|_| typed.chars().count() <= LONGEST_NAME)
    else {
        let problems = Problems::field(
            "p_organization_name",
            Message::new("organization-name-missing"),
        );
        return outcome::again(&scene, &interaction, &step, &fields, problems).await;
    };
    let app = &scene.site.app;
    let mut rng = app.random.generator();
    organization::create(
        &app.db,
        &mut interaction,
        &name,
        signed_in,
        scene.facts.now,
        &mut rng,
    )
    .await?;
    Ok(outcome::onward(&interaction))
}

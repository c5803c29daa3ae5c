//! The page of each step, with what is known so far.

use axum::http::StatusCode;
use axum::response::Response;

use super::choices::{ConsentPage, SelectAccountPage, describe};
use super::code::CodePage;
use super::organization::{
    NameOrganizationPage, NotAdmittedPage, OrganizationClosedPage, SelectOrganizationPage,
};
use super::outcome::{self, Answer};
use super::password::{ChoosePasswordPage, ForgotPasswordPage, IdentifyPage, PasswordPage};
use super::register::{RegisterPage, RegistrationClosedPage};
use super::scene::Scene;
use super::{errand, invitation};
use crate::interaction::Step;
use crate::protocol::Scopes;
use crate::store::apis;
use crate::store::connections::Offered;
use crate::store::interactions::{Interaction, Progress, Screen};
use crate::store::organizations::Organization;
use crate::web::account::person;
use crate::web::headers::PagePolicy;
use crate::web::page::{Fields, Person, Problems, page};

/// Shows the page of a step. What was posted in `fields` is kept, but for passwords and codes.
pub(super) async fn show(
    scene: &Scene,
    interaction: &Interaction,
    step: &Step,
    fields: &Fields,
    problems: Problems,
) -> Answer {
    let (shell, id) = (&scene.shell, interaction.id.as_str());
    let progress = &interaction.progress.0;
    let page = match step {
        Step::Confirm => errand::show(scene, interaction, problems).await?,
        Step::NotLinked => errand::show_not_linked(scene, interaction),
        Step::ChoosePassword => choose_password(scene, id, progress, problems),
        Step::Consent(scopes) => consent(scene, interaction, scopes).await?,
        Step::EnterCode => show_code(scene, id, progress, fields, problems),
        Step::ForgotPassword => forgot_password(scene, id, progress, fields, problems),
        Step::InvitationClosed(_) | Step::InvitationForAnother | Step::InvitationUnproven => {
            let person = signed_in(scene).await?;
            invitation::show(scene, id, step, &person.identifier)
        }
        Step::Identify => identify(scene, interaction, fields, problems),
        Step::Password => {
            let identifier = progress.identifier.as_deref().unwrap_or_default();
            let template = PasswordPage {
                shell,
                interaction: id,
                identifier,
                problems,
            };
            page(StatusCode::OK, &template)
        }
        Step::Register => register(scene, interaction, fields, problems),
        Step::RegistrationClosed => {
            let template = RegistrationClosedPage {
                shell,
                interaction: id,
            };
            page(StatusCode::FORBIDDEN, &template)
        }
        Step::SelectAccount => {
            let person = signed_in(scene).await?;
            let template = SelectAccountPage {
                shell,
                interaction: id,
                person,
            };
            page(StatusCode::OK, &template)
        }
        Step::NameOrganization => name_organization(scene, id, fields, problems),
        Step::NotAdmitted => not_admitted(scene, id, fields).await?,
        Step::NotAMember => organization_closed(scene, id, "not-a-member"),
        Step::OrganizationSuspended => organization_closed(scene, id, "organization-suspended"),
        Step::SelectOrganization => select_organization(scene, id, fields),
        // No page: who shows one asks for the steps that have one.
        Step::AcceptInvitation
        | Step::Connect(_)
        | Step::CreateOrganization(_)
        | Step::Finish(_)
        | Step::JoinOrganization(_)
        | Step::Respond { .. } => outcome::onward(interaction),
    };
    // The form of each may be the last before the browser is sent to the client.
    Ok(PagePolicy::leading_to(&interaction.request.0.redirect_uri).apply(page))
}

fn forgot_password(
    scene: &Scene,
    id: &str,
    progress: &Progress,
    fields: &Fields,
    problems: Problems,
) -> Response {
    let typed = Some(fields.get("p_email")).filter(|typed| !typed.is_empty());
    let email = typed.or(progress.identifier.as_deref());
    let template = ForgotPasswordPage {
        shell: &scene.shell,
        interaction: id,
        email: email.unwrap_or_default(),
        problems,
    };
    page(StatusCode::OK, &template)
}

fn name_organization(scene: &Scene, id: &str, fields: &Fields, problems: Problems) -> Response {
    let template = NameOrganizationPage {
        shell: &scene.shell,
        interaction: id,
        typed: fields.get("p_organization_name"),
        problems,
    };
    page(StatusCode::OK, &template)
}

fn organization_closed(scene: &Scene, id: &str, reason: &str) -> Response {
    let requested = scene.facts.organizations.requested.as_ref();
    let name = requested.map(|requested| requested.organization.name.as_str());
    let template = OrganizationClosedPage {
        shell: &scene.shell,
        interaction: id,
        reason,
        organization: name.unwrap_or(scene.shell.name()),
    };
    page(StatusCode::FORBIDDEN, &template)
}

fn select_organization(scene: &Scene, id: &str, fields: &Fields) -> Response {
    let (organizations, can_search) = found(scene.open_organizations(), fields);
    let template = SelectOrganizationPage {
        shell: &scene.shell,
        interaction: id,
        organizations,
        can_search,
        search: fields.get("search"),
    };
    page(StatusCode::OK, &template)
}

/// Says that the application does not let them in, and offers what else they could be there.
async fn not_admitted(scene: &Scene, id: &str, fields: &Fields) -> Answer {
    let held = scene.facts.held_roles.as_ref();
    let current = held.map(|(organization, _)| organization);
    let memberships = &scene.facts.organizations.memberships;
    let mut all = memberships.iter().map(|member| &member.organization);
    let name = all
        .find(|organization| Some(&organization.id) == current)
        .map(|organization| organization.name.as_str());
    // A request that names an organization would have no use for another.
    let others: Vec<_> = match scene.facts.organizations.requested {
        Some(_) => Vec::new(),
        None => scene
            .open_organizations()
            .filter(|organization| Some(&organization.id) != current)
            .collect(),
    };
    let has_others = !others.is_empty();
    let (organizations, can_search) = found(others.into_iter(), fields);
    let template = NotAdmittedPage {
        shell: &scene.shell,
        interaction: id,
        person: signed_in(scene).await?,
        organization: name,
        has_others,
        organizations,
        can_search,
        search: fields.get("search"),
    };
    Ok(page(StatusCode::FORBIDDEN, &template))
}

/// Those organizations whose name holds what was searched for, and whether there are so many that a search helps.
fn found<'a>(
    organizations: impl Iterator<Item = &'a Organization>,
    fields: &Fields,
) -> (Vec<&'a Organization>, bool) {
    let wanted = fields.get("search").trim().to_lowercase();
    let all: Vec<&Organization> = organizations.collect();
    let can_search = all.len() > SelectOrganizationPage::SEARCHED_FROM;
    let is_found = |organization: &&Organization| {
        let name = organization.name.to_lowercase();
        name.contains(&wanted)
    };
    (all.into_iter().filter(is_found).collect(), can_search)
}

fn identify(
    scene: &Scene,
    interaction: &Interaction,
    fields: &Fields,
    problems: Problems,
) -> Response {
    let typed = fields.get("p_email");
    let invited = scene.facts.open_invitation();
    let invited = invited.map(|open| open.invitation.email.as_str());
    let hinted = invited.or(interaction.request.0.hinted_identifier());
    let template = IdentifyPage {
        shell: &scene.shell,
        interaction: interaction.id.as_str(),
        identifier: if typed.is_empty() {
            hinted.unwrap_or_default()
        } else {
            typed
        },
        problems,
        connections: buttons(scene),
        setback: interaction.progress.0.setback.as_ref(),
        can_register: scene.facts.may_register() && scene.page_options().has_register_link,
    };
    page(StatusCode::OK, &template)
}

/// The upstreams that have a button.
fn buttons(scene: &Scene) -> Vec<&Offered> {
    let offered = scene.facts.connections.iter();
    offered.filter(|offered| offered.has_button).collect()
}

fn register(
    scene: &Scene,
    interaction: &Interaction,
    fields: &Fields,
    problems: Problems,
) -> Response {
    let invited = scene.facts.open_invitation();
    let invitation = invited.map(|open| &open.invitation);
    let hinted = interaction.request.0.hinted_identifier();
    let hinted = hinted.filter(|hint| hint.contains('@'));
    // What was typed counts; but nobody else than whom the invitation is for registers by it.
    let typed = |name, known: Option<&'_ String>| {
        let typed = fields.get(name).to_owned();
        match known {
            Some(known) if typed.is_empty() => known.clone(),
            _ => typed,
        }
    };
    let given_name = invitation.and_then(|invitation| invitation.given_name.as_ref());
    let family_name = invitation.and_then(|invitation| invitation.family_name.as_ref());
    let email = match invitation {
        Some(invitation) => invitation.email.clone(),
        None => typed("p_email", hinted.map(str::to_owned).as_ref()),
    };
    let template = RegisterPage {
        shell: &scene.shell,
        interaction: interaction.id.as_str(),
        joins: invited.map(|open| open.organization.name.as_str()),
        first_name: &typed("p_first_name", given_name),
        last_name: &typed("p_last_name", family_name),
        email: &email,
        asks_for_name: scene.page_options().asks_for_name,
        can_sign_in: scene.page_options().has_sign_in_link,
        terms_accepted: !fields.get("p_has_clickwrap_accepted").is_empty(),
        connections: buttons(scene),
        problems,
    };
    page(StatusCode::OK, &template)
}

fn choose_password(scene: &Scene, id: &str, progress: &Progress, problems: Problems) -> Response {
    let template = ChoosePasswordPage {
        shell: &scene.shell,
        interaction: id,
        identifier: address(progress),
        change_screen: door(progress),
        minimum_length: scene.site.app.config.passwords.minimum_length,
        problems,
    };
    page(StatusCode::OK, &template)
}

fn show_code(
    scene: &Scene,
    id: &str,
    progress: &Progress,
    fields: &Fields,
    problems: Problems,
) -> Response {
    let template = CodePage {
        shell: &scene.shell,
        interaction: id,
        email: address(progress),
        change_screen: door(progress),
        sent_again: fields.get("sent") == "again",
        problems,
    };
    page(StatusCode::OK, &template)
}

async fn consent(scene: &Scene, interaction: &Interaction, scopes: &Scopes) -> Answer {
    let redirect_uri = &interaction.request.0.redirect_uri;
    let template = ConsentPage {
        shell: &scene.shell,
        interaction: interaction.id.as_str(),
        person: signed_in(scene).await?,
        scopes: in_words(scene, scopes).await?,
        destination: destination(redirect_uri),
    };
    Ok(page(StatusCode::OK, &template))
}

/// The address that is being proven, or was.
fn address(progress: &Progress) -> &str {
    let registration = progress.registration.as_ref();
    let address = match progress.screen {
        Screen::Register => registration.map(|registration| registration.email.as_str()),
        Screen::ForgotPassword | Screen::SignIn => {
            let sent_to = progress.reset_sent_to.as_deref();
            let proven = progress.reset_proof.as_ref();
            sent_to.or(proven.map(|proof| proof.identifier.as_str()))
        }
    };
    address.unwrap_or_default()
}

/// Where another address can be entered.
fn door(progress: &Progress) -> &'static str {
    match progress.screen {
        Screen::ForgotPassword => "forgot_password",
        Screen::Register => "register",
        Screen::SignIn => "sign_in",
    }
}

async fn signed_in(scene: &Scene) -> sqlx::Result<Person> {
    match &scene.facts.signed_in {
        Some(now) => person(&mut scene.site.app.db.read().await?, &now.user).await,
        None => Ok(Person::default()),
    }
}

async fn in_words(scene: &Scene, scopes: &Scopes) -> sqlx::Result<Vec<String>> {
    let mut registered = Vec::new();
    let mut tx = scene.site.app.db.read().await?;
    for api in &scene.facts.client.apis {
        registered.extend(apis::list_scopes(&mut tx, &api.id).await?);
    }
    let in_words = |scope: &str| {
        let registered = registered.iter().find(|known| known.name == scope);
        let description = registered.map(|known| known.description.as_str());
        describe(
            scene.shell.text,
            scope,
            description.filter(|text| !text.is_empty()),
        )
    };
    let mut sentences: Vec<String> = scopes.iter().map(in_words).collect();
    sentences.dedup();
    Ok(sentences)
}

/// What people know of a redirect URI: its host, or the scheme of a native application.
fn destination(redirect_uri: &str) -> &str {
    let Some((scheme, rest)) = redirect_uri.split_once("://") else {
        return redirect_uri.split(':').next().unwrap_or_default();
    };
    match rest.split(['/', '?', '#']).next() {
        Some(host) if scheme.starts_with("http") => host,
        _ => scheme,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_know_a_destination_by_its_host_or_scheme() {
        for (redirect_uri, expected) in [
            ("https://notes.acme.test/callback?x=1", "notes.acme.test"),
            ("http://localhost:3000", "localhost:3000"),
            ("https://notes.acme.test?x", "notes.acme.test"),
            ("com.acme.notes://callback", "com.acme.notes"),
            ("com.acme.notes:/callback", "com.acme.notes"),
        ] {
            assert_eq!(destination(redirect_uri), expected);
        }
    }
}

//! Who it is: the first rule that fits.

use serde::Serialize;

use super::{Address, Facts, Holder, Person, Terms, Upstream, is_of_business};
use crate::federation::Assertion;
use crate::federation::assertion::EmailProof;
use crate::federation::mapping::Attribute;
use crate::federation::settings::Kind;
use crate::id::{IdentityId, UserId};
use crate::naming;
use crate::store::identities::IdentityKind;
use crate::words::words;

/// Whom an assertion is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Who {
    /// Somebody whose identity waited for them: it gets the subject that came.
    Bound(IdentityId, UserId),
    /// Nobody yet: an account is created.
    Created,
    /// Somebody who has an account: the identity is added to it.
    Linked(UserId, Rule),
    /// Somebody whose identity is known.
    Known(IdentityId, UserId),
}

impl Who {
    /// The rule that fits.
    pub fn rule(&self) -> Rule {
        match self {
            Self::Bound(..) => Rule::Waiting,
            Self::Created => Rule::New,
            Self::Known(..) => Rule::Known,
            Self::Linked(_, rule) => *rule,
        }
    }

    /// Whose account it is; nobody's yet, when one is created.
    pub fn user(&self) -> Option<&UserId> {
        match self {
            Self::Bound(_, user) | Self::Known(_, user) | Self::Linked(user, _) => Some(user),
            Self::Created => None,
        }
    }

    /// Whether the identity that is added takes over from the other ways to sign in. It does when it is of their
    /// business: one of a connection that is an organization's or has domains, and one that waited for them, unless the
    /// upstream is one for everybody, where people have accounts of their own.
    pub(super) fn takes_over(&self, upstream: &Upstream) -> bool {
        let is_of_business = is_of_business(&upstream.connection, &upstream.domains);
        let is_for_everybody = matches!(upstream.connection.kind.0, Kind::Google | Kind::OAuth2);
        match self {
            Self::Bound(..) => is_of_business || !is_for_everybody,
            Self::Linked(..) => is_of_business,
            Self::Created | Self::Known(..) => false,
        }
    }
}

words! {
    /// The rules that say who it is.
    pub enum Rule {
        /// The key of the identity is known.
        Known = "known",
        /// Somebody who is signed in asked for it.
        Asked = "asked",
        /// An identity waited for the address.
        Waiting = "waiting",
        /// The address is proven there and here.
        VerifiedEmail = "verified_email",
        /// Nobody knows them; they get an account.
        New = "new",
    }
}

/// Why nobody is signed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    /// It was to be proven who is signed in, and it is not them.
    #[error("it is another person than the one who is signed in")]
    AnotherPerson,
    /// The connection is switched off.
    #[error("the connection is switched off")]
    ConnectionDisabled,
    /// The upstream's address is at a domain that newcomers may not have.
    #[error("newcomers may not have an address at that domain")]
    DomainNotAllowed,
    /// The identity that is to be linked belongs to somebody else.
    #[error("the identity belongs to another account")]
    IdentityTaken,
    /// Nobody knows them, and newcomers get no account.
    #[error("there is no account here")]
    NoAccount,
    /// The organization whose connection it is, is suspended.
    #[error("the organization is suspended")]
    OrganizationSuspended,
    /// The user may not sign in.
    #[error("the user is suspended")]
    UserSuspended,
}

impl Refusal {
    /// The refusal in a word.
    pub fn word(self) -> &'static str {
        match self {
            Self::AnotherPerson => "another_person",
            Self::ConnectionDisabled => "connection_disabled",
            Self::DomainNotAllowed => "domain_not_allowed",
            Self::IdentityTaken => "identity_taken",
            Self::NoAccount => "no_account",
            Self::OrganizationSuspended => "organization_suspended",
            Self::UserSuspended => "user_suspended",
        }
    }
}

/// Who was found, and what is known of them.
pub(super) struct Found<'a> {
    pub(super) who: Who,
    pub(super) person: Option<&'a Person>,
}

/// The address that an assertion states, and what vouches for it.
pub(super) struct AssertedEmail {
    pub(super) address: Address,
    domain: Option<String>,
    proof: EmailProof,
    is_at_home: bool,
}

impl AssertedEmail {
    /// The form that is compared.
    pub(super) fn key(&self) -> String {
        IdentityKind::Email.key(&self.address.value)
    }

    /// Whether it may be who an administrator has put there by this address. The business chose the upstream,
    /// and it does not deny the address; where the connection has domains, it is at one of them.
    fn may_be_waited_for(&self, upstream: &Upstream) -> bool {
        self.proof != EmailProof::None && (upstream.domains.is_empty() || self.is_at_home)
    }
}

/// The mail address that an assertion states, if it is one. What vouches for it is another question.
pub fn stated_email(assertion: &Assertion, upstream: &Upstream) -> Option<String> {
    let said = assertion.text(email_claim(upstream)).ok()?;
    super::profile::read_email(said.present()?)
}

/// The claim that the mapping reads the address from.
fn email_claim(upstream: &Upstream) -> &str {
    let mapping = &upstream.connection.mapping.0.0;
    mapping
        .get(&Attribute::Email)
        .map_or("email", |rule| rule.claim.as_str())
}

/// The address that an assertion states. An address counts as proven where the connection is trusted for it, and
/// the upstream states that it has checked, or runs the domain and says nothing else.
///
/// The provider of one organization is believed for the domains of its connection alone: what it states of other
/// addresses would let that organization sign in as anybody in the others.
pub(super) fn asserted_email(assertion: &Assertion, upstream: &Upstream) -> Option<AssertedEmail> {
    let value = stated_email(assertion, upstream)?;
    let domain = value.rsplit_once('@').map(|(_, domain)| domain);
    let domain = domain.and_then(|domain| naming::domain(domain).ok());
    let is_at_home = domain
        .as_ref()
        .is_some_and(|domain| upstream.domains.contains(domain));
    let proof = proof(assertion, upstream, email_claim(upstream));
    let is_proven = match proof {
        EmailProof::Domain => is_at_home,
        EmailProof::None | EmailProof::Unsaid => false,
        EmailProof::Stated => is_at_home || upstream.connection.organization_id.is_none(),
    };
    let is_verified = is_proven && upstream.connection.trusts_emails;
    Some(AssertedEmail {
        address: Address { value, is_verified },
        domain,
        proof,
        is_at_home,
    })
}

/// What vouches for the address in that claim.
///
/// What providers say that they have checked is the claim `email`. It says nothing of an address that the mapping
/// reads elsewhere, as in `preferred_username`, which people may set as they like. OAuth 2.0 has no such claim: there
/// it is set beside the mapping which claim proves the address.
fn proof(assertion: &Assertion, upstream: &Upstream, claim: &str) -> EmailProof {
    let kind = upstream.connection.settings.0.kind();
    match (assertion.email_proof, kind) {
        (EmailProof::Stated, Kind::EntraId | Kind::Google) if claim != "email" => EmailProof::None,
        (EmailProof::Stated, Kind::Oidc) if claim != "email" => EmailProof::Unsaid,
        (proof, _) => proof,
    }
}

/// Finds the first rule that fits.
pub(super) fn identify<'a>(
    upstream: &Upstream,
    terms: &Terms,
    facts: &'a Facts,
    email: Option<&AssertedEmail>,
) -> Result<Found<'a>, Refusal> {
    if !upstream.connection.is_enabled {
        return Err(Refusal::ConnectionDisabled);
    }
    if facts.organization_suspended {
        return Err(Refusal::OrganizationSuspended);
    }
    let found = |who, person: &'a Person| {
        if person.user.suspended_at.is_some() {
            return Err(Refusal::UserSuspended);
        }
        let person = Some(person);
        Ok(Found { who, person })
    };
    if let Some((identity, person)) = &facts.known {
        let is_another = facts
            .linking
            .as_ref()
            .is_some_and(|asking| asking.user.id != person.user.id);
        if is_another {
            return Err(Refusal::IdentityTaken);
        }
        return found(Who::Known(identity.clone(), person.user.id.clone()), person);
    }
    if let Some(person) = &facts.linking {
        return found(Who::Linked(person.user.id.clone(), Rule::Asked), person);
    }
    if let Some((identity, person)) = &facts.waiting
        && email.is_some_and(|email| email.may_be_waited_for(upstream))
    {
        return found(Who::Bound(identity.clone(), person.user.id.clone()), person);
    }
    if let (Some(email), Some(holder)) = (email, &facts.holder)
        && email.address.is_verified
        && holder.is_verified
    {
        let Holder { person, .. } = holder;
        let who = Who::Linked(person.user.id.clone(), Rule::VerifiedEmail);
        return found(who, person);
    }
    admit(upstream, terms, facts, email)?;
    Ok(Found {
        who: Who::Created,
        person: None,
    })
}

/// Whether the invitation is for the address, and the address is proven to be theirs.
pub(super) fn is_invited(facts: &Facts, email: Option<&AssertedEmail>) -> bool {
    let proven = email.filter(|email| email.address.is_verified);
    let key = proven.map(AssertedEmail::key);
    facts
        .invited
        .as_ref()
        .is_some_and(|invitation| key.as_ref() == Some(&invitation.email_key))
}

/// That newcomers get an account, and this one may. Who is invited needs no admission by policy.
fn admit(
    upstream: &Upstream,
    terms: &Terms,
    facts: &Facts,
    email: Option<&AssertedEmail>,
) -> Result<(), Refusal> {
    if !upstream.connection.creates_users {
        return Err(Refusal::NoAccount);
    }
    if is_invited(facts, email) {
        return Ok(());
    }
    if !terms.self_sign_up_allowed {
        return Err(Refusal::NoAccount);
    }
    let domain = email.filter(|email| email.address.is_verified);
    let domain = domain.and_then(|email| email.domain.as_ref());
    let is_allowed = terms.sign_up_domains.is_empty()
        || domain.is_some_and(|domain| terms.sign_up_domains.contains(domain));
    if is_allowed {
        Ok(())
    } else {
        Err(Refusal::DomainNotAllowed)
    }
}

//! Whatever changes, in whatever order: a token says what a naive model of the directory says of its
//! organization, and nothing of any other.
//!
//! Each run draws its changes anew and names its seed when it fails: put that into [`REPLAY`].

use std::collections::{BTreeMap, BTreeSet};

use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::{Value, json};
use vestibule::audit::Actor;
use vestibule::directory::organizations;
use vestibule::id::{OrganizationId, PermissionId, RoleId, UserId};
use vestibule::store;

use crate::support::{Browser, Engine, PASSWORD, TestClient, Tokens, World, on_each_engine};

on_each_engine! { tokens_say_what_a_naive_model_says }

const REPLAY: Option<u64> = None;

const CHANGES: usize = 200;

/// A user in an organization, by their numbers.
type Member = (usize, usize);

/// What the directory holds, written down as simply as can be.
#[derive(Debug, Default)]
struct Model {
    members: BTreeSet<Member>,
    /// Which role somebody has, and until when.
    roles: BTreeMap<(Member, usize), Option<i64>>,
    permissions: BTreeSet<(Member, usize)>,
    granted: BTreeSet<(usize, usize)>,
    suspended: BTreeSet<usize>,
}

impl Model {
    fn forget(&mut self, member: Member) {
        self.members.remove(&member);
        self.roles.retain(|(holder, _), _| *holder != member);
        self.permissions.retain(|(holder, _)| *holder != member);
    }

    /// The roles and the permissions of a member, by their numbers.
    fn entitlement(&self, member: Member, now: i64) -> (BTreeSet<usize>, BTreeSet<usize>) {
        let mut roles = BTreeSet::new();
        for ((holder, role), expires_at) in &self.roles {
            if *holder == member && expires_at.is_none_or(|at| at > now) {
                roles.insert(*role);
            }
        }
        let mut permissions = BTreeSet::new();
        for (holder, permission) in &self.permissions {
            if *holder == member {
                permissions.insert(*permission);
            }
        }
        for (role, permission) in &self.granted {
            if roles.contains(role) {
                permissions.insert(*permission);
            }
        }
        (roles, permissions)
    }
}

/// The same in the server, with a browser for each user.
struct Stage {
    world: World,
    client: TestClient,
    users: Vec<UserId>,
    browsers: Vec<Browser>,
    organizations: Vec<OrganizationId>,
    roles: Vec<RoleId>,
    permissions: Vec<PermissionId>,
    /// The tokens of the last sign-in, and whether their authorization still holds.
    held: BTreeMap<Member, (Tokens, bool)>,
    /// How many tokens were compared.
    compared: usize,
    model: Model,
}

impl Stage {
    async fn set(engine: Engine) -> Self {
        let world = World::on(engine).await;
        let client = world.client().await;
        let adjust = |client: &mut store::clients::Client| {
            client.claim_switches.0.roles = true;
            client.claim_switches.0.organization_name = true;
            client.claim_switches.0.external_organization_id = true;
        };
        world.change(&client, adjust).await;
        let (mut users, mut browsers) = (Vec::new(), Vec::new());
        for name in ["ada", "grace", "edith"] {
            let email = format!("{name}@example.test");
            users.push(world.user(&email, PASSWORD).await);
            browsers.push(world.signed_in(&client, &email).await.0);
        }
        let mut stage = Self {
            client,
            users,
            browsers,
            organizations: Vec::new(),
            roles: Vec::new(),
            permissions: Vec::new(),
            held: BTreeMap::new(),
            compared: 0,
            model: Model::default(),
            world,
        };
        for name in ["Acme", "Globex", "Initech"] {
            let adjust = |organization: &mut store::organizations::Organization| {
                organization.external_id = Some(format!("external-{name}"));
            };
            let made = stage.world.organization_with(name, adjust).await;
            stage.organizations.push(made);
        }
        for number in 0..6 {
            let key = format!("permission:{number}");
            stage.permissions.push(stage.world.permission(&key).await);
        }
        for number in 0..4 {
            let key = format!("role-{number}");
            stage.roles.push(stage.world.role(&key, &[]).await);
        }
        stage
    }

    /// Makes one change, here and in the model. Returns what it was.
    async fn change(&mut self, rng: &mut StdRng) -> String {
        let member = (rng.random_range(0..3), rng.random_range(0..3));
        let (role, permission) = (rng.random_range(0..4), rng.random_range(0..6));
        let kind = rng.random_range(0..12);
        match kind {
            0..=2 => self.join(member).await,
            3 => self.leave(member).await,
            4 | 5 => self.assign_role(member, role, rng).await,
            6 => self.unassign(member, role, permission).await,
            7 => self.assign_permission(member, permission).await,
            8 | 9 => self.grant(role, permission).await,
            10 => self.withdraw(role, permission, rng).await,
            _ => self.suspend_or_resume(member.1).await,
        }
        format!("{kind}: member {member:?} role {role} permission {permission}")
    }

    fn ids(&self, (user, organization): Member) -> (OrganizationId, UserId) {
        (
            self.organizations[organization].clone(),
            self.users[user].clone(),
        )
    }

    async fn join(&mut self, member: Member) {
        let (organization, user) = self.ids(member);
        self.world.join(&user, &organization).await;
        self.model.members.insert(member);
    }

    async fn leave(&mut self, member: Member) {
        let (organization, user) = self.ids(member);
        self.world.leave(&user, &organization).await;
        if self.model.members.contains(&member) {
            self.end(member);
        }
        self.model.forget(member);
    }

    async fn assign_role(&mut self, member: Member, role: usize, rng: &mut StdRng) {
        if !self.model.members.contains(&member) {
            return;
        }
        let (organization, user) = self.ids(member);
        let seconds = [None, Some(30), Some(300)].choose(rng).copied().flatten();
        let id = self.roles[role].clone();
        self.world
            .assign_role((&organization, &user), &id, seconds)
            .await;
        // Whoever is given a role that they have, has it on the new terms.
        let now = self.world.now().as_i64();
        let until = seconds.map(|seconds| now + seconds);
        self.model.roles.insert((member, role), until);
    }

    async fn assign_permission(&mut self, member: Member, permission: usize) {
        if !self.model.members.contains(&member) {
            return;
        }
        let (organization, user) = self.ids(member);
        let id = self.permissions[permission].clone();
        self.world
            .assign_permission((&organization, &user), &id)
            .await;
        self.model.permissions.insert((member, permission));
    }

    async fn unassign(&mut self, member: Member, role: usize, permission: usize) {
        let (organization, user) = self.ids(member);
        let (role_id, permission_id) = (&self.roles[role], &self.permissions[permission]);
        let mut tx = self.world.write().await;
        store::assignments::remove_role(&mut tx, &organization, &user, role_id)
            .await
            .unwrap();
        store::assignments::remove_permission(&mut tx, &organization, &user, permission_id)
            .await
            .unwrap();
        tx.commit().await.unwrap();
        self.model.roles.remove(&(member, role));
        self.model.permissions.remove(&(member, permission));
    }

    async fn grant(&mut self, role: usize, permission: usize) {
        let mut tx = self.world.write().await;
        store::roles::add_permission(&mut tx, &self.roles[role], &self.permissions[permission])
            .await
            .unwrap();
        tx.commit().await.unwrap();
        self.model.granted.insert((role, permission));
    }

    /// Takes a permission from a role; now and then the role, or the permission, from the business.
    async fn withdraw(&mut self, role: usize, permission: usize, rng: &mut StdRng) {
        let (role_id, permission_id) = (
            self.roles[role].clone(),
            self.permissions[permission].clone(),
        );
        let mut tx = self.world.write().await;
        let chance = rng.random_range(0..4);
        match chance {
            0 => store::roles::remove(&mut tx, &role_id).await.unwrap(),
            1 => store::permissions::remove(&mut tx, &permission_id)
                .await
                .unwrap(),
            _ => store::roles::remove_permission(&mut tx, &role_id, &permission_id)
                .await
                .unwrap(),
        };
        tx.commit().await.unwrap();
        self.model.granted.remove(&(role, permission));
        if chance == 0 {
            // Another of the same key is another role, and nobody has it.
            self.model.roles.retain(|(_, held), _| *held != role);
            self.model.granted.retain(|(holder, _)| *holder != role);
            self.roles[role] = self.world.role(&format!("role-{role}"), &[]).await;
        }
        if chance == 1 {
            self.model
                .permissions
                .retain(|(_, held)| *held != permission);
            self.model.granted.retain(|(_, held)| *held != permission);
            let key = format!("permission:{permission}");
            self.permissions[permission] = self.world.permission(&key).await;
        }
    }

    async fn suspend_or_resume(&mut self, organization: usize) {
        let mut tx = self.world.write().await;
        let found = store::organizations::find(&mut tx, &self.organizations[organization]).await;
        let mut found = found.unwrap().expect("it is there");
        if self.model.suspended.remove(&organization) {
            found.suspended_at = None;
            store::organizations::upsert(&mut tx, &found).await.unwrap();
        } else {
            let (now, mut rng) = (self.world.now(), self.world.app.random.generator());
            organizations::suspend(&mut tx, Actor::Operator, found, now, &mut rng)
                .await
                .unwrap()
                .unwrap();
            self.model.suspended.insert(organization);
            for user in 0..3 {
                self.end((user, organization));
            }
        }
        tx.commit().await.unwrap();
    }

    fn end(&mut self, member: Member) {
        if let Some((_, is_live)) = self.held.get_mut(&member) {
            *is_live = false;
        }
    }

    /// Asks for tokens of a member: by refreshing those of before, or by signing in silently.
    async fn look(&mut self, member: Member) -> Result<(), String> {
        if let Some((tokens, is_live)) = self.held.remove(&member) {
            let refresh_token = tokens.refresh_token.expect("offline was asked for");
            let answer = self.client.refresh(&refresh_token).await;
            if answer.status.is_success() != is_live {
                return Err(format!("refreshed {}: {:?}", !is_live, answer.body));
            }
            if is_live {
                let tokens = Tokens::of(&answer);
                let outcome = self.compare(member, &tokens);
                self.held.insert(member, (tokens, true));
                return outcome;
            }
        }
        let code = self.organizations[member.1].to_string();
        let url = self
            .client
            .authorize_url(&[("prompt", "none"), ("org_code", &code)]);
        let browser = &mut self.browsers[member.0];
        browser.open(&url).await;
        let is_member =
            self.model.members.contains(&member) && !self.model.suspended.contains(&member.1);
        let arrived = browser
            .try_arrived()
            .filter(|url| url.query_pairs().any(|(name, _)| name == "code"));
        match (arrived.cloned(), is_member) {
            (Some(arrived), true) => {
                let tokens = self.client.redeem(&arrived).await;
                let outcome = self.compare(member, &tokens);
                self.held.insert(member, (tokens, true));
                outcome
            }
            (None, false) => Ok(()),
            (arrived, _) => Err(format!("signed in {}", arrived.is_some())),
        }
    }

    fn compare(&mut self, member: Member, tokens: &Tokens) -> Result<(), String> {
        self.compared += 1;
        let claims = tokens.access_claims();
        let now = self.world.now().as_i64();
        let (roles, permissions) = self.model.entitlement(member, now);
        let keys: Vec<String> = permissions
            .iter()
            .map(|number| format!("permission:{number}"))
            .collect();
        let expected_roles: Vec<Value> = roles
            .iter()
            .map(|number| {
                let key = format!("role-{number}");
                json!({ "id": self.roles[*number], "key": key, "name": key.to_uppercase() })
            })
            .collect();
        let list = |name: &str| claims.get(name).cloned().unwrap_or(json!([]));
        let is_right = claims["org_code"] == json!(self.organizations[member.1])
            && list("permissions") == json!(keys)
            && list("roles") == json!(expected_roles);
        let text = claims.to_string();
        let names = ["Acme", "Globex", "Initech"];
        let leaks = (0..3).filter(|other| *other != member.1).any(|other| {
            text.contains(self.organizations[other].as_str()) || text.contains(names[other])
        });
        if is_right && !leaks {
            return Ok(());
        }
        Err(format!(
            "expected {expected_roles:?} {keys:?}, got {claims}"
        ))
    }
}

async fn tokens_say_what_a_naive_model_says(engine: Engine) {
    let seed = REPLAY.unwrap_or_else(rand::random);
    let mut rng = StdRng::seed_from_u64(seed);
    let mut stage = Stage::set(engine).await;
    let mut history = Vec::new();
    for _ in 0..CHANGES {
        history.push(stage.change(&mut rng).await);
        stage.world.pass(1); // copies in memory are good for a second
        for _ in 0..2 {
            let member = (rng.random_range(0..3), rng.random_range(0..3));
            if let Err(difference) = stage.look(member).await {
                panic!("seed {seed}, {member:?}: {difference}; after {history:#?}");
            }
        }
    }
    assert!(stage.compared > CHANGES / 4, "seed {seed} compares little");
}

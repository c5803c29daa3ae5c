//! Organizations, roles and permissions, by the names that a test gives them.

use vestibule::access::members;
use vestibule::audit::Actor;
use vestibule::directory::organizations;
use vestibule::id::{OrganizationId, PermissionId, RoleId, UserId};
use vestibule::store;
use vestibule::store::assignments::Source;
use vestibule::store::organizations::Organization;
use vestibule::store::permissions::Permission;
use vestibule::store::roles::Role;

use super::World;

impl World {
    /// Creates an organization.
    pub(crate) async fn organization(&self, name: &str) -> OrganizationId {
        self.organization_with(name, |_| {}).await
    }

    /// Creates an organization, adjusted before it is stored.
    pub(crate) async fn organization_with(
        &self,
        name: &str,
        adjust: impl FnOnce(&mut Organization),
    ) -> OrganizationId {
        let mut rng = self.app.random.generator();
        let mut organization = organizations::new(name, self.now(), &mut rng);
        adjust(&mut organization);
        let mut tx = self.app.db.write().await.unwrap();
        organizations::create(
            &mut tx,
            Actor::Operator,
            &organization,
            self.now(),
            &mut rng,
        )
        .await
        .unwrap();
        tx.commit().await.unwrap();
        organization.id
    }

    /// The default organization.
    pub(crate) async fn default_organization(&self) -> OrganizationId {
        let mut tx = self.app.db.read().await.unwrap();
        store::organizations::find_default(&mut tx)
            .await
            .unwrap()
            .unwrap()
            .id
    }

    /// Adds a user to an organization.
    pub(crate) async fn join(&self, user: &UserId, organization: &OrganizationId) {
        let mut tx = self.app.db.write().await.unwrap();
        let mut rng = self.app.random.generator();
        members::join(
            &mut tx,
            Actor::Operator,
            organization,
            user,
            self.now(),
            &mut rng,
        )
        .await
        .unwrap();
        tx.commit().await.unwrap();
    }

    /// Removes a user from an organization.
    pub(crate) async fn leave(&self, user: &UserId, organization: &OrganizationId) {
        let mut tx = self.app.db.write().await.unwrap();
        let mut rng = self.app.random.generator();
        members::leave(
            &mut tx,
            Actor::Operator,
            organization,
            user,
            self.now(),
            &mut rng,
        )
        .await
        .unwrap();
        tx.commit().await.unwrap();
    }

    /// Defines a permission of that key.
    pub(crate) async fn permission(&self, key: &str) -> PermissionId {
        let permission = Permission {
            id: PermissionId::generate(&mut self.app.random.generator()),
            key: key.to_owned(),
            name: key.to_owned(),
            description: String::new(),
            is_in_new_roles: false,
            created_at: self.now(),
            updated_at: self.now(),
        };
        let mut tx = self.app.db.write().await.unwrap();
        store::permissions::upsert(&mut tx, &permission)
            .await
            .unwrap();
        tx.commit().await.unwrap();
        permission.id
    }

    /// Defines a role of that key with these permissions.
    pub(crate) async fn role(&self, key: &str, permissions: &[&PermissionId]) -> RoleId {
        let role = Role {
            id: RoleId::generate(&mut self.app.random.generator()),
            key: key.to_owned(),
            name: key.to_uppercase(),
            description: String::new(),
            is_default: false,
            assignment_permission_id: None,
            created_at: self.now(),
            updated_at: self.now(),
        };
        let mut tx = self.app.db.write().await.unwrap();
        store::roles::upsert(&mut tx, &role).await.unwrap();
        for permission in permissions {
            store::roles::add_permission(&mut tx, &role.id, permission)
                .await
                .unwrap();
        }
        tx.commit().await.unwrap();
        role.id
    }

    /// Gives a member a role, for that many seconds or for good.
    pub(crate) async fn assign_role(
        &self,
        member: (&OrganizationId, &UserId),
        role: &RoleId,
        seconds: Option<i64>,
    ) {
        let mut tx = self.app.db.write().await.unwrap();
        let mut rng = self.app.random.generator();
        let expires_at =
            seconds.map(|seconds| self.now().plus(vestibule::clock::Seconds::new(seconds)));
        let what = (role, Source::Person, expires_at);
        members::assign_role(&mut tx, Actor::Operator, member, what, self.now(), &mut rng)
            .await
            .unwrap()
            .unwrap();
        tx.commit().await.unwrap();
    }

    /// Gives a member a permission.
    pub(crate) async fn assign_permission(
        &self,
        member: (&OrganizationId, &UserId),
        permission: &PermissionId,
    ) {
        let mut tx = self.app.db.write().await.unwrap();
        let mut rng = self.app.random.generator();
        let what = (permission, Source::Person, None);
        members::assign_permission(&mut tx, Actor::Operator, member, what, self.now(), &mut rng)
            .await
            .unwrap()
            .unwrap();
        tx.commit().await.unwrap();
    }
}

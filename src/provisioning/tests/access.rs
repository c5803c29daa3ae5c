//! Permissions and roles.

use super::*;
use crate::access::Catalogue;
use crate::store::permissions::{self, Permission};
use crate::store::roles;

impl World {
    async fn permission(&self, key: &str) -> Option<Permission> {
        let mut tx = self.db.read().await.unwrap();
        permissions::find_by_key(&mut tx, key).await.unwrap()
    }

    /// The keys of the permissions of a role; none, when there is no such role.
    async fn role(&self, key: &str) -> Option<Vec<String>> {
        let mut tx = self.db.read().await.unwrap();
        let role = roles::find_by_key(&mut tx, key).await.unwrap()?;
        let catalogue = Catalogue::load(&mut tx).await.unwrap();
        let (_, held) = catalogue.role(&role.id).unwrap();
        let keys = held
            .iter()
            .map(|id| catalogue.permission(id).unwrap().key.clone());
        let mut keys: Vec<String> = keys.collect();
        keys.sort_unstable();
        Some(keys)
    }
}

fn read_reports(keys: &str) -> String {
    format!("[[permissions]]\nkey = 'read:reports'\n{keys}\n")
}

#[tokio::test]
async fn a_permission_is_defined_changed_and_removed() {
    let world = World::new().await;
    let defined = read_reports("name = 'Read reports'");
    insta::assert_snapshot!(world.apply(&defined).await.unwrap(), @r#"
    + permission "read:reports"
        name: Read reports
        in_new_roles: false
    1 created
    "#);
    assert!(world.apply(&defined).await.unwrap().is_unchanged());
    let first = world.permission("read:reports").await.unwrap();

    world.clock.advance(Seconds::new(1));
    let changed = read_reports("name = 'Reports'\ndescription = 'See them'\nin_new_roles = true");
    insta::assert_snapshot!(world.apply(&changed).await.unwrap(), @r#"
    ~ permission "read:reports"
        name: Read reports -> Reports
        description: See them
        in_new_roles: false -> true
    1 updated
    "#);
    assert!(world.apply(&changed).await.unwrap().is_unchanged());
    let second = world.permission("read:reports").await.unwrap();
    assert_eq!(second.id, first.id);
    assert_eq!(second.created_at, first.created_at);
    assert!(second.is_in_new_roles);

    world.clock.advance(Seconds::new(1));
    let removed = read_reports("remove = true");
    insta::assert_snapshot!(world.apply(&removed).await.unwrap(), @r#"
    - permission "read:reports"
    1 removed
    "#);
    assert!(world.permission("read:reports").await.is_none());
    assert!(world.apply(&removed).await.unwrap().is_unchanged());
    assert_eq!(
        world.events(first.id.as_str()).await,
        [
            "permission.created",
            "permission.updated",
            "permission.removed"
        ]
    );
}

#[tokio::test]
async fn a_permission_that_can_not_be_is_refused_with_its_place() {
    let world = World::new().await;
    let long = format!("name = 'R'\ndescription = '{}'", "x".repeat(1001));
    let documents = [
        "[[permissions]]\nname = 'R'".to_owned(),
        read_reports(""),
        read_reports("name = ' '"),
        read_reports(&long),
        read_reports("name = 'R'\nid = '1'"),
        read_reports("name = 'R'").replace("read:reports", "read reports"),
        read_reports("name = 'R'").replace("read:reports", "a,b"),
        read_reports("name = 'R'").repeat(2),
    ];
    insta::assert_snapshot!(world.refusals(&documents), @r#"
    test.toml:1:1: missing field `key`
    test.toml:2:7: permission "read:reports": name is missing: add one
    test.toml:3:8: permission "read:reports": name: must have 1 to 100 characters and no line break
    test.toml:4:15: permission "read:reports": description: must have at most 1000 characters
    test.toml:4:1: unknown field `id`, expected one of `key`, `name`, `description`, `in_new_roles`, `remove`: correct or remove it
    test.toml:2:7: permission "read reports": key: must have 1 to 100 ASCII characters, no space and no comma, such as read:reports; it never changes: another key names another thing
    test.toml:2:7: permission "a,b": key: must have 1 to 100 ASCII characters, no space and no comma, such as read:reports; it never changes: another key names another thing
    test.toml:5:7: this permission stands in the document twice: remove one
    "#);
}

/// Two permissions, the second with further keys, and a role.
fn analyst(update: &str, keys: &str) -> String {
    format!(
        "[[permissions]]\nkey = 'read:reports'\nname = 'Read reports'\n\
         [[permissions]]\nkey = 'update:reports'\nname = 'Update reports'\n{update}\n\
         [[roles]]\nkey = 'analyst'\n{keys}\n"
    )
}

#[tokio::test]
async fn a_role_is_defined_changed_and_removed() {
    let world = World::new().await;
    let defined = analyst("", "name = 'Analyst'\npermissions = ['read:reports']");
    world.apply(&defined).await.unwrap();
    assert!(world.apply(&defined).await.unwrap().is_unchanged());
    let changed = analyst(
        "",
        "name = 'Analysts'\ndescription = 'They look'\nis_default = true\n\
         permissions = ['update:reports']\nassignment_permission = 'read:reports'",
    );
    insta::assert_snapshot!(world.apply(&changed).await.unwrap(), @r#"
    ~ role "analyst"
        name: Analyst -> Analysts
        description: They look
        is_default: false -> true
        permissions: read:reports -> update:reports
        assignment_permission: read:reports
    2 unchanged, 1 updated
    "#);
    assert!(world.apply(&changed).await.unwrap().is_unchanged());
    assert_eq!(world.role("analyst").await.unwrap(), ["update:reports"]);

    let removed = analyst("", "remove = true");
    insta::assert_snapshot!(world.apply(&removed).await.unwrap(), @r#"
    - role "analyst"
    1 removed, 2 unchanged
    "#);
    assert!(world.role("analyst").await.is_none());
    assert!(world.apply(&removed).await.unwrap().is_unchanged());
}

#[tokio::test]
async fn a_new_role_gets_the_permissions_of_new_roles_and_keeps_them() {
    let world = World::new().await;
    let named = "name = 'Analyst'\npermissions = ['read:reports']";
    let given = analyst("in_new_roles = true", named);
    world.apply(&given).await.unwrap();
    let both = ["read:reports", "update:reports"];
    assert_eq!(world.role("analyst").await.unwrap(), both);
    assert!(world.apply(&given).await.unwrap().is_unchanged());

    let no_longer_given = analyst("", named);
    insta::assert_snapshot!(world.apply(&no_longer_given).await.unwrap(), @r#"
    ~ permission "update:reports"
        in_new_roles: true -> false
    ~ role "analyst"
        permissions: read:reports update:reports -> read:reports
    1 unchanged, 2 updated
    "#);
    assert_eq!(world.role("analyst").await.unwrap(), ["read:reports"]);
    // The role is not new any more.
    let changes = world.apply(&given).await.unwrap().to_string();
    assert!(changes.ends_with("2 unchanged, 1 updated\n"), "{changes}");
    assert_eq!(world.role("analyst").await.unwrap(), ["read:reports"]);
}

#[tokio::test]
async fn a_permission_that_is_removed_is_taken_from_its_roles() {
    let world = World::new().await;
    let keys = "name = 'Analyst'\npermissions = ['read:reports', 'update:reports']";
    world.apply(&analyst("", keys)).await.unwrap();
    let removed = read_reports("remove = true");
    world.apply(&removed).await.unwrap();
    assert_eq!(world.role("analyst").await.unwrap(), ["update:reports"]);
    let error = world
        .apply(&format!("{removed}[[roles]]\nkey = 'analyst'\n{keys}"))
        .await
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "role \"analyst\": there is no permission read:reports: describe it in [[permissions]]"
    );
}

#[tokio::test]
async fn a_role_that_can_not_be_is_refused_with_its_place() {
    let world = World::new().await;
    let documents = [
        "[[roles]]\nname = 'Analyst'".to_owned(),
        analyst("", ""),
        analyst("", "name = 'A'\npermissions = ['a', 'b', 'a']"),
        analyst("", "name = 'A'\nnew_key = 'b'"),
        analyst("", "name = 'A'").replace("'analyst'", "'the analyst'"),
        "[[roles]]\nkey = 'a'\nname = 'A'\n".repeat(2),
    ];
    insta::assert_snapshot!(world.refusals(&documents), @r#"
    test.toml:1:1: missing field `key`
    test.toml:9:7: role "analyst": name is missing: add one
    test.toml:11:26: role "analyst": permissions: names a twice: remove one
    test.toml:11:1: unknown field `new_key`, expected one of `key`, `name`, `description`, `is_default`, `permissions`, `assignment_permission`, `remove`: correct or remove it
    test.toml:9:7: role "the analyst": key: must have 1 to 100 ASCII characters, no space and no comma, such as read:reports; it never changes: another key names another thing
    test.toml:5:7: this role stands in the document twice: remove one
    "#);
    let nowhere = analyst("", "name = 'A'\nassignment_permission = 'assign:analyst'");
    let error = world.apply(&nowhere).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "role \"analyst\": there is no permission assign:analyst: describe it in [[permissions]]"
    );
}

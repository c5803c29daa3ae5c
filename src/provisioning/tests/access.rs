//! Permissions and roles.

use super::*;
use crate::store::permissions::{self, Permission};

impl World {
    async fn permission(&self, key: &str) -> Option<Permission> {
        let mut tx = self.db.read().await.unwrap();
        permissions::find_by_key(&mut tx, key).await.unwrap()
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

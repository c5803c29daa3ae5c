//! Logos, in files beside the document.

use super::*;
use crate::directory::logos as directory;
use crate::id::OrganizationId;
use crate::store::logos::{self, Bearer, Logo};

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n not much of a picture";
const GIF: &[u8] = b"GIF89a not much of one either";

impl World {
    fn write_file(&self, name: &str, content: &[u8]) {
        std::fs::write(self.folder.path().join(name), content).unwrap();
    }

    /// The names of the files, by ground, with the pictures.
    async fn logos(&self, bearer: Bearer<'_>) -> Vec<(String, Vec<u8>)> {
        let mut tx = self.db.read().await.unwrap();
        let mut found = Vec::new();
        for Logo {
            file_name, address, ..
        } in logos::list(&mut tx, bearer).await.unwrap()
        {
            let (_, content) = directory::read(&mut tx, &address).await.unwrap().unwrap();
            found.push((file_name, content));
        }
        found
    }
}

#[tokio::test]
async fn logos_are_read_from_files_beside_the_document() {
    let world = World::new().await;
    world.write_file("acme.png", PNG);
    std::fs::create_dir(world.folder.path().join("pictures")).unwrap();
    world.write_file("pictures/dark.gif", GIF);
    let document = "[logos]\nlight = 'acme.png'\n
        [[organizations]]\ncode = 'org_00000000acb'\nname = 'Acme'\n
        logos = { light = 'acme.png', dark = 'pictures/dark.gif' }";
    let acme = OrganizationId::parse("org_00000000acb").unwrap();
    let changes = world.apply(document).await.unwrap();
    let told = changes.to_string();
    for line in [
        "~ environment \"environment\"",
        "logos.dark: dark.gif (",
        "logos.light: acme.png (",
    ] {
        assert!(told.contains(line), "{line} in {told}");
    }
    let light = [("acme.png".to_owned(), PNG.to_vec())];
    let dark = [("dark.gif".to_owned(), GIF.to_vec())];
    let of_acme = Bearer::Organization(&acme);
    assert_eq!(world.logos(of_acme).await, [&dark[..], &light].concat());
    assert_eq!(world.logos(Bearer::Environment).await, light);

    // A second time there is nothing to do, and the addresses stay.
    let changes = world.apply(document).await.unwrap();
    assert!(changes.0.iter().all(Change::is_unchanged), "{changes}");

    // The same file with another picture is another logo; what is not named goes, and what has no table stays.
    world.write_file("acme.png", GIF);
    let document = "[[organizations]]\ncode = 'org_00000000acb'\nname = 'Acme'\nlogos = { light = 'acme.png' }";
    assert!(!world.plan(document).await.0[0].is_unchanged());
    world.apply(document).await.unwrap();
    let replaced = [("acme.png".to_owned(), GIF.to_vec())];
    assert_eq!(world.logos(of_acme).await, replaced);
    assert_eq!(world.logos(Bearer::Environment).await, light);
    let bare = "[[organizations]]\ncode = 'org_00000000acb'\nname = 'Acme'";
    assert!(world.apply(bare).await.unwrap().0[0].is_unchanged());
    assert_eq!(world.logos(of_acme).await, replaced);
    world.apply("[logos]").await.unwrap();
    assert_eq!(world.logos(Bearer::Environment).await, []);

    let mut tx = world.db.read().await.unwrap();
    let events = audit_events::list_for_subject(&mut tx, directory::ENVIRONMENT).await;
    let events = events.unwrap();
    let actions: Vec<&str> = events.iter().map(|event| event.action.as_str()).collect();
    assert_eq!(actions, ["environment.updated"; 2]);
}

#[tokio::test]
async fn what_can_not_be_a_logo_is_refused_with_its_place() {
    let world = World::new().await;
    world.write_file("logo.svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>");
    let mut large = b"GIF89a".to_vec();
    large.resize(directory::LARGEST + 1, 0);
    world.write_file("large.gif", &large);
    for (document, reasons) in [
        (
            "[logos]\nlight = 'logo.svg'",
            ["test.toml:2:9: logos.light: ", "must be a picture"],
        ),
        (
            "[logos]\ndark = 'large.gif'",
            ["logos.dark: ", "at most 262144 bytes"],
        ),
        (
            "[logos]\ndark = 'absent.gif'",
            ["logos.dark: ", "absent.gif can't be read"],
        ),
        ("[logos]\ndark = '.'", ["logos.dark: ", "can't be read"]),
        ("[logos]\nblue = 'logo.svg'", ["test.toml:2:1", "blue"]),
        (
            "[[organizations]]\ncode = 'org_00000000acb'\nname = 'Acme'\nlogos.light = 'logo.svg'",
            ["Acme", "logos.light"],
        ),
    ] {
        let refusal = world.parse(document).unwrap_err().to_string();
        for reason in reasons {
            assert!(refusal.contains(reason), "{reason} in {refusal}");
        }
    }
}

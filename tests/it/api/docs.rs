//! The description as a page.

use std::collections::BTreeSet;

use scraper::{Html, Selector};

use crate::support::World;

#[tokio::test]
async fn the_page_shows_every_operation_and_its_links_lead_somewhere() {
    let world = World::new().await;
    let response = World::http().get(world.url("/api/v1/docs")).send().await;
    let response = response.expect("the server answers");
    let header = |name: &str| response.headers()[name].to_str().unwrap().to_owned();
    assert!(header("content-security-policy").contains("script-src 'none'"));
    assert!(header("content-type").starts_with("text/html"));
    let page = Html::parse_document(&response.text().await.unwrap());
    let all = |selector: &str, attribute: &'static str| -> Vec<String> {
        let selector = Selector::parse(selector).unwrap();
        let elements = page.select(&selector);
        elements
            .filter_map(|one| Some(one.attr(attribute)?.to_owned()))
            .collect()
    };
    for foreign in ["script", "style", "iframe"] {
        assert_eq!(all(foreign, "src"), [""; 0], "{foreign}");
    }
    assert!(all("[style]", "style").is_empty());
    for address in [all("link", "href"), all("img", "src")].concat() {
        assert!(address.starts_with('/'), "{address} is elsewhere");
        let file = World::http().get(world.url(&address)).send().await;
        assert_eq!(file.unwrap().status().as_u16(), 200, "{address}");
    }
    let ids = all("[id]", "id");
    let different: BTreeSet<&String> = ids.iter().collect();
    assert_eq!(different.len(), ids.len(), "each id is there once");
    for link in all("a[href^='#']", "href") {
        let target = link.trim_start_matches('#').to_owned();
        assert!(different.contains(&target), "{link} leads nowhere");
    }

    let document = world.json("/api/v1/openapi.json").await;
    let paths = document["paths"].as_object().unwrap();
    let methods = paths.values().flat_map(|one| one.as_object().unwrap());
    let mut count = 0;
    for (_, operation) in methods {
        let name = operation["operationId"].as_str().unwrap();
        assert!(ids.iter().any(|id| id == name), "{name} is missing");
        count += 1;
    }
    assert_eq!(all("main .request", "class").len(), count);
}

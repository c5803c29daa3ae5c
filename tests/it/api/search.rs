//! `/search/users`.

use serde_json::{Value, json};

use crate::support::{Api, Engine, World, on_each_engine};

on_each_engine! {
    users_are_found_by_the_beginnings_of_words
    pages_hold_each_user_once_in_either_direction
    what_changes_is_found_as_it_is
}

async fn create(api: &Api, given: &str, family: &str, username: &str) -> String {
    let new = json!({
        "profile": { "given_name": given, "family_name": family },
        "identities": [
            { "type": "username", "details": { "username": username } },
            { "type": "email", "details": { "email": format!("{username}@example.test") } },
        ],
    });
    let created = api.post("/user", new).await;
    created["id"].as_str().expect("it has an id").to_owned()
}

/// The user names of those who are found, in order.
async fn found(api: &Api, query: &str) -> String {
    let query = urlencoded(query);
    let page = api
        .get(&format!("/search/users?page_size=100&query={query}"))
        .await;
    names(&page)
}

fn urlencoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

fn names(page: &Value) -> String {
    let results = page["results"].as_array().expect("it is a list");
    let names: Vec<&str> = results
        .iter()
        .filter_map(|one| one["username"].as_str())
        .collect();
    names.join(" ")
}

async fn users_are_found_by_the_beginnings_of_words(engine: Engine) {
    let world = World::on(engine).await;
    let api = world.api().await;
    let ada = create(&api, "Ada", "Byron", "countess").await;
    create(&api, "Mary Ann", "Evans", "george").await;
    create(&api, "\u{212A}elvin", "Æther", "lord.k").await;
    create(&api, "Adam", "Adams", "ad").await;
    let phone = json!({ "type": "phone", "value": "+4930901820" });
    api.post(&format!("/users/{ada}/identities"), phone).await;
    for (query, expected) in [
        ("ada", "countess ad"),
        ("ADA", "countess ad"),
        ("ad", "ad countess"),
        ("adam", "ad"),
        ("byron ada", "countess"),
        ("Ada  byr", "countess"),
        ("mary ann e", "george"),
        ("ada evans", ""),
        ("ada nobody", ""),
        ("ann", "george"),
        ("mary evans", "george"),
        ("countess@EXAMPLE.test", "countess"),
        ("countess@", "countess"),
        ("example", ""),
        ("kelvin", "lord.k"),
        ("æ", "lord.k"),
        ("lord.K", "lord.k"),
        ("+49 30 901820", "countess"),
        ("+4930", "countess"),
        (&ada, "countess"),
        ("kp_00000000000000000000000000000000", ""),
        ("%", ""),
        ("_", ""),
        ("'", ""),
        ("\"\\", ""),
        ("\u{10ffff}", ""),
    ] {
        assert_eq!(found(&api, query).await, expected, "{query}");
    }
    for query in ["", "*", " "] {
        assert_eq!(found(&api, query).await.split(' ').count(), 4, "{query:?}");
    }
    let route = "/search/users?query=byron&expand=organizations,identities,properties";
    let page = api.get(route).await;
    let one = &page["results"][0];
    assert_eq!(
        (&one["properties"], &one["api_scopes"]),
        (&json!({}), &json!([]))
    );
    assert_eq!(one["email"], "countess@example.test");
    assert_eq!(
        one["organizations"],
        json!([world.default_organization().await])
    );
    assert_eq!(one["identities"].as_array().map(Vec::len), Some(3));
    assert_eq!(page["has_more"], false);
}

async fn pages_hold_each_user_once_in_either_direction(engine: Engine) {
    let world = World::on(engine).await;
    let api = world.api().await;
    for (given, username) in [
        ("Anna", "anna1"),
        ("Anna Anne", "anna2"),
        ("Anne", "anne"),
        ("Anton", "anna3"),
        ("Anna", "zoe"),
    ] {
        create(&api, given, "Anders", username).await;
    }
    for query in ["an", "an anders", "*", "anna"] {
        let route = format!("/search/users?query={}", urlencoded(query));
        let all = api.get(&route).await;
        let expected = names(&all);
        let count = if query == "anna" { 4 } else { 5 };
        assert_eq!(expected.split(' ').count(), count, "{query}: {expected}");
        let (mut seen, mut backwards) = (Vec::new(), Vec::new());
        let mut cursor = String::new();
        loop {
            let page = api
                .get(&format!("{route}&page_size=2&starting_after={cursor}"))
                .await;
            seen.push(names(&page));
            let last = page["results"].as_array().unwrap().last().unwrap();
            last["id"].as_str().unwrap().clone_into(&mut cursor);
            if page["has_more"] == false {
                break;
            }
        }
        assert_eq!(seen.join(" "), expected, "{query}");
        let last = expected.rsplit(' ').next().unwrap();
        loop {
            let page = api
                .get(&format!("{route}&page_size=2&ending_before={cursor}"))
                .await;
            backwards.insert(0, names(&page));
            let first = page["results"].as_array().unwrap().first().unwrap();
            first["id"].as_str().unwrap().clone_into(&mut cursor);
            if page["has_more"] == false {
                break;
            }
        }
        assert_eq!(
            format!("{} {last}", backwards.join(" ")),
            expected,
            "{query}"
        );
    }
}

async fn what_changes_is_found_as_it_is(engine: Engine) {
    let world = World::on(engine).await;
    let api = world.api().await;
    let ada = create(&api, "Ada", "Ada", "ada").await;
    let route = format!("/user?id={ada}");
    api.patch(
        &route,
        json!({ "given_name": "Augusta", "family_name": null }),
    )
    .await;
    assert_eq!(found(&api, "augusta").await, "ada");
    assert_eq!(found(&api, "ada").await, "ada", "by the user name");
    let listed = api.get(&format!("/users/{ada}/identities")).await;
    for identity in listed["identities"].as_array().unwrap() {
        let id = identity["id"].as_str().unwrap();
        api.delete(&format!("/identities/{id}?is_forced=true"))
            .await;
    }
    let page = api.get("/search/users?query=ada").await;
    assert_eq!(page["results"], json!([]));
    let page = api.get("/search/users?query=augusta").await;
    assert_eq!(page["results"][0]["id"], ada.as_str());
    api.delete(&route).await;
    let page = api.get("/search/users?query=augusta").await;
    assert_eq!(page["results"], json!([]));
}

#[tokio::test]
async fn what_can_not_be_searched_is_refused() {
    let world = World::new().await;
    let api = world.api().await;
    let ada = create(&api, "Ada", "Byron", "ada").await;
    let long = "a".repeat(201);
    for (query, code) in [
        (format!("query={long}"), "INVALID_FIELD"),
        ("query=%00".to_owned(), "INVALID_QUERY"),
        (format!("query=bob&starting_after={ada}"), "INVALID_FIELD"),
        ("starting_after=x".to_owned(), "INVALID_FIELD"),
        (
            format!("starting_after={ada}&ending_before={ada}"),
            "TOO_MANY_PARAMETERS",
        ),
        ("page_size=501".to_owned(), "PAGE_SIZE_LIMIT_EXCEEDED"),
        ("expand=everything".to_owned(), "INVALID_FIELD"),
        ("properties%5Bcolor%5D=red".to_owned(), "INVALID_FIELD"),
        ("api_scopes=read:users".to_owned(), "INVALID_FIELD"),
    ] {
        let refused = api
            .refusal("GET", &format!("/search/users?{query}"), None)
            .await;
        assert_eq!(refused, (400, code.to_owned()), "{query:.60}");
    }
}

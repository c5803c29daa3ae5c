//! `/organizations/{org_code}/logos` and `/environment/logos`: the pictures that pages bear.

use serde_json::{Value, json};

use crate::support::{Answer, Api, Engine, World, on_each_engine};

on_each_engine! {
    a_logo_is_stored_shown_replaced_and_removed
    the_environment_has_logos_too
}

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n not much of a picture \0\xff";
const GIF: &[u8] = b"GIF89a not much of one either";

/// Posts a picture as a form with one file.
async fn send(api: &Api, route: &str, field: &str, file_name: &str, content: &[u8]) -> Answer {
    let request = World::http().post(api.url(route));
    send_by(request, api, (field, file_name), content).await
}

async fn send_by(
    request: reqwest::RequestBuilder,
    api: &Api,
    (field, file_name): (&str, &str),
    content: &[u8],
) -> Answer {
    let head = format!(
        "--limit\r\nContent-Disposition: form-data; name=\"{field}\"; filename=\"{file_name}\"\r\n\
         Content-Type: text/html\r\n\r\n"
    );
    let body = [head.as_bytes(), content, b"\r\n--limit--\r\n"].concat();
    let request = request
        .bearer_auth(&api.token)
        .header("Content-Type", "multipart/form-data; boundary=limit")
        .body(body);
    Answer::read(request.send().await.expect("the server answers")).await
}

async fn a_logo_is_stored_shown_replaced_and_removed(engine: Engine) {
    let world = World::on(engine).await;
    let api = world.api().await;
    let acme = world.organization("Acme").await;
    let route = format!("/organizations/{acme}/logos");
    let logos = async || api.get(&route).await["logos"].clone();
    assert_eq!(logos().await, json!([]));

    let light = format!("{route}/light");
    let answer = send(&api, &light, "logo", "acme.png", PNG).await;
    assert_eq!(
        (answer.status.as_u16(), &answer.body["code"]),
        (200, &json!("OK"))
    );
    let stored = logos().await;
    let path = stored[0]["path"]
        .as_str()
        .expect("it has a path")
        .to_owned();
    let expected = json!([{ "type": "light", "file_name": "acme.png", "path": path }]);
    assert_eq!(stored, expected);
    assert!(!path.contains(acme.as_str()));

    let picture = World::http().get(world.url(&path)).send().await.unwrap();
    let header = |name: &str| picture.headers()[name].to_str().unwrap().to_owned();
    // What the form said of it counts for nothing.
    assert_eq!(header("content-type"), "image/png");
    assert_eq!(header("x-content-type-options"), "nosniff");
    assert!(header("content-security-policy").contains("default-src 'none'; sandbox;"));
    assert_eq!(
        header("cache-control"),
        "public, max-age=31536000, immutable"
    );
    assert_eq!(picture.bytes().await.unwrap(), PNG);

    send(&api, &format!("{route}/dark"), "logo", "", GIF).await;
    send(&api, &light, "logo", "new.gif", GIF).await;
    let shown = api.get(&format!("/organization?code={acme}")).await;
    let paths = [&shown["logo"], &shown["logo_dark"]].map(|path| path.as_str().unwrap().to_owned());
    assert!(paths[0] != path && paths[0] != paths[1]);
    // The former one is nowhere any more.
    let former = World::http().get(world.url(&path)).send().await.unwrap();
    assert_eq!(former.status(), 404);
    assert_eq!(logos().await[0]["file_name"], "logo");

    api.delete(&light).await;
    let refused = api.refusal("DELETE", &light, None).await;
    assert_eq!(refused, (404, "LOGO_NOT_FOUND".to_owned()));
    assert_eq!(logos().await.as_array().map(Vec::len), Some(1));
    assert_eq!(world.audited(acme.as_str()).await.len(), 4 + 1);
    let events = api.get(&format!("/audit_events?subject={acme}")).await;
    assert!(
        !events
            .to_string()
            .contains(paths[1].trim_start_matches("/logo/"))
    );

    api.delete(&format!("/organization/{acme}")).await;
    let gone = World::http()
        .get(world.url(&paths[1]))
        .send()
        .await
        .unwrap();
    assert_eq!(gone.status(), 404);
}

/// Gives the environment a picture. Returns the status and the code.
async fn put(api: &Api, ground: &str, content: &[u8]) -> (u16, Value) {
    let request = World::http().put(api.url(&format!("/environment/logos/{ground}")));
    let answer = send_by(request, api, ("logo", "business.png"), content).await;
    (answer.status.as_u16(), answer.body["code"].clone())
}

/// The paths of the logos of the environment, by ground.
async fn paths(api: &Api) -> Vec<String> {
    let answer = api.get("/environment/logos").await;
    let logos = answer["logos"].as_array().expect("it is a list");
    let paths = logos.iter().filter_map(|logo| logo["path"].as_str());
    paths.map(str::to_owned).collect()
}

async fn the_environment_has_logos_too(engine: Engine) {
    let world = World::on(engine).await;
    let api = world.api().await;
    let route = "/environment/logos";
    assert_eq!(api.get(route).await["logos"], json!([]));
    for ground in ["light", "dark"] {
        assert_eq!(put(&api, ground, PNG).await, (200, json!("OK")));
    }
    let paths = paths(&api).await;
    let expected = json!([
        { "type": "dark", "file_name": "business.png", "path": paths[0] },
        { "type": "light", "file_name": "business.png", "path": paths[1] },
    ]);
    assert_eq!(api.get(route).await["logos"], expected);
    let shown = &api.get("/environment").await["environment"];
    let found = (&shown["logo"], &shown["logo_dark"]);
    assert_eq!(found, (&json!(paths[1]), &json!(paths[0])));
    let picture = World::http().get(world.url(&paths[0])).send().await;
    assert_eq!(picture.unwrap().bytes().await.unwrap(), PNG);

    assert_eq!(put(&api, "favicon", PNG).await.0, 404);
    assert_eq!(put(&api, "light", b"<svg/>").await.0, 400);
    for ground in ["light", "dark"] {
        api.delete(&format!("{route}/{ground}")).await;
    }
    let gone = format!("{route}/light");
    let refused = api.refusal("DELETE", &gone, None).await;
    assert_eq!(refused, (404, "LOGO_NOT_FOUND".to_owned()));
    assert_eq!(
        world.audited("environment").await,
        ["environment.updated"; 4]
    );
}

#[tokio::test]
async fn pages_of_no_organization_bear_the_logo_of_the_environment() {
    let world = World::new().await;
    let api = world.api().await;
    for ground in ["light", "dark"] {
        put(&api, ground, PNG).await;
    }
    let paths = paths(&api).await;
    let (dark, light) = (paths[0].as_str(), paths[1].as_str());
    let client = world.client().await;
    let acme = world.organization("Acme").await;
    let in_acme = client.authorize_url(&[("org_code", acme.as_str())]);
    let mut browser = world.browser();
    let source = "picture source";
    for address in [&client.authorize_url(&[]), &in_acme, &world.url("/nowhere")] {
        let page = browser.open(address).await;
        let shown = page.attribute("#environment-logo", "src");
        let other = page.attribute(source, "srcset");
        let shown = (shown.as_deref(), other.as_deref());
        assert_eq!(shown, (Some(light), Some(dark)), "{address}");
    }
    // An organization that always is dark bears the one for the dark; one with a logo, its own.
    let route_of_acme = format!("/organization/{acme}");
    api.patch(&route_of_acme, json!({ "theme_code": "dark" }))
        .await;
    let page = browser.open(&in_acme).await;
    let shown = page.attribute("#environment-logo", "src");
    assert_eq!((shown.as_deref(), page.has(source)), (Some(dark), false));
    assert_eq!(page.text("#organization"), "Acme");
    let own = format!("/organizations/{acme}/logos/light");
    send(&api, &own, "logo", "acme.png", PNG).await;
    let page = browser.open(&in_acme).await;
    assert!(page.has("#organization-logo") && !page.has("#environment-logo"));

    // What was taken away is gone from all pages within a second.
    for ground in ["light", "dark"] {
        api.delete(&format!("/environment/logos/{ground}")).await;
    }
    world.pass(1);
    let page = browser.open(&client.authorize_url(&[])).await;
    assert!(!page.has("#environment-logo"));
}

#[tokio::test]
async fn what_can_not_be_a_logo_is_refused() {
    let world = World::new().await;
    let api = world.api().await;
    let acme = world.organization("Acme").await;
    let route = format!("/organizations/{acme}/logos");
    let light = format!("{route}/light");
    let large = [b"GIF89a".as_slice(), &vec![0; 256 * 1024]].concat();
    let huge = vec![0; 1024 * 1024 + 1];
    let svg = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>";
    let nowhere = "/organizations/org_00000000000/logos/light";
    for (route, field, content, status, code) in [
        (light.as_str(), "logo", &svg[..], 400, "INVALID_FIELD"),
        (&light, "logo", &large, 400, "INVALID_FIELD"),
        (&light, "picture", PNG, 400, "INVALID_FIELD"),
        (&light, "picture", &huge, 413, "BODY_TOO_LARGE"),
        (
            &format!("{route}/favicon"),
            "logo",
            PNG,
            404,
            "LOGO_NOT_FOUND",
        ),
        (nowhere, "logo", PNG, 404, "ORGANIZATION_NOT_FOUND"),
    ] {
        let answer = send(&api, route, field, "logo.png", content).await;
        let found = (answer.status.as_u16(), &answer.body["errors"][0]["code"]);
        assert_eq!(found, (status, &json!(code)), "{route} {}", answer.body);
    }
    // No form, a form that breaks off, and one without an end.
    let refused = api.refusal("POST", &light, Some(json!({}))).await;
    assert_eq!(refused, (400, "INVALID_BODY".to_owned()));
    for body in [
        "",
        "--limit\r\nContent-Disposition: form-data; name=\"logo\"\r\n\r\nGIF89a",
    ] {
        let request = World::http()
            .post(api.url(&light))
            .bearer_auth(&api.token)
            .header("Content-Type", "multipart/form-data; boundary=limit")
            .body(body);
        let answer = Answer::read(request.send().await.unwrap()).await;
        let found = (answer.status.as_u16(), &answer.body["errors"][0]["code"]);
        assert_eq!(found, (400, &json!("INVALID_BODY")), "{body}");
    }
    assert_eq!(api.get(&route).await["logos"], Value::Array(Vec::new()));
}

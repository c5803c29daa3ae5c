//! `/organizations/{org_code}/logos`: the pictures that pages of an organization bear.

use serde_json::{Value, json};

use crate::support::{Answer, Api, Engine, World, on_each_engine};

on_each_engine! { a_logo_is_stored_shown_replaced_and_removed }

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n not much of a picture \0\xff";
const GIF: &[u8] = b"GIF89a not much of one either";

/// Sends a picture as a form with one file.
async fn send(api: &Api, route: &str, field: &str, file_name: &str, content: &[u8]) -> Answer {
    let head = format!(
        "--limit\r\nContent-Disposition: form-data; name=\"{field}\"; filename=\"{file_name}\"\r\n\
         Content-Type: text/html\r\n\r\n"
    );
    let body = [head.as_bytes(), content, b"\r\n--limit--\r\n"].concat();
    let request = World::http()
        .post(api.url(route))
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

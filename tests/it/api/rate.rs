//! How often a client may call.

use serde_json::json;

use crate::support::{Answer, Api, World};

/// The status, and `RateLimit-Limit`, `-Remaining`, `-Reset` and `Retry-After`.
fn told(answer: &Answer) -> (u16, [Option<i64>; 4]) {
    let names = [
        "ratelimit-limit",
        "ratelimit-remaining",
        "ratelimit-reset",
        "retry-after",
    ];
    let number = |name| answer.headers.get(name)?.to_str().ok()?.parse().ok();
    (answer.status.as_u16(), names.map(number))
}

async fn call(api: &Api) -> (u16, [Option<i64>; 4]) {
    told(&api.call("GET", "/permissions", None).await)
}

#[tokio::test]
async fn a_client_that_calls_too_often_waits_and_no_other_does() {
    let world = World::with(&[("API__REQUESTS_PER_MINUTE", "2")]).await;
    let (api, other) = (world.api().await, world.api().await);
    assert_eq!(call(&api).await, (200, [Some(2), Some(1), Some(60), None]));
    world.pass(10);
    let missing = api.call("GET", "/nothing", None).await;
    let expected = (404, [Some(2), Some(0), Some(50), None]);
    assert_eq!(told(&missing), expected, "refusals count, and tell");
    let permission = json!({ "name": "A", "key": "a" });
    let refused = api.call("POST", "/permissions", Some(permission)).await;
    assert_eq!(refused.body["errors"][0]["code"], "TOO_MANY_REQUESTS");
    let expected = (429, [Some(2), Some(0), Some(50), Some(50)]);
    assert_eq!(told(&refused), expected);

    let listed = other.get("/permissions").await;
    assert_eq!(
        listed["permissions"],
        json!([]),
        "what was refused is not done"
    );
    world.pass(50);
    assert_eq!(call(&api).await, (200, [Some(2), Some(1), Some(60), None]));
}

#[tokio::test]
async fn who_is_not_known_is_neither_counted_nor_told() {
    let world = World::with(&[("API__REQUESTS_PER_MINUTE", "1")]).await;
    let api = world.api().await;
    for _ in 0..3 {
        let forged = World::http().get(world.url("/api/v1/permissions"));
        let forged = forged.bearer_auth(format!("{}x", api.token)).send().await;
        let answer = Answer::read(forged.expect("the server answers")).await;
        assert_eq!(told(&answer), (401, [None; 4]));
    }
    assert_eq!(call(&api).await.0, 200);
}

#[tokio::test]
async fn without_a_limit_there_is_nothing_to_tell() {
    let world = World::with(&[("API__REQUESTS_PER_MINUTE", "0")]).await;
    let api = world.api().await;
    assert_eq!(call(&api).await, (200, [None; 4]));
}

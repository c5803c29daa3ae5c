//! `/healthz` and `/readyz` of a server that is well.

use crate::support::{Engine, World, on_each_engine};

on_each_engine! {
    a_server_that_is_well_says_so
}

async fn a_server_that_is_well_says_so(engine: Engine) {
    let world = World::on(engine).await;
    for (path, expected) in [("/healthz", "ok\n"), ("/readyz", "ready\n")] {
        let answer = World::http().get(world.url(path)).send().await;
        let answer = answer.expect("the server answers");
        assert_eq!(answer.status(), 200, "{path}");
        assert_eq!(answer.text().await.expect("it is text"), expected);
    }
}

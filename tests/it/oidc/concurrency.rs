//! Requests at the same time: of two, one wins, on both engines.

use std::collections::HashSet;

use super::{Scene, header};
use crate::support::{Answer, Engine, TestClient, Tokens, World, on_each_engine};

on_each_engine! {
    of_two_redemptions_at_once_exactly_one_wins_forty_times
    of_two_nodes_exactly_one_redeems_a_code
    an_interaction_opened_twice_at_once_gives_one_code
    refreshes_at_once_have_the_same_successor
    nodes_that_refresh_at_once_agree_on_the_successor
    revocation_and_refresh_at_once_leave_nothing_alive
}

async fn of_two_redemptions_at_once_exactly_one_wins_forty_times(engine: Engine) {
    let mut scene = Scene::on(engine).await;
    for round in 0..40 {
        let code = scene.code(&[]).await;
        let redeem = || scene.client.try_redeem(&code, &[]);
        let (one, other) = tokio::join!(redeem(), redeem());
        let (winner, loser) = if one.status == 200 {
            (one, other)
        } else {
            (other, one)
        };
        assert_eq!(loser.status, 400, "round {round}: {:?}", loser.body);
        assert_eq!(loser.error(), "invalid_grant", "round {round}");
        let tokens = Tokens::of(&winner);
        let userinfo = scene.client.userinfo(&tokens.access_token).await;
        assert_eq!(
            userinfo.status, 401,
            "round {round}: the second use revoked"
        );
        let refresh_token = tokens.refresh_token.expect("offline");
        let refresh = scene.client.refresh(&refresh_token).await;
        assert_eq!(refresh.error(), "invalid_grant", "round {round}");
    }
}

async fn of_two_nodes_exactly_one_redeems_a_code(engine: Engine) {
    let mut scene = Scene::on(engine).await;
    let second = scene.world.second_node().await;
    let there = scene.client.at(&second);
    for round in 0..10 {
        let code = scene.code(&[]).await;
        let (here, there) = tokio::join!(
            scene.client.try_redeem(&code, &[]),
            there.try_redeem(&code, &[])
        );
        let mut statuses = [here.status.as_u16(), there.status.as_u16()];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 400], "round {round}");
    }
}

async fn an_interaction_opened_twice_at_once_gives_one_code(engine: Engine) {
    let scene = Scene::on(engine).await;
    for round in 0..10 {
        let request = World::http().get(scene.client.authorize_url(&[]));
        let response = request.send().await.expect("the server answers");
        let location = header(response.headers(), "location").to_owned();
        let (mut one, mut other) = (scene.browser.tab(), scene.browser.tab());
        let (one, other) = tokio::join!(one.open(&location), other.open(&location));
        let codes = [one, other].into_iter().filter(|page| page.is_elsewhere);
        assert_eq!(codes.count(), 1, "round {round}");
    }
}

async fn refreshes_at_once_have_the_same_successor(engine: Engine) {
    let mut scene = Scene::on(engine).await;
    let mut token = scene.tokens(&[]).await.refresh_token.expect("offline");
    for round in 0..5 {
        let client = &scene.client;
        let answers = all_at_once(&[client; 8], &token).await;
        token = one_successor(&answers, round);
        scene.world.pass(60);
    }
}

async fn nodes_that_refresh_at_once_agree_on_the_successor(engine: Engine) {
    let mut scene = Scene::on(engine).await;
    let second = scene.world.second_node().await;
    let there = scene.client.at(&second);
    let mut token = scene.tokens(&[]).await.refresh_token.expect("offline");
    for round in 0..5 {
        let here = &scene.client;
        let answers = all_at_once(&[here, &there, here, &there], &token).await;
        token = one_successor(&answers, round);
        scene.world.pass(60);
    }
}

async fn revocation_and_refresh_at_once_leave_nothing_alive(engine: Engine) {
    let mut scene = Scene::on(engine).await;
    for _ in 0..10 {
        let token = scene.tokens(&[]).await.refresh_token.expect("offline");
        let revocation = [("token", token.as_str())];
        let (refreshed, revoked) = tokio::join!(
            scene.client.refresh(&token),
            scene.client.post("/oauth2/revoke", &revocation)
        );
        assert_eq!(revoked.status, 200);
        if refreshed.status == 200 {
            let tokens = Tokens::of(&refreshed);
            let userinfo = scene.client.userinfo(&tokens.access_token).await;
            assert_eq!(userinfo.status, 401);
            let refresh_token = tokens.refresh_token.expect("offline");
            let refresh = scene.client.refresh(&refresh_token).await;
            assert_eq!(refresh.error(), "invalid_grant");
        }
    }
}

/// Refreshes with the same token from each of these clients.
async fn all_at_once(clients: &[&TestClient], token: &str) -> Vec<Answer> {
    let mut tasks = tokio::task::JoinSet::new();
    for client in clients {
        let (client, token) = ((*client).clone(), token.to_owned());
        tasks.spawn(async move { client.refresh(&token).await });
    }
    tasks.join_all().await
}

/// The one refresh token in all answers, each of which has tokens.
fn one_successor(answers: &[Answer], round: usize) -> String {
    let successors: HashSet<String> = answers
        .iter()
        .map(|answer| Tokens::of(answer).refresh_token.expect("offline"))
        .collect();
    assert_eq!(successors.len(), 1, "round {round}");
    successors.into_iter().next().expect("there is one")
}

//! What people do in a browser, in one line each, and what an administrator does to them.

use vestibule::id::UserId;
use vestibule::store::environment::{self, Policies};
use vestibule::store::{Tx, users};

use super::{Browser, PASSWORD, Page, TestClient, Tokens, World};

impl World {
    /// A transaction that may write.
    pub(crate) async fn write(&self) -> Tx {
        let tx = self.app.db.write().await;
        tx.expect("the database takes writes")
    }

    /// Suspends a user, as another node would: nobody is told.
    pub(crate) async fn suspend(&self, user: &UserId) {
        let mut tx = self.write().await;
        let found = users::find(&mut tx, user).await;
        let mut record = found.expect("the database answers").expect("there is one");
        record.suspended_at = Some(self.now());
        let stored = users::update(&mut tx, &record).await;
        stored.expect("the database takes writes");
        tx.commit().await.expect("the database takes writes");
    }

    /// Switches self sign-up on or off.
    pub(crate) async fn allow_sign_up(&self, self_sign_up_allowed: bool) {
        let mut tx = self.write().await;
        let current = environment::policies(&mut tx).await;
        let policies = Policies {
            self_sign_up_allowed,
            ..current.expect("the database answers")
        };
        let stored = environment::update(&mut tx, &policies).await;
        stored.expect("the database takes writes");
        tx.commit().await.expect("the database takes writes");
    }

    /// A browser in which that user is signed in, and the tokens the client got for it.
    pub(crate) async fn signed_in(&self, client: &TestClient, email: &str) -> (Browser, Tokens) {
        let mut browser = self.browser();
        browser.open(&client.authorize_url(&[])).await;
        browser.sign_in(email, PASSWORD).await;
        let tokens = client.redeem(browser.arrived()).await;
        (browser, tokens)
    }
}

impl Browser {
    /// Follows the link to another page of the interaction: `sign_in`, `register` or `forgot_password`.
    pub(crate) async fn turn_to(&mut self, screen: &str) -> &Page {
        let link = format!("button[name='screen'][value='{screen}']");
        self.submit(&link, &[]).await
    }

    /// Says who one will be, on the page for that.
    pub(crate) async fn introduce(&mut self, name: &str, email: &str) -> &Page {
        let fields = [("p_first_name", name), ("p_email", email)];
        self.press("register", &fields).await
    }

    /// Chooses a password, typed twice alike.
    pub(crate) async fn choose_password(&mut self, password: &str) -> &Page {
        let fields = [
            ("p_first_password", password),
            ("p_second_password", password),
        ];
        self.press("choose-password", &fields).await
    }

    /// Enters the code that was mailed.
    pub(crate) async fn enter_code(&mut self, code: &str) -> &Page {
        self.press("confirm-code", &[("p_confirmation_code", code)])
            .await
    }

    /// Has another code sent.
    pub(crate) async fn resend_code(&mut self) -> &Page {
        self.submit("button[form='resend']", &[]).await
    }

    /// Reloads the page.
    pub(crate) async fn reload(&mut self) -> &Page {
        let address = self.page().url.to_string();
        self.open(&address).await
    }
}

impl Page {
    /// What is said to be wrong.
    pub(crate) fn problems(&self) -> String {
        self.text(".problem, .alert")
    }
}

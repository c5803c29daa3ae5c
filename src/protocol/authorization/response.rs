//! The authorization response (RFC 6749 §4.1.2, RFC 9207 §2).

use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::{Map, Value};

use super::{AuthorizationRequest, Prompt, StartPage};
use crate::{
    protocol::{
        ErrorCode, OAuthError,
        issuer::Issuer,
        response_mode::{Delivery, ResponseMode, deliver},
    },
    secret::Secret,
};

impl AuthorizationRequest {
    /// Answers with a code.
    pub fn grant(&self, code: &Secret, issuer: &Issuer) -> Delivery {
        self.respond(vec![("code", code.expose().to_owned())], issuer)
    }

    /// Answers with an error.
    pub fn refuse(&self, error: &OAuthError, issuer: &Issuer) -> Delivery {
        self.respond(error.fields(), issuer)
    }

    /// Sends the End-User back to begin anew, because the link into this sign-in is too old.
    ///
    /// `None` when the client does not understand that: then it is for a page to say so.
    pub fn expire(&self, issuer: &Issuer) -> Option<Delivery> {
        self.supports_reauth.then(|| {
            let error = OAuthError::new(
                ErrorCode::LoginLinkExpired,
                "the sign-in took too long; begin anew",
            );
            let mut fields = error.fields();
            fields.push(("reauth_state", reauth_state(self)));
            self.respond(fields, issuer)
        })
    }

    fn respond(&self, fields: Vec<(&str, String)>, issuer: &Issuer) -> Delivery {
        respond(
            &self.redirect_uri,
            self.response_mode,
            self.state.as_deref(),
            fields,
            issuer,
        )
    }
}

/// Answers a request that was refused before it became one, with [`super::Rejection::Redirect`].
pub fn error_response(
    redirect_uri: &str,
    mode: ResponseMode,
    state: Option<&str>,
    error: &OAuthError,
    issuer: &Issuer,
) -> Delivery {
    respond(redirect_uri, mode, state, error.fields(), issuer)
}

fn respond(
    redirect_uri: &str,
    mode: ResponseMode,
    state: Option<&str>,
    mut fields: Vec<(&str, String)>,
    issuer: &Issuer,
) -> Delivery {
    fields.extend(state.map(|state| ("state", state.to_owned())));
    fields.push(("iss", issuer.as_str().to_owned()));
    deliver(redirect_uri, mode, fields)
}

/// Gives what the client needs to ask again: base64 of a JSON object of strings.
///
/// The members, and those left out, are the ones that SDKs merge into a fresh request without harm.
pub fn reauth_state(request: &AuthorizationRequest) -> String {
    let asks_to_register = request.start_page == StartPage::Register;
    let prompt = match &request.prompts {
        prompts if prompts.is_empty() && asks_to_register => Prompt::Create.to_string(),
        // Silence was asked for then; whoever reads this has an End-User at hand.
        prompts if prompts.is_none() => String::new(),
        prompts => prompts.to_string(),
    };
    let members: Map<String, Value> = [
        (
            "org_code",
            request.org_code.as_ref().map(ToString::to_string),
        ),
        ("org_name", request.org_name.clone()),
        (
            "is_create_org",
            request.is_create_org.then(|| "true".to_owned()),
        ),
        ("prompt", Some(prompt)),
        ("login_hint", request.login_hint.clone()),
        ("lang", request.ui_locales.first().cloned()),
        (
            "connection_id",
            request.connection_id.as_ref().map(ToString::to_string),
        ),
        ("audience", Some(request.audiences.join(" "))),
        (
            "invitation_code",
            request
                .invitation_code
                .as_ref()
                .map(|code| code.expose().to_owned()),
        ),
    ]
    .into_iter()
    .filter_map(|(name, value)| Some((name.to_owned(), value?)))
    .filter(|(_, value)| !value.is_empty())
    .map(|(name, value)| (name, Value::String(value)))
    .collect();
    BASE64_STANDARD.encode(Value::Object(members).to_string())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::protocol::authorization::tests::parsed;

    fn address(delivery: Delivery) -> String {
        match delivery {
            Delivery::Redirect(address) => address,
            Delivery::FormPost { .. } => panic!("a form"),
        }
    }

    fn issuer() -> Issuer {
        Issuer::parse("https://id.example.test").unwrap()
    }

    #[test]
    fn reauth_state_leaves_out_what_was_not_asked_for() {
        for (query, json) in [
            ("", "{}"),
            ("prompt=none&scope=openid&state=s", "{}"),
            ("start_page=registration", r#"{"prompt":"create"}"#),
            (
                "prompt=login&start_page=registration",
                r#"{"prompt":"login"}"#,
            ),
        ] {
            let reauth = BASE64_STANDARD
                .decode(reauth_state(&parsed(query)))
                .unwrap();
            assert_eq!(String::from_utf8(reauth).unwrap(), json, "{query}");
        }
    }

    #[test]
    fn every_response_carries_state_and_iss() {
        let request = parsed("state=s");
        let tail = "&state=s&iss=https%3A%2F%2Fid.example.test";
        assert_eq!(
            address(request.grant(&"c".into(), &issuer())),
            format!("https://a.test/cb?x=1&code=c{tail}")
        );
        let error = OAuthError::new(ErrorCode::LoginRequired, "no session");
        let expected = format!(
            "https://a.test/cb?x=1&error=login_required&error_description=no+session{tail}"
        );
        assert_eq!(address(request.refuse(&error, &issuer())), expected);
        let redirect = error_response(
            &request.redirect_uri,
            request.response_mode,
            request.state.as_deref(),
            &error,
            &issuer(),
        );
        assert_eq!(address(redirect), expected);
    }

    #[test]
    fn an_expired_sign_in_goes_back_to_clients_that_understand() {
        assert_eq!(parsed("").expire(&issuer()), None);
        let expired = address(parsed("supports_reauth=true").expire(&issuer()).unwrap());
        assert!(expired.contains("&error=login_link_expired&"), "{expired}");
        assert!(expired.contains("&reauth_state=e30%3D&"), "{expired}");
    }

    #[test]
    fn reauth_state_is_base64_of_the_strings_that_a_fresh_request_needs() {
        let conn = "conn_0192c16abb53b44277e597d31877ba5b";
        let request = parsed(&format!(
            "prompt=create&org_code=org_1ccfb819462&is_create_org=true&org_name=Acme\
             &connection_id={conn}&audience=a&audience=b&lang=de&login_hint=ada@a.test\
             &invitation_code=inv_1&supports_reauth=true&scope=openid&state=s&nonce=n",
        ));
        let reauth = BASE64_STANDARD.decode(reauth_state(&request)).unwrap();
        assert_eq!(
            serde_json::from_slice::<serde_json::Value>(&reauth).unwrap(),
            json!({
                "org_code": "org_1ccfb819462", "org_name": "Acme", "is_create_org": "true",
                "prompt": "create", "login_hint": "ada@a.test", "lang": "de", "connection_id": conn,
                "audience": "a b", "invitation_code": "inv_1",
            })
        );
    }
}

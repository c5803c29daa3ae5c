//! What each parameter of an authorization request leads to.

use proptest::prelude::*;

use super::*;

const ID: &str = "3b0b5c6c8fcc464fab397f4969b5f482";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
const NOW: Timestamp = Timestamp::from_unix(1_795_334_402);

struct Client {
    id: ClientId,
    redirect_uris: Vec<String>,
    grant_types: Vec<GrantType>,
    allowed_scopes: Scopes,
    pkce_required: bool,
}

fn client() -> Client {
    Client {
        id: ClientId::parse(ID).unwrap(),
        redirect_uris: vec!["https://a.test/cb?x=1".into()],
        grant_types: vec![GrantType::AuthorizationCode, GrantType::RefreshToken],
        allowed_scopes: Scopes::parse("openid profile email offline offline_access").unwrap(),
        pkce_required: false,
    }
}

impl Client {
    fn policy(&self) -> ClientPolicy<'_> {
        ClientPolicy {
            client_id: &self.id,
            redirect_uris: &self.redirect_uris,
            grant_types: &self.grant_types,
            allowed_scopes: &self.allowed_scopes,
            resources: &["https://orders.test"],
            pkce_required: self.pkce_required,
        }
    }

    fn parse(&self, query: &str) -> Result<AuthorizationRequest, Rejection> {
        parse(&Params::parse(query).unwrap(), &self.policy(), NOW)
    }

    /// The code that is sent to the client.
    fn refusal(&self, query: &str) -> Option<ErrorCode> {
        match self.parse(query) {
            Ok(_) => None,
            Err(Rejection::Redirect { error, .. }) => Some(error.code),
            Err(Rejection::Show(error)) => panic!("{query}: shown: {error}"),
        }
    }
}

pub(super) fn parsed(query: &str) -> AuthorizationRequest {
    client()
        .parse(&format!("response_type=code&{query}"))
        .unwrap()
}

#[test]
fn the_client_is_named_by_client_id() {
    for (query, expected) in [
        (format!("client_id={ID}"), Ok(ID)),
        (String::new(), Err(ErrorCode::InvalidRequest)),
        ("client_id=".into(), Err(ErrorCode::InvalidRequest)),
        (
            format!("client_id={ID}&client_id={ID}"),
            Err(ErrorCode::InvalidRequest),
        ),
        ("client_id=nobody".into(), Err(ErrorCode::InvalidClient)),
    ] {
        let found = client_id(&Params::parse(&query).unwrap());
        let found = found.map_err(|error| error.code);
        assert_eq!(
            found.as_ref().map(ClientId::as_str).map_err(|code| *code),
            expected,
            "{query}"
        );
    }
}

#[test]
fn an_unproven_redirect_uri_is_an_error_page_and_never_a_redirect() {
    let one = client();
    let two = Client {
        redirect_uris: vec!["https://a.test/1".into(), "https://a.test/2".into()],
        ..client()
    };
    let none = Client {
        redirect_uris: Vec::new(),
        ..client()
    };
    for (client, query) in [
        (&one, "redirect_uri=https://b.test/cb"),
        (&one, "redirect_uri=https://a.test/cb"),
        (&one, "redirect_uri=https://a.test/cb?x=2"),
        (&one, "redirect_uri=https://a.test/cb?x=1%26y=2"),
        (
            &one,
            "redirect_uri=https://a.test/cb?x=1&redirect_uri=https://a.test/cb?x=1",
        ),
        (&two, ""),
        (&two, "redirect_uri="),
        (&none, ""),
    ] {
        let outcome = client.parse(&format!("response_type=code&{query}"));
        assert!(
            matches!(outcome, Err(Rejection::Show(_))),
            "{query} {outcome:?}"
        );
    }
}

#[test]
fn a_redirect_uri_may_be_omitted_when_one_is_registered() {
    let request = parsed("");
    assert_eq!(request.redirect_uri, "https://a.test/cb?x=1");
    assert!(!request.redirect_uri_was_given);
    assert!(parsed("redirect_uri=https://a.test/cb?x=1").redirect_uri_was_given);
    let native = Client {
        redirect_uris: vec!["http://127.0.0.1/cb".into()],
        ..client()
    };
    let request = native
        .parse("response_type=code&redirect_uri=http://127.0.0.1:51004/cb")
        .unwrap();
    assert_eq!(request.redirect_uri, "http://127.0.0.1:51004/cb");
}

#[test]
fn response_type_and_response_mode() {
    use ErrorCode::{InvalidRequest, UnsupportedResponseType};
    for (query, refusal) in [
        ("response_type=code", None),
        ("response_type=code&response_mode=query", None),
        ("response_type=code&response_mode=fragment", None),
        ("response_type=code&response_mode=form_post", None),
        ("response_type=code&response_mode=jwt", Some(InvalidRequest)),
        ("", Some(InvalidRequest)),
        ("response_type=token", Some(UnsupportedResponseType)),
        ("response_type=code+id_token", Some(UnsupportedResponseType)),
        (
            "response_type=code&response_type=code",
            Some(InvalidRequest),
        ),
    ] {
        assert_eq!(client().refusal(query), refusal, "{query}");
    }
}

#[test]
fn what_is_not_supported_has_its_own_error() {
    for (query, code) in [
        ("request=e30.e30.", ErrorCode::RequestNotSupported),
        (
            "request_uri=https://a.test/r",
            ErrorCode::RequestUriNotSupported,
        ),
        ("registration={}", ErrorCode::RegistrationNotSupported),
    ] {
        assert_eq!(
            client().refusal(&format!("response_type=code&{query}")),
            Some(code),
            "{query}"
        );
    }
}

#[test]
fn each_malformed_parameter_is_an_invalid_request() {
    let long_state = format!("state={}", "s".repeat(LONGEST_STATE + 1));
    for query in [
        "max_age=-1",
        "max_age=+1",
        "max_age=%2B1",
        "max_age=soon",
        "max_age=99999999999",
        "prompt=none+login",
        "prompt=everything",
        "claims=[]",
        "org_code=acme",
        "connection_id=google",
        "code_challenge=short&code_challenge_method=S256",
        "scope=openid&scope=email",
        "nonce=a&nonce=b",
        "state=a&state=b",
        &long_state,
    ] {
        let refusal = client().refusal(&format!("response_type=code&{query}"));
        assert_eq!(refusal, Some(ErrorCode::InvalidRequest), "{query}");
    }
    let refusal = client().refusal("response_type=code&scope=a%22b");
    assert_eq!(refusal, Some(ErrorCode::InvalidScope));
}

#[test]
fn a_resource_that_the_client_may_not_call_is_an_invalid_target() {
    for (query, refusal) in [
        ("resource=https://orders.test", None),
        ("resource=", None),
        (
            "resource=https://stock.test",
            Some(ErrorCode::InvalidTarget),
        ),
        (
            "resource=https://orders.test&resource=https://stock.test",
            Some(ErrorCode::InvalidTarget),
        ),
        ("resource=orders", Some(ErrorCode::InvalidTarget)),
        ("audience=https://stock.test", None),
    ] {
        let query = format!("response_type=code&{query}");
        assert_eq!(client().refusal(&query), refusal, "{query}");
    }
}

#[test]
fn unknown_parameters_are_ignored() {
    let plain = parsed("");
    let query = "utm_source=x&utm_source=y&display=popup&claims_locales=se&post_login_redirect_url=/\
                 &pages_mode=preview&redirect_url=https://b.test&reauth_state=e30&state=";
    let mut with = parsed(query);
    let kept = std::mem::take(&mut with.others);
    assert_eq!(with, plain);
    // They are kept for an upstream that a connection passes them on to.
    assert_eq!(kept.get("display").map(String::as_str), Some("popup"));
    assert!(!kept.contains_key("utm_source"));
}

#[test]
fn scopes_are_narrowed_to_what_the_client_may_have() {
    let no_refresh = Client {
        grant_types: vec![GrantType::AuthorizationCode],
        ..client()
    };
    for (client, scope, expected) in [
        (
            client(),
            "openid+profile+email+offline",
            "openid profile email offline",
        ),
        (
            client(),
            "email+openid+offline_access+read:secrets",
            "email openid offline_access",
        ),
        (client(), "", ""),
        (no_refresh, "openid+offline+offline_access", "openid"),
    ] {
        let request = client
            .parse(&format!("response_type=code&scope={scope}"))
            .unwrap();
        assert_eq!(request.scopes.to_string(), expected);
    }
}

#[test]
fn pkce_is_accepted_from_every_client_and_demanded_where_required() {
    let strict = Client {
        pkce_required: true,
        ..client()
    };
    let s256 = format!("code_challenge={CHALLENGE}&code_challenge_method=S256");
    let plain = format!("code_challenge={CHALLENGE}&code_challenge_method=plain");
    let methodless = format!("code_challenge={CHALLENGE}");
    for (client, query, accepted) in [
        (client(), s256.as_str(), true),
        (client(), "", true),
        (client(), &plain, false),
        (client(), &methodless, false),
        (
            Client {
                pkce_required: true,
                ..client()
            },
            &s256,
            true,
        ),
        (strict, "", false),
    ] {
        let refusal = client.refusal(&format!("response_type=code&{query}"));
        let expected = (!accepted).then_some(ErrorCode::InvalidRequest);
        assert_eq!(refusal, expected, "{query} {}", client.pkce_required);
    }
}

#[test]
fn a_client_without_the_grant_is_an_unauthorized_client() {
    let machine = Client {
        grant_types: vec![GrantType::ClientCredentials],
        ..client()
    };
    assert_eq!(
        machine.refusal("response_type=code"),
        Some(ErrorCode::UnauthorizedClient)
    );
}

#[test]
fn an_error_goes_where_success_would_have_gone() {
    for (query, mode, state) in [
        ("state=s", ResponseMode::Query, Some("s")),
        (
            "state=s&response_mode=form_post",
            ResponseMode::FormPost,
            Some("s"),
        ),
        ("response_mode=fragment", ResponseMode::Fragment, None),
        (
            "response_mode=pigeon&state=s",
            ResponseMode::Query,
            Some("s"),
        ),
        ("state=a&state=b", ResponseMode::Query, None),
    ] {
        match client().parse(&format!("response_type=none&{query}")) {
            Err(Rejection::Redirect {
                redirect_uri,
                response_mode,
                state: echoed,
                ..
            }) => {
                assert_eq!(redirect_uri, "https://a.test/cb?x=1");
                assert_eq!((response_mode, echoed.as_deref()), (mode, state), "{query}");
            }
            other => panic!("{query} {other:?}"),
        }
    }
}

#[test]
fn kinde_parameters() {
    let conn = "conn_0192c16abb53b44277e597d31877ba5b";
    let request = parsed(&format!(
        "prompt=create&org_code=org_1ccfb819462&is_create_org=true&org_name=Acme&connection_id={conn}\
         &audience=a&audience=b&audience=&lang=de&supports_reauth=true&login_hint=ada@a.test\
         &invitation_code=inv_1&max_age=0&acr_values=1+2&id_token_hint=e30",
    ));
    assert_eq!(request.start_page, StartPage::Register);
    assert_eq!(request.org_code, OrganizationId::parse("org_1ccfb819462"));
    assert_eq!(request.connection_id, ConnectionId::parse(conn));
    assert_eq!(request.audiences, ["a", "b"]);
    assert_eq!(request.max_age, Some(Seconds::new(0)));
    assert_eq!(request.acr_values, ["1", "2"]);
    assert_eq!(request.rat, NOW);
    assert!(!format!("{request:?}").contains("inv_1"));
}

#[test]
fn login_hint_is_an_address_or_a_user_name() {
    for (query, identifier) in [
        ("", None),
        ("login_hint=ada@a.test", Some("ada@a.test")),
        ("login_hint=username:ada", Some("ada")),
        ("login_hint=username:", None),
        ("login_hint=phone:%2B61412345678:au", None),
        ("login_hint=+any+text+", Some("any text")),
    ] {
        assert_eq!(parsed(query).hinted_identifier(), identifier, "{query}");
    }
}

/// Queries of the parameters that are read, with values that fit, nearly fit or do not.
fn queries() -> impl Strategy<Value = Params> {
    const NAMES: &[&str] = &[
        "redirect_uri",
        "response_type",
        "response_mode",
        "scope",
        "state",
        "nonce",
        "prompt",
        "max_age",
        "claims",
        "code_challenge",
        "code_challenge_method",
        "request",
        "org_code",
    ];
    const VALUES: &[&str] = &[
        "",
        "code",
        "query",
        "form_post",
        "openid email",
        "none",
        "login",
        "0",
        "{}",
        "S256",
        CHALLENGE,
        "https://a.test/cb?x=1",
        "https://a.test/cb",
        "https://b.test/cb?x=1",
        "org_1ccfb819462",
    ];
    let value = prop_oneof![
        4 => prop::sample::select(VALUES).prop_map(str::to_owned),
        1 => any::<String>(),
    ];
    prop::collection::vec((prop::sample::select(NAMES), value), 0..10)
        .prop_map(|pairs| pairs.into_iter().collect())
}

proptest! {
    #[test]
    fn nothing_goes_to_an_address_that_is_not_registered(params in queries()) {
        let client = client();
        match parse(&params, &client.policy(), NOW) {
            Ok(AuthorizationRequest { redirect_uri, .. })
            | Err(Rejection::Redirect { redirect_uri, .. }) => {
                prop_assert!(client.redirect_uris.contains(&redirect_uri));
            }
            Err(Rejection::Show(_)) => {}
        }
    }

    #[test]
    fn a_stored_request_is_read_back(
        state in "[^\0]{0,100}", login_hint in "[^\0]{0,50}", max_age in prop::option::of(any::<u32>()),
    ) {
        let mut pairs = vec![
            ("response_type", "code".to_owned()),
            ("state", state),
            ("login_hint", login_hint),
            ("claims", r#"{"id_token":{"acr":{"values":["1"]},"name":null}}"#.to_owned()),
            ("scope", "openid offline".to_owned()),
            ("prompt", "login consent".to_owned()),
        ];
        pairs.extend(max_age.map(|seconds| ("max_age", seconds.to_string())));
        let params: Params = pairs.into_iter().collect();
        let request = parse(&params, &client().policy(), NOW).unwrap();
        let stored = serde_json::to_string(&request).unwrap();
        prop_assert_eq!(serde_json::from_str::<AuthorizationRequest>(&stored).unwrap(), request);
    }
}

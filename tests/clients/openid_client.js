// A web application with npm openid-client: PKCE, state and nonce; the code for tokens; refresh, revocation, logout.
//
// CLIENT_SECRET absent: a public client. Needs Node.js 20.

import { createRemoteJWKSet, jwtVerify } from 'jose';
import * as oidc from 'openid-client';
import { equal, holds, refused, setting, story } from '../environment.js';
import { Visitor } from './support/visitor.js';

const issuer = setting('VESTIBULE_ISSUER');
const clientId = setting('CLIENT_ID');
const secret = process.env.CLIENT_SECRET;
const redirectUri = setting('REDIRECT_URI');
const afterLogout = setting('POST_LOGOUT_REDIRECT_URI');
const person = { username: setting('USERNAME_'), password: setting('PASSWORD_') };

const visitor = new Visitor([redirectUri, afterLogout]);

async function discover() {
  // Plain http is for the loopback issuers of tests.
  const execute = [oidc.allowInsecureRequests, oidc.enableNonRepudiationChecks];
  const authentication = secret ? oidc.ClientSecretBasic(secret) : oidc.None();
  const config = await oidc.discovery(new URL(issuer), clientId, undefined, authentication, { execute });
  equal('discovery names the issuer', config.serverMetadata().issuer, issuer);
  holds('discovery announces PKCE', config.serverMetadata().supportsPKCE());
  return config;
}

/** One authorization request: where to send the browser, and what to check when it returns. */
async function authorization(config, parameters = {}) {
  const checks = {
    pkceCodeVerifier: oidc.randomPKCECodeVerifier(),
    expectedState: oidc.randomState(),
    expectedNonce: oidc.randomNonce(),
    idTokenExpected: true,
  };
  const url = oidc.buildAuthorizationUrl(config, {
    redirect_uri: redirectUri,
    scope: 'openid profile email offline_access',
    code_challenge: await oidc.calculatePKCECodeChallenge(checks.pkceCodeVerifier),
    code_challenge_method: 'S256',
    state: checks.expectedState,
    nonce: checks.expectedNonce,
    ...parameters,
  });
  return { url, checks };
}

async function signIn(config) {
  const { url, checks } = await authorization(config);
  const arrived = await visitor.signIn(url, person);
  // openid-client compares `state` and, announced in discovery, `iss` (RFC 9207).
  equal('the response names the issuer', arrived.searchParams.get('iss'), issuer);
  const tokens = await oidc.authorizationCodeGrant(config, arrived, checks);

  const claims = tokens.claims();
  equal('id_token iss', claims.iss, issuer);
  equal('id_token aud', [claims.aud].flat(), [clientId]);
  equal('id_token email', claims.email, person.username);
  equal('id_token email_verified', claims.email_verified, true);
  holds('id_token auth_time is recent', Math.abs(Date.now() / 1000 - claims.auth_time) < 300, claims.auth_time);
  holds('a refresh token is there', typeof tokens.refresh_token === 'string');
  holds('expires_in is a number', Number.isInteger(tokens.expires_in), tokens.expires_in);
  return tokens;
}

async function accessToken(config, tokens) {
  const keys = createRemoteJWKSet(new URL(config.serverMetadata().jwks_uri));
  const { payload, protectedHeader } = await jwtVerify(tokens.access_token, keys, { issuer });
  equal('access token alg', protectedHeader.alg, 'RS256');
  equal('access token sub', payload.sub, tokens.claims().sub);
  equal('access token azp', payload.azp, clientId);
  holds('access token aud is an array', Array.isArray(payload.aud), payload.aud);
  holds('access token scp holds openid', payload.scp?.includes('openid'), payload.scp);

  const user = await oidc.fetchUserInfo(config, tokens.access_token, tokens.claims().sub);
  equal('userinfo email', user.email, person.username);
  if (!secret) return;
  const introspected = await oidc.tokenIntrospection(config, tokens.access_token);
  equal('introspection says active', introspected.active, true);
  equal('introspection names the client', introspected.client_id, clientId);
}

async function refresh(config, tokens) {
  const fresh = await oidc.refreshTokenGrant(config, tokens.refresh_token);
  holds('refresh rotates the refresh token', fresh.refresh_token && fresh.refresh_token !== tokens.refresh_token);
  holds('refresh issues a new access token', fresh.access_token !== tokens.access_token);
  equal('refresh keeps sub', fresh.claims().sub, tokens.claims().sub);
  equal('refresh keeps auth_time', fresh.claims().auth_time, tokens.claims().auth_time);
  return fresh;
}

async function singleSignOn(config) {
  const { url, checks } = await authorization(config, { prompt: 'none' });
  const { arrived } = await visitor.open(url);
  holds('prompt=none answers at once', arrived);
  return oidc.authorizationCodeGrant(config, arrived, checks);
}

async function logout(config, tokens) {
  const state = oidc.randomState();
  const url = oidc.buildEndSessionUrl(config, {
    post_logout_redirect_uri: afterLogout,
    id_token_hint: tokens.id_token,
    state,
  });
  const page = await visitor.open(url);
  holds('logout returns to the application', page.arrived?.href.startsWith(afterLogout), page.text);
  equal('logout returns state', page.arrived.searchParams.get('state'), state);

  const { url: again, checks } = await authorization(config, { prompt: 'none' });
  const { arrived } = await visitor.open(again);
  holds('prompt=none after logout answers at once', arrived);
  await refused(
    'prompt=none after logout is login_required',
    () => oidc.authorizationCodeGrant(config, arrived, checks),
    'login_required',
  );
}

await story('openid-client', async () => {
  const config = await discover();
  const tokens = await signIn(config);
  await accessToken(config, tokens);
  const fresh = await refresh(config, tokens);

  const second = await singleSignOn(config);
  equal('single sign-on keeps auth_time', second.claims().auth_time, tokens.claims().auth_time);

  await oidc.tokenRevocation(config, fresh.refresh_token);
  await refused(
    'a revoked refresh token is refused',
    () => oidc.refreshTokenGrant(config, fresh.refresh_token),
    'invalid_grant',
  );
  await logout(config, second);
});

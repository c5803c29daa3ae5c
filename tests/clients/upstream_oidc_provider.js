// npm oidc-provider as the upstream, in one of its dresses. Somebody signs in through it, its profile changes, they sign
// in again. In the plain one they sign out: there, which ends what came of it here, and here, which leads on to there
// and back.
//
// Needs Node.js 20.

import { decodeJwt } from 'jose';
import * as oidc from 'openid-client';
import { equal, holds, setting, story } from '../environment.js';
import { Upstream } from './support/upstream.js';
import { Visitor } from './support/visitor.js';

const issuer = setting('VESTIBULE_ISSUER');
const clientId = setting('CLIENT_ID');
const secret = setting('CLIENT_SECRET');
const redirectUri = setting('REDIRECT_URI');
const afterLogout = setting('POST_LOGOUT_REDIRECT_URI');
const dress = setting('UPSTREAM_DRESS');
const callback = `${issuer}/login/callback`;
const signsOut = {
  post_logout_redirect_uris: [`${issuer}/logout/callback`],
  backchannel_logout_uri: `${issuer}/login/backchannel-logout/${setting('CONNECTION_ID')}`,
  backchannel_logout_session_required: true,
};
const upstream = new Upstream({ dress, port: Number(setting('UPSTREAM_PORT')), callback, signsOut });
const { told, origin } = upstream;

const newVisitor = () => new Visitor([redirectUri, afterLogout]);

/** Signs in through the upstream. Gives the claims of both tokens, and the ID Token. */
async function signIn(config, visitor = newVisitor()) {
  const verifier = oidc.randomPKCECodeVerifier();
  const url = oidc.buildAuthorizationUrl(config, {
    redirect_uri: redirectUri,
    scope: 'openid profile email',
    code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
  });
  let page = await visitor.open(url);
  const button = page.forms.find(({ action }) => action.pathname.endsWith('/connection'));
  page = await visitor.submit(button);
  page = await visitor.open(page.links.get('continue'));
  for (let seen = 0; seen < 4 && page.url?.startsWith(upstream.origin); seen += 1) {
    const [form] = page.forms;
    if (!form) throw new Error(`nothing to do at ${page.url} (${page.status}): ${page.text}`);
    page = await visitor.submit(form, form.fields.has('login') ? { login: 'ada', password: 'any' } : {});
  }
  if (!page.arrived) throw new Error(`not back at the client, but at ${page.url}: ${page.text}`);
  const tokens = await oidc.authorizationCodeGrant(config, page.arrived, { pkceCodeVerifier: verifier });
  return { id: tokens.claims(), access: decodeJwt(tokens.access_token), idToken: tokens.id_token };
}

/** Whether a visitor is signed in here. */
async function isSignedIn(config, visitor) {
  const challenge = await oidc.calculatePKCECodeChallenge(oidc.randomPKCECodeVerifier());
  const asked = { redirect_uri: redirectUri, scope: 'openid', prompt: 'none', code_challenge: challenge, code_challenge_method: 'S256' };
  const { arrived } = await visitor.open(oidc.buildAuthorizationUrl(config, asked));
  return arrived.searchParams.has('code');
}

/** Signs out, at the upstream and from here. */
async function signOut(config) {
  const [there, here] = [newVisitor(), newVisitor()];
  await signIn(config, there);
  const { idToken } = await signIn(config, here);
  let page = await there.open(`${origin}/session/end`);
  page = await there.submit(page.forms[0], { logout: 'yes' });
  equal('the upstream has told us, once', [told.taken, told.refused], [1, []]);
  equal('who signs out there is signed out here', await isSignedIn(config, there), false);
  equal('and nobody else', await isSignedIn(config, here), true);

  const wanted = { id_token_hint: idToken, post_logout_redirect_uri: afterLogout, state: 'of the app' };
  page = await here.open(oidc.buildEndSessionUrl(config, wanted));
  holds('signing out here leads on', page.url?.startsWith(`${origin}/session/end`), page.url);
  page = await here.submit(page.forms[0], { logout: 'yes' });
  equal('and back to the application', page.arrived?.href, `${afterLogout}?state=of+the+app`);
  equal('and has ended the session', await isSignedIn(config, here), false);
  equal('of which the upstream has told us as well', [told.taken, told.refused], [2, []]);
}

await story(`upstream (${dress})`, () => upstream.during(async () => {
  const execute = [oidc.allowInsecureRequests];
  const config = await oidc.discovery(new URL(issuer), clientId, undefined, oidc.ClientSecretBasic(secret), { execute });

  const said = { email: 'ada@acme.test', given_name: 'Ada', family_name: 'Byron' };
  upstream.says = () => said;
  const first = await signIn(config);
  equal('the address', first.id.email, 'ada@acme.test');
  equal('it is proven', first.id.email_verified, true);
  equal('the name', [first.id.given_name, first.id.family_name], ['Ada', 'Byron']);

  Object.assign(said, { given_name: 'Augusta', picture: 'https://acme.test/ada.png' });
  const second = await signIn(config);
  equal('the same user', second.id.sub, first.id.sub);
  equal('the name follows', second.id.given_name, 'Augusta');
  equal('the picture follows', second.id.picture, 'https://acme.test/ada.png');
  if (dress === 'entra_id') holds('Graph was asked for groups that are too many', upstream.graph.asked === 2, upstream.graph.asked);
  if (dress === 'plain') await signOut(config);
}));

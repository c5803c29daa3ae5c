// npm oidc-provider as the upstream, in one of its dresses. Somebody signs in through it, its profile changes, they sign
// in again.
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
const dress = setting('UPSTREAM_DRESS');
const upstream = new Upstream({ dress, port: Number(setting('UPSTREAM_PORT')), callback: `${issuer}/login/callback` });

/** Signs in through the upstream, in a browser of its own. Gives the claims of both tokens. */
async function signIn(config) {
  const visitor = new Visitor(redirectUri);
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
  return { id: tokens.claims(), access: decodeJwt(tokens.access_token) };
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
}));

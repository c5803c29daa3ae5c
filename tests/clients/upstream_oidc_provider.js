// npm oidc-provider as the upstream, in three dresses: plain, in the wire shape of Google, in that of Entra ID. Somebody
// signs in through it, its profile changes, they sign in again.
//
// Needs Node.js 20.

import { createServer } from 'node:http';
import { decodeJwt } from 'jose';
import * as oidc from 'openid-client';
import Provider from 'oidc-provider';
import { equal, holds, setting, story } from '../environment.js';
import { Visitor } from './support/visitor.js';

const issuer = setting('VESTIBULE_ISSUER');
const clientId = setting('CLIENT_ID');
const secret = setting('CLIENT_SECRET');
const redirectUri = setting('REDIRECT_URI');
const port = Number(setting('UPSTREAM_PORT'));
const dress = setting('UPSTREAM_DRESS');
const origin = `http://127.0.0.1:${port}`;
const tenant = '11111111-2222-3333-4444-555555555555';
const base = dress === 'entra_id' ? `/${tenant}/v2.0` : '';

/** What the upstream says of whoever signs in. */
let said = {};
/** What Graph says of their groups, and how often it was asked. */
const graph = { groups: ['clerks'], asked: 0 };

const own = {
  plain: [],
  google: ['hd'],
  entra_id: ['tid', 'oid', 'xms_edov', '_claim_names', 'groups'],
}[dress];

const provider = new Provider(`${origin}${base}`, {
  clients: [{
    client_id: 'vestibule-there',
    client_secret: 'a secret of ours, there',
    redirect_uris: [`${issuer}/login/callback`],
  }],
  // Google and Entra ID put what the scopes give into the ID Token.
  conformIdTokenClaims: dress === 'plain',
  claims: { openid: ['sub', ...own], email: ['email', 'email_verified'], profile: ['given_name', 'family_name', 'picture'] },
  findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id, ...said }) }),
  cookies: { keys: ['of this run'] },
  pkce: { required: () => true },
});

/** The common endpoint of Entra ID, whose issuer is a template, and Graph; all else is the provider's. */
async function answer(request, response) {
  const json = (body) => {
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(body));
  };
  if (request.url === '/organizations/v2.0/.well-known/openid-configuration') {
    const metadata = await fetch(`${origin}${base}/.well-known/openid-configuration`).then((found) => found.json());
    return json({ ...metadata, issuer: `${origin}/{tenantid}/v2.0`, userinfo_endpoint: undefined });
  }
  if (request.url === '/v1.0/me/getMemberGroups') {
    holds('Graph is asked with an access token', request.headers.authorization?.startsWith('Bearer '));
    graph.asked += 1;
    return json({ value: graph.groups });
  }
  if (base && request.url.startsWith(base)) {
    request.originalUrl = request.url;
    request.url = request.url.slice(base.length) || '/';
  }
  return provider.callback()(request, response);
}

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
  for (let seen = 0; seen < 4 && page.url?.startsWith(origin); seen += 1) {
    const [form] = page.forms;
    if (!form) throw new Error(`nothing to do at ${page.url} (${page.status}): ${page.text}`);
    page = await visitor.submit(form, form.fields.has('login') ? { login: 'ada', password: 'any' } : {});
  }
  if (!page.arrived) throw new Error(`not back at the client, but at ${page.url}: ${page.text}`);
  const tokens = await oidc.authorizationCodeGrant(config, page.arrived, { pkceCodeVerifier: verifier });
  return { id: tokens.claims(), access: decodeJwt(tokens.access_token) };
}

const usual = {
  plain: { email_verified: true },
  google: { email_verified: true, hd: 'acme.test' },
  entra_id: {
    tid: tenant, oid: '99999999-2222-3333-4444-555555555555', xms_edov: true, _claim_names: { groups: 'src1' },
  },
}[dress];

await story(`upstream (${dress})`, async () => {
  const server = createServer((request, response) => answer(request, response).catch((error) => response.destroy(error)));
  await new Promise((ready) => { server.listen(port, '127.0.0.1', ready); });
  try {
    const execute = [oidc.allowInsecureRequests];
    const config = await oidc.discovery(new URL(issuer), clientId, undefined, oidc.ClientSecretBasic(secret), { execute });

    said = { ...usual, email: 'ada@acme.test', given_name: 'Ada', family_name: 'Byron' };
    const first = await signIn(config);
    equal('the address', first.id.email, 'ada@acme.test');
    equal('it is proven', first.id.email_verified, true);
    equal('the name', [first.id.given_name, first.id.family_name], ['Ada', 'Byron']);

    said = { ...said, given_name: 'Augusta', picture: 'https://acme.test/ada.png' };
    const second = await signIn(config);
    equal('the same user', second.id.sub, first.id.sub);
    equal('the name follows', second.id.given_name, 'Augusta');
    equal('the picture follows', second.id.picture, 'https://acme.test/ada.png');
    if (dress === 'entra_id') holds('Graph was asked for groups that are too many', graph.asked === 2, graph.asked);
  } finally {
    server.close();
    server.closeAllConnections();
  }
});

// A web application with Kinde's TypeScript SDK: no PKCE, no nonce, the secret in the body; @kinde/jwt-validator on our tokens.

import { createKindeServerClient, GrantType } from '@kinde-oss/kinde-typescript-sdk';
import { validateToken } from '@kinde/jwt-validator';
import { equal, holds, refused, setting, story } from '../environment.js';
import { codeFor } from '../browser/support/mail.js';
import { Visitor } from './support/visitor.js';

const issuer = setting('VESTIBULE_ISSUER');
const person = { username: setting('USERNAME_'), password: setting('PASSWORD_') };
const options = {
  authDomain: issuer,
  clientId: setting('CLIENT_ID'),
  clientSecret: setting('CLIENT_SECRET'),
  redirectURL: setting('REDIRECT_URI'),
  logoutRedirectURL: setting('POST_LOGOUT_REDIRECT_URI'),
};
const visitor = new Visitor([options.redirectURL, options.logoutRedirectURL]);

/** What an application keeps for one browser, as the SDK asks for it. */
class MemorySession {
  persistent = true;
  #items = new Map();
  async getSessionItem(key) {
    return this.#items.get(key) ?? null;
  }
  async setSessionItem(key, value) {
    this.#items.set(key, value);
  }
  async removeSessionItem(key) {
    this.#items.delete(key);
  }
  async destroySession() {
    this.#items.clear();
  }
}

async function valid(what, token) {
  equal(`jwt-validator accepts ${what}`, await validateToken({ token, domain: issuer }), {
    valid: true,
    message: 'Token is valid',
  });
}

async function signIn(kinde, session) {
  const url = await kinde.login(session, { org_code: setting('FIRST_ORGANIZATION') });
  equal('the SDK sends no PKCE', url.searchParams.has('code_challenge'), false);
  const arrived = await visitor.signIn(url, person);
  // The SDK verifies both tokens before it keeps them.
  await kinde.handleRedirectToApp(session, arrived);
  equal('signed in', await kinde.isAuthenticated(session), true);

  const user = await kinde.getUser(session);
  equal('getUser email', user.email, person.username);
  holds('getUser id has the form of a user id', /^kp_[0-9a-f]{32}$/.test(user.id), user.id);
  const profile = await kinde.getUserProfile(session);
  equal('getUserProfile sub', profile.sub, user.id);
  equal('getUserProfile id', profile.id, user.id);
  equal('getUserProfile email', profile.email, person.username);
  equal('getClaim azp', (await kinde.getClaim(session, 'azp')).value, options.clientId);
}

/** What the tokens say of the organization that the user signed in to. */
async function organization(kinde, session) {
  const [first, second] = [setting('FIRST_ORGANIZATION'), setting('SECOND_ORGANIZATION')];
  equal('getOrganization', (await kinde.getOrganization(session)).orgCode, first);
  equal('getUserOrganizations', (await kinde.getUserOrganizations(session)).orgCodes.toSorted(), [first, second].toSorted());
  const permissions = ['edit:reports', 'read:reports'];
  equal('getPermissions', await kinde.getPermissions(session), { permissions, orgCode: first });
  equal('getPermission', await kinde.getPermission(session, 'read:reports'), { orgCode: first, isGranted: true });
  equal('getPermission, not granted', (await kinde.getPermission(session, 'delete:reports')).isGranted, false);
  equal('getBooleanFlag', await kinde.getBooleanFlag(session, 'dark_mode'), true);
  equal('getIntegerFlag', await kinde.getIntegerFlag(session, 'seats'), 3);
  equal('getStringFlag', await kinde.getStringFlag(session, 'colour'), 'teal');
  const { is_default, type, value } = await kinde.getFlag(session, 'seats');
  equal('getFlag', [is_default, type, value], [false, 'number', 3]);
  await refused('getFlag, of another type', () => kinde.getBooleanFlag(session, 'seats'), 'seats');
}

/** Two requests of one application refresh at once; much later, somebody presents the token that they used. */
async function refreshInParallel(kinde, session) {
  const before = await session.getSessionItem('refresh_token');
  const copies = [new MemorySession(), new MemorySession()];
  for (const copy of copies) await copy.setSessionItem('refresh_token', before);
  const [one, other] = await Promise.all(copies.map((copy) => kinde.refreshTokens(copy)));
  equal('both get the same refresh token', one.refresh_token, other.refresh_token);
  holds('a new one', one.refresh_token !== before);
  // The SDK has its own clock, and so has the server here.
  await new Promise((resolve) => setTimeout(resolve, (Number(setting('REFRESH_GRACE_SECONDS')) + 1) * 1000));
  await copies[0].setSessionItem('refresh_token', before);
  await refused('a replay after the grace', () => kinde.refreshTokens(copies[0]), '');
  await refused('ends the authorization', () => kinde.refreshTokens(copies[1]), '');
}

async function refresh(kinde, session) {
  const before = await session.getSessionItem('refresh_token');
  const tokens = await kinde.refreshTokens(session);
  for (const name of ['access_token', 'id_token', 'refresh_token']) {
    holds(`the refresh response has ${name}`, typeof tokens[name] === 'string');
  }
  holds('refresh rotates the refresh token', tokens.refresh_token !== before);
  equal('still signed in', await kinde.isAuthenticated(session), true);
  await valid('the refreshed access token', tokens.access_token);
  await valid('the refreshed ID token', tokens.id_token);
}

/** Opens `start_page=registration`, as the SDK's register does, and expects the page for it. */
async function register(kinde) {
  const page = await new Visitor(options.redirectURL).open(await kinde.register(new MemorySession()));
  equal('register opens the registration page', page.id, 'page-register');
}

/** Registers somebody, and an organization with them. */
async function createOrg(kinde) {
  const session = new MemorySession();
  const url = await kinde.createOrg(session, { org_name: 'Initech' });
  equal('createOrg says so', [url.searchParams.get('is_create_org'), url.searchParams.get('org_name')], ['true', 'Initech']);
  const newcomer = new Visitor(options.redirectURL);
  const page = await newcomer.open(url);
  equal('createOrg opens the registration page', page.id, 'page-register');
  const somebody = { name: 'Grace', username: setting('NEW_USERNAME'), password: person.password };
  await kinde.handleRedirectToApp(session, await newcomer.register(page, somebody, codeFor));
  equal('the newcomer', (await kinde.getUser(session)).email, somebody.username);
  const { orgCode } = await kinde.getOrganization(session);
  const others = ['FIRST_ORGANIZATION', 'SECOND_ORGANIZATION', 'FOREIGN_ORGANIZATION'].map(setting);
  holds('is in a new organization', /^org_[0-9a-f]{11}$/.test(orgCode) && !others.includes(orgCode), orgCode);
  holds('and belongs to it', (await kinde.getUserOrganizations(session)).orgCodes.includes(orgCode));
}

/** The same SDK in an application that keeps no secret. */
async function publicClient() {
  const { clientSecret, ...rest } = options;
  const kinde = createKindeServerClient(GrantType.PKCE, { ...rest, clientId: setting('PUBLIC_CLIENT_ID') });
  const session = new MemorySession();
  const url = await kinde.login(session);
  equal('a public client sends PKCE', url.searchParams.get('code_challenge_method'), 'S256');
  await kinde.handleRedirectToApp(session, await visitor.signIn(url, person));
  equal('a public client signs in', await kinde.isAuthenticated(session), true);
  await valid('a public client’s access token', (await kinde.refreshTokens(session)).access_token);
}

async function logout(kinde, session) {
  const url = await kinde.logout(session);
  const page = await visitor.open(url);
  holds('logout returns to the application', page.arrived?.href.startsWith(options.logoutRedirectURL), page.text);
  const again = await visitor.open(await kinde.login(session));
  equal('signing in again asks', again.id, 'page-sign-in');
}

/** A service that signs in as itself; the tests may leave it out. */
async function machine() {
  const clientId = process.env.M2M_CLIENT_ID;
  if (!clientId) return;
  const audience = setting('M2M_AUDIENCE').split(' ');
  const service = createKindeServerClient(GrantType.CLIENT_CREDENTIALS, {
    ...options,
    clientId,
    clientSecret: setting('M2M_CLIENT_SECRET'),
    audience,
  });
  const session = new MemorySession();
  await valid('a machine’s access token', await service.getToken(session));
  equal('the machine’s audience', (await service.getClaim(session, 'aud')).value, audience);
}

await story('kinde-typescript-sdk', async () => {
  const kinde = createKindeServerClient(GrantType.AUTHORIZATION_CODE, options);
  const session = new MemorySession();
  await signIn(kinde, session);
  await organization(kinde, session);
  await valid('the access token', await session.getSessionItem('access_token'));
  await valid('the ID token', await session.getSessionItem('id_token'));
  await refresh(kinde, session);
  await machine();
  await register(kinde);
  await createOrg(kinde);
  await publicClient();
  await refreshInParallel(kinde, session);
  await signIn(kinde, session);
  await logout(kinde, session);
});

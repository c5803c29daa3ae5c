// A web application with Kinde's TypeScript SDK: no PKCE, no nonce, the secret in the body; @kinde/jwt-validator on our tokens.

import { createKindeServerClient, GrantType } from '@kinde-oss/kinde-typescript-sdk';
import { validateToken } from '@kinde/jwt-validator';
import { equal, holds, setting, story } from '../environment.js';
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
  const url = await kinde.login(session);
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
  await valid('the access token', await session.getSessionItem('access_token'));
  await valid('the ID token', await session.getSessionItem('id_token'));
  await refresh(kinde, session);
  await machine();
  await register(kinde);
  await logout(kinde, session);
});

// An application that is all script, with Kinde's js-utils. Its page is on the server's host, as on a developer's machine.

import {
  checkAuth,
  exchangeAuthCode,
  generateAuthUrl,
  generatePortalUrl,
  getCurrentOrganization,
  getEntitlements,
  getFlag,
  getPermission,
  getPermissions,
  getRoles,
  getUserOrganizations,
  getUserProfile,
  has,
  IssuerRouteTypes,
  MemoryStorage,
  PortalPage,
  RefreshType,
  refreshToken,
  setActiveStorage,
  StorageKeys,
  switchOrg,
} from '@kinde/js-utils';
import { validateToken } from '@kinde/jwt-validator';
import { equal, fail, holds, refused, setting, story } from '../environment.js';
import { CookieJar, Visitor } from './support/visitor.js';

const domain = setting('VESTIBULE_ISSUER');
const clientId = setting('CLIENT_ID');
const redirectURL = setting('REDIRECT_URI');
const person = { username: setting('USERNAME_'), password: setting('PASSWORD_') };
const visitor = new Visitor([redirectURL]);
// More than one page of the account API has.
const many = Array.from({ length: Number(setting('MANY_PERMISSIONS')) }, (_, number) => `many:${1000 + number}`);

// What a browser does for a page, and Node.js does not: cookies for those who send credentials, and the origin.
const jar = new CookieJar();
const { fetch } = globalThis;
globalThis.document = { get cookie() { return jar.readable; } };
let refreshBody;

async function asBrowser(address, { credentials, ...request } = {}) {
  const url = new URL(address);
  const headers = new Headers(request.headers);
  headers.set('origin', new URL(redirectURL).origin);
  if (credentials === 'include') headers.set('cookie', jar.header(url));
  const response = await fetch(url, { ...request, headers });
  const readers = response.headers.get('access-control-allow-origin');
  holds(`this origin may read ${url.pathname}`, [headers.get('origin'), credentials === 'include' ? '' : '*'].includes(readers), readers);
  if (credentials === 'include') {
    equal('and with credentials', response.headers.get('access-control-allow-credentials'), 'true');
    jar.store(response);
  }
  refreshBody = String(request.body);
  return response;
}

/** Runs what the SDK does as a page. */
async function onPage(act) {
  globalThis.fetch = asBrowser;
  try {
    return await act();
  } finally {
    globalThis.fetch = fetch;
  }
}

/** A page that was just loaded has nothing in memory. */
function load() {
  const storage = new MemoryStorage();
  setActiveStorage(storage);
  return storage;
}

async function exchange(arrived) {
  const urlParams = arrived.searchParams;
  const result = await onPage(() => exchangeAuthCode({ urlParams, domain, clientId, redirectURL }));
  if (!result.success) fail(`exchangeAuthCode: ${result.error}`);
  for (const name of ['accessToken', 'idToken', 'refreshToken']) holds(`the exchange gives ${name}`, typeof result[name] === 'string');
  return result;
}

async function signIn(options = {}) {
  const { url } = await generateAuthUrl(domain, IssuerRouteTypes.login, { clientId, redirectURL, ...options });
  return exchange(await visitor.signIn(url, person));
}

/** What the tokens of the organization `FIRST_ORGANIZATION` say. */
async function inFirst() {
  const first = setting('FIRST_ORGANIZATION');
  equal('getCurrentOrganization', await getCurrentOrganization(), first);
  equal('getPermissions', await getPermissions(), { orgCode: first, permissions: ['edit:reports', 'read:reports'] });
  const roles = await getRoles();
  equal('getRoles', roles.map(({ key, name }) => [key, name]), [['editor', 'EDITOR']]);
  holds('a role has an id', typeof roles[0].id === 'string');
  equal('getUserOrganizations', (await getUserOrganizations()).toSorted(), [first, setting('SECOND_ORGANIZATION')].toSorted());
  const profile = await getUserProfile();
  equal('getUserProfile', profile.email, person.username);
}

/** What the account API says of it: the same. */
async function byApi() {
  const first = setting('FIRST_ORGANIZATION');
  const forceApi = true;
  const { orgCode, permissions } = await getPermissions({ forceApi });
  equal('getPermissions, by the API', [orgCode, permissions.toSorted()], [first, ['edit:reports', 'read:reports']]);
  for (const [permissionKey, isGranted] of [['read:reports', true], ['delete:reports', false]]) {
    equal(`getPermission ${permissionKey}, by the API`, await getPermission(permissionKey, { forceApi }), { permissionKey, orgCode: first, isGranted });
  }
  equal('getRoles, by the API', await getRoles({ forceApi }), await getRoles());
  for (const [key, value] of [['dark_mode', true], ['seats', 3], ['colour', 'teal']]) {
    equal(`getFlag ${key}`, await getFlag(key), value);
    equal(`getFlag ${key}, by the API`, await getFlag(key, { forceApi }), value);
  }
  equal('getEntitlements', await getEntitlements(), { orgCode: first, plans: [], entitlements: [] });
}

/** All that an application may demand at once, by the token and by the API. */
async function demand() {
  const all = { permissions: ['read:reports'], roles: ['editor'], featureFlags: ['dark_mode', { flag: 'seats', value: 3 }] };
  for (const forceApi of [false, true]) {
    equal(`has all, forceApi ${forceApi}`, await has({ ...all, forceApi }), true);
    for (const missing of [{ permissions: ['delete:reports'] }, { roles: ['owner'] }, { featureFlags: [{ flag: 'seats', value: 4 }] }]) {
      equal(`has ${JSON.stringify(missing)}, forceApi ${forceApi}`, await has({ ...all, ...missing, forceApi }), false);
    }
  }
}

/** The way to the user's account, and back. */
async function portal() {
  const { url } = await onPage(() => generatePortalUrl({ domain, returnUrl: redirectURL, subNav: PortalPage.profile }));
  equal('generatePortalUrl leads to the server', url.origin, domain);
  const page = await visitor.open(url);
  equal('where the account is', page.id, 'page-home');
  await refused('and never back to others', () => generatePortalUrl({ domain, returnUrl: 'https://elsewhere.example/' }), '400');
}

/** Switches silently, in the session that is there. */
async function inSecond() {
  const orgCode = setting('SECOND_ORGANIZATION');
  const { url } = await switchOrg({ domain, clientId, orgCode, redirectURL });
  equal('switchOrg asks nothing of the user', url.searchParams.get('prompt'), 'none');
  const page = await visitor.open(url);
  holds('and is answered at once', page.arrived, page.text);
  await exchange(page.arrived);
  equal('getCurrentOrganization, switched', await getCurrentOrganization(), orgCode);
  const permissions = [...many, 'read:reports'];
  equal('getPermissions, switched', await getPermissions(), { orgCode, permissions });
  const found = await onPage(() => getPermissions({ forceApi: true }));
  equal('getPermissions, in several pages', [found.orgCode, found.permissions.toSorted()], [orgCode, permissions]);
}

async function foreign() {
  const { url } = await switchOrg({ domain, clientId, orgCode: setting('FOREIGN_ORGANIZATION'), redirectURL });
  const { arrived } = await visitor.open(url);
  equal('an organization that the user is no member of', arrived.searchParams.get('error'), 'access_denied');
}

async function reload() {
  for (const time of ['first', 'second']) {
    const storage = load();
    holds('the page sees that it can refresh', /(^|; )_kbrte=[^;]/.test(document.cookie), document.cookie);
    const result = await onPage(() => checkAuth({ domain, clientId }));
    if (!result.success) fail(`checkAuth: ${result.error}`);
    equal('it sends no token', new URLSearchParams(refreshBody).has('refresh_token'), false);
    const token = await storage.getSessionItem(StorageKeys.accessToken);
    equal(`the ${time} reload gives a token`, await validateToken({ token, domain }), { valid: true, message: 'Token is valid' });
    equal('of the same organization', await getCurrentOrganization(), setting('SECOND_ORGANIZATION'));
    holds('and an ID token', await storage.getSessionItem(StorageKeys.idToken));
    equal('but no refresh token that scripts could read', await storage.getSessionItem(StorageKeys.refreshToken), null);
  }
  const result = await onPage(() => refreshToken({ domain, clientId, refreshType: RefreshType.cookie }));
  equal('refreshToken, by cookie', [result.success, result.error], [true, undefined]);
}

/** The token in memory and the one in the cookie go on together. */
async function refreshInMemory(storage) {
  const before = await storage.getSessionItem(StorageKeys.refreshToken);
  const result = await onPage(() => refreshToken({ domain, clientId }));
  equal('refreshToken', [result.success, result.error], [true, undefined]);
  holds('it is rotated', result.refreshToken && result.refreshToken !== before);
  equal('and kept', await storage.getSessionItem(StorageKeys.refreshToken), result.refreshToken);
}

await story('js-utils', async () => {
  const storage = load();
  await signIn({ audience: '', orgCode: setting('FIRST_ORGANIZATION') });
  await inFirst();
  await onPage(byApi);
  await onPage(demand);
  await portal();
  await refreshInMemory(storage);
  await inSecond();
  await foreign();
  await reload();
});

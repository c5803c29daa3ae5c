// Somebody signs in with Google: their profile follows as far as it is to. What goes wrong ends on a page with another
// way in. The upstream is npm oidc-provider in Google's dress.

import { equal, holds, setting } from '../environment.js';
import { Upstream } from '../clients/support/upstream.js';
import { arrive, browse, enter, open, picture, playground } from './support/browser.js';
import { signInAtOidcProvider } from './support/upstream.js';

const issuer = setting('VESTIBULE_ISSUER');
const connection = `/connections/${setting('CONNECTION')}`;
const upstream = new Upstream({ dress: 'google', port: Number(setting('UPSTREAM_PORT')), callback: `${issuer}/login/callback` });

const WIDTHS = { phone: 390, desk: 1280 };
const SCHEMES = ['light', 'dark'];

async function call(method, route, body) {
  const headers = { authorization: `Bearer ${setting('API_TOKEN')}`, 'content-type': 'application/json' };
  const answer = await fetch(`${issuer}/api/v1${route}`, { method, headers, body: JSON.stringify(body) });
  if (!answer.ok) throw new Error(`${method} ${route}: ${answer.status} ${await answer.text()}`);
  return answer.json();
}

/** Says this of whoever signs in, by the name that they give there. */
const people = {};
upstream.says = (login) => people[login];

const ada = (more) => ({ email: 'ada@acme.test', given_name: 'Ada', family_name: 'Byron', ...more });

async function leave(browser, { prepare, ...options } = {}) {
  const page = await open(browser, options);
  await prepare?.(page);
  await page.goto(playground);
  await page.locator('#sign-in').click();
  await arrive(page, 'page-sign-in');
  await page.getByRole('button', { name: 'Continue with Google' }).click();
  await page.locator('[name=login]').waitFor();
  return page;
}

/** Signs in, in a browser of its own. Gives the user's id. */
async function signIn(browser, login, options = {}) {
  const page = await leave(browser, options);
  await signInAtOidcProvider(page, login);
  await arrive(page, 'page-playground-tokens');
  const said = await page.locator('main').innerText();
  await page.context().close();
  return said.match(/kp_[0-9a-f]{32}/)[0];
}

/** What is known here of a user, but for when they signed in. */
async function known(id) {
  const { last_organization_sign_ins: _, last_signed_in: __, total_sign_ins: ___, ...profile } = await call('GET', `/user?id=${id}`);
  return profile;
}

async function names(id) {
  const { first_name: given, last_name: family, picture: image, preferred_email: email } = await known(id);
  return [given, family, image, email];
}

/** Keeps pictures of a page at each width and in each scheme, and measures that nothing overflows. */
async function portraits(page, name) {
  await page.waitForLoadState('load');
  for (const [device, width] of Object.entries(WIDTHS)) {
    for (const colorScheme of SCHEMES) {
      await page.setViewportSize({ width, height: 800 });
      await page.emulateMedia({ colorScheme });
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      equal(`${name}, ${device}, ${colorScheme}: nothing overflows`, overflow, 0);
      await picture(page, `${name}-${device}-${colorScheme}`);
    }
  }
}

async function follow(browser) {
  const image = 'https://acme.test/ada.png';
  people.ada = ada();
  const id = await signIn(browser, 'ada');
  equal('the first sign-in creates', await names(id), ['Ada', 'Byron', null, 'ada@acme.test']);
  people.ada = ada({ given_name: 'Augusta', picture: image });
  equal('the second is of the same user', await signIn(browser, 'ada', { javaScriptEnabled: false }), id);
  equal('and brings name and picture up to date', await names(id), ['Augusta', 'Byron', image, 'ada@acme.test']);

  const before = JSON.stringify(await known(id));
  await call('PATCH', connection, { options: { is_sync_user_profile_on_login: false } });
  people.ada = { email: 'eve@acme.test', given_name: 'Eve', family_name: '', picture: 'https://acme.test/eve.png' };
  equal('the third is of the same user', await signIn(browser, 'ada'), id);
  equal('and leaves the profile as it was, byte by byte', JSON.stringify(await known(id)), before);
  await call('PATCH', connection, { options: { is_sync_user_profile_on_login: true } });

  people.ada = ada({ email: 'king@acme.test' });
  await signIn(browser, 'ada');
  equal('an address that changes there changes here', (await names(id))[3], 'king@acme.test');
  people.ada = ada({ email: setting('USERNAME_'), given_name: 'Countess' });
  await signIn(browser, 'ada');
  const [given, , , email] = await names(id);
  equal('one that is somebody else’s does not, and the rest follows', [given, email], ['Countess', 'king@acme.test']);
}

/** A local edit, a change there, and something new there, under each mode. */
async function edit(browser) {
  const image = 'https://acme.test/grace.png';
  const { options: { mapping } } = (await call('GET', connection)).connection;
  for (const [mode, expected] of Object.entries({
    follow: ['Grace', 'King', image],
    follow_unless_edited: ['Countess', 'King', image],
    fill: ['Countess', 'Byron', image],
    import: ['Countess', 'Byron', null],
    never: ['Countess', null, null],
  })) {
    for (const attribute of ['given_name', 'family_name', 'picture']) mapping[attribute].mode = mode;
    await call('PATCH', connection, { options: { mapping } });
    const email = `${mode.replaceAll('_', '-')}@acme.test`;
    people[mode] = ada({ email });
    const id = await signIn(browser, mode);
    await call('PATCH', `/user?id=${id}`, { given_name: 'Countess' });
    people[mode] = ada({ email, given_name: 'Grace', family_name: 'King', picture: image });
    equal(`${mode}: the same user`, await signIn(browser, mode), id);
    equal(`${mode}: the profile`, (await names(id)).slice(0, 3), expected);
  }
}

async function turnBack(browser) {
  const page = await leave(browser);
  await page.locator('a', { hasText: 'Cancel' }).click();
  await arrive(page, 'page-sign-in');
  const said = await page.locator('[role=alert]').innerText();
  holds('the page says what happened', said.includes('Google didn’t sign you in'), said);
  await portraits(page, 'google-cancelled');
  await enter(page, { p_email: setting('USERNAME_') });
  await page.locator('[name=p_password]').waitFor();
  await enter(page, { p_password: setting('PASSWORD_') });
  await arrive(page, 'page-playground-tokens');
  await page.context().close();
}

/** A request whose nonce somebody exchanged on its way through the browser: the answer is of another sign-in. */
async function tamper(browser) {
  const exchange = (route) => {
    const url = new URL(route.request().url());
    url.searchParams.set('nonce', 'of-another-sign-in');
    return route.continue({ url: url.href });
  };
  const page = await leave(browser, { prepare: (page) => page.route(`${upstream.origin}/auth?**`, exchange) });
  await signInAtOidcProvider(page, 'ada');
  await arrive(page, 'page-sign-in');
  const said = await page.locator('[role=alert]').innerText();
  holds('the page says what happened', said.includes('can’t be trusted') && said.includes('upstream_'), said);
  await portraits(page, 'google-unproven');
  await page.context().close();
}

/** Upstreams that are not there, or whose answer nobody here has asked for. */
async function stray(browser) {
  const page = await open(browser);
  await page.goto(playground);
  await page.locator('#sign-in').click();
  await arrive(page, 'page-sign-in');
  await portraits(page, 'several-ways-in');
  await page.getByRole('button', { name: 'by Entra ID' }).click();
  await page.locator('[role=alert]').waitFor();
  await portraits(page, 'upstream-unavailable');
  await page.goto(`${issuer}/login/callback?code=a&state=b`);
  await arrive(page, 'page-error');
  await portraits(page, 'upstream-answer-lost');
  await page.context().close();
}

await browse('google', (browser) => upstream.during(async () => {
  await follow(browser);
  await edit(browser);
  await turnBack(browser);
  await tamper(browser);
  await stray(browser);
}));

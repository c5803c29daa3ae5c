// A user signs in to an application, uses what it got, and signs out: with JavaScript and without.

import { equal, holds, setting } from '../environment.js';
import { arrive, browse, open, picture, playground, signIn } from './support/browser.js';

const username = setting('USERNAME_');
const password = setting('PASSWORD_');

async function verified(page) {
  await arrive(page, 'page-playground-tokens');
  equal('no token is refused', await page.locator('.token .tag.bad').count(), 0);
  equal('both tokens are verified', await page.locator('.token .tag.good').count(), 2);
}

async function useTokens(page) {
  await page.locator('#refresh').click();
  await verified(page);
  holds('refreshed once', (await page.locator('main').innerText()).includes('refreshed once'));
  await page.locator('#userinfo').click();
  await page.locator('#answers').waitFor();
  holds('UserInfo knows the address', (await page.locator('#answers').innerText()).includes(username));
}

async function signInAndOut(page, name) {
  await page.goto(playground);
  await signIn(page, username, password);
  await verified(page);
  await picture(page, name);
  await useTokens(page);

  // Single sign-on: the second time nothing is asked.
  await page.goto(playground);
  await page.locator('#sign-in').click();
  await verified(page);

  await page.locator('#sign-out').click();
  await arrive(page, 'page-playground-signed-out');
  await page.goto(playground);
  await page.locator('#sign-in').click();
  await arrive(page, 'page-sign-in');
}

await browse('sign_in', async (browser) => {
  await signInAndOut(await open(browser), 'tokens');
  await signInAndOut(await open(browser, { javaScriptEnabled: false }), 'tokens-without-javascript');
});

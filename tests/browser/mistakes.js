// A user mistypes, reloads, goes back, opens a second tab, gives up: each time the page says what to do.

import { equal, holds, setting } from '../environment.js';
import { arrive, browse, enter, open, picture, playground } from './support/browser.js';

const username = setting('USERNAME_');
const password = setting('PASSWORD_');

async function wrongPassword(page) {
  await page.goto(playground);
  await page.locator('#sign-in').click();
  await arrive(page, 'page-sign-in');
  await enter(page, { p_email: username });
  await enter(page, { p_password: 'not the password' });
  await page.locator('[role=alert], [aria-invalid=true]').first().waitFor();
  await picture(page, 'wrong-password');
  await arrive(page, 'page-sign-in');
  equal('the password is not kept', await page.locator('[name=p_password]').inputValue(), '');
}

async function reloadAndSecondTab(page) {
  await page.goto(page.url().replace(/\/[a-z-]+$/, ''));
  await page.locator('[name=p_password]').waitFor();
  await page.reload();
  const tab = await page.context().newPage();
  await tab.goto(page.url());
  await arrive(tab, 'page-sign-in');
  await tab.close();
  await enter(page, { p_password: password });
  await arrive(page, 'page-playground-tokens');
}

async function goBack(page) {
  await page.goBack();
  await page.locator('main').waitFor();
  holds('going back shows a page, not a failure', !(await page.locator('body').innerText()).includes('500'));
}

async function giveUp(page) {
  await page.goto(playground);
  await page.locator('#sign-in').click();
  await arrive(page, 'page-sign-in');
  await page.locator('#cancel').click();
  await page.waitForURL(`${playground}/**`);
  holds('the application hears access_denied', (await page.locator('body').innerText()).includes('access_denied'));
}

await browse('mistakes', async (browser) => {
  const page = await open(browser);
  await wrongPassword(page);
  await reloadAndSecondTab(page);
  await goBack(page);
  await giveUp(await open(browser));
});

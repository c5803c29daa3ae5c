// Chromium as the stories use it: a fresh profile each time, nothing asked of the network but the pages.

import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { fail, setting, story } from '../../environment.js';

const FLAGS = [
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  // What pages of others ask of elsewhere fails at once.
  '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1',
];

const PATIENCE = 15_000;

export const playground = setting('PLAYGROUND_URL');
const issuer = setting('VESTIBULE_ISSUER');

/** Tells a story with a browser. `VESTIBULE_CHROMIUM` names the browser, if it is not Debian's. */
export function browse(name, tell) {
  return story(name, async () => {
    const browser = await chromium.launch({
      executablePath: process.env.VESTIBULE_CHROMIUM || '/usr/bin/chromium',
      // The sandbox needs another user than root.
      args: process.getuid?.() === 0 ? [...FLAGS, '--no-sandbox'] : FLAGS,
    });
    try {
      await tell(browser);
    } finally {
      await browser.close();
    }
  });
}

/** A window with cookies of its own. What a page of ours does wrong in it ends the story. */
export async function open(browser, options = {}) {
  const context = await browser.newContext({ locale: 'en-GB', ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE);
  const isOurs = () => [issuer, playground].some((home) => page.url().startsWith(home));
  page.on('pageerror', (error) => isOurs() && fail(`a script failed on ${page.url()}: ${error}`));
  page.on('console', (message) => {
    // Refusals of the Content-Security-Policy arrive here. A refused form (422) is no failure of the page.
    const text = message.text();
    if (isOurs() && message.type() === 'error' && !text.includes('status of 4')) fail(`the console on ${page.url()} says: ${text}`);
  });
  return page;
}

/** Waits for the page whose main element has this id. */
export async function arrive(page, id) {
  await page.locator(`#${id}`).waitFor().catch(async () => {
    const found = await page.locator('main').getAttribute('id').catch(() => 'no main element');
    fail(`expected the page ${id}, found ${found} at ${page.url()}: ${await page.locator('body').innerText()}`);
  });
  console.log(`ok  ${id}`);
}

/** Types into the fields of a page and presses Enter in the last, as a person at a keyboard does. */
export async function enter(page, fields) {
  const names = Object.keys(fields);
  for (const name of names) await page.locator(`[name=${name}]`).fill(fields[name]);
  await page.locator(`[name=${names.at(-1)}]`).press('Enter');
}

export async function signIn(page, username, password) {
  await page.locator('#sign-in').click();
  await arrive(page, 'page-sign-in');
  await enter(page, { p_email: username });
  await page.locator('[name=p_password]').waitFor();
  await enter(page, { p_password: password });
}

/** Keeps a picture of the whole page, if somebody wants pictures: `SCREENSHOTS` is a directory. */
export async function picture(page, name) {
  const directory = process.env.SCREENSHOTS;
  if (!directory) return;
  await mkdir(directory, { recursive: true });
  await page.screenshot({ path: join(directory, `${name}.png`), fullPage: true, animations: 'disabled' });
}

// Somebody looks after their account: sees how they sign in and what is known of them, and changes what is theirs.

import { equal, holds, setting } from '../environment.js';
import { arrive, browse, enter, open, playground, signIn } from './support/browser.js';
import { look } from './support/appearance.js';

const issuer = setting('VESTIBULE_ISSUER');
const DEVICES = { desk: 1280, phone: 390 };

/** The page on each device. */
async function lookAt(page, name, how) {
  for (const [device, width] of Object.entries(DEVICES)) {
    await page.setViewportSize({ width, height: 800 });
    await look(page, name, { device, ...how });
  }
}

async function says(page, words) {
  const text = await page.locator('main').innerText();
  holds(`the page says: ${words}`, text.includes(words));
}

await browse('account', async (browser) => {
  for (const [colorScheme, locale, kept] of [['light', 'en-GB', 'Acme says so'], ['dark', 'de-DE', 'Acme gibt das']]) {
    const how = { colorScheme, locale };
    const page = await open(browser, how);
    await page.goto(playground);
    await page.locator('#sign-in').click();
    await arrive(page, 'page-sign-in');
    await page.locator('button[name=connection_id]').click();
    await page.locator('#tokens, #page-tokens, h1').first().waitFor();
    await page.waitForURL((url) => url.href.startsWith(playground));

    await page.goto(`${issuer}/account`);
    await arrive(page, 'page-account');
    await says(page, kept);
    await lookAt(page, 'account', how);
    await page.locator('#ways .account', { hasText: /Acme/ }).click();
    await arrive(page, 'page-identity');
    equal('it warns of the last way in', await page.locator('#last-but-one').count(), 1);
    await lookAt(page, 'account-identity', how);
    await page.goto(`${issuer}/account/link`);
    await arrive(page, 'page-link');
    await lookAt(page, 'account-link', how);
    await page.goto(`${issuer}/account/name`);
    await arrive(page, 'page-name');
    await lookAt(page, 'account-name', how);
    await page.locator('[name=p_last_name]').fill('Murray');
    await page.locator('#save-name').click();
    await arrive(page, 'page-account');
    await lookAt(page, 'account-named', how);

    // Ada has proven long ago who she is.
    const ada = await open(browser, how);
    await ada.goto(playground);
    await signIn(ada, setting('USERNAME_'), setting('PASSWORD_'));
    await ada.waitForURL((url) => url.href.startsWith(playground));
    await ada.waitForTimeout(500);
    await ada.goto(`${issuer}/account/link`);
    await arrive(ada, 'page-confirm');
    await enter(ada, { p_password: 'a guess' });
    await ada.locator('.problem').waitFor();
    await lookAt(ada, 'account-confirm', how);
    await ada.goto(`${issuer}/account`);
    await arrive(ada, 'page-account');
    await lookAt(ada, 'account-of-ada', how);
  }
});

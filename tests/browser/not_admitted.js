// An application lets in only those who hold a role: whoever does not is told so, and offered what else they could be.

import { equal, setting } from '../environment.js';
import { inEachAppearance, look } from './support/appearance.js';
import { arrive, browse, enter, playground } from './support/browser.js';

const username = setting('USERNAME_');
const password = setting('PASSWORD_');

/** Buttons that are the page's main deed. */
const chosen = (page, name) => page.locator('button[name=organization]', { hasText: name });

async function turnedAway(page, how) {
  await page.goto(playground);
  await page.locator('#sign-in').click();
  await arrive(page, 'page-sign-in');
  await look(page, 'sign-in-without-ways', how);
  equal('no way to register', await page.locator('[name=screen][value=register]').count(), 0);
  equal('no way back', await page.locator('#cancel').count(), 0);
  await enter(page, { p_email: username });
  await page.locator('[name=p_password]').waitFor();
  await enter(page, { p_password: password });
  await arrive(page, 'page-select-organization');
  await look(page, 'select-organization', how);
  await chosen(page, 'Acme').click();
  await arrive(page, 'page-not-admitted');
  await look(page, 'not-admitted', how);
  await page.locator('#other-account').click();
  await arrive(page, 'page-sign-in');
  await page.goBack();
  await page.goto(playground);
  await page.locator('#register').click();
  await arrive(page, 'page-register');
  await look(page, 'register-without-names', how);
}

/** The page at `/`, as an application links to it. */
async function visit(page, how) {
  const back = new URLSearchParams({ client_id: setting('CLIENT_ID'), return_url: `${playground}/callback` });
  await page.goto(`${setting('VESTIBULE_ISSUER')}/?${back}`);
  await arrive(page, 'page-home');
  equal('the way back', await page.locator('#way-back').count(), 1);
  await look(page, 'home-with-way-back', how);
}

await browse('not_admitted', (browser) => inEachAppearance(browser, async (page, how) => {
  await turnedAway(page, how);
  await visit(page, how);
}));

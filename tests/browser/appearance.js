// Each page in each width, scheme and language: nothing overflows, every field has a label, a picture for who wants to look.

import { setting } from '../environment.js';
import { inEachAppearance, look } from './support/appearance.js';
import { arrive, browse, enter, playground } from './support/browser.js';

const issuer = setting('VESTIBULE_ISSUER');

async function everyPage(page, how) {
  await page.goto(playground);
  await page.locator('#sign-in').click();
  await arrive(page, 'page-sign-in');
  await look(page, 'sign-in', how);
  await enter(page, { p_email: 'somebody@example.test' });
  await page.locator('[name=p_password]').waitFor();
  await look(page, 'password', how);
  await page.locator('[name=screen][value=forgot_password]').click();
  await arrive(page, 'page-forgot-password');
  await look(page, 'forgot-password', how);

  await page.goto(playground);
  await page.locator('#register').click();
  await arrive(page, 'page-register');
  await look(page, 'register', how);
  await page.locator('[name=p_email]').press('Enter');
  await page.locator('[aria-invalid=true]').first().waitFor();
  await look(page, 'register-refused', how);

  await page.goto(`${issuer}/oauth2/auth?client_id=nobody`);
  await arrive(page, 'page-error');
  await look(page, 'error', how);
  await page.goto(`${issuer}/logout`);
  await look(page, 'signed-out', how);
}

await browse('appearance', (browser) => inEachAppearance(browser, everyPage));

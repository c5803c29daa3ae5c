// Each page in each width, scheme and language: nothing overflows, every field has a label, a picture for who wants to look.

import { equal, setting } from '../environment.js';
import { arrive, browse, enter, open, picture, playground } from './support/browser.js';

const issuer = setting('VESTIBULE_ISSUER');

const WIDTHS = { narrow: 320, phone: 390, desk: 1280 };
const SCHEMES = ['light', 'dark'];
const LOCALES = ['en-GB', 'de-DE'];

/** What can be measured of a page's appearance, in the page. */
const measure = () => ({
  overflow: document.documentElement.scrollWidth - document.documentElement.clientWidth,
  language: document.documentElement.lang,
  headings: document.querySelectorAll('h1').length,
  // What is hidden from people is for password managers.
  unlabelled: [...document.querySelectorAll('input:not([type=hidden]):not([aria-hidden=true])')]
    .filter((input) => input.labels.length === 0 && !input.ariaLabel)
    .map((input) => input.name),
  small: [...document.querySelectorAll('main input:not([type=hidden]):not([type=checkbox]):not([aria-hidden=true]), main button.primary')]
    .filter((control) => control.getBoundingClientRect().height < 40)
    .map((control) => control.name || control.id),
});

async function look(page, name, how) {
  // The elements are there before the stylesheet is.
  await page.waitForLoadState('load');
  const found = await page.evaluate(measure);
  const what = [name, ...Object.values(how)].join(', ');
  equal(`${what}: nothing overflows`, found.overflow, 0);
  equal(`${what}: one heading`, found.headings, 1);
  equal(`${what}: every field has a label`, found.unlabelled, []);
  equal(`${what}: controls are large enough to hit`, found.small, []);
  equal(`${what}: the page says its language`, found.language.slice(0, 2), how.locale.slice(0, 2));
  await picture(page, what.replaceAll(', ', '-'));
}

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

await browse('appearance', async (browser) => {
  for (const [device, width] of Object.entries(WIDTHS)) {
    for (const colorScheme of SCHEMES) {
      for (const locale of LOCALES) {
        const page = await open(browser, { viewport: { width, height: 800 }, colorScheme, locale });
        await everyPage(page, { device, colorScheme, locale });
        await page.context().close();
      }
    }
  }
});

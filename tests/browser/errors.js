// Pages that say what went wrong, in the look of the organization that was meant, or of the business.

import { equal, holds, setting } from '../environment.js';
import { arrive, browse, open, picture, playground } from './support/browser.js';

const issuer = setting('VESTIBULE_ISSUER');
const organizations = JSON.parse(setting('ORGANIZATIONS'));
const DEVICES = { desk: { width: 1280, height: 800 }, phone: { width: 390, height: 800 } };

/** A request that can't be answered to the client, for an organization if any. */
const rejected = (code) => {
  const parameters = { client_id: setting('CLIENT_ID'), response_type: 'code', redirect_uri: 'https://elsewhere.example.test/', scope: 'openid' };
  return `${issuer}/oauth2/auth?${new URLSearchParams(code ? { ...parameters, org_code: code } : parameters)}`;
};

/** A picture of the logo, given to the business or to an organization. */
async function giveLogo(browser, method, route) {
  const page = await open(browser);
  await page.setContent('<body style="margin: 0"><b style="display: inline-block; padding: 8px 20px; background: #fff; color: #b45309; font: 700 40px serif">Business</b>');
  const form = new FormData();
  form.set('logo', new Blob([await page.locator('b').screenshot()]), 'business.png');
  const answer = await fetch(`${issuer}/api/v1${route}`, { method, headers: { authorization: `Bearer ${setting('API_TOKEN')}` }, body: form });
  equal(`a logo is stored at ${route}`, answer.status, 200);
  await page.context().close();
}

async function inEachAppearance(browser, name, tell) {
  for (const [device, viewport] of Object.entries(DEVICES)) {
    for (const colorScheme of ['light', 'dark']) {
      const page = await open(browser, { viewport, colorScheme });
      await tell(page);
      await arrive(page, 'page-error');
      await page.waitForLoadState('load');
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      equal(`${name} on a ${device}: nothing overflows`, overflow, 0);
      await picture(page, `error-${name}-${device}-${colorScheme}`);
      await page.context().close();
    }
  }
}

/** Opens a sign-in for an organization in one browser, and its address in another. */
async function foreign(browser, page, code) {
  const begun = await page.context().request.get(`${playground}/sign-in`, { maxRedirects: 0 });
  const owner = await open(browser);
  await owner.goto(`${begun.headers().location}&org_code=${code}`);
  await arrive(owner, 'page-sign-in');
  await page.goto(owner.url());
  await owner.context().close();
}

await browse('errors', async (browser) => {
  await inEachAppearance(browser, 'brand', (page) => page.goto(rejected()));
  await giveLogo(browser, 'PUT', '/environment/logos/light');
  await new Promise((resolve) => setTimeout(resolve, 1100));
  await inEachAppearance(browser, 'environment', async (page) => {
    await page.goto(`${issuer}/nowhere`);
    holds('it bears the logo of the business', await page.locator('#environment-logo').evaluate((image) => image.complete && image.naturalWidth > 0));
  });
  for (const [name, code] of Object.entries(organizations)) {
    await inEachAppearance(browser, `${name}-rejected`, async (page) => {
      await page.goto(rejected(code));
      equal('the page names the organization', await page.locator('#organization').innerText(), name);
    });
    await inEachAppearance(browser, `${name}-foreign`, async (page) => {
      await foreign(browser, page, code);
      equal('the page names the organization', await page.locator('#organization').innerText(), name);
    });
  }
});

// The pages of organizations that have colours of their own, in each width and scheme.

import { equal, holds, setting } from '../environment.js';
import { arrive, browse, enter, open, picture, playground } from './support/browser.js';

const organizations = JSON.parse(setting('ORGANIZATIONS'));
const username = setting('USERNAME_');
const password = setting('PASSWORD_');

const WIDTHS = { phone: 360, desk: 1280 };
const SCHEMES = ['light', 'dark'];

/** How light a colour of a computed style is, from 0 to 1, and its distance to another (WCAG 2.2). */
const contrasts = () => {
  const channels = (text) => text.match(/[\d.]+/g).slice(0, 3).map((value) => Number(value) / 255);
  const linear = (value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
  const luminance = (text) => {
    const [red, green, blue] = channels(text).map(linear);
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const contrast = (one, other) => {
    const [low, high] = [luminance(one), luminance(other)].sort((a, b) => a - b);
    return (high + 0.05) / (low + 0.05);
  };
  const style = (selector) => getComputedStyle(document.querySelector(selector));
  const ground = matchMedia('(max-width: 32rem)').matches || style('.card').backgroundColor === 'rgba(0, 0, 0, 0)'
    ? style('body').backgroundColor
    : style('.card').backgroundColor;
  return {
    button: contrast(style('button.primary').color, style('button.primary').backgroundColor),
    link: contrast(style('.link:not(.quiet)').color, ground),
    foot: contrast(style('.foot').color, style('body').backgroundColor),
    text: contrast(style('h1').color, ground),
    overflow: document.documentElement.scrollWidth - document.documentElement.clientWidth,
  };
};

/** Goes to the sign-in of the playground, for an organization. */
async function begin(page, code) {
  const begun = await page.context().request.get(`${playground}/sign-in`, { maxRedirects: 0 });
  await page.goto(`${begun.headers().location}&org_code=${code}`);
  await arrive(page, 'page-sign-in');
  await page.waitForLoadState('load');
}

async function look(page, name) {
  const found = await page.evaluate(contrasts);
  equal(`${name}: nothing overflows`, found.overflow, 0);
  for (const part of ['button', 'link', 'foot', 'text']) {
    holds(`${name}: the ${part} can be read (${found[part]})`, found[part] >= 4.5);
  }
  await picture(page, name);
}

const LOGOS = { light: ['#fff', '#0f766e'], dark: ['#17181c', '#5eead4'] };

/** Draws a logo for each ground, and gives them to an organization. */
async function giveLogos(browser, code) {
  const page = await open(browser);
  for (const [ground, [paper, ink]] of Object.entries(LOGOS)) {
    await page.setContent(`<body style="margin: 0; background: ${paper}"><b style="display: inline-block; padding: 8px 20px; background: ${paper};
      color: ${ink}; font: 700 40px sans-serif">◆ acme</b>`);
    const form = new FormData();
    form.set('logo', new Blob([await page.locator('b').screenshot()]), `${ground}.png`);
    const answer = await fetch(`${setting('VESTIBULE_ISSUER')}/api/v1/organizations/${code}/logos/${ground}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${setting('API_TOKEN')}` },
      body: form,
    });
    equal(`the ${ground} logo is stored`, answer.status, 200);
  }
  await page.context().close();
}

await browse('branding', async (browser) => {
  await giveLogos(browser, organizations.Acme);
  for (const [name, code] of Object.entries(organizations)) {
    for (const [device, width] of Object.entries(WIDTHS)) {
      for (const colorScheme of SCHEMES) {
        const page = await open(browser, { viewport: { width, height: 800 }, colorScheme });
        await begin(page, code);
        if (name === 'Acme') {
          const logo = page.locator('#organization-logo');
          equal('the logo names the organization', await logo.getAttribute('alt'), name);
          holds('the logo is there', await logo.evaluate((image) => image.complete && image.naturalWidth > 0));
        } else {
          equal('the page names the organization', await page.locator('#organization').innerText(), name);
        }
        await look(page, `branding-${name}-${device}-${colorScheme}`);
        await enter(page, { p_email: username });
        await page.locator('[name=p_password]').waitFor();
        await page.waitForLoadState('load');
        await picture(page, `branding-${name}-${device}-${colorScheme}-password`);
        await enter(page, { p_password: password });
        await arrive(page, 'page-playground-tokens');
        await page.context().close();
      }
    }
  }
});

// Each width, scheme and language in which a page is looked at, and what is measured there.

import { equal } from '../../environment.js';
import { open, picture } from './browser.js';

const WIDTHS = { narrow: 320, phone: 360, desk: 1280 };
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

/** Measures a page, and keeps a picture of it. */
export async function look(page, name, how) {
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

/** Tells a part of a story in each width, scheme and language. */
export async function inEachAppearance(browser, tell) {
  for (const [device, width] of Object.entries(WIDTHS)) {
    for (const colorScheme of SCHEMES) {
      for (const locale of LOCALES) {
        const page = await open(browser, { viewport: { width, height: 800 }, colorScheme, locale });
        await tell(page, { device, colorScheme, locale });
        await page.context().close();
      }
    }
  }
}

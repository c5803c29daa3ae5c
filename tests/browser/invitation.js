// Somebody reads the mail with an invitation and follows its link: registers with the address that it is for, and is told when a link is no use.

import { equal, holds, setting } from '../environment.js';
import { arrive, browse, enter, open, picture } from './support/browser.js';
import { codeFor, htmlFor } from './support/mail.js';

const address = setting('NEW_USERNAME');
const password = 'seven brass lanterns swing';
const DEVICES = { desk: { width: 1280, height: 800 }, phone: { width: 390, height: 800 } };

/** A picture on each device; nothing overflows on any. */
async function look(page, name) {
  for (const [device, size] of Object.entries(DEVICES)) {
    await page.setViewportSize(size);
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    equal(`${name} on a ${device}: nothing overflows`, overflow, 0);
    await picture(page, `${name}-${device}`);
  }
}

async function says(page, words) {
  const text = await page.locator('main').innerText();
  holds(`the page says: ${words}`, text.includes(words));
}

/** Invites somebody to an organization, whose mail is in that language. */
async function invite(code, email, language) {
  const answer = await fetch(`${setting('VESTIBULE_ISSUER')}/api/v1/organization/${code}/invites`, {
    method: 'POST',
    headers: { authorization: `Bearer ${setting('API_TOKEN')}`, 'content-type': 'application/json', 'accept-language': language },
    body: JSON.stringify({ email, roles: [], send_email: true }),
  });
  equal(`${email} is invited`, answer.status, 201);
}

/** The mail with an invitation, on each device, in each language and scheme, of an organization with colours and of one without. */
async function lookAtMails(browser) {
  const organizations = JSON.parse(setting('ORGANIZATIONS'));
  for (const [name, code] of Object.entries(organizations)) {
    for (const locale of ['en', 'de']) {
      const recipient = `${locale}-${code}@example.test`;
      await invite(code, recipient, locale);
      const html = await htmlFor(recipient);
      for (const colorScheme of ['light', 'dark']) {
        const page = await open(browser, { colorScheme });
        await page.setContent(html);
        equal('the mail says its language', await page.locator('html').getAttribute('lang'), locale);
        holds('the mail names the organization', (await page.locator('body').innerText()).includes(name));
        holds('its button leads to the invitation', (await page.locator('a').getAttribute('href')).includes('/team_invitation?code=inv_'));
        await look(page, `invitation-mail-${name}-${locale}-${colorScheme}`);
        await page.context().close();
      }
    }
  }
}

await browse('invitation', async (browser) => {
  await lookAtMails(browser);
  const page = await open(browser);
  await page.goto(setting('INVITATION'));
  await arrive(page, 'page-register');
  await says(page, 'Acme');
  equal('the address is filled in', await page.locator('[name=p_email]').inputValue(), address);
  equal('and can not be changed', await page.locator('[name=p_email]').isEditable(), false);
  equal('the name is known', await page.locator('[name=p_last_name]').inputValue(), 'Hopper');
  await look(page, 'invitation-register');
  await enter(page, { p_first_name: 'Grace' });
  await arrive(page, 'page-choose-password');
  await enter(page, { p_first_password: password, p_second_password: password });
  await arrive(page, 'page-code');
  await enter(page, { p_confirmation_code: await codeFor(address) });
  await arrive(page, 'page-home');
  await says(page, 'Grace Hopper');

  await page.goto(setting('ANOTHER_INVITATION'));
  await arrive(page, 'page-invitation');
  await says(page, 'linus@example.test');
  await look(page, 'invitation-for-another');
  await page.locator('#accept-invitation').click();
  await arrive(page, 'page-register');
  equal('it asks for the invited one', await page.locator('[name=p_email]').inputValue(), 'linus@example.test');

  await page.goto(setting('INVITATION'));
  await arrive(page, 'page-invitation');
  await says(page, 'accepted already');
  await look(page, 'invitation-accepted');

  const german = await open(browser, { locale: 'de-DE', colorScheme: 'dark' });
  await german.goto(setting('ANOTHER_INVITATION'));
  await arrive(german, 'page-register');
  await look(german, 'invitation-register-german');
});

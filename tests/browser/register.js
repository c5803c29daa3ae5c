// A visitor of an application creates an account: names, a password, the code from the mail. And forgets the password.

import { equal, holds, setting } from '../environment.js';
import { arrive, browse, enter, open, picture, playground, signIn } from './support/browser.js';
import { codeFor } from './support/mail.js';

const address = setting('NEW_USERNAME');
const first = 'seven brass lanterns swing';
const second = 'nine copper kettles whistle';

async function register(page) {
  await page.goto(playground);
  await arrive(page, 'page-playground');
  await page.locator('#register').click();
  await arrive(page, 'page-register');
  await enter(page, { p_first_name: 'Grace', p_last_name: 'Hopper', p_email: address });
  await arrive(page, 'page-choose-password');
  await enter(page, { p_first_password: first, p_second_password: first });
  await arrive(page, 'page-code');
  await picture(page, 'register-code');
  await enter(page, { p_confirmation_code: await codeFor(address) });
  await arrive(page, 'page-playground-tokens');
  holds('the application greets the new user', (await page.locator('h1').innerText()).includes('Grace'));
  await picture(page, 'register-tokens');
}

async function forget(page) {
  await page.goto(playground);
  await page.locator('#sign-in').click();
  await arrive(page, 'page-sign-in');
  await enter(page, { p_email: address });
  await page.locator('[name=screen][value=forgot_password]').click();
  await arrive(page, 'page-forgot-password');
  equal('the address is kept', await page.locator('[name=p_email]').inputValue(), address);
  const before = await codeFor(address);
  await enter(page, { p_email: address });
  await arrive(page, 'page-code');
  let code = await codeFor(address);
  for (let attempt = 0; code === before && attempt < 20; attempt += 1) {
    await page.waitForTimeout(100);
    code = await codeFor(address);
  }
  await enter(page, { p_confirmation_code: code });
  await arrive(page, 'page-choose-password');
  await enter(page, { p_first_password: second, p_second_password: second });
  await arrive(page, 'page-playground-tokens');
}

await browse('register', async (browser) => {
  await register(await open(browser));
  await forget(await open(browser));

  const page = await open(browser);
  await page.goto(playground);
  await signIn(page, address, second);
  await arrive(page, 'page-playground-tokens');
});

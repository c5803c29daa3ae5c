// Somebody signs in to an application at Keycloak, and signs out of the application.

import { holds, setting } from '../environment.js';
import { arrive, browse, open, picture, playground } from './support/browser.js';
import { signInAtKeycloak } from './support/upstream.js';

await browse('keycloak', async (browser) => {
  for (const [name, options] of [['keycloak', {}], ['keycloak-without-javascript', { javaScriptEnabled: false }]]) {
    const page = await open(browser, options);
    await page.goto(playground);
    await page.locator('#sign-in').click();
    await arrive(page, 'page-sign-in');
    await page.locator('button', { hasText: 'Continue with Acme' }).click();
    await page.locator('#kc-login').waitFor();
    await picture(page, name);
    await signInAtKeycloak(page, 'grace', setting('PASSWORD_'));
    await arrive(page, 'page-playground-tokens');
    const said = await page.locator('main').innerText();
    for (const fact of ['grace@acme.test', 'Grace', 'fed']) holds(`the tokens say ${fact}`, said.includes(fact), said);
    await page.locator('#sign-out').click();
    await arrive(page, 'page-playground-signed-out');
    await page.context().close();
  }
});

// The pages of providers that are not ours.

/** Signs in at npm oidc-provider, whoever one says one is, and agrees to whatever it asks. */
export async function signInAtOidcProvider(page, login) {
  await page.locator('[name=login]').fill(login);
  await page.locator('[name=password]').fill('any');
  await page.locator('[name=password]').press('Enter');
  await page.locator('input[name=prompt][value=consent]').waitFor({ state: 'attached' });
  await page.locator('button[type=submit]').click();
}

/** Fills in the form of Keycloak. */
export async function signInAtKeycloak(page, username, password) {
  await page.locator('[name=username]').fill(username);
  await page.locator('[name=password]').fill(password);
  await page.locator('#kc-login').click();
}

// A service that manages the server with Kinde's management SDK, over TLS. What it does with a noun is a table in ./management.

import { ApiError, checkAudience, getToken, init, setToken } from '@kinde/management-api-js';
import { equal, fail, holds, setting, story } from '../environment.js';

const kindeDomain = setting('VESTIBULE_ISSUER');
const noun = setting('NOUN');
const { steps } = await import(`./management/${noun}.js`);

let tokenRequests = 0;
const { fetch } = globalThis;
globalThis.fetch = (address, ...more) => {
  if (String(address).endsWith('/oauth2/token')) tokenRequests += 1;
  return fetch(address, ...more);
};

function become(who) {
  setToken('');
  init({ kindeDomain, clientId: setting(`${who}_CLIENT_ID`), clientSecret: setting(`${who}_CLIENT_SECRET`) });
}

/** Stands for whatever an earlier step would have found. */
const anything = new Proxy({}, { get: () => '00000000-0000-0000-0000-000000000000' });

async function withoutScope({ what, call }) {
  try {
    await call(anything);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    return equal(`${what}: refused without the scope`, [error.status, error.body.errors[0].code], [403, 'INSUFFICIENT_SCOPE']);
  }
  return fail(`${what}: done without the scope`);
}

async function withScope({ what, call, check, refusal }, seen) {
  let result;
  try {
    result = await call(seen);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    if (!refusal) fail(`${what}: ${error.status} ${JSON.stringify(error.body)}`);
    return equal(`${what}: refused`, [error.status, error.body.errors[0].code], refusal);
  }
  if (refusal) fail(`${what}: done, and not refused with ${refusal}`);
  return check(result, seen, what);
}

await story(`management-api-js: ${noun}`, async () => {
  become('STRANGER');
  for (const step of steps) await withoutScope(step);
  become('MANAGER');
  tokenRequests = 0;
  const seen = { ...process.env };
  for (const step of steps) await withScope(step, seen);
  equal('one token for all calls', tokenRequests, 1);
  holds('checkAudience', checkAudience(await getToken(), `${kindeDomain}/api`));
});

// A resource server with Kinde's validator, while the server's signing key is replaced.

import { validateToken } from '@kinde/jwt-validator';
import { equal, holds, setting, story } from '../environment.js';

const domain = setting('VESTIBULE_ISSUER');
const [former, next] = [setting('FORMER_TOKEN'), setting('NEXT_TOKEN')];
const kid = (token) => JSON.parse(atob(token.split('.')[0])).kid;

await story('jwt-validator', async () => {
  holds('the tokens have different keys', kid(former) !== kid(next));
  for (const [what, token] of [['the former key', former], ['the next key', next], ['the former key, again', former]]) {
    equal(`a token of ${what}`, await validateToken({ token, domain }), { valid: true, message: 'Token is valid' });
  }
  const forged = `${next.slice(0, -8)}${former.slice(-8)}`;
  equal('a token with a foreign signature', (await validateToken({ token: forged, domain })).valid, false);
});

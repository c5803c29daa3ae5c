// npm oidc-provider as an upstream, in three dresses: plain, in the wire shape of Google, in that of Entra ID.

import { createServer } from 'node:http';
import Provider from 'oidc-provider';
import { holds } from '../../environment.js';

const tenant = '11111111-2222-3333-4444-555555555555';

const DRESSES = {
  plain: { own: [], usual: { email_verified: true } },
  google: { own: ['hd'], usual: { email_verified: true, hd: 'acme.test' } },
  entra_id: {
    own: ['tid', 'oid', 'xms_edov', '_claim_names', 'groups'],
    usual: {
      tid: tenant, oid: '99999999-2222-3333-4444-555555555555', xms_edov: true, _claim_names: { groups: 'src1' },
    },
  },
};

/** A provider at a port of this machine. What it says of whoever signs in is `says(login)`. */
export class Upstream {
  /** What Graph says of their groups, and how often it was asked. */
  graph = { groups: ['clerks'], asked: 0 };
  says = () => ({});
  /** How its logout tokens were taken. */
  told = { taken: 0, refused: [] };
  #server;
  #provider;
  #base;

  constructor({ dress, port, callback, signsOut = {} }) {
    const { own, usual } = DRESSES[dress];
    this.port = port;
    this.origin = `http://127.0.0.1:${port}`;
    this.#base = dress === 'entra_id' ? `/${tenant}/v2.0` : '';
    this.#provider = new Provider(`${this.origin}${this.#base}`, {
      clients: [{
        client_id: 'vestibule-there',
        client_secret: 'a secret of ours, there',
        redirect_uris: [callback],
        ...signsOut,
      }],
      features: { backchannelLogout: { enabled: true } },
      // By itself it does not speak to this machine.
      fetch: (url, options) => fetch(url, { ...options, dispatcher: undefined }),
      // Google and Entra ID put what the scopes give into the ID Token.
      conformIdTokenClaims: dress === 'plain',
      claims: { openid: ['sub', ...own], email: ['email', 'email_verified'], profile: ['given_name', 'family_name', 'picture'] },
      findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id, ...usual, ...this.says(id) }) }),
      cookies: { keys: ['of this run'] },
      pkce: { required: () => true },
    });
    this.#provider.on('backchannel.success', () => { this.told.taken += 1; });
    this.#provider.on('backchannel.error', (_, error) => { this.told.refused.push(error.message); });
  }

  /** Tells while it listens. */
  async during(tell) {
    this.#server = createServer((request, response) => this.#answer(request, response).catch((error) => response.destroy(error)));
    await new Promise((ready) => { this.#server.listen(this.port, '127.0.0.1', ready); });
    try {
      await tell();
    } finally {
      this.stop();
    }
  }

  /** Listens no more. */
  stop() {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  /** The common endpoint of Entra ID, whose issuer is a template, and Graph; all else is the provider's. */
  async #answer(request, response) {
    const base = this.#base;
    const json = (body) => {
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify(body));
    };
    if (request.url === '/organizations/v2.0/.well-known/openid-configuration') {
      const metadata = await fetch(`${this.origin}${base}/.well-known/openid-configuration`).then((found) => found.json());
      return json({ ...metadata, issuer: `${this.origin}/{tenantid}/v2.0`, userinfo_endpoint: undefined });
    }
    if (request.url === '/v1.0/me/getMemberGroups') {
      holds('Graph is asked with an access token', request.headers.authorization?.startsWith('Bearer '));
      this.graph.asked += 1;
      return json({ value: this.graph.groups });
    }
    if (base && request.url.startsWith(base)) {
      request.originalUrl = request.url;
      request.url = request.url.slice(base.length) || '/';
    }
    return this.#provider.callback()(request, response);
  }
}

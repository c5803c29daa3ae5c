import { Applications, Callbacks } from '@kinde/management-api-js';
import { equal, holds } from '../../environment.js';
import { all, done, keep } from './checks.js';

const [one, two] = ['https://app.example.test/one', 'https://app.example.test/two'];
const urls = (list, expected) => (result) => equal(list, result[list].toSorted(), expected);

export const steps = [
  { what: 'createApplication', call: () => Applications.createApplication({ requestBody: { name: 'Notes', type: 'reg' } }), check: all(done, keep('appId', (result) => result.application.id), keep('secret', (result) => result.application.client_secret)) },
  { what: 'getApplications', call: () => Applications.getApplications({ sort: 'name_asc', pageSize: 100 }), check: all(done, (result, { appId }) => holds('it is listed', result.applications.some(({ id, type }) => id === appId && type === 'reg'), result)) },
  { what: 'getApplication', call: ({ appId }) => Applications.getApplication({ applicationId: appId }), check: all(done, ({ application }, { appId }) => equal('the application', [application.id, application.client_id, application.name, application.type], [appId, appId, 'Notes', 'reg'])) },
  { what: 'updateApplication', call: ({ appId }) => Applications.updateApplication({ applicationId: appId, requestBody: { name: 'Notebook', redirect_uris: [one], login_uri: 'https://app.example.test/login' } }), check: () => {} },
  { what: 'updateApplicationTokens', call: ({ appId }) => Applications.updateApplicationTokens({ applicationId: appId, requestBody: { access_token_lifetime: 3600, refresh_token_lifetime: 86400, id_token_lifetime: 3600 } }), check: done },
  { what: 'addRedirectCallbackUrls', call: ({ appId }) => Callbacks.addRedirectCallbackUrls({ appId, requestBody: { urls: [two] } }), check: done },
  { what: 'getCallbackUrls', call: ({ appId }) => Callbacks.getCallbackUrls({ appId }), check: urls('redirect_urls', [one, two]) },
  { what: 'replaceRedirectCallbackUrls', call: ({ appId }) => Callbacks.replaceRedirectCallbackUrls({ appId, requestBody: { urls: [one, two] } }), check: done },
  { what: 'deleteCallbackUrls', call: ({ appId }) => Callbacks.deleteCallbackUrls({ appId, urls: two }), check: done },
  { what: 'getCallbackUrls, afterwards', call: ({ appId }) => Callbacks.getCallbackUrls({ appId }), check: urls('redirect_urls', [one]) },
  { what: 'addLogoutRedirectUrls', call: ({ appId }) => Callbacks.addLogoutRedirectUrls({ appId, requestBody: { urls: [one, two] } }), check: done },
  { what: 'replaceLogoutRedirectUrls', call: ({ appId }) => Callbacks.replaceLogoutRedirectUrls({ appId, requestBody: { urls: [one, two] } }), check: done },
  { what: 'deleteLogoutUrls', call: ({ appId }) => Callbacks.deleteLogoutUrls({ appId, urls: one }), check: done },
  { what: 'getLogoutUrls', call: ({ appId }) => Callbacks.getLogoutUrls({ appId }), check: all(done, urls('logout_urls', [two])) },
  { what: 'deleteApplication', call: ({ appId }) => Applications.deleteApplication({ applicationId: appId }), check: done },
];

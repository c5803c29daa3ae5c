import { Apis, Applications } from '@kinde/management-api-js';
import { equal, holds } from '../../environment.js';
import { all, done, keep, lists } from './checks.js';

const audience = 'https://reports.example.test';

export const steps = [
  { what: 'addApis', call: () => Apis.addApis({ requestBody: { name: 'Reports', audience } }), check: all(done, keep('apiId', (result) => result.api.id)) },
  { what: 'addApiScope', call: ({ apiId }) => Apis.addApiScope({ apiId, requestBody: { key: 'read:all', description: 'Reads all' } }), check: all(done, keep('scopeId', (result) => result.scope.id)) },
  { what: 'getApis', call: () => Apis.getApis({ expand: 'scopes' }), check: all(done, (result) => holds('it is listed with its scope', result.apis.find((api) => api.audience === audience)?.scopes.some(({ key }) => key === 'read:all'), result)) },
  { what: 'getApiScopes', call: ({ apiId }) => Apis.getApiScopes({ apiId }), check: lists('scopes', 'key', ['read:all']) },
  { what: 'getApiScope', call: ({ apiId, scopeId }) => Apis.getApiScope({ apiId, scopeId }), check: all(done, (result) => equal('the scope', result.scope.key, 'read:all')) },
  { what: 'updateApiScope', call: ({ apiId, scopeId }) => Apis.updateApiScope({ apiId, scopeId, requestBody: { description: 'Reads everything' } }), check: () => {} },
  { what: 'createApplication', call: () => Applications.createApplication({ requestBody: { name: 'Robot', type: 'm2m' } }), check: all(done, keep('applicationId', (result) => result.application.id)) },
  { what: 'updateApiApplications', call: ({ apiId, applicationId }) => Apis.updateApiApplications({ apiId, requestBody: { applications: [{ id: applicationId }] } }), check: all(done, (result, { applicationId }) => equal('connected', result.applications_connected, [applicationId])) },
  { what: 'addApiApplicationScope', call: ({ apiId, applicationId, scopeId }) => Apis.addApiApplicationScope({ apiId, applicationId, scopeId }), check: () => {} },
  { what: 'getApi', call: ({ apiId }) => Apis.getApi({ apiId }), check: all(done, ({ api }, { applicationId }) => equal('its machine', api.applications.filter((one) => one.is_active).map(({ id, type }) => [id, type]), [[applicationId, 'Machine to machine (M2M)']])) },
  { what: 'deleteApiApplicationScope', call: ({ apiId, applicationId, scopeId }) => Apis.deleteApiApplicationScope({ apiId, applicationId, scopeId }), check: () => {} },
  { what: 'updateApiApplications, with a deletion', call: ({ apiId, applicationId }) => Apis.updateApiApplications({ apiId, requestBody: { applications: [{ id: applicationId, operation: 'delete' }] } }), check: all(done, (result, { applicationId }) => equal('disconnected', result.applications_disconnected, [applicationId])) },
  { what: 'deleteApiScope', call: ({ apiId, scopeId }) => Apis.deleteApiScope({ apiId, scopeId }), check: () => {} },
  { what: 'deleteApi', call: ({ apiId }) => Apis.deleteApi({ apiId }), check: done },
];

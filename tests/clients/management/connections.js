import { Applications, Connections, Organizations } from '@kinde/management-api-js';
import { equal, holds } from '../../environment.js';
import { all, done, keep } from './checks.js';

const wrapped = (expected) => (result, seen) => equal('the connections', result.connections.map(({ code, connection }) => [code, connection.id, connection.strategy]), expected(seen));
const entra = { client_id: 'vestibule', client_secret: 'a secret of ours, there', entra_id_domain: '72f988bf-86f1-41af-91ab-2d7cd011db47', home_realm_domains: ['@acme.test'], is_use_common_endpoint: false, is_sync_user_profile_on_login: true, is_retrieve_provider_user_groups: true, is_extended_attributes_required: true, is_auto_join_organization_enabled: true, is_create_missing_user: true, is_force_show_sso_button: true, upstream_params: { prompt: { value: 'select_account' } }, is_use_custom_domain: true, is_trusted: true };

export const steps = [
  { what: 'createApplication', call: () => Applications.createApplication({ requestBody: { name: 'Notes', type: 'reg' } }), check: keep('appId', (result) => result.application.id) },
  { what: 'createOrganization', call: () => Organizations.createOrganization({ requestBody: { name: 'Acme' } }), check: keep('orgCode', (result) => result.organization.code) },
  { what: 'createConnection, social', call: ({ appId }) => Connections.createConnection({ requestBody: { name: 'google', display_name: 'Google', strategy: 'oauth2:google', enabled_applications: [appId], options: { client_id: 'vestibule', client_secret: 'a secret of ours, there', is_use_custom_domain: false, is_trusted: true } } }), check: all(done, keep('social', (result) => result.connection.id)) },
  { what: 'createConnection, enterprise', call: ({ orgCode }) => Connections.createConnection({ requestBody: { name: 'acme', display_name: 'Acme', strategy: 'oauth2:azure_ad', organization_code: orgCode, options: entra } }), check: all(done, keep('enterprise', (result) => result.connection.id)) },
  { what: 'createConnection, of SAML', call: () => Connections.createConnection({ requestBody: { name: 'saml', display_name: 'SAML', strategy: 'saml:custom', options: { saml_entity_id: 'vestibule' } } }), refusal: [400, 'STRATEGY_NOT_SUPPORTED'] },
  { what: 'getConnections', call: () => Connections.getConnections({ pageSize: 100 }), check: all(done, (result, { social, enterprise }) => holds('both are listed', [social, enterprise].every((id) => result.connections.some(({ connection }) => connection.id === id)), result)) },
  { what: 'getConnections, of a domain', call: () => Connections.getConnections({ homeRealmDomain: '@acme.test' }), check: all(done, wrapped(({ enterprise }) => [['OK', enterprise, 'oauth2:azure_ad']])) },
  { what: 'getConnection', call: ({ social }) => Connections.getConnection({ connectionId: social }), check: all(done, ({ connection }, { social }) => equal('the connection', [connection.id, connection.name, connection.display_name, connection.strategy], [social, 'google', 'Google', 'oauth2:google'])) },
  { what: 'updateConnection', call: ({ social }) => Connections.updateConnection({ connectionId: social, requestBody: { display_name: 'Sign in with Google', options: { is_trusted: false } } }), check: done },
  { what: 'replaceConnection', call: ({ enterprise }) => Connections.replaceConnection({ connectionId: enterprise, requestBody: { name: 'acme', display_name: 'Acme Inc.', options: entra } }), check: done },
  { what: 'getConnection, afterwards', call: ({ enterprise }) => Connections.getConnection({ connectionId: enterprise }), check: ({ connection }) => equal('its name', connection.display_name, 'Acme Inc.') },
  { what: 'getApplicationConnections', call: ({ appId }) => Applications.getApplicationConnections({ applicationId: appId }), check: all(done, wrapped(({ social }) => [['OK', social, 'oauth2:google']])) },
  { what: 'enableConnection', call: ({ appId, enterprise }) => Applications.enableConnection({ applicationId: appId, connectionId: enterprise }), check: () => {} },
  { what: 'removeConnection', call: ({ appId, enterprise }) => Applications.removeConnection({ applicationId: appId, connectionId: enterprise }), check: done },
  { what: 'enableOrgConnection', call: ({ orgCode, social }) => Organizations.enableOrgConnection({ organizationCode: orgCode, connectionId: social }), check: () => {} },
  { what: 'getOrganizationConnections', call: ({ orgCode }) => Organizations.getOrganizationConnections({ organizationCode: orgCode }), check: all(done, (result) => equal('how many', result.connections.length, 2)) },
  { what: 'removeOrgConnection', call: ({ orgCode, social }) => Organizations.removeOrgConnection({ organizationCode: orgCode, connectionId: social }), check: done },
  { what: 'deleteConnection', call: ({ social }) => Connections.deleteConnection({ connectionId: social }), check: done },
];

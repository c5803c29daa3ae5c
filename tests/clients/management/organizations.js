import { Organizations } from '@kinde/management-api-js';
import { equal, holds } from '../../environment.js';
import { all, done, keep } from './checks.js';

const body = { name: 'Acme', external_id: 'ext-1', handle: 'acme', is_auto_membership_enabled: false, theme_code: 'light', button_color: '#3451b2' };
const codes = (result) => result.organizations.map((one) => one.code);

export const steps = [
  {
    what: 'createOrganization',
    call: () => Organizations.createOrganization({ requestBody: body }),
    check: all(done, keep('orgCode', (result) => result.organization.code)),
  },
  {
    what: 'getOrganizations, to find the default one',
    call: () => Organizations.getOrganizations({ pageSize: 100 }),
    check: all(done, keep('defaultCode', (result) => result.organizations.find((one) => one.is_default)?.code)),
  },
  {
    what: 'updateOrganization, to suspend the default one',
    call: ({ defaultCode }) => Organizations.updateOrganization({ orgCode: defaultCode, requestBody: { is_suspended: true } }),
    refusal: [400, 'DEFAULT_ORGANIZATION_CANNOT_BE_SUSPENDED'],
  },
  { what: 'getOrganizations', call: () => Organizations.getOrganizations(), check: all(done, (result, { orgCode }) => holds('it is listed', codes(result).includes(orgCode), result)) },
  {
    what: 'getOrganizations, the first of several pages',
    call: () => Organizations.getOrganizations({ sort: 'name_asc', pageSize: 1 }),
    check: all(done, (result) => equal('one', codes(result).length, 1), keep('next', (result) => result.next_token)),
  },
  {
    what: 'getOrganizations, the last page',
    call: ({ next }) => Organizations.getOrganizations({ sort: 'name_asc', pageSize: 1, nextToken: next }),
    check: all(done, (result) => equal('there is no page after it', result.next_token, null)),
  },
  {
    what: 'getOrganization',
    call: ({ orgCode }) => Organizations.getOrganization({ code: orgCode }),
    check: (result, { orgCode }) =>
      equal('the organization', [result.code, result.name, result.handle, result.external_id, result.is_default, result.is_suspended], [orgCode, 'Acme', 'acme', 'ext-1', false, false]),
  },
  {
    what: 'updateOrganization',
    call: ({ orgCode }) =>
      Organizations.updateOrganization({ orgCode, requestBody: { name: 'Acme AG', allowed_domains: ['acme.test'], is_auto_join_domain_list: true, is_suspended: true } }),
    check: done,
  },
  {
    what: 'getOrganization, changed',
    call: ({ orgCode }) => Organizations.getOrganization({ code: orgCode }),
    check: (result) => equal('the organization', [result.name, result.allowed_domains, result.is_suspended], ['Acme AG', ['acme.test'], true]),
  },
  {
    what: 'updateOrganizationSessions',
    call: ({ orgCode }) => Organizations.updateOrganizationSessions({ orgCode, requestBody: { is_use_org_sso_session_policy: true, sso_session_persistence_mode: 'non_persistent' } }),
    check: done,
  },
  { what: 'deleteOrganizationHandle', call: ({ orgCode }) => Organizations.deleteOrganizationHandle({ orgCode }), check: done },
  {
    what: 'getOrganization, without a handle',
    call: ({ orgCode }) => Organizations.getOrganization({ code: orgCode }),
    check: (result) => equal('the handle', result.handle, null),
  },
  { what: 'deleteOrganization', call: ({ orgCode }) => Organizations.deleteOrganization({ orgCode }), check: done },
  { what: 'getOrganizations, afterwards', call: () => Organizations.getOrganizations(), check: all(done, (result, { orgCode }) => holds('it is gone', !codes(result).includes(orgCode), result)) },
];

import { Organizations, Roles } from '@kinde/management-api-js';
import { equal, holds } from '../../environment.js';
import { all, done, keep, lists } from './checks.js';

const requestBody = { email: 'Grace@example.test', first_name: 'Grace', last_name: 'Hopper', roles: ['editor'], send_email: true };
const invitation = (invite, seen, what) => {
  equal(what, [invite.email, invite.full_name, invite.is_sent, invite.is_revoked, invite.accepted_on], ['Grace@example.test', 'Grace Hopper', true, false, null]);
  equal(`${what}: roles`, invite.roles, [{ key: 'editor', name: 'Editor' }]);
  equal(`${what}: link`, invite.invite_link, `${seen.VESTIBULE_ISSUER}/team_invitation?code=${invite.code}`);
};

export const steps = [
  { what: 'createOrganization', call: () => Organizations.createOrganization({ requestBody: { name: 'Acme' } }), check: all(done, keep('orgCode', (result) => result.organization.code)) },
  { what: 'createRole', call: () => Roles.createRole({ requestBody: { name: 'Editor', key: 'editor' } }), check: done },
  {
    what: 'createOrganizationInvite',
    call: ({ orgCode }) => Organizations.createOrganizationInvite({ orgCode, requestBody }),
    check: (result, seen, what) => {
      equal(`${what}: code`, result.code, 'INVITATION_CREATED');
      invitation(result.invite, seen, what);
      keep('inviteCode', ({ invite }) => invite.code)(result, seen, what);
    },
  },
  {
    what: 'createOrganizationInvite, without a mail',
    call: ({ orgCode }) => Organizations.createOrganizationInvite({ orgCode, requestBody: { email: 'ada@example.test', roles: [] } }),
    check: (result) => equal('it is not sent', [result.invite.is_sent, result.invite.full_name, result.invite.roles], [false, null, []]),
  },
  {
    what: 'createOrganizationInvite, with a role that is none',
    call: ({ orgCode }) => Organizations.createOrganizationInvite({ orgCode, requestBody: { email: 'ada@example.test', roles: ['nothing'] } }),
    refusal: [404, 'ROLE_NOT_FOUND'],
  },
  {
    what: 'createOrganizationInvite, for no address',
    call: ({ orgCode }) => Organizations.createOrganizationInvite({ orgCode, requestBody: { email: 'nobody', roles: [] } }),
    refusal: [400, 'INVALID_FIELD'],
  },
  { what: 'getOrganizationInvite', call: ({ orgCode, inviteCode }) => Organizations.getOrganizationInvite({ orgCode, inviteCode }), check: invitation },
  { what: 'getOrganizationInvites', call: ({ orgCode }) => Organizations.getOrganizationInvites({ orgCode, sort: 'email_asc' }), check: lists('invites', 'email', ['ada@example.test', 'Grace@example.test']) },
  {
    what: 'getOrganizationInvites, the first of several pages',
    call: ({ orgCode }) => Organizations.getOrganizationInvites({ orgCode, sort: 'email_desc', pageSize: 1 }),
    check: all(lists('invites', 'email', ['Grace@example.test']), keep('next', (result) => result.next_token)),
  },
  {
    what: 'getOrganizationInvites, the last page',
    call: ({ orgCode, next }) => Organizations.getOrganizationInvites({ orgCode, sort: 'email_desc', pageSize: 1, nextToken: next }),
    check: all(lists('invites', 'email', ['ada@example.test']), (result) => equal('there is no page after it', result.next_token, null)),
  },
  { what: 'deleteOrganizationInvite', call: ({ orgCode, inviteCode }) => Organizations.deleteOrganizationInvite({ orgCode, inviteCode }), check: done },
  { what: 'getOrganizationInvites, afterwards', call: ({ orgCode }) => Organizations.getOrganizationInvites({ orgCode }), check: lists('invites', 'email', ['ada@example.test']) },
  {
    what: 'getOrganizationInvites, with those that were withdrawn',
    call: ({ orgCode }) => Organizations.getOrganizationInvites({ orgCode, includeRevoked: true, includeAccepted: true }),
    check: (result) => holds('one was withdrawn', result.invites.filter((one) => one.is_revoked).length === 1, result),
  },
  {
    what: 'getOrganizationInvite, of none',
    call: ({ orgCode }) => Organizations.getOrganizationInvite({ orgCode, inviteCode: 'inv_00000000000000000000000000000000' }),
    refusal: [404, 'INVITATION_NOT_FOUND'],
  },
];

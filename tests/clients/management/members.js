import { Organizations, Permissions, Roles, Users } from '@kinde/management-api-js';
import { equal } from '../../environment.js';
import { all, done, keep, lists } from './checks.js';

const person = (email) => ({ profile: { given_name: 'Ada', family_name: 'Byron' }, identities: [{ type: 'email', details: { email } }] });
const ids = (list) => (result, { userId }) => equal(`${list}: the user`, result[list], [userId]);

export const steps = [
  { what: 'createOrganization', call: () => Organizations.createOrganization({ requestBody: { name: 'Acme' } }), check: all(done, keep('orgCode', (result) => result.organization.code)) },
  { what: 'createUser', call: () => Users.createUser({ requestBody: person('ada@example.test') }), check: keep('userId', (result) => result.id) },
  { what: 'createPermission', call: () => Permissions.createPermission({ requestBody: { name: 'Read', key: 'read:reports' } }), check: done },
  { what: 'getPermissions', call: () => Permissions.getPermissions(), check: all(done, keep('permissionId', (result) => result.permissions[0].id)) },
  { what: 'createRole', call: () => Roles.createRole({ requestBody: { name: 'Editor', key: 'editor' } }), check: all(done, keep('roleId', (result) => result.role.id)) },
  {
    what: 'addOrganizationUsers',
    call: ({ orgCode, userId }) => Organizations.addOrganizationUsers({ orgCode, requestBody: { users: [{ id: userId, roles: ['editor'], permissions: ['read:reports'] }] } }),
    check: all(done, ids('users_added')),
  },
  {
    what: 'getOrganizationUsers',
    call: ({ orgCode }) => Organizations.getOrganizationUsers({ orgCode }),
    check: all(lists('organization_users', 'email', ['ada@example.test']), (result) => equal('roles', result.organization_users[0].roles, ['editor'])),
  },
  {
    what: 'getOrganizationUsers, with a role and a permission',
    call: ({ orgCode }) => Organizations.getOrganizationUsers({ orgCode, roles: 'editor', permissions: 'read:reports', sort: 'email_asc', pageSize: 5 }),
    check: lists('organization_users', 'full_name', ['Ada Byron']),
  },
  { what: 'getOrganizationUserRoles', call: ({ orgCode, userId }) => Organizations.getOrganizationUserRoles({ orgCode, userId }), check: lists('roles', 'key', ['editor']) },
  { what: 'getOrganizationUserPermissions', call: ({ orgCode, userId }) => Organizations.getOrganizationUserPermissions({ orgCode, userId, expand: 'roles' }), check: lists('permissions', 'key', ['read:reports']) },
  { what: 'getOrganizationRoleUsers', call: ({ orgCode, roleId }) => Organizations.getOrganizationRoleUsers({ orgCode, roleId }), check: all(done, (result, { userId }) => equal('users', result.users.map(({ id }) => id), [userId])) },
  { what: 'deleteOrganizationUserRole', call: ({ orgCode, userId, roleId }) => Organizations.deleteOrganizationUserRole({ orgCode, userId, roleId }), check: done },
  { what: 'createOrganizationUserRole', call: ({ orgCode, userId, roleId }) => Organizations.createOrganizationUserRole({ orgCode, userId, requestBody: { role_id: roleId } }), check: done },
  { what: 'deleteOrganizationUserPermission', call: ({ orgCode, userId, permissionId }) => Organizations.deleteOrganizationUserPermission({ orgCode, userId, permissionId }), check: done },
  { what: 'createOrganizationUserPermission', call: ({ orgCode, userId, permissionId }) => Organizations.createOrganizationUserPermission({ orgCode, userId, requestBody: { permission_id: permissionId } }), check: done },
  {
    what: 'updateOrganizationUsers, with a deletion',
    call: ({ orgCode, userId }) => Organizations.updateOrganizationUsers({ orgCode, requestBody: { users: [{ id: userId, operation: 'delete' }] } }),
    check: all(done, ids('users_removed')),
  },
  {
    what: 'updateOrganizationUsers',
    call: ({ orgCode, userId }) => Organizations.updateOrganizationUsers({ orgCode, requestBody: { users: [{ id: userId, roles: ['editor'] }] } }),
    check: all(done, ids('users_added')),
  },
  { what: 'removeOrganizationUser', call: ({ orgCode, userId }) => Organizations.removeOrganizationUser({ orgCode, userId }), check: done },
  {
    what: 'createOrganizationUserRole, for somebody who is no member',
    call: ({ orgCode, userId, roleId }) => Organizations.createOrganizationUserRole({ orgCode, userId, requestBody: { role_id: roleId } }),
    refusal: [404, 'USER_NOT_FOUND'],
  },
  { what: 'getOrganizationUsers, afterwards', call: ({ orgCode }) => Organizations.getOrganizationUsers({ orgCode }), check: lists('organization_users', 'id', []) },
];

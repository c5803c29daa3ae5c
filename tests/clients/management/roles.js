import { Apis, Permissions, Roles } from '@kinde/management-api-js';
import { equal } from '../../environment.js';
import { all, done, keep, lists } from './checks.js';

const requestBody = { name: 'Editor', key: 'editor', description: 'Edits reports', is_default_role: false };
const permission = (key) => (result) => result.permissions.find((one) => one.key === key)?.id;

export const steps = [
  { what: 'createPermission, to edit', call: () => Permissions.createPermission({ requestBody: { name: 'Edit', key: 'edit:reports' } }), check: done },
  { what: 'createPermission, to read', call: () => Permissions.createPermission({ requestBody: { name: 'Read', key: 'read:reports' } }), check: done },
  {
    what: 'getPermissions',
    call: () => Permissions.getPermissions(),
    check: all(done, keep('edit', permission('edit:reports')), keep('read', permission('read:reports'))),
  },
  { what: 'createRole', call: () => Roles.createRole({ requestBody }), check: all(done, keep('roleId', (result) => result.role.id)) },
  {
    what: 'createRole, which a permission guards',
    call: ({ edit }) => Roles.createRole({ requestBody: { name: 'Reader', key: 'reader', assignment_permission_id: edit } }),
    check: all(done, keep('reader', (result) => result.role.id)),
  },
  { what: 'getRoles', call: () => Roles.getRoles(), check: lists('roles', 'key', ['editor', 'reader']) },
  {
    what: 'getRoles, the first of several pages',
    call: () => Roles.getRoles({ sort: 'name_desc', pageSize: 1 }),
    check: all(lists('roles', 'key', ['reader']), keep('next', (result) => result.next_token)),
  },
  {
    what: 'getRoles, the last page',
    call: ({ next }) => Roles.getRoles({ sort: 'name_desc', pageSize: 1, nextToken: next }),
    check: all(lists('roles', 'key', ['editor']), (result) => equal('there is no page after it', result.next_token, null)),
  },
  {
    what: 'getRole',
    call: ({ roleId }) => Roles.getRole({ roleId }),
    check: all(done, ({ role }, { roleId }) => equal('the role', [role.id, role.key, role.is_default_role], [roleId, 'editor', false])),
  },
  {
    what: 'updateRoles',
    call: ({ roleId }) => Roles.updateRoles({ roleId, requestBody: { ...requestBody, name: 'Chief editor', assignment_permission_id: null } }),
    check: done,
  },
  {
    what: 'updateRolePermissions',
    call: ({ roleId, edit, read }) => Roles.updateRolePermissions({ roleId, requestBody: { permissions: [{ id: edit }, { id: read }] } }),
    check: all(done, (result, { edit, read }) => equal('both were added', result.permissions_added.toSorted(), [edit, read].toSorted())),
  },
  { what: 'getRolePermissions', call: ({ roleId }) => Roles.getRolePermissions({ roleId }), check: lists('permissions', 'key', ['edit:reports', 'read:reports']) },
  {
    what: 'updateRolePermissions, with a deletion',
    call: ({ roleId, edit }) => Roles.updateRolePermissions({ roleId, requestBody: { permissions: [{ id: edit, operation: 'delete' }] } }),
    check: all(done, (result, { edit }) => equal('it was removed', result.permissions_removed, [edit])),
  },
  { what: 'removeRolePermission', call: ({ roleId, read }) => Roles.removeRolePermission({ roleId, permissionId: read }), check: done },
  { what: 'getRolePermissions, afterwards', call: ({ roleId }) => Roles.getRolePermissions({ roleId }), check: lists('permissions', 'key', []) },
  { what: 'getRoleUsers', call: ({ roleId }) => Roles.getRoleUsers({ roleId }), check: lists('users', 'id', []) },
  {
    what: 'addApis',
    call: () => Apis.addApis({ requestBody: { name: 'Reports', audience: 'https://reports.example.test' } }),
    check: all(done, keep('apiId', (result) => result.api.id)),
  },
  {
    what: 'addApiScope',
    call: ({ apiId }) => Apis.addApiScope({ apiId, requestBody: { key: 'read:all' } }),
    check: all(done, keep('scopeId', (result) => result.scope.id)),
  },
  { what: 'addRoleScope', call: ({ roleId, scopeId }) => Roles.addRoleScope({ roleId, requestBody: { scope_id: scopeId } }), check: done },
  { what: 'getRoleScopes', call: ({ roleId }) => Roles.getRoleScopes({ roleId }), check: lists('scopes', 'key', ['read:all']) },
  { what: 'deleteRoleScope', call: ({ roleId, scopeId }) => Roles.deleteRoleScope({ roleId, scopeId }), check: done },
  { what: 'deleteRole', call: ({ roleId }) => Roles.deleteRole({ roleId }), check: done },
  { what: 'getRoles, afterwards', call: () => Roles.getRoles(), check: lists('roles', 'key', ['reader']) },
];

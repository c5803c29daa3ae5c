import { Permissions } from '@kinde/management-api-js';
import { equal } from '../../environment.js';
import { all, done, keep, lists } from './checks.js';

const requestBody = { name: 'Read reports', key: 'read:reports', description: 'All of them' };
const found = (key) => (result) => result.permissions.find((permission) => permission.key === key)?.id;

export const steps = [
  {
    what: 'createPermission',
    call: () => Permissions.createPermission({ requestBody }),
    check: done,
  },
  {
    what: 'createPermission, another',
    call: () => Permissions.createPermission({ requestBody: { name: 'Edit reports', key: 'edit:reports' } }),
    check: done,
  },
  {
    what: 'getPermissions',
    call: () => Permissions.getPermissions(),
    check: all(lists('permissions', 'key', ['edit:reports', 'read:reports']), keep('permissionId', found('read:reports'))),
  },
  {
    what: 'getPermissions, the first of several pages',
    call: () => Permissions.getPermissions({ sort: 'name_desc', pageSize: 1 }),
    check: all(lists('permissions', 'key', ['read:reports']), keep('next', (result) => result.next_token)),
  },
  {
    what: 'getPermissions, the last page',
    call: ({ next }) => Permissions.getPermissions({ sort: 'name_desc', pageSize: 1, nextToken: next }),
    check: all(lists('permissions', 'key', ['edit:reports']), (result) => equal('there is no page after it', result.next_token, null)),
  },
  {
    what: 'updatePermissions',
    call: ({ permissionId }) => Permissions.updatePermissions({ permissionId, requestBody: { ...requestBody, name: 'See reports' } }),
    check: done,
  },
  {
    what: 'deletePermission',
    call: ({ permissionId }) => Permissions.deletePermission({ permissionId }),
    check: done,
  },
  {
    what: 'getPermissions, afterwards',
    call: () => Permissions.getPermissions(),
    check: lists('permissions', 'key', ['edit:reports']),
  },
];

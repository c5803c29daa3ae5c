import { Identities, Search, Users } from '@kinde/management-api-js';
import { equal, holds } from '../../environment.js';
import { all, done, keep, lists } from './checks.js';

const requestBody = {
  profile: { given_name: 'Ada', family_name: 'Byron' },
  provided_id: 'hr-1',
  identities: [
    { type: 'email', is_verified: true, details: { email: 'ada@example.test' } },
    { type: 'username', details: { username: 'ada' } },
  ],
};
const found = (list) => (result, { userId }) => equal(`${list}: the user`, result[list].map(({ id }) => id), [userId]);

export const steps = [
  { what: 'createUser', call: () => Users.createUser({ requestBody }), check: all((result) => equal('created', result.created, true), keep('userId', (result) => result.id)) },
  { what: 'getUsers', call: ({ userId }) => Users.getUsers({ userId, expand: 'organizations,identities' }), check: all(done, found('users'), (result) => equal('two identities', result.users[0].identities.length, 2)) },
  { what: 'getUsers, by address', call: () => Users.getUsers({ email: 'ada@example.test', pageSize: 5 }), check: all(done, found('users')) },
  { what: 'getUserData', call: ({ userId }) => Users.getUserData({ id: userId }), check: (result, { userId }) => equal('the user', [result.id, result.preferred_email, result.first_name], [userId, 'ada@example.test', 'Ada']) },
  { what: 'updateUser', call: ({ userId }) => Users.updateUser({ id: userId, requestBody: { given_name: 'Augusta', is_suspended: true } }), check: (result) => equal('changed', [result.given_name, result.is_suspended], ['Augusta', true]) },
  { what: 'searchUsers', call: () => Search.searchUsers({ query: 'augusta', pageSize: 5 }), check: all(done, found('results')) },
  { what: 'createUserIdentity', call: ({ userId }) => Users.createUserIdentity({ userId, requestBody: { type: 'email', value: 'augusta@example.test' } }), check: all(done, keep('identityId', (result) => result.identity.id)) },
  { what: 'getUserIdentities', call: ({ userId }) => Users.getUserIdentities({ userId }), check: all(done, (result) => equal('three', result.identities.length, 3)) },
  { what: 'getIdentity', call: ({ identityId }) => Identities.getIdentity({ identityId }), check: (result, { identityId }) => equal('the identity', [result.id, result.type, result.is_primary], [identityId, 'email', false]) },
  { what: 'updateIdentity', call: ({ identityId }) => Identities.updateIdentity({ identityId, requestBody: { is_primary: true } }), check: done },
  { what: 'getUserData, with another address', call: ({ userId }) => Users.getUserData({ id: userId }), check: (result) => equal('the address', result.preferred_email, 'augusta@example.test') },
  {
    what: 'setUserPassword',
    call: ({ userId }) => Users.setUserPassword({ userId, requestBody: { hashed_password: '$2b$12$R9h/cIPz0gi.URNNX3kh2OPST9/PgBkqquzi.Ss7KIUgO2t0jWMUW', hashing_method: 'bcrypt' } }),
    check: done,
  },
  { what: 'refreshUserClaims', call: ({ userId }) => Users.refreshUserClaims({ userId }), check: done },
  { what: 'getUserSessions', call: ({ userId }) => Users.getUserSessions({ userId }), check: lists('sessions', 'session_id', []) },
  { what: 'deleteUserSessions', call: ({ userId }) => Users.deleteUserSessions({ userId }), check: done },
  { what: 'getUsersMfa', call: ({ userId }) => Users.getUsersMfa({ userId }), check: all(done, (result) => equal('no factor', result.mfa, null)) },
  { what: 'resetUsersMfaAll', call: ({ userId }) => Users.resetUsersMfaAll({ userId }), check: done },
  { what: 'resetUsersMfa', call: ({ userId }) => Users.resetUsersMfa({ userId, factorId: 'mfa_0' }), refusal: [404, 'FACTOR_NOT_FOUND'] },
  { what: 'createUser, a second time', call: () => Users.createUser({ requestBody: { identities: requestBody.identities } }), refusal: [400, 'USER_ALREADY_EXISTS'] },
  { what: 'deleteIdentity', call: ({ identityId }) => Identities.deleteIdentity({ identityId }), check: done },
  { what: 'deleteUser', call: ({ userId }) => Users.deleteUser({ id: userId, isDeleteProfile: true }), check: done },
  { what: 'getUsers, afterwards', call: ({ userId }) => Users.getUsers({ userId }), check: all(done, (result) => holds('nobody', (result.users ?? []).length === 0, result)) },
];

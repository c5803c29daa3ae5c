import { Environments, FeatureFlags, Organizations, Users } from '@kinde/management-api-js';
import { equal } from '../../environment.js';
import { all, done, keep } from './checks.js';

const featureFlagKey = 'dark_mode';
const requestBody = { name: 'Dark', key: featureFlagKey, type: 'bool', default_value: 'false', allow_override_level: 'usr' };
const flags = (expected) => all(done, (result) => {
  const found = Object.entries(result.feature_flags).map(([key, { type, value }]) => [key, type, value]);
  equal('the flags', found, expected);
});

export const steps = [
  { what: 'createFeatureFlag', call: () => FeatureFlags.createFeatureFlag({ requestBody }), check: done },
  {
    what: 'updateFeatureFlag',
    call: () =>
      FeatureFlags.updateFeatureFlag({ featureFlagKey, name: 'Dark mode', description: 'At night', type: 'bool', allowOverrideLevel: 'usr', defaultValue: 'false' }),
    check: done,
  },
  {
    what: 'updateEnvironementFeatureFlagOverride',
    call: () => Environments.updateEnvironementFeatureFlagOverride({ featureFlagKey, requestBody: { value: 'true' } }),
    check: done,
  },
  { what: 'getEnvironementFeatureFlags', call: () => Environments.getEnvironementFeatureFlags(), check: flags([[featureFlagKey, 'bool', 'true']]) },
  {
    what: 'deleteEnvironementFeatureFlagOverride',
    call: () => Environments.deleteEnvironementFeatureFlagOverride({ featureFlagKey }),
    check: done,
  },
  { what: 'deleteEnvironementFeatureFlagOverrides', call: () => Environments.deleteEnvironementFeatureFlagOverrides(), check: done },
  { what: 'getEnvironementFeatureFlags, afterwards', call: () => Environments.getEnvironementFeatureFlags(), check: flags([]) },
  {
    what: 'createOrganization',
    call: () => Organizations.createOrganization({ requestBody: { name: 'Acme', feature_flags: { [featureFlagKey]: 'true' } } }),
    check: all(done, keep('orgCode', (result) => result.organization.code)),
  },
  {
    what: 'getOrganizationFeatureFlags',
    call: ({ orgCode }) => Organizations.getOrganizationFeatureFlags({ orgCode }),
    check: flags([[featureFlagKey, 'bool', 'true']]),
  },
  {
    what: 'updateOrganizationFeatureFlagOverride',
    call: ({ orgCode }) => Organizations.updateOrganizationFeatureFlagOverride({ orgCode, featureFlagKey, value: 'false' }),
    check: done,
  },
  {
    what: 'getOrganizationFeatureFlags, changed',
    call: ({ orgCode }) => Organizations.getOrganizationFeatureFlags({ orgCode }),
    check: flags([[featureFlagKey, 'bool', 'false']]),
  },
  {
    what: 'deleteOrganizationFeatureFlagOverride',
    call: ({ orgCode }) => Organizations.deleteOrganizationFeatureFlagOverride({ orgCode, featureFlagKey }),
    check: done,
  },
  {
    what: 'deleteOrganizationFeatureFlagOverrides',
    call: ({ orgCode }) => Organizations.deleteOrganizationFeatureFlagOverrides({ orgCode }),
    check: done,
  },
  {
    what: 'createUser',
    call: () => Users.createUser({ requestBody: { identities: [{ type: 'email', details: { email: 'ada@example.test' } }] } }),
    check: keep('userId', (result) => result.id),
  },
  {
    what: 'updateUserFeatureFlagOverride',
    call: ({ userId }) => Users.updateUserFeatureFlagOverride({ userId, featureFlagKey, value: 'true' }),
    check: done,
  },
  { what: 'deleteFeatureFlag', call: () => FeatureFlags.deleteFeatureFlag({ featureFlagKey }), check: done },
];

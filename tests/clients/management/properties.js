import { Applications, Organizations, Properties, PropertyCategories, Users } from '@kinde/management-api-js';
import { equal, holds } from '../../environment.js';
import { all, done, keep } from './checks.js';

const values = (expected) => (result) => {
  const found = Object.fromEntries(result.properties.map(({ key, value }) => [key, value]));
  for (const [key, value] of Object.entries(expected)) equal(`property ${key}`, found[key], value);
};
const property = (context, key) => ({ seen }) => ({ name: key, key, type: 'single_line_text', context, is_private: false, category_id: seen });
const create = (context, key, name) => ({
  what: `createProperty, of ${context}`,
  call: (seen) => Properties.createProperty({ requestBody: property(context, key)({ seen: seen[name] }) }),
  check: all(done, keep(`${context}Property`, (result) => result.property.id)),
});

export const steps = [
  { what: 'createCategory, of users', call: () => PropertyCategories.createCategory({ requestBody: { name: 'Work', context: 'usr' } }), check: all(done, keep('usrCategory', (result) => result.category.id)) },
  { what: 'createCategory, of organizations', call: () => PropertyCategories.createCategory({ requestBody: { name: 'Trade', context: 'org' } }), check: all(done, keep('orgCategory', (result) => result.category.id)) },
  { what: 'updateCategory', call: ({ usrCategory }) => PropertyCategories.updateCategory({ categoryId: usrCategory, requestBody: { name: 'Office' } }), check: done },
  { what: 'getCategories', call: () => PropertyCategories.getCategories({ context: 'usr' }), check: all(done, (result) => holds('it is listed', result.categories.some(({ name }) => name === 'Office'), result)) },
  create('usr', 'desk', 'usrCategory'),
  create('org', 'sector', 'orgCategory'),
  { what: 'getProperties', call: () => Properties.getProperties({ context: 'usr' }), check: all(done, (result) => holds('it is listed', result.properties.some(({ key }) => key === 'desk'), result)) },
  { what: 'updateProperty', call: ({ usrProperty, usrCategory }) => Properties.updateProperty({ propertyId: usrProperty, requestBody: { name: 'Desk', is_private: false, category_id: usrCategory } }), check: done },
  { what: 'createUser', call: () => Users.createUser({ requestBody: { identities: [{ type: 'email', details: { email: 'ada@example.test' } }] } }), check: keep('userId', (result) => result.id) },
  { what: 'updateUserProperties', call: ({ userId }) => Users.updateUserProperties({ userId, requestBody: { properties: { desk: '3.14' } } }), check: done },
  { what: 'getUserPropertyValues', call: ({ userId }) => Users.getUserPropertyValues({ userId }), check: all(done, values({ desk: '3.14' })) },
  { what: 'updateUserProperty', call: ({ userId }) => Users.updateUserProperty({ userId, propertyKey: 'desk', value: '2.71' }), check: done },
  { what: 'createOrganization', call: () => Organizations.createOrganization({ requestBody: { name: 'Acme' } }), check: all(done, keep('orgCode', (result) => result.organization.code)) },
  { what: 'updateOrganizationProperties', call: ({ orgCode }) => Organizations.updateOrganizationProperties({ orgCode, requestBody: { properties: { sector: 'looms' } } }), check: done },
  { what: 'updateOrganizationProperty', call: ({ orgCode }) => Organizations.updateOrganizationProperty({ orgCode, propertyKey: 'sector', value: 'engines' }), check: done },
  { what: 'getOrganizationPropertyValues', call: ({ orgCode }) => Organizations.getOrganizationPropertyValues({ orgCode }), check: all(done, values({ sector: 'engines' })) },
  { what: 'deleteProperty', call: ({ usrProperty }) => Properties.deleteProperty({ propertyId: usrProperty }), check: done },
  { what: 'createCategory, of applications', call: () => PropertyCategories.createCategory({ requestBody: { name: 'Store', context: 'app' } }), check: all(done, keep('appCategory', (result) => result.category.id)) },
  create('app', 'tier', 'appCategory'),
  { what: 'createApplication', call: () => Applications.createApplication({ requestBody: { name: 'Notes', type: 'reg' } }), check: all(done, keep('applicationId', (result) => result.application.id)) },
  { what: 'updateApplicationsProperty', call: ({ applicationId }) => Applications.updateApplicationsProperty({ applicationId, propertyKey: 'tier', requestBody: { value: 'gold' } }), check: done },
  { what: 'getApplicationPropertyValues', call: ({ applicationId }) => Applications.getApplicationPropertyValues({ applicationId }), check: all(done, values({ tier: 'gold' })) },
];

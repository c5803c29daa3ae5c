import { Environments, Organizations } from '@kinde/management-api-js';
import { equal, holds } from '../../environment.js';
import { all, done, keep } from './checks.js';

const png = Uint8Array.from([0x89, ...new TextEncoder().encode('PNG'), 0x0d, 0x0a, 0x1a, 0x0a, 0]);
const picture = () => ({ logo: new File([png], 'acme.png', { type: 'image/png' }) });
const page = { logo: new File(['<svg/>'], 'acme.svg', { type: 'image/svg+xml' }) };
const rows = (...expected) => all(done, (result, _seen, what) => equal(what, result.logos.map(({ type, file_name }) => [type, file_name]), expected));

/** The same for an organization and for the environment. */
const table = (whose, { add, read, remove }) => [
  { what: `${whose}: read, none`, call: (seen) => read(seen), check: rows() },
  { what: `${whose}: add, light`, call: (seen) => add(seen, { type: 'light', formData: picture() }), check: done },
  { what: `${whose}: add, dark`, call: (seen) => add(seen, { type: 'dark', formData: picture() }), check: done },
  { what: `${whose}: add, a page that can do things`, call: (seen) => add(seen, { type: 'dark', formData: page }), refusal: [400, 'INVALID_FIELD'] },
  { what: `${whose}: read`, call: (seen) => read(seen), check: all(rows(['dark', 'acme.png'], ['light', 'acme.png']), keep('path', (result) => result.logos[1].path)) },
  {
    what: `${whose}: read, the picture`,
    call: async (seen) => read(seen).then(() => fetch(`${seen.VESTIBULE_ISSUER}${seen.path}`)),
    check: async (answer) => {
      equal('its type', answer.headers.get('content-type'), 'image/png');
      equal('its bytes', [...new Uint8Array(await answer.arrayBuffer())], [...png]);
    },
  },
  { what: `${whose}: remove, dark`, call: (seen) => remove(seen, 'dark'), check: (result) => holds('it is gone', result === undefined || result.code === 'OK', result) },
  { what: `${whose}: remove, what is gone`, call: (seen) => remove(seen, 'dark'), refusal: [404, 'LOGO_NOT_FOUND'] },
  { what: `${whose}: read, afterwards`, call: (seen) => read(seen), check: rows(['light', 'acme.png']) },
];

export const steps = [
  { what: 'createOrganization', call: () => Organizations.createOrganization({ requestBody: { name: 'Acme' } }), check: all(done, keep('orgCode', (result) => result.organization.code)) },
  ...table('organization', {
    add: ({ orgCode }, data) => Organizations.addOrganizationLogo({ orgCode, ...data }),
    read: ({ orgCode }) => Organizations.readOrganizationLogo({ orgCode }),
    remove: ({ orgCode }, type) => Organizations.deleteOrganizationLogo({ orgCode, type }),
  }),
  ...table('environment', {
    add: (_seen, data) => Environments.addLogo(data),
    read: () => Environments.readLogo(),
    remove: (_seen, type) => Environments.deleteLogo({ type }),
  }),
  {
    what: 'getEnvironment',
    call: () => Environments.getEnvironment(),
    check: ({ environment }) => holds('it shows its logo', environment.logo.startsWith('/logo/') && environment.logo_dark === null, environment),
  },
];

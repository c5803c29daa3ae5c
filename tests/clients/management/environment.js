import { Environments, Industries, Timezones } from '@kinde/management-api-js';
import { equal, holds } from '../../environment.js';
import { all, done } from './checks.js';

const offers = (list, key, name) => (result) => holds(`${list}: ${key}`, result[list].some((one) => one.key === key && one.name === name), result[list].length);

export const steps = [
  {
    what: 'getEnvironment',
    call: () => Environments.getEnvironment(),
    check: all(done, ({ environment }, { VESTIBULE_ISSUER }) => {
      equal('the environment', [environment.is_default, environment.is_live, environment.logo], [true, true, null]);
      equal('its look', [environment.theme_code, environment.color_scheme], ['user_preference', 'light dark']);
      equal('its host', `https://${environment.kinde_domain}`, VESTIBULE_ISSUER);
      holds('its colours', /^#[0-9a-f]{6}$/.test(environment.button_color.hex), environment.button_color);
    }),
  },
  { what: 'getTimezones', call: () => Timezones.getTimezones(), check: all(done, offers('timezones', 'Europe/Zurich', 'Europe/Zurich')) },
  { what: 'getIndustries', call: () => Industries.getIndustries(), check: all(done, offers('industries', 'health', 'Health care')) },
];

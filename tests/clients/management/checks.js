// What the tables of management calls check of a result.

import { equal, holds } from '../../environment.js';

/** The result says that it was done. */
export const done = (result, _seen, what) => {
  equal(`${what}: code`, result.code, 'OK');
  holds(`${what}: message`, typeof result.message === 'string', result);
};

/** The member of each row has these values, in this order. */
export const lists = (list, member, expected) => (result, seen, what) => {
  done(result, seen, what);
  equal(what, result[list].map((row) => row[member]), expected);
};

/** Several checks, one after the other. */
export const all = (...checks) => (...found) => checks.forEach((check) => check(...found));

/** Keeps a value for later steps, under its name. */
export const keep = (name, find) => (result, seen, what) => {
  const value = find(result, seen);
  holds(`${what}: ${name}`, typeof value === 'string' && value !== '', result);
  seen[name] = value;
};

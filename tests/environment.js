// What the Rust tests tell a program, and how a program says what it found.

import { isDeepStrictEqual } from 'node:util';

/** The setting, which must be there. */
export function setting(name) {
  const value = process.env[name];
  if (!value) fail(`the environment variable ${name} is missing`);
  return value;
}

/** Says why on standard error, and ends the script as failed. */
export function fail(message) {
  console.error(`FAILED: ${message}`);
  process.exit(1);
}

/** Checks one fact and says it, or what it is instead. */
export function equal(what, actual, expected) {
  if (!isDeepStrictEqual(actual, expected)) {
    fail(`${what}: expected ${JSON.stringify(expected)}, found ${JSON.stringify(actual)}`);
  }
  console.log(`ok  ${what}`);
}

/** Checks that a statement holds. */
export function holds(what, truth, found) {
  if (!truth) fail(found === undefined ? what : `${what}: found ${JSON.stringify(found)}`);
  console.log(`ok  ${what}`);
}

/** Checks that the call is refused, and that the refusal speaks of what is expected. */
export async function refused(what, call, expected) {
  let result;
  try {
    result = await call();
  } catch (error) {
    const said = [error.error, error.message, error.cause?.error, error.cause?.message].join(' ');
    return holds(what, said.includes(expected), said);
  }
  return fail(`${what}: expected a refusal with ${expected}, found ${JSON.stringify(result)}`);
}

const LIMIT = 120_000;

/** Runs a story, which must end in time; anything it throws is a failure. */
export async function story(name, tell) {
  setTimeout(() => fail(`${name}: not finished after ${LIMIT / 1000} s`), LIMIT).unref();
  try {
    await tell();
    console.log(`${name}: complete`);
  } catch (error) {
    const said = [error, error.cause].filter((each) => each?.error).map((each) => `${each.error}: ${each.error_description}`);
    fail([name, ...said, error.stack ?? error].join('\n'));
  }
}

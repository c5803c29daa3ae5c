// The directory into which the server under test writes its mails.

import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fail, setting } from '../../environment.js';

const ATTEMPTS = 50;
const PAUSE = 100;

const pause = () => new Promise((resolve) => setTimeout(resolve, PAUSE));

async function newest(directory, recipient) {
  const mails = [];
  for (const name of await readdir(directory).catch(() => [])) {
    if (!name.endsWith('.eml')) continue;
    const path = join(directory, name);
    mails.push({ text: await readFile(path, 'utf8'), written: (await stat(path)).mtimeMs });
  }
  return mails
    .filter(({ text }) => text.split(/\r?\n\r?\n/, 1)[0].includes(recipient))
    .sort((one, other) => other.written - one.written)[0]?.text;
}

/** The six digits, on a line of their own, of the newest mail to somebody. */
export async function codeFor(recipient) {
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const mail = await newest(setting('MAIL_DIRECTORY'), recipient);
    const code = mail?.match(/^\s*(\d{6})\s*$/m)?.[1];
    if (code) return code;
    await pause();
  }
  return fail(`no mail with a code for ${recipient} in ${setting('MAIL_DIRECTORY')}`);
}

const DECODERS = {
  base64: (text) => Buffer.from(text, 'base64'),
  'quoted-printable': (text) => Buffer.from(text.replace(/=\r?\n/g, '').replace(/=([0-9A-F]{2})/g, (_, code) => String.fromCharCode(parseInt(code, 16))), 'latin1'),
};

/** The HTML of the newest mail to somebody. */
export async function htmlFor(recipient) {
  const mail = await newest(setting('MAIL_DIRECTORY'), recipient);
  const part = mail?.split(/\r?\n--/).find((one) => /^content-type: text\/html/im.test(one));
  if (!part) return fail(`no mail in HTML for ${recipient} in ${setting('MAIL_DIRECTORY')}`);
  const [head, ...body] = part.split(/\r?\n\r?\n/);
  const encoding = head.match(/^content-transfer-encoding: (\S+)/im)?.[1].toLowerCase();
  const text = body.join('\n\n');
  return DECODERS[encoding]?.(text).toString('utf8') ?? text;
}

// A person at the hosted pages, without a browser: keeps cookies, follows redirects, fills in forms.
//
// No script runs, no style is seen: what works here works in every browser.

import { parse } from 'parse5';

const REDIRECTS = 10;
const PAGES = 8;

/** Cookies of one host. Ports share them, as in a browser (RFC 6265 §8.5). */
export class CookieJar {
  #cookies = new Map();

  store(response) {
    for (const line of response.headers.getSetCookie()) {
      const [pair, ...attributes] = line.split(';').map((part) => part.trim());
      const [name, ...value] = pair.split('=');
      const given = new Map(attributes.map((text) => [text.split('=')[0].toLowerCase(), text.split('=')[1]]));
      const path = given.get('path') ?? '/';
      const gone = Number(given.get('max-age') ?? 1) <= 0 || Date.parse(given.get('expires') ?? '9999') < Date.now();
      if (gone) this.#cookies.delete(`${path} ${name}`);
      else this.#cookies.set(`${path} ${name}`, { name, value: value.join('='), path, hidden: given.has('httponly') });
    }
  }

  /** What `document.cookie` shows at the root of the host. */
  get readable() {
    const shown = [...this.#cookies.values()].filter(({ path, hidden }) => path === '/' && !hidden);
    return shown.map(({ name, value }) => `${name}=${value}`).join('; ');
  }

  header(url) {
    const under = (path) => url.pathname === path || url.pathname.startsWith(path.endsWith('/') ? path : `${path}/`);
    return [...this.#cookies.values()]
      .filter(({ path }) => under(path))
      .map(({ name, value }) => `${name}=${value}`)
      .join('; ');
  }
}

function* elements(node) {
  for (const child of node.childNodes ?? []) {
    if (child.tagName) yield child;
    yield* elements(child);
  }
}

const attribute = (element, name) => element.attrs.find((each) => each.name === name)?.value;

const text = (node) => node.value ?? (node.childNodes ?? []).map(text).join(' ');

/** The fields a browser would send of this form, before anything is typed, and its buttons. */
function readForm(element, base) {
  const form = {
    action: new URL(attribute(element, 'action') ?? '', base),
    method: (attribute(element, 'method') ?? 'get').toUpperCase(),
    fields: new Map(),
    buttons: [],
  };
  for (const each of elements(element)) {
    const name = attribute(each, 'name');
    const type = attribute(each, 'type');
    const value = attribute(each, 'value');
    if (each.tagName === 'button' || type === 'submit') form.buttons.push({ name, value, id: attribute(each, 'id') });
    else if (each.tagName !== 'input' || !name) continue;
    else if (!['checkbox', 'radio'].includes(type)) form.fields.set(name, value ?? '');
    else if (attribute(each, 'checked') !== undefined) form.fields.set(name, value ?? 'on');
  }
  return form;
}

function readPage(html, status, url) {
  const all = [...elements(parse(html))];
  const main = all.find((each) => each.tagName === 'main');
  return {
    status,
    url,
    id: (main && attribute(main, 'id')) ?? all.map((each) => attribute(each, 'id')).find((id) => id?.startsWith('page-')),
    text: text(main ?? all[0]).replace(/\s+/g, ' ').trim(),
    links: new Map(all.filter((each) => each.tagName === 'a').map((each) => [attribute(each, 'id'), attribute(each, 'href')])),
    forms: all.filter((each) => each.tagName === 'form').map((each) => readForm(each, url)),
  };
}

export class Visitor {
  #cookies = new CookieJar();
  #home;

  /** A visitor who stops where an address begins with `home`: there the client's own site starts. */
  constructor(home) {
    this.#home = [home].flat();
  }

  /** Opens an address. Gives a page, or `{ arrived }`, the address at the client's site. */
  open(url) {
    return this.#send(new URL(url), { method: 'GET' });
  }

  /** Sends a form with what is typed in, by the button with this id if one is named. */
  submit(form, typed = {}, buttonId = undefined) {
    const fields = new URLSearchParams([...form.fields]);
    for (const [name, value] of Object.entries(typed)) fields.set(name, value);
    const button = form.buttons.find(({ id }) => id === buttonId) ?? form.buttons[0];
    if (button?.name) fields.set(button.name, button.value ?? '');
    if (form.method === 'POST') return this.#send(form.action, { method: 'POST', body: fields });
    const url = new URL(form.action);
    url.search = fields;
    return this.open(url);
  }

  /** Opens an authorization request and does what its pages ask, until back at the client. */
  async signIn(url, { username, password }) {
    let page = await this.open(url);
    for (let seen = 0; seen < PAGES; seen += 1) {
      if (page.arrived) return page.arrived;
      const [form, typed, button] = this.#answer(page, username, password);
      page = await this.submit(form, typed, button);
    }
    throw new Error(`still not back at the client after ${PAGES} pages, but at ${page.url}`);
  }

  /** Registers from the registration page on, until back at the client. `codeFor` reads the mail to an address. */
  async register(page, { name, username, password }, codeFor) {
    const send = (field, typed) => {
      const form = page.forms.find(({ fields }) => fields.has(field));
      if (!form) throw new Error(`no ${field} on ${page.id} (${page.status}, ${page.url}): ${page.text}`);
      return this.submit(form, typed);
    };
    page = await send('p_first_name', { p_first_name: name, p_email: username });
    page = await send('p_first_password', { p_first_password: password, p_second_password: password });
    page = await send('p_confirmation_code', { p_confirmation_code: await codeFor(username) });
    return page.arrived ? page.arrived : this.signIn(page.url, { username, password });
  }

  #answer(page, username, password) {
    const withField = (name) => page.forms.find((form) => form.fields.has(name));
    const withButton = (id) => page.forms.find((form) => form.buttons.some((button) => button.id === id));
    if (page.status < 400 && withField('p_password')) return [withField('p_password'), { p_password: password }];
    if (page.status < 400 && withField('p_email')) return [withField('p_email'), { p_email: username }];
    if (withButton('allow')) return [withButton('allow'), {}, 'allow'];
    if (withButton('continue')) return [withButton('continue'), {}, 'continue'];
    throw new Error(`nothing to do on ${page.id ?? 'a page without id'} (${page.status}, ${page.url}): ${page.text}`);
  }

  async #send(url, request) {
    for (let hop = 0; hop < REDIRECTS; hop += 1) {
      if (this.#home.some((home) => url.href.startsWith(home))) return this.#arrive(url, request.body);
      const response = await fetch(url, {
        ...request,
        redirect: 'manual',
        headers: { accept: 'text/html', cookie: this.#cookies.header(url), origin: request.body ? url.origin : undefined },
      });
      this.#cookies.store(response);
      const location = response.headers.get('location');
      if (!location) return readPage(await response.text(), response.status, url.href);
      url = new URL(location, url);
      request = [307, 308].includes(response.status) ? request : { method: 'GET' };
    }
    throw new Error(`more than ${REDIRECTS} redirects, the last to ${url}`);
  }

  // A form-post response arrives in the body; the client reads it as if it were the query.
  #arrive(url, body) {
    const arrived = new URL(url);
    for (const [name, value] of body ?? []) arrived.searchParams.set(name, value);
    return { arrived };
  }
}

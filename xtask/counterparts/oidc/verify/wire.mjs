// What the verification speaks to the provider with: one provider for each test file, and plain requests to it.
import { spawn } from 'node:child_process';
import * as crypto from 'node:crypto';
import * as fs from 'node:fs';
import * as http from 'node:http';
import * as https from 'node:https';
import * as readline from 'node:readline';
import { after, describe } from 'node:test';
import { fileURLToPath } from 'node:url';
import * as jose from 'jose';

const SERVER = fileURLToPath(new URL('../server.mjs', import.meta.url));
const FORM_TYPE = { 'content-type': 'application/x-www-form-urlencoded' };

const child = spawn(process.execPath, [SERVER, '--exit-on-stdin-close'], { stdio: ['pipe', 'pipe', 'ignore'] });
const lines = [];
const exited = new Promise((resolve) => { child.once('exit', resolve); });

/** What the provider said when it was ready. */
export const ready = await new Promise((resolve, reject) => {
  exited.then((code) => reject(new Error(`the provider ended with ${code} before it was ready`)));
  readline.createInterface({ input: child.stdout }).on('line', (line) => {
    lines.push(line);
    if (lines.length === 1) resolve(JSON.parse(line));
  });
});
export const { clients } = ready;

/** Closes the provider's stdin; gives what it wrote to stdout and its exit code. */
export async function end() {
  child.stdin.end();
  return { code: await exited, lines };
}
after(end);

const ca = fs.readFileSync(ready.ca_pem);

/** Declares the same tests against both issuers. */
export function overBoth(declare) {
  for (const [scheme, origin] of [['http', ready.issuer_http], ['https', ready.issuer_https]]) {
    describe(`over ${scheme}`, () => declare(new Issuer(scheme, origin)));
  }
}

export function request(method, url, { headers = {}, body, tls = {}, jar } = {}) {
  const target = new URL(url);
  const { request: send } = target.protocol === 'https:' ? https : http;
  const cookies = jar?.size ? { cookie: [...jar].map(([name, value]) => `${name}=${value}`).join('; ') } : {};
  return new Promise((resolve, reject) => {
    const outgoing = send(target, { method, headers: { ...headers, ...cookies }, ca, agent: false, ...tls }, async (response) => {
      try {
        let text = '';
        for await (const chunk of response) text += chunk;
        keepCookies(jar, response.headers['set-cookie']);
        resolve({ status: response.statusCode, headers: response.headers, text, json: parsed(text) });
      } catch (error) {
        reject(error);
      }
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

export function post(url, fields, { headers = {}, ...more } = {}) {
  return request('POST', url, { ...more, headers: { ...FORM_TYPE, ...headers }, body: form(fields) });
}

export async function control(method, path, script) {
  const { json } = await request(method, ready.control + path, { body: script && JSON.stringify(script) });
  return json;
}

export function form(fields) {
  return new URLSearchParams(fields).toString();
}

/** RFC 6749 section 2.3.1: both halves are form-encoded before they are joined. */
export function basic(id, secret) {
  const encode = (half) => encodeURIComponent(half).replace(/%20/g, '+');
  return { authorization: `Basic ${Buffer.from(`${encode(id)}:${encode(secret)}`).toString('base64')}` };
}

export function bearer(token) {
  return { authorization: `Bearer ${token}` };
}

export function sha256(text) {
  return crypto.createHash('sha256').update(text).digest('base64url');
}

/** Asks again until `answer` satisfies; for what only time brings about. The test's time-out bounds it. */
export async function eventually(ask, satisfies) {
  for (;;) {
    const answer = await ask();
    if (satisfies(answer)) return answer;
    await new Promise((resolve) => { setTimeout(resolve, 100); });
  }
}

/** The `client_secret_post` fields of a client. */
export function credentials(id) {
  return { client_id: id, client_secret: clients[id].secret };
}

export class Issuer {
  constructor(scheme, origin) {
    this.scheme = scheme;
    this.origin = origin;
    this.tokenEndpoint = origin + ready.token_path;
  }

  token(fields, headers = {}) {
    return post(this.tokenEndpoint, fields, { headers });
  }

  clientCredentials(fields, headers) {
    return this.token({ grant_type: 'client_credentials', ...fields }, headers);
  }

  refresh(client_id, refresh_token, headers) {
    return this.token({ grant_type: 'refresh_token', client_id, refresh_token }, headers);
  }

  introspect(token) {
    return post(`${this.origin}/token/introspection`, { token }, { headers: basic('rs', clients.rs.secret) });
  }

  revoke(token) {
    return post(`${this.origin}/token/revocation`, { token }, { headers: basic('cc-basic', clients['cc-basic'].secret) });
  }

  api(token) {
    return request('GET', `${this.origin}/api/v1/users/self`, { headers: bearer(token) });
  }

  async verifyJwt(token, audience) {
    const { json } = await request('GET', `${this.origin}/jwks`);
    return jose.jwtVerify(token, jose.createLocalJWKSet(json), { issuer: this.origin, audience });
  }

  /** Walks the authorization code flow up to the redirect to the client, or to the page where it gets stuck. */
  async authorize(client_id, {
    redirect = 'http://127.0.0.1:51004/callback', scope = 'openid profile read_content offline_access', more = {}, pushed = false,
  } = {}) {
    const verifier = crypto.randomBytes(32).toString('base64url');
    const state = crypto.randomBytes(8).toString('hex');
    const fields = {
      client_id, response_type: 'code', redirect_uri: redirect, scope, state, nonce: 'n-1', prompt: 'consent',
      code_challenge: sha256(verifier), code_challenge_method: 'S256', ...more,
    };
    const pushing = pushed ? await post(`${this.origin}/request`, fields) : undefined;
    const query = pushing ? { client_id, request_uri: pushing.json.request_uri } : fields;

    const jar = new Map();
    let url = `${this.origin}/auth?${form(query)}`;
    let page;
    do {
      page = await request('GET', url, { jar });
      url = page.headers.location && new URL(page.headers.location, url).href;
    } while (url && !url.startsWith(redirect));
    const answer = url ? Object.fromEntries(new URL(url).searchParams) : {};
    return { ...answer, stateKept: answer.state === state, verifier, redirect, page, pushing, jar };
  }

  exchange(client_id, { code, redirect, verifier }, headers) {
    return this.token({
      grant_type: 'authorization_code', client_id, code, redirect_uri: redirect, code_verifier: verifier,
    }, headers);
  }
}

function keepCookies(jar, set = []) {
  for (const cookie of jar ? set : []) {
    const [name, value] = cookie.split(';')[0].split(/=(.*)/s);
    if (value) jar.set(name, value);
    else jar.delete(name);
  }
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

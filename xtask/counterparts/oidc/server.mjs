// A certified OAuth 2 and OpenID Connect provider on loopback, with clients of every kind, a protected API and
// scripted failures.
//
//     node server.mjs [--dir FOLDER] [--short-ttl SECONDS] [--exit-on-stdin-close]
//
// Prints one line of JSON on stdout when everything listens: addresses, clients, keys, certificates. All else goes to
// stderr. Ends on SIGTERM and SIGINT. Keys and certificates go to FOLDER, else to a temporary one, removed at the end.
import * as fs from 'node:fs';
import * as http from 'node:http';
import * as https from 'node:https';
import * as os from 'node:os';
import * as path from 'node:path';
import { parseArgs } from 'node:util';

// oidc-provider's notices would go to stdout, some of them while it is loaded: hence the imports below are dynamic.
console.info = console.error;
console.log = console.error;
const { makeApi } = await import('./api.mjs');
const { makeCertificates } = await import('./certificates.mjs');
const { certificateFiles, describeClients, registerClients, SCOPES } = await import('./clients.mjs');
const { makeControl } = await import('./control.mjs');
const { Faults } = await import('./faults.mjs');
const { makeKeys } = await import('./keys.mjs');
const { answerInteraction } = await import('./person.mjs');
const { makeProvider, TOKEN_PATH } = await import('./provider.mjs');
const { resourceServers } = await import('./resources.mjs');

const HOST = '127.0.0.1';

const { values: options } = parseArgs({
  options: {
    dir: { type: 'string' },
    'short-ttl': { type: 'string', default: '3' },
    'exit-on-stdin-close': { type: 'boolean', default: false },
  },
});
const folder = path.resolve(options.dir ?? fs.mkdtempSync(path.join(os.tmpdir(), 'session-oidc-')));
const shortTtl = Number(options['short-ttl']);
fs.mkdirSync(folder, { recursive: true, mode: 0o700 });

const listening = [];
stopWhenTold();

const certificate = makeCertificates(path.join(folder, 'tls'));
const [providerKeys, clientKeys] = await Promise.all([makeKeys(folder, 'provider'), makeKeys(folder, 'client')]);
const signingKeys = Object.values(providerKeys);
const clients = registerClients({ keys: clientKeys, certificate, shortTtl });
const resources = resourceServers(shortTtl);
const journal = [];
const faults = new Faults();

// A provider must know its origin, which is known once its port is: the listeners come first. Nobody can have
// heard of them before the ready line, so no request finds its site missing.
const sites = {};
const ports = {
  http: await listen(http.createServer(answerAs('http'))),
  https: await listen(https.createServer(identity('server'), answerAs('https'))),
  mtls: await listen(https.createServer({
    ...identity('server'),
    ca: [fs.readFileSync(certificate('ca.pem'))],
    requestCert: true,
    rejectUnauthorized: false, // the provider judges certificates, self-signed ones too
  }, answerAs('mtls'))),
  https_wrong_host: await listen(https.createServer(identity('wrong-host'), answerAs('https'))),
  https_expired: await listen(https.createServer(identity('expired'), answerAs('https'))),
  https_self_signed: await listen(https.createServer(identity('self-signed-server'), answerAs('https'))),
};
const origin = (port) => `${port === 'http' ? 'http' : 'https'}://${HOST}:${ports[port]}`;
const providers = {
  http: makeProvider({ issuer: origin('http'), clients, signingKeys, resources, journal }),
  https: makeProvider({ issuer: origin('https'), mtlsOrigin: origin('mtls'), clients, signingKeys, resources, journal }),
};
sites.http = makeSite(providers.http, origin('http'));
sites.https = makeSite(providers.https, origin('https'));
sites.mtls = makeSite(providers.https, origin('mtls'));
ports.control = await listen(http.createServer(makeControl({ faults, journal, providers, stop })));

const described = describeClients(clients, { keys: clientKeys, certificate });
process.stdout.write(`${JSON.stringify({
  ready: true,
  pid: process.pid,
  dir: folder,
  profile: {
    backend: 'oauth',
    grant: 'client_credentials',
    client_id: 'cc-basic',
    client_secret: described['cc-basic'].secret,
    client_auth: 'client_secret_basic',
    scopes: ['read_content'],
    environment: {
      name: 'loopback', issuer: origin('https'), api: `${origin('https')}/api/v1/`, ca_file: certificate('ca.pem'),
    },
  },
  token_endpoint: `${origin('https')}${TOKEN_PATH}`,
  token_path: TOKEN_PATH,
  issuer_http: origin('http'),
  issuer_https: origin('https'),
  mtls_base: origin('mtls'),
  control: `http://${HOST}:${ports.control}`,
  ports,
  bad_tls: {
    wrong_host: origin('https_wrong_host'),
    expired: origin('https_expired'),
    self_signed: origin('https_self_signed'),
  },
  ca_pem: certificate('ca.pem'),
  other_ca_pem: certificate('other-ca.pem'),
  wrong_client_cert: certificateFiles(certificate, 'client-other-ca'),
  resources,
  scopes: SCOPES,
  users: ['alice', '(any login_hint)', 'deny refuses'],
  clients: described,
})}\n`);

function identity(name) {
  return {
    key: fs.readFileSync(certificate(`${name}.key`)),
    cert: fs.readFileSync(certificate(`${name}.pem`)),
    minVersion: 'TLSv1.2',
  };
}

function listen(server) {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, HOST, () => {
      listening.push(server);
      resolve(server.address().port);
    });
  });
}

function makeSite(provider, siteOrigin) {
  return {
    provider,
    protocol: provider.callback(),
    api: makeApi({ provider, origin: siteOrigin, signingKeys, resources }),
  };
}

function answerAs(name) {
  return async (request, response) => {
    const { method, url, headers } = request;
    journal.push({
      t: Date.now(), on: name, method, url, authorization: headers.authorization?.split(' ')[0], dpop: Boolean(headers.dpop),
    });
    try {
      await faults.handle(request, response, () => {
        const { provider, protocol, api } = sites[name];
        if (url.startsWith('/interaction/')) return answerInteraction(provider, request, response);
        if (url.startsWith('/api/')) return api(request, response);
        return protocol(request, response);
      });
    } catch (error) {
      console.error(error.stack);
      if (!response.headersSent) response.writeHead(500).end(error.message);
    }
  };
}

function stopWhenTold() {
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  process.on('uncaughtException', (error) => {
    console.error(error.stack);
    stop(1);
  });
  if (options['exit-on-stdin-close']) process.stdin.on('end', stop).resume();
}

/** Called with an exit code, with a signal's name, or with nothing. */
function stop(code) {
  for (const server of listening) server.close().closeAllConnections();
  if (!options.dir) fs.rmSync(folder, { recursive: true, force: true });
  process.exit(typeof code === 'number' ? code : 0);
}

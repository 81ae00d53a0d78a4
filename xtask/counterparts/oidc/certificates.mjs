// The certificates that the listeners and clients need: good ones, and each kind of bad one.
// Made with the openssl command, because neither Node nor our npm dependencies can issue X.509.
import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as path from 'node:path';

const LOOPBACK_NAMES = 'DNS:localhost,IP:127.0.0.1,IP:::1';
const ORGANISATION = 'session-test';

/** Makes all certificates in `folder`; returns a function from a file's name there to its path. */
export function makeCertificates(folder) {
  fs.mkdirSync(folder, { recursive: true, mode: 0o700 });
  const issue = new Issuer(folder);

  issue.authority('ca', 'session test CA');
  issue.authority('other-ca', 'some other CA');

  issue.leaf('server', 'localhost', { names: LOOPBACK_NAMES });
  issue.leaf('wrong-host', 'elsewhere.invalid', { names: 'DNS:elsewhere.invalid' });
  issue.expiredLeaf('expired', 'localhost', { names: LOOPBACK_NAMES });
  issue.selfSigned('self-signed-server', 'localhost', { names: LOOPBACK_NAMES });

  const client = { names: 'DNS:client.session.test,URI:urn:session:client', usage: 'clientAuth' };
  issue.leaf('client', 'session-client', client);
  issue.leaf('client-other-ca', 'session-client', { ...client, authority: 'other-ca' });
  issue.selfSigned('client-self-signed', 'session-self-signed');

  issue.protectKeys();
  return (file) => issue.path(file);
}

class Issuer {
  constructor(folder) {
    this.folder = folder;
  }

  path(file) {
    return path.join(this.folder, file);
  }

  authority(name, commonName) {
    this.#selfSign(name, commonName, 3650, [
      'basicConstraints=critical,CA:TRUE',
      'keyUsage=critical,keyCertSign,cRLSign',
    ]);
  }

  selfSigned(name, commonName, { names } = {}) {
    this.#selfSign(name, commonName, 30, names ? [`subjectAltName=${names}`] : []);
  }

  leaf(name, commonName, { authority = 'ca', ...extensions } = {}) {
    this.#request(name, commonName, extensions);
    this.#openssl(
      'x509', '-req', '-in', this.path(`${name}.csr`), '-out', this.path(`${name}.pem`), '-days', '30',
      '-CA', this.path(`${authority}.pem`), '-CAkey', this.path(`${authority}.key`), '-CAcreateserial',
      '-extfile', this.path(`${name}.ext`), '-extensions', 'leaf',
    );
  }

  /** Of the openssl 3.0 commands only `ca`, which wants a database, can date a certificate back. */
  expiredLeaf(name, commonName, extensions) {
    this.#request(name, commonName, extensions);
    const file = (suffix) => this.path(`${name}-authority.${suffix}`);
    fs.writeFileSync(file('index'), '');
    fs.writeFileSync(file('serial'), '1000');
    fs.writeFileSync(file('cnf'), [
      '[ca]', 'default_ca = authority',
      '[authority]', `database = ${file('index')}`, `serial = ${file('serial')}`, `new_certs_dir = ${this.folder}`,
      'default_md = sha256', 'policy = subject',
      '[subject]', 'O = optional', 'CN = supplied', '',
    ].join('\n'));
    this.#openssl(
      'ca', '-batch', '-notext', '-config', file('cnf'), '-cert', this.path('ca.pem'), '-keyfile', this.path('ca.key'),
      '-in', this.path(`${name}.csr`), '-out', this.path(`${name}.pem`),
      '-extfile', this.path(`${name}.ext`), '-extensions', 'leaf',
      '-startdate', '20200101000000Z', '-enddate', '20200201000000Z',
    );
  }

  protectKeys() {
    for (const file of fs.readdirSync(this.folder).filter((name) => name.endsWith('.key'))) {
      fs.chmodSync(this.path(file), 0o600);
    }
  }

  #selfSign(name, commonName, days, extensions) {
    this.#openssl(
      'req', '-x509', ...this.#newKey(name, commonName), '-out', this.path(`${name}.pem`), '-days', String(days),
      ...extensions.flatMap((extension) => ['-addext', extension]),
    );
  }

  /** Leaves `name.key`, the signing request `name.csr` and the extensions that its certificate is to have. */
  #request(name, commonName, { names, usage = 'serverAuth' }) {
    this.#openssl('req', '-new', ...this.#newKey(name, commonName), '-out', this.path(`${name}.csr`));
    fs.writeFileSync(this.path(`${name}.ext`), [
      '[leaf]', 'basicConstraints = CA:FALSE', 'keyUsage = digitalSignature, keyAgreement',
      `extendedKeyUsage = ${usage}`, `subjectAltName = ${names}`, '',
    ].join('\n'));
  }

  #newKey(name, commonName) {
    return [
      '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', this.path(`${name}.key`),
      '-subj', `/O=${ORGANISATION}/CN=${commonName}`,
    ];
  }

  #openssl(...args) {
    execFileSync('openssl', args, { cwd: this.folder, stdio: ['ignore', 'pipe', 'pipe'] });
  }
}

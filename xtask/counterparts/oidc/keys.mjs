// The keys that the provider signs tokens with, and those that clients sign their assertions with.
import * as crypto from 'node:crypto';
import * as fs from 'node:fs';
import * as path from 'node:path';
import * as jose from 'jose';

const GENERATE = {
  RS256: () => crypto.generateKeyPairSync('rsa', { modulusLength: 2048 }),
  PS256: () => crypto.generateKeyPairSync('rsa', { modulusLength: 2048 }),
  ES256: () => crypto.generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  EdDSA: () => crypto.generateKeyPairSync('ed25519'),
};

export const ALGORITHMS = Object.keys(GENERATE);

/** One key for each algorithm, by algorithm: its JWKs, and the PKCS#8 file in `folder` that holds it. */
export async function makeKeys(folder, owner) {
  return Object.fromEntries(await Promise.all(
    ALGORITHMS.map(async (algorithm) => [algorithm, await makeKey(folder, owner, algorithm)]),
  ));
}

async function makeKey(folder, owner, alg) {
  const { privateKey, publicKey } = GENERATE[alg]();
  const file = path.join(folder, `${owner}-${alg.toLowerCase()}.pkcs8.pem`);
  fs.writeFileSync(file, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });

  const publicJwk = publicKey.export({ format: 'jwk' });
  const kid = await jose.calculateJwkThumbprint(publicJwk);
  const about = { alg, kid, use: 'sig' };
  return {
    alg,
    kid,
    file,
    publicJwk: { ...publicJwk, ...about },
    privateJwk: { ...privateKey.export({ format: 'jwk' }), ...about },
  };
}

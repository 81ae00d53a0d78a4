// The resource servers that tokens can be asked for (RFC 8707), and the form of the tokens that each gets.

export function resourceServers(shortTtl) {
  const jwt = (alg, accessTokenTTL) => ({ accessTokenFormat: 'jwt', accessTokenTTL, jwt: { sign: { alg } } });
  return {
    'urn:session:api': jwt('RS256', 3600),
    'urn:session:api:es256': jwt('ES256', 3600),
    'urn:session:api:short': jwt('RS256', shortTtl),
    'urn:session:opaque': { accessTokenFormat: 'opaque', accessTokenTTL: 3600 },
  };
}

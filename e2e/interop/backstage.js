// What a Backstage backend does with a token, on the same library (npm's jose): the tokens come as JSON on the standard input, what
// became of each goes to the standard output.
import { base64url, createRemoteJWKSet, decodeJwt, decodeProtectedHeader, jwtVerify } from 'jose';
import { text } from 'node:stream/consumers';

const user = 'vnd.backstage.user';
const limitedUser = 'vnd.backstage.limited-user';

const keySets = new Map(); // by URL: each is fetched once

// verify knows a token by its typ alone, and pins neither issuer nor algorithm: the published keys decide.
async function verify(jwksURL, token) {
  if (!keySets.has(jwksURL)) {
    keySets.set(jwksURL, createRemoteJWKSet(new URL(jwksURL)));
  }
  const { typ } = decodeProtectedHeader(token);
  if (typ !== user && typ !== limitedUser) {
    throw new Error('not a user token');
  }
  const { payload } = await jwtVerify(token, keySets.get(jwksURL), { typ, requiredClaims: ['iat', 'exp', 'sub'] });
  if (!payload.sub) {
    throw new Error('no sub');
  }
  return payload;
}

// limit makes the limited user token of a user token: JSON.stringify must write what the issuer signed.
function limit(token) {
  const { alg, kid } = decodeProtectedHeader(token);
  const { sub, iat, exp, uip } = decodeJwt(token);
  const part = value => base64url.encode(JSON.stringify(value));
  return `${part({ typ: limitedUser, alg, kid })}.${part({ sub, iat, exp })}.${uip}`;
}

const outcome = promise => promise.then(claims => ({ claims }), error => ({ error: error.code ?? String(error) }));

const results = [];
for (const { jwksURL, token } of JSON.parse(await text(process.stdin))) {
  const limited = limit(token);
  results.push({
    full: await outcome(verify(jwksURL, token)),
    limitedToken: limited,
    limited: await outcome(verify(jwksURL, limited)),
  });
}
process.stdout.write(JSON.stringify(results));

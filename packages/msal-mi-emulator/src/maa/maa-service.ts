import { createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto';
import { parseJsonObject, type Answer, type Exchange, type Service } from '../http/exchange.js';
import type { World } from '../world.js';
import { issueAttestationToken } from './attestation-token.js';

const ATTEST_PATH = '/attest/keyguard';
const KEYS_PATH = '/certs';

/**
 * The attestation endpoint. The wire between Microsoft's AttestationClientLib.dll and Azure Attestation is private to that
 * library; this one is the emulator's own and is spoken by test doubles of the library only:
 *
 *     POST {maaUrl}/attest/keyguard?api-version=<any>
 *     {"publicKey": "<Base64 of the SubjectPublicKeyInfo DER>" or {"n": "<base64url>", "e": "<base64url>"},
 *      "isolation": true, "clientId": "<GUID>"}
 *     -> 200 {"token": "<RS256 JWT>"}     400 {"error": {"code": "...", "message": "..."}}
 *
 * The JWT names the key in `x-ms-runtime.keys[0]` (`kty`, `n`, `e`, `kid`). `GET {maaUrl}/certs` is the JWK Set.
 */
export function createMaaService(world: World): Service {
  return {
    faultLeg: (path) => (path === ATTEST_PATH ? 'attest' : undefined),
    async answer(exchange) {
      if (exchange.path === KEYS_PATH) return { status: 200, json: (await world.attestationIssuer()).jwks };
      if (exchange.path !== ATTEST_PATH) return refuse(404, 'NotFound', 'no such endpoint');
      if (exchange.method !== 'POST')
        return { ...refuse(405, 'MethodNotAllowed', 'use POST'), headers: { Allow: 'POST' } };
      return attest(exchange, world);
    },
  };
}

async function attest({ query, body }: Exchange, world: World): Promise<Answer> {
  if (!query.get('api-version')) return refuse(400, 'InvalidParameter', 'api-version is missing');
  const evidence = parseJsonObject(body);
  if (!evidence) return refuse(400, 'InvalidParameter', 'the body is not a JSON object');
  if (evidence.isolation !== true) {
    return refuse(400, 'AttestationFailed', 'the key is not isolated: isolation must be true');
  }
  const { clientId } = evidence;
  if (typeof clientId !== 'string' || clientId === '') return refuse(400, 'InvalidParameter', 'clientId is missing');
  const key = readKey(evidence.publicKey);
  if (!key) return refuse(400, 'InvalidParameter', 'publicKey is not an RSA key of 2048 bits or more');
  return { status: 200, json: { token: await issueAttestationToken(world, key.export({ format: 'jwk' }), clientId) } };
}

function readKey(publicKey: unknown): KeyObject | undefined {
  let key: KeyObject;
  try {
    if (typeof publicKey === 'string') {
      key = createPublicKey({ key: Buffer.from(publicKey, 'base64'), format: 'der', type: 'spki' });
    } else {
      const { n, e } = publicKey as { n: string; e: string };
      const jwk: JsonWebKey = { kty: 'RSA', n, e };
      key = createPublicKey({ key: jwk, format: 'jwk' });
    }
  } catch {
    return undefined;
  }
  return key.asymmetricKeyType === 'rsa' && (key.asymmetricKeyDetails?.modulusLength ?? 0) >= 2048 ? key : undefined;
}

function refuse(status: number, code: string, message: string): Answer {
  return { status, json: { error: { code, message } }, failure: message };
}

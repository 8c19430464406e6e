import { createHash, randomUUID, type JsonWebKey } from 'node:crypto';
import type { Claims } from '../crypto/jwt.js';
import type { World } from '../world.js';

/** Signs the evidence that an RSA key lives in an isolated environment. */
export async function issueAttestationToken(world: World, key: JsonWebKey, clientId: string): Promise<string> {
  const { configuration, addresses } = world;
  const attestationIssuer = await world.attestationIssuer();
  const issuedAt = Math.floor(configuration.now() / 1000);
  const { kty, n, e } = key;
  const kid = createHash('sha256').update(JSON.stringify({ e, kty, n })).digest('base64url');
  return attestationIssuer.sign(
    {
      iss: addresses.maa,
      iat: issuedAt,
      nbf: issuedAt,
      exp: issuedAt + configuration.attestationTokenLifetimeSeconds,
      jti: randomUUID(),
      'x-ms-attestation-type': 'keyguard',
      'x-ms-ver': '1.0',
      'x-ms-isolation': true,
      'x-ms-client-id': clientId,
      'x-ms-runtime': { keys: [{ kid, kty, n, e, key_use: 'sig' }] },
    },
    { jku: `${addresses.maa}/certs` },
  );
}

/** The key that an attestation token speaks of; without members when it speaks of none. */
export function attestedKey(claims: Claims): { n?: unknown; e?: unknown } {
  const runtime = claims['x-ms-runtime'] as { keys?: { n?: unknown; e?: unknown }[] } | undefined;
  return runtime?.keys?.[0] ?? {};
}

/** What `getManagedIdentityCapabilities` answers. */
import { probeAttestation } from '../attestation/discover.js';
import { createCorrelationId } from '../diagnostics/correlation-id.js';
import { ManagedIdentityError } from '../errors.js';
import type { ManagedIdentityCapabilities } from '../public-types.js';
import { discoverSource } from '../source/capabilities.js';
import { withDeadline } from '../time/clock.js';
import type { IdentityClient } from './managed-identity.js';
import { parseCapabilityQuery } from './parse-request.js';

/** Rejects for options that are not valid, before any I/O. */
export async function queryCapabilities(
  options: unknown,
  client: IdentityClient,
): Promise<ManagedIdentityCapabilities> {
  const { refresh, signal } = parseCapabilityQuery(options);
  const { clock, log, retriesEnabled, timeoutMs } = client;
  const correlationId = createCorrelationId();
  const onTimeout = () => new ManagedIdentityError('request_timeout', { correlationId, stage: 'metadata' });
  return withDeadline({ clock, timeoutMs, signal, onTimeout }, async (bounded) => {
    const found = await discoverSource(client, refresh, { clock, log, retriesEnabled, correlationId, signal: bounded });
    return Object.freeze({ ...found, attestation: await probeAttestation(client.attestationProvider) });
  });
}

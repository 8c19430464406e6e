/** What `getManagedIdentityCapabilities` answers. */
import { probeAttestation } from '../attestation/discover.js';
import { createCorrelationId } from '../options/options.js';
import { ManagedIdentityError } from '../errors.js';
import type { ManagedIdentityCapabilities } from '../public-types.js';
import { discoverSource } from '../source/capabilities.js';
import { keepingProcess, withDeadline } from '../time/clock.js';
import { callOf } from './acquire-token.js';
import type { IdentityClient } from './identity-client.js';
import { parseCapabilityQuery } from './parse-request.js';

/** Rejects for options that are not valid, before any I/O. */
export async function queryCapabilities(
  options: unknown,
  client: IdentityClient,
): Promise<ManagedIdentityCapabilities> {
  const { refresh, signal } = parseCapabilityQuery(options);
  const { clock, timeoutMs } = client;
  const correlationId = createCorrelationId();
  const onTimeout = () => new ManagedIdentityError('request_timeout', { correlationId, stage: 'metadata' });
  const query = async (bounded: AbortSignal | undefined) => {
    const call = callOf({ correlationId }, client, bounded);
    const found = await discoverSource(client, refresh, call);
    return Object.freeze({ ...found, attestation: await probeAttestation(client.attestationProvider) });
  };
  return keepingProcess(() => withDeadline({ clock, timeoutMs, signal, onTimeout }, query));
}

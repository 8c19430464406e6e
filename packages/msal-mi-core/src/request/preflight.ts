/** What can be refused before any network I/O: no package, no source, no key strong enough (D1-D4). */
import { assertStrength } from '../binding/key.js';
import { MsiV2Error } from '../errors.js';
import type { TokenRequest } from '../model.js';
import { environmentSource, knownSource } from '../source/select-source.js';
import { MtlsBindingStrength } from '../public-types.js';
import type { Flow } from './flow.js';

export async function assertHostCanServe(request: TokenRequest, flow: Flow): Promise<void> {
  const { correlationId, minStrength, attested } = request;
  const source = environmentSource(flow.configuration.environment);
  if (source !== undefined) {
    throw new MsiV2Error('mtls_pop_not_supported_for_environment', {
      correlationId,
      message: `The environment of this process selects ${source}, which has no certificate-bound tokens.`,
    });
  }
  // After the environment: where no token can be had, the package would not help.
  if (attested) await flow.findAttestationProvider();
  const known = knownSource(flow.state.discovered, flow.configuration.imdsBase, flow.clock.now());
  if (known?.imdsVersion === 1) throw new MsiV2Error('mtls_pop_token_not_supported_in_imds_v1', { correlationId });
  if (known !== undefined && known.imdsVersion === undefined) {
    throw new MsiV2Error('managed_identity_all_sources_unavailable', {
      correlationId,
      ...(known.capabilities.errorReason !== undefined && { message: known.capabilities.errorReason }),
    });
  }
  const strongest = await flow.platform.keyStore.strongest();
  assertStrength(strongest, minStrength, correlationId);
  if (attested && strongest < MtlsBindingStrength.KeyGuard) {
    throw new MsiV2Error('credential_guard_requires_cng', { stage: 'attestation', correlationId });
  }
}

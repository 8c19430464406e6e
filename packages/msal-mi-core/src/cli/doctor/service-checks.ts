/** Checks of what answers over the network: IMDS, the attestation endpoint, and with --deep the whole flow. */
import { readJwtClaims } from '../../crypto/jwt.js';
import type { PlatformMetadata } from '../../model.js';
import type { HttpResponse } from '../../ports.js';
import { createAuthorizationHeader } from '../../result.js';
import { requestMetadata } from '../../source/imds-metadata.js';
import { createHttpTransport } from '../../transport/http.js';
import { parseJsonObject, type ImdsEndpoint } from '../../transport/imds.js';
import { MtlsBindingStrength, type MtlsPopAuthenticationResult } from '../../types.js';
import type { ManagedIdentityApplication } from '../../client.js';
import { isMsalMiError } from '../../errors.js';
import { fail, pass, skip, warn, type Check, type Finding } from './check.js';
import { fromError } from './host-checks.js';

const TIMEOUT_MS = 3_000;
const MAX_CLOCK_SKEW_MS = 5 * 60_000;
const TRUSTED_TYPES = ['trustedlaunch', 'confidentialvm'];
const NOT_AZURE =
  'This does not seem to be an Azure VM. To try the library here, run `npx msal-mi-emulator` and set the variables it prints.';
const OVERRIDE_FIX = 'Start the emulator, or correct AZURE_POD_IDENTITY_AUTHORITY_HOST.';

export interface ServiceFacts {
  readonly imds: ImdsEndpoint;
  readonly isDefaultImds: boolean;
  readonly app: ManagedIdentityApplication;
  readonly strongest: () => Promise<MtlsBindingStrength>;
  readonly deep: boolean;
  readonly resource: string;
  readonly url: URL | undefined;
  readonly correlationId: string;
}

/** The checks share what they learn: a later one is skipped when an earlier one shows that it cannot succeed. */
export function serviceChecks(facts: ServiceFacts): Check[] {
  const seen: { compute?: HttpResponse; metadata?: PlatformMetadata; token?: MtlsPopAuthenticationResult } = {};
  return [
    {
      id: 'imds',
      title: 'Metadata service',
      run: async () => {
        const { finding, compute } = await checkImds(facts);
        if (compute !== undefined) seen.compute = compute;
        return finding;
      },
    },
    { id: 'clock', title: 'Clock', run: () => checkClock(seen.compute) },
    { id: 'security-type', title: 'VM security type', run: () => checkSecurityType(seen.compute) },
    {
      id: 'imds-v2',
      title: 'IMDS v2 and identity',
      run: async () => {
        if (seen.compute === undefined) return skip('needs the metadata service');
        try {
          seen.metadata = await requestMetadata(facts.imds, {
            attested: false,
            correlationId: facts.correlationId,
            signal: undefined,
          });
          return pass(`client id ${seen.metadata.clientId}, tenant ${seen.metadata.tenantId}`);
        } catch (error) {
          return fromError(error);
        }
      },
    },
    {
      id: 'token',
      title: 'Bound token',
      run: async () => {
        if (!facts.deep) return skip('asked for with --deep');
        if (seen.metadata === undefined) return skip('needs IMDS v2 and an identity');
        const { finding, token } = await checkToken(facts);
        if (token !== undefined) seen.token = token;
        return finding;
      },
    },
    { id: 'resource', title: 'Resource', run: () => checkResource(facts, seen.token) },
  ];
}

async function checkImds(facts: ServiceFacts): Promise<{ finding: Finding; compute?: HttpResponse }> {
  const { base } = facts.imds;
  try {
    const compute = await createHttpTransport([]).send({
      method: 'GET',
      url: `${base}/metadata/instance/compute?api-version=2021-02-01`,
      headers: { Metadata: 'true' },
      timeoutMs: TIMEOUT_MS,
    });
    const server = compute.headers['server'] ?? 'no Server header';
    if (!server.toUpperCase().includes('IMDS')) {
      const finding = fail(
        `${base} is answered by something that is not IMDS (${server})`,
        facts.isDefaultImds ? `${NOT_AZURE} On a VM, look for a proxy that intercepts this address.` : OVERRIDE_FIX,
      );
      return { finding };
    }
    if (!facts.isDefaultImds) {
      const finding = warn(
        `${base} answers (${server}), set by AZURE_POD_IDENTITY_AUTHORITY_HOST`,
        'Fine for the emulator; unset the variable on an Azure VM.',
      );
      return { finding, compute };
    }
    return { finding: pass(`${base} answers (${server})`), compute };
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? ` (${String(error.code)})` : '';
    return { finding: fail(`${base} does not answer${code}`, facts.isDefaultImds ? NOT_AZURE : OVERRIDE_FIX) };
  }
}

function checkClock(compute: HttpResponse | undefined): Finding {
  const date = Date.parse(compute?.headers['date'] ?? '');
  if (Number.isNaN(date)) return skip('the metadata service told no time');
  const skewMs = Math.abs(Date.now() - date);
  return skewMs <= MAX_CLOCK_SKEW_MS
    ? pass('agrees with the metadata service')
    : fail(
        `differs from the metadata service by ${Math.round(skewMs / 1_000)} s`,
        'Synchronise the clock of this host.',
      );
}

function checkSecurityType(compute: HttpResponse | undefined): Finding {
  if (compute?.status !== 200) return skip('needs the metadata service');
  const profile = parseJsonObject(compute.body)?.['securityProfile'] as { securityType?: unknown } | null | undefined;
  const type = typeof profile?.securityType === 'string' ? profile.securityType : '';
  return TRUSTED_TYPES.includes(type.toLowerCase())
    ? pass(type)
    : warn(
        type === '' ? 'none: a standard VM' : type,
        'KeyGuard needs a trusted launch or confidential VM; the type is chosen when the VM is created.',
      );
}

async function checkToken(facts: ServiceFacts): Promise<{ finding: Finding; token?: MtlsPopAuthenticationResult }> {
  try {
    const strength = await facts.strongest();
    const token = await facts.app.acquireToken({
      resource: facts.resource,
      mtlsProofOfPossession: true,
      minStrength: strength,
      forceRefresh: true,
      correlationId: facts.correlationId,
    });
    const audience = readJwtClaims(token.accessToken)?.['aud'];
    const found = [
      token.tokenType,
      `bound to ${token.bindingCertificate.x5tS256}`,
      ...(typeof audience === 'string' ? [`audience ${audience}`] : []),
      strength >= MtlsBindingStrength.KeyGuard ? 'KeyGuard key' : 'software key',
    ];
    return { finding: pass(found.join(', ')), token };
  } catch (error) {
    const finding = fromError(error);
    const hint = isMsalMiError(error) ? TENANT_HINTS[error.aadstsCode ?? ''] : undefined;
    return { finding: hint === undefined ? finding : { ...finding, fix: hint } };
  }
}

/** What onboarding usually lacks when Entra ID answers with these codes. */
const TENANT_HINTS: Readonly<Record<string, string>> = {
  '392196': 'This resource does not accept certificate-bound tokens yet; Key Vault and Microsoft Graph do.',
  '500011': 'The resource is not known in this tenant: check --resource.',
};

async function checkResource(facts: ServiceFacts, token: MtlsPopAuthenticationResult | undefined): Promise<Finding> {
  const { url } = facts;
  if (url === undefined) return skip('asked for with --deep and --url');
  if (token === undefined) return skip('needs a bound token');
  try {
    const response = await token.binding.fetch(url, {
      headers: { authorization: createAuthorizationHeader(token), 'x-ms-tokenboundauth': 'true' },
      redirect: 'manual',
      signal: AbortSignal.timeout(30_000),
    });
    await response.body?.cancel();
    return response.status === 401 || response.status === 403
      ? fail(
          `${url.origin} answered HTTP ${response.status}`,
          'Grant the identity access, and check that the resource accepts bound tokens.',
        )
      : pass(`${url.origin} answered HTTP ${response.status}`);
  } catch (error) {
    const code = (error as { cause?: { code?: string } }).cause?.code;
    return fail(`${url.origin} could not be called (${code ?? 'no reason given'})`, 'Check DNS, firewall and proxy.');
  }
}

/** Checks of the metadata service and of what it says about this VM. */
import type { Call } from '../../call.js';
import { IMDS_ADVICE, NO_IMDS_REMEDY, NO_NETWORK_REMEDY } from '../../advice.js';
import { isMsalMiError } from '../../errors.js';
import { requestMetadata } from '../../imds/metadata.js';
import { createHttpTransport } from '../../imds/http.js';
import type { ImdsEndpoint } from '../../imds/endpoint.js';
import { NETWORK_FORBIDDEN } from '../../transport/exchange.js';
import { isJsonObject, parseJsonObject } from '../../json.js';
import { fail, pass, skip, warn, type Check, type Finding } from './check.js';
import { fromError, networkCode } from './from-error.js';
import type { Seen } from './seen.js';

const TIMEOUT_MS = 3_000;
const MAX_CLOCK_SKEW_MS = 5 * 60_000;
const TRUSTED_TYPES = ['trustedlaunch', 'confidentialvm'];
const NOT_AZURE = 'this does not seem to be an Azure VM';

export interface ImdsFacts {
  readonly imds: ImdsEndpoint;
  readonly isDefaultImds: boolean;
  readonly call: Call;
}

export function imdsChecks(facts: ImdsFacts, seen: Seen): Check[] {
  let metadata: MetadataOutcome | undefined;
  return [
    { id: 'imds', title: 'Metadata service', run: () => checkImds(facts, seen) },
    { id: 'clock', title: 'Clock', run: () => checkClock(seen) },
    { id: 'security-type', title: 'VM security type', run: () => checkSecurityType(seen) },
    {
      id: 'imds-v2',
      title: 'IMDS version 2',
      run: async () => {
        if (seen.compute === undefined) return skip('needs the metadata service');
        metadata = await askForMetadata(facts, seen);
        return metadata.version;
      },
    },
    { id: 'identity', title: 'Managed identity', run: () => metadata?.identity ?? skip('needs IMDS version 2') },
  ];
}

async function checkImds({ imds: { base }, isDefaultImds }: ImdsFacts, seen: Seen): Promise<Finding> {
  const fix = isDefaultImds ? NO_IMDS_REMEDY.azure : NO_IMDS_REMEDY.override;
  try {
    const compute = await createHttpTransport().send({
      method: 'GET',
      url: `${base}/metadata/instance/compute?api-version=2021-02-01`,
      headers: { Metadata: 'true' },
      timeoutMs: TIMEOUT_MS,
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    const server = compute.headers['server'] ?? 'no Server header';
    if (!server.toUpperCase().includes('IMDS')) {
      return fail(
        `${base} is answered by something that is not IMDS (${server}): ${NOT_AZURE}, or a proxy is in the way`,
        fix,
      );
    }
    seen.compute = compute;
    if (isDefaultImds) return pass(`${base} answers (${server})`);
    return warn(
      `${base} answers (${server}), set by AZURE_POD_IDENTITY_AUTHORITY_HOST`,
      'Fine for the emulator; unset the variable on an Azure VM.',
    );
  } catch (error) {
    const code = networkCode(error);
    if (code === NETWORK_FORBIDDEN) return fail(`this process may not use the network (${code})`, NO_NETWORK_REMEDY);
    const silence = `${base} does not answer (${code})`;
    return fail(`${silence}${isDefaultImds ? `: ${NOT_AZURE}` : ', set by AZURE_POD_IDENTITY_AUTHORITY_HOST'}`, fix);
  }
}

function checkClock({ compute }: Seen): Finding {
  if (compute === undefined) return skip('needs the metadata service');
  const date = Date.parse(compute.headers['date'] ?? '');
  if (Number.isNaN(date)) return skip('the metadata service told no time');
  const skewMs = Math.abs(Date.now() - date);
  return skewMs <= MAX_CLOCK_SKEW_MS
    ? pass('agrees with the metadata service')
    : fail(
        `differs from the metadata service by ${Math.round(skewMs / 1_000)} s`,
        'Synchronise the clock of this host.',
      );
}

function checkSecurityType({ compute }: Seen): Finding {
  if (compute === undefined) return skip('needs the metadata service');
  if (compute.status !== 200) {
    return warn(`IMDS does not describe the VM (HTTP ${compute.status})`, 'Look the security type up in the portal.');
  }
  const profile = parseJsonObject(compute.body)?.['securityProfile'];
  const found = isJsonObject(profile) ? profile['securityType'] : undefined;
  const type = typeof found === 'string' ? found : '';
  return TRUSTED_TYPES.includes(type.toLowerCase())
    ? pass(type)
    : warn(
        type === '' ? 'none: a standard VM' : type,
        'KeyGuard needs a trusted launch or confidential VM; the type is chosen when the VM is created.',
      );
}

interface MetadataOutcome {
  readonly version: Finding;
  readonly identity: Finding;
}

/** One answer tells both: without version 2 there is no such endpoint, without the identity it refuses. */
async function askForMetadata(facts: ImdsFacts, seen: Seen): Promise<MetadataOutcome> {
  try {
    const metadata = await requestMetadata(facts.imds, { attested: false }, facts.call);
    seen.metadata = metadata;
    const { clientId, tenantId } = metadata;
    return { version: ANSWERS, identity: pass(`${nameOf(facts)}, client id ${clientId}, tenant ${tenantId}`) };
  } catch (error) {
    const finding = fromError(error);
    return isAboutIdentity(error)
      ? { version: ANSWERS, identity: { ...finding, evidence: `${nameOf(facts)}: ${finding.evidence}` } }
      : { version: finding, identity: skip('needs IMDS version 2') };
  }
}

const ANSWERS = pass('getplatformmetadata answers');

/** As the table says that the flow uses as well (D8): such an answer is one of version 2. */
function isAboutIdentity(error: unknown): boolean {
  const remediation = isMsalMiError(error) ? error.remediation : undefined;
  return IMDS_ADVICE.some((row) => row.isAboutIdentity === true && remediation?.startsWith(row.meaning) === true);
}

const nameOf = ({ imds: { identity } }: ImdsFacts): string =>
  identity.kind === 'system' ? 'system-assigned' : `user-assigned ${identity.id}`;

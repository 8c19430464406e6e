import { parseArgs } from 'node:util';
import type { ManagedIdentityIdParams } from '../../public-types.js';
import { MtlsBindingStrength } from '../../public-types/constants.js';

export interface DoctorOptions {
  readonly json: boolean;
  /** Mask what tells which machine, identity and tenant this is. */
  readonly share: boolean;
  /** Acquire a token for real. */
  readonly deep: boolean;
  readonly resource: string;
  /** Called with the token. */
  readonly url: URL | undefined;
  readonly identity: ManagedIdentityIdParams | undefined;
  /** The key that the application asks for. Undefined: KeyGuard on a VM, a software key where IMDS is the emulator. */
  readonly minStrength: MtlsBindingStrength | undefined;
  readonly colour: boolean;
}

/** The command line could not be understood. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** No line is longer than 80 columns. */
export const USAGE = `Usage: msal-mi-core doctor [options]

Checks everything that a certificate-bound token needs on this host.

  --deep               also acquire a token, attested where the attestation
                       library is there
  --resource <uri>     resource to acquire the token for
                       (default: https://vault.azure.net)
  --url <https url>    with --deep: call this URL with the token
  --identity <id>      user-assigned identity: client id, resource id, or
                       object:<object id>
  --min-strength <s>   key that the application asks for, as its minStrength:
                       KeyGuard or Software (default: KeyGuard; Software when
                       AZURE_POD_IDENTITY_AUTHORITY_HOST is set)
  --json               print the report as JSON
  --share              mask ids and names, so that the report can be posted
  --no-color           no colours
  --help, --version

Exit code: 0 ready, 1 not ready, 2 could not tell.
`;

/** @throws UsageError. */
export function parseDoctorOptions(
  args: readonly string[],
  host: { isTty: boolean; noColour: boolean },
): DoctorOptions {
  const { values } = parse(args);
  if (values.identity?.trim() === '') throw new UsageError('--identity needs an id.');
  const url = values.url === undefined ? undefined : toHttpsUrl(values.url);
  if (url !== undefined && !values.deep) {
    throw new UsageError('--url needs --deep, which acquires the token that the URL is called with.');
  }
  if (values.resource.trim() === '') throw new UsageError('--resource needs a URI.');
  return {
    json: values.json,
    share: values.share,
    deep: values.deep,
    resource: values.resource,
    url,
    minStrength: values['min-strength'] === undefined ? undefined : toStrength(values['min-strength']),
    identity: values.identity === undefined ? undefined : toIdentity(values.identity.trim()),
    colour: host.isTty && !host.noColour && !values['no-color'] && !values.json,
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        json: { type: 'boolean', default: false },
        share: { type: 'boolean', default: false },
        deep: { type: 'boolean', default: false },
        resource: { type: 'string', default: 'https://vault.azure.net' },
        url: { type: 'string' },
        identity: { type: 'string' },
        'min-strength': { type: 'string' },
        'no-color': { type: 'boolean', default: false },
      },
    });
  } catch (error) {
    // The rest of what Node.js says is about positional arguments, which the command has none of.
    const [first = ''] = error instanceof Error ? error.message.split('. ') : [];
    throw new UsageError(`${first}.`);
  }
}

function toIdentity(id: string): ManagedIdentityIdParams {
  if (id.startsWith('/')) return { userAssignedResourceId: id };
  return id.startsWith('object:') ? { userAssignedObjectId: id.slice('object:'.length) } : { userAssignedClientId: id };
}

const STRENGTHS = { keyguard: MtlsBindingStrength.KeyGuard, software: MtlsBindingStrength.Software } as const;

function toStrength(text: string): MtlsBindingStrength {
  const strength = STRENGTHS[text.toLowerCase() as keyof typeof STRENGTHS] as MtlsBindingStrength | undefined;
  if (strength === undefined) throw new UsageError('--min-strength needs KeyGuard or Software.');
  return strength;
}

function toHttpsUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== 'https:') throw new UsageError('--url needs an https URL.');
  return url;
}

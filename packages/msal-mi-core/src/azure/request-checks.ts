/** What a request must not ask for, or carry, on its way through the transport of a credential. */
import type { PipelineRequest } from '@azure/core-rest-pipeline';
import { proxiesOfEnvironment } from '../config.js';
import { ManagedIdentityError, MsiV2Error } from '../errors.js';
import { holdsStandIn } from './bound-tokens.js';
import { clientNotSupported } from './unsupported-client.js';

const REASONS: Readonly<Record<string, string>> = {
  agent: 'the connection belongs to the certificate',
  proxyOptions: 'the connection to the resource is direct, or on Windows goes through the proxy of the system',
  tlsOptions: 'certificate and key are those of the token',
  requestOverrides: 'they are for another transport',
  httpClient: 'the transport is that of the credential',
};

/** The error for an option that would be ignored. */
export function ignoredOption(name: keyof typeof REASONS): ManagedIdentityError {
  return new MsiV2Error('invalid_configuration', {
    stage: 'resource',
    message: `${name} cannot be combined with certificate-bound tokens: ${REASONS[name]}.`,
    remediation:
      name === 'proxyOptions'
        ? 'Leave proxyOptions out. On Windows set HTTPS_PROXY or the proxy of the system; elsewhere allow the direct way.'
        : `Leave ${name} out; certificate authorities go into system.ca of the credential.`,
  });
}

/** @throws MsiV2Error `invalid_configuration` for what the transport would ignore. */
export function refuseIgnoredOptions(request: PipelineRequest): void {
  if (request.tlsSettings !== undefined) throw ignoredOption('tlsOptions');
  if (request.proxySettings !== undefined) throw ignoredOption('proxyOptions');
  if (Object.keys(request.requestOverrides ?? {}).length > 0) throw ignoredOption('requestOverrides');
  if (request.agent === undefined) return;
  const proxy = proxyOf(request.agent);
  if (proxy === undefined) throw ignoredOption('agent');
  if (!isOfEnvironment(proxy)) throw ignoredOption('proxyOptions');
}

/** Of the agents that the SDK makes from proxy settings. */
function proxyOf(agent: object): URL | undefined {
  return 'proxy' in agent && agent.proxy instanceof URL ? agent.proxy : undefined;
}

/** The SDK reads the environment for every client. What it says there is not an option of this one. */
function isOfEnvironment(proxy: URL): boolean {
  return proxiesOfEnvironment().some((value) => URL.canParse(value) && new URL(value).href === proxy.href);
}

/** @throws MsiV2Error `client_not_supported` for a token anywhere but in Authorization. */
export function refuseTokenElsewhere(request: PipelineRequest): void {
  for (const [name, value] of request.headers) {
    if (name.toLowerCase() === 'x-ms-authorization-auxiliary') {
      throw clientNotSupported('Tokens of other tenants (x-ms-authorization-auxiliary) have no certificate to go with');
    }
    if (name.toLowerCase() !== 'authorization' && holdsStandIn(value)) {
      throw clientNotSupported(`The header ${name} would carry a token, and nobody could present its certificate`);
    }
  }
  if (typeof request.body !== 'string' || !holdsStandIn(request.body)) return;
  if (new URL(request.url).searchParams.get('comp') === 'batch') {
    throw clientNotSupported(
      'A batch carries a token for each request in it, and there is no certificate for them',
      'Send the requests of the batch one by one.',
    );
  }
  throw clientNotSupported('The body of the request would carry a token, and nobody could present its certificate');
}

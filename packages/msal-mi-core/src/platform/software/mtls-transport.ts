/** TLS connections with a software key over `node:https`. Server verification is always on. */
import { X509Certificate } from 'node:crypto';
import { Agent } from 'node:https';
import { createSecureContext, rootCertificates, type SecureContext } from 'node:tls';
import * as tls from 'node:tls';
import { ManagedIdentityError, MsiV2Error } from '../../errors.js';
import { TransportError, type MtlsChannel, type MtlsTransport, type SigningKey } from '../../ports.js';
import type { TlsClientOptions } from '../../public-types.js';
import { SharedChannels } from '../shared-channels.js';
import { exportPrivateKey } from './key-store.js';
import { closeIdleConnections, sendRequest } from './send-request.js';

const CERTIFICATE_PEM = /-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----/gs;
const IDLE_TIMEOUT_MS = 60_000;
/** What a slow reader lets accumulate. Each TLS record passed on by itself would cost more than its content. */
const READ_AHEAD = { highWaterMark: 256 * 1024 };

export interface Trust {
  /** PEM, added to the default roots. */
  readonly trustedAuthorities: readonly string[];
  /** PEM that the process was started with, for runtimes that cannot list their own defaults. */
  readonly readExtraAuthorities: () => string[];
}

/**
 * @param channels - Of all transports that may share their connections. Default: it shares with none.
 * @throws ManagedIdentityError `invalid_configuration`: OpenSSL itself passes over what it cannot read.
 */
export function createSoftwareTransport(trust: Trust, channels = new SharedChannels()): MtlsTransport {
  trust.trustedAuthorities.forEach(assertReadable);
  const name = JSON.stringify(trust.trustedAuthorities);
  return {
    bind: (key, certificate) => channels.bind(key, certificate, name, () => createChannel(key, certificate, trust)),
  };
}

function createChannel(key: SigningKey, certificateDer: Uint8Array, trust: Trust): MtlsChannel {
  const options = (): TlsClientOptions => {
    const privateKey = exportPrivateKey(key);
    if (privateKey === undefined) throw new MsiV2Error('key_not_exportable', { stage: 'key' });
    return {
      cert: toPem(certificateDer),
      key: privateKey,
      minVersion: 'TLSv1.2',
      maxVersion: 'TLSv1.2',
      ALPNProtocols: ['http/1.1'],
    };
  };
  // One context for all connections: reading the root certificates again for each would cost milliseconds.
  let secureContext: SecureContext | undefined;
  let agent: Agent | undefined;
  let isRetired = false;
  const openAgent = (): Agent => {
    secureContext ??= createContext(options(), trust);
    agent ??= new ChannelAgent({
      keepAlive: !isRetired,
      ...READ_AHEAD,
      timeout: IDLE_TIMEOUT_MS,
      secureContext,
      // Explicit (D28): NODE_TLS_REJECT_UNAUTHORIZED changes a default only.
      rejectUnauthorized: true,
      minVersion: 'TLSv1.2',
      maxVersion: 'TLSv1.2',
      ALPNProtocols: ['http/1.1'],
    });
    return agent;
  };
  return {
    exportable: true,
    send: async (request) => sendRequest(openAgent(), request),
    tlsOptions: options,
    retire() {
      isRetired = true;
      const retired = agent;
      agent = undefined;
      if (retired === undefined) return;
      closeIdleConnections(retired);
      retired.maxFreeSockets = 0;
    },
  };
}

/** All its connections have the same options: only where they lead tells them apart. */
class ChannelAgent extends Agent {
  override getName({ host = '', port = '' }: { host?: string; port?: number | string } = {}): string {
    return `${host}:${port}:`;
  }
}

function createContext(options: TlsClientOptions, trust: Trust): SecureContext {
  try {
    return trust.trustedAuthorities.length === 0 ? createSecureContext(options) : createTrustingContext(options, trust);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'ERR_TLS_CONTEXT';
    throw new TransportError('client_certificate_rejected', code, `The certificate and key do not fit (${code}).`);
  }
}

/** The option `ca` replaces the defaults; naming them all again would parse each of them for every certificate. */
function createTrustingContext(options: TlsClientOptions, trust: Trust): SecureContext {
  const secureContext = createSecureContext(options);
  const handle = secureContext.context as { addCACert?: (pem: string) => void };
  if (typeof handle.addCACert !== 'function') {
    return createSecureContext({ ...options, ca: authoritiesOf(trust) });
  }
  for (const pem of trust.trustedAuthorities) handle.addCACert(pem);
  return secureContext;
}

/** PEM of all authorities to trust, for TLS stacks other than this one; undefined: the defaults of the process. */
export function authoritiesOf(trust: Trust): string[] | undefined {
  if (trust.trustedAuthorities.length === 0) return undefined;
  const { getCACertificates } = tls as { getCACertificates?: (type: 'default') => string[] };
  const defaults = getCACertificates?.('default') ?? [...rootCertificates, ...trust.readExtraAuthorities()];
  return [...defaults, ...trust.trustedAuthorities];
}

function assertReadable(pem: string): void {
  try {
    for (const certificate of pem.match(CERTIFICATE_PEM) ?? [pem]) new X509Certificate(certificate);
  } catch {
    throw new ManagedIdentityError('invalid_configuration', {
      message: 'system.ca holds something that is not a certificate.',
    });
  }
}

function toPem(der: Uint8Array): string {
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}

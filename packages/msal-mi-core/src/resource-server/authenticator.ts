/** One request in, who sent it out: what every framework is served with. */
import { isMsalMiError } from '../errors.js';
import {
  createCertificateSource,
  type CertificateSource,
  type ForwardedCertificateOptions,
  type ServerRequest,
} from './client-certificate.js';
import type { MtlsPop } from './mtls-pop.js';
import { UnsupportedFramework } from './refusal.js';
import { reporting } from './report.js';
import { readMembers } from '../options/options.js';
import { invalid, parseVerifyOptions, type VerifyMtlsPopOptions, type VerifyRules } from './verify-options.js';
import { verify } from './verify.js';

/** Options of {@link requireMtlsPop} and its like. */
export interface RequireMtlsPopOptions extends VerifyMtlsPopOptions {
  /** Set when a proxy ends TLS in front of this server. Default: only this server's own TLS connections count. */
  forwardedCertificate?: ForwardedCertificateOptions;
}

/** Verifies a request of Node.js, or throws MtlsPopRefusal. */
export type MtlsPopAuthenticator = (request: ServerRequest) => Promise<MtlsPop>;

/**
 * For frameworks that turn what is thrown into an answer (Koa, Hono, Fastify hooks), and for code of one's own. The server
 * has to ask for client certificates (`requestCert: true`).
 *
 * @param options - Whose tokens, for which API. Checked at once.
 * @returns A function that is given the request of Node.js and promises what it carries. It throws MtlsPopRefusal (401),
 *   MtlsPopUnavailable (503), or MsalMiError for a fault of the server's own (500). Each is logged, and published on
 *   `msal-mi-core:refusal`.
 * @throws MsalMiError `invalid_configuration`.
 */
export function createMtlsPopAuthenticator(options: RequireMtlsPopOptions): MtlsPopAuthenticator {
  return authenticatorOf(parseServerOptions(options));
}

/** {@link RequireMtlsPopOptions}, each read once. */
export interface ServerRules {
  readonly rules: VerifyRules;
  readonly findCertificate: CertificateSource;
}

/** @throws MsalMiError `invalid_configuration`. */
export function parseServerOptions(options: RequireMtlsPopOptions): ServerRules {
  const rules = parseVerifyOptions(options);
  const { forwardedCertificate } = readMembers(options, ['forwardedCertificate'], invalid);
  return { rules, findCertificate: createCertificateSource(forwardedCertificate as ForwardedCertificateOptions) };
}

export function authenticatorOf({ rules, findCertificate }: ServerRules): MtlsPopAuthenticator {
  return (request) => {
    const authorization = authorizationOf(request);
    return reporting(rules.loggerOptions, authorization, async () => {
      if (!isServerRequest(request)) throw new UnsupportedFramework(NO_REQUEST);
      // At once: the connection may be gone when the token has been verified.
      return verify(authorization, certificateOf(request, findCertificate), rules);
    });
  };
}

const NO_REQUEST =
  'What was passed is not a request of Node.js. Pass the IncomingMessage or Http2ServerRequest that the framework wraps.';

export function isServerRequest(request: unknown): request is ServerRequest {
  try {
    const { headers, socket } = request as Record<'headers' | 'socket', unknown>;
    return isObject(headers) && isObject(socket);
  } catch {
    return false;
  }
}

function certificateOf(request: ServerRequest, findCertificate: CertificateSource): Uint8Array | undefined {
  try {
    return findCertificate(request);
  } catch (error) {
    throw isMsalMiError(error) ? error : new UnsupportedFramework(NO_REQUEST);
  }
}

function authorizationOf(request: unknown): unknown {
  try {
    return (request as ServerRequest).headers['authorization'];
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

import { createCertificateSource, type ForwardedCertificateOptions, type ServerRequest } from './client-certificate.js';
import { MtlsPopRefusal } from './refusal.js';
import { checkVerifyOptions, type VerifyMtlsPopOptions } from './verify-options.js';
import { verifyMtlsPop } from './verify.js';

/** Options of {@link requireMtlsPop}. */
export interface RequireMtlsPopOptions extends VerifyMtlsPopOptions {
  /** Set when a proxy ends TLS in front of this server. Default: only this server's own TLS connections count. */
  forwardedCertificate?: ForwardedCertificateOptions;
}

/** What is used of a response of `node:http`. */
interface ServerResponse {
  statusCode: number;
  setHeader(name: string, value: string): unknown;
  end(body: string): unknown;
}

/**
 * Middleware for Express and Connect: lets requests through that carry a token bound to the certificate of their
 * connection, with `req.mtlsPop = { claims, thumbprintS256 }`, and answers 401 with `WWW-Authenticate` to all others.
 * The server has to ask for client certificates (`requestCert: true`).
 *
 * @returns Middleware that passes on only what is not the client's fault, such as an unreachable key set.
 * @throws MsalMiError `invalid_configuration`.
 */
export function requireMtlsPop(
  options: RequireMtlsPopOptions,
): (req: unknown, res: unknown, next: (err?: unknown) => void) => void {
  checkVerifyOptions(options);
  const findCertificate = createCertificateSource(options.forwardedCertificate);

  const authenticate = async (request: ServerRequest) => {
    const { authorization } = request.headers;
    return verifyMtlsPop(
      {
        authorization: typeof authorization === 'string' ? authorization : undefined,
        peerCertificate: findCertificate(request),
      },
      options,
    );
  };
  return (req, res, next) => {
    authenticate(req as ServerRequest).then(
      (verified) => {
        (req as { mtlsPop?: typeof verified }).mtlsPop = verified;
        next();
      },
      (error: unknown) => {
        if (error instanceof MtlsPopRefusal) refuse(res as ServerResponse, error);
        else next(error);
      },
    );
  };
}

function refuse(response: ServerResponse, { errorCode, errorMessage, wwwAuthenticate }: MtlsPopRefusal): void {
  response.statusCode = 401;
  response.setHeader('WWW-Authenticate', wwwAuthenticate);
  response.setHeader('Cache-Control', 'no-store');
  response.setHeader('Content-Type', 'application/json');
  response.end(JSON.stringify({ error: errorCode, error_description: errorMessage }));
}

/** What a failed token request becomes (D29): which host said what, and what to do about it. Loaded with the first one. */
import {
  AADSTS_ADVICE,
  FEDERATION_CODES,
  NETWORK_ADVICE,
  OAUTH_ADVICE,
  TOKEN_STAGE_REMEDY,
  type Advice,
} from '../advice.js';
import type { Call } from '../call.js';
import { readJwtClaims } from '../crypto/jwt.js';
import { MsiV2Error, type ErrorDetails } from '../errors.js';
import { parseJsonAnswer } from '../json.js';
import type { TransportError } from '../ports.js';
import { redact } from '../secret.js';
import { findAadstsCodes } from './aadsts.js';
import { waitAskedFor } from './throttle.js';
import type { TokenAnswer } from './token-response.js';

/** What was asked for. */
export interface FailedExchange {
  readonly tokenUrl: string;
  readonly form: URLSearchParams;
  /** Values that must not show up in an error when the service repeats them. */
  readonly secrets: readonly string[];
}

/** OAuth error codes (RFC 6749 section 5.2) are short names; anything else is not repeated as a code. */
const OAUTH_ERROR = /^[a-z0-9_]{1,64}$/i;
const LONGEST_DESCRIPTION = 4_096;

/** An answer without a status of success. */
export function refusedToken(
  answer: TokenAnswer,
  exchange: FailedExchange,
  { clock, correlationId }: Pick<Call, 'clock' | 'correlationId'>,
): MsiV2Error {
  const { secrets, tokenUrl } = exchange;
  const body = parseJsonAnswer(answer.body);
  const text = (name: string) => (typeof body?.[name] === 'string' ? body[name] : '');
  const oauthError = codeIn(text('error'), secrets);
  const description = text('error_description');
  const codes = findAadstsCodes(body?.['error_codes'], description);
  const [aadstsCode] = codes;
  const claims = text('claims');
  const retryAfterMs = waitAskedFor(answer, clock.now());
  const [meaning, remedy] = adviceOn(codes, oauthError, answer.status);
  const said = redact(description === '' ? (oauthError ?? '') : description, secrets);
  const sides = codes.some((code) => FEDERATION_CODES.has(code)) ? comparison(description, exchange) : undefined;
  const remediation = [meaning, remedy, sides].filter(Boolean).join(' ');
  const details: ErrorDetails = {
    stage: 'token',
    correlationId,
    httpStatus: answer.status,
    subError: redact(text('suberror'), secrets).slice(0, 100),
    message: `${new URL(tokenUrl).origin} answered HTTP ${answer.status}${said === '' ? '.' : ` (${said}).`}`,
    ...(remediation !== '' && { remediation }),
    ...(aadstsCode !== undefined && { aadstsCode }),
    ...(retryAfterMs !== undefined && { retryAfterMs }),
    ...(claims !== '' && { claims }),
  };
  if (answer.status >= 500) return new MsiV2Error('service_not_available', details);
  if (answer.status === 429) return new MsiV2Error('request_throttled', details);
  return new MsiV2Error(oauthError ?? 'token_request_failed', { ...details, retryable: answer.status === 408 });
}

/** A name that is one of the secrets is what the service was sent. */
function codeIn(error: string, secrets: readonly string[]): string | undefined {
  const isEcho = secrets.some((secret) => secret.toLowerCase() === error.toLowerCase());
  return OAUTH_ERROR.test(error) && !isEcho ? error : undefined;
}

/** The code first, then the status that says it all, then the OAuth error, then the stage. */
function adviceOn(
  codes: readonly string[],
  oauthError: string | undefined,
  status: number,
): Advice | readonly [meaning: undefined, remedy: string | undefined] {
  const listed = codes.find((code) => Object.hasOwn(AADSTS_ADVICE, code));
  if (listed !== undefined) return AADSTS_ADVICE[listed] as Advice;
  if (status >= 500 || status === 429) return [undefined, undefined];
  const isNamed = oauthError !== undefined && Object.hasOwn(OAUTH_ADVICE, oauthError);
  const [meaning, remedy] = (isNamed ? OAUTH_ADVICE[oauthError] : undefined) ?? [undefined, TOKEN_STAGE_REMEDY];
  const [code] = codes;
  const explained =
    code === undefined ? '' : ` https://login.microsoftonline.com/error?code=${code} explains the code.`;
  return [meaning, remedy + explained] as Advice;
}

/**
 * Both sides, as far as they are known: what the assertion says, or Entra ID says of it, and what Entra ID expects of the
 * federated identity credential. These are names that an administrator typed or has to type, and no secrets.
 */
function comparison(description: string, { form, secrets }: FailedExchange): string {
  const text = description.slice(0, LONGEST_DESCRIPTION);
  const claims = readJwtClaims(form.get('client_assertion') ?? '') ?? {};
  const quoted = (value: string) => `'${redact(value, secrets)}'`;
  const sides = (['issuer', 'subject', 'audience'] as const).map((name) => {
    const claim = claims[CLAIM[name]];
    const seen = new RegExp(`assertion ${name}:? '([^']{1,500})'`, 'i').exec(text)?.[1];
    const expected = new RegExp(`credential ${name} is '([^']{1,500})'`, 'i').exec(text)?.[1];
    const presented = typeof claim === 'string' ? claim : seen;
    return [
      `${name} ${presented === undefined ? 'not known' : quoted(presented)}`,
      ...(seen === undefined || seen === presented ? [] : [`(Entra ID saw ${quoted(seen)})`]),
      ...(expected === undefined ? [] : [`(Entra ID expects ${quoted(expected)})`]),
    ].join(' ');
  });
  return `Presented to application ${quoted(form.get('client_id') ?? '')}: ${sides.join(', ')}.`;
}

const CLAIM = { issuer: 'iss', subject: 'sub', audience: 'aud' } as const;

/** No answer. */
export function unreachable(
  error: TransportError,
  { tokenUrl }: FailedExchange,
  { correlationId }: Pick<Call, 'correlationId'>,
): MsiV2Error {
  const { origin } = new URL(tokenUrl);
  const remediation = NETWORK_ADVICE[error.failure];
  const details = {
    stage: 'token',
    correlationId,
    cause: error,
    ...(error.win32 !== undefined && { win32: error.win32 }),
    ...(remediation !== undefined && { remediation }),
  } as const;
  switch (error.failure) {
    case 'timeout':
      return new MsiV2Error('request_timeout', { ...details, message: `${origin} did not answer in time.` });
    case 'invalid_response':
      return new MsiV2Error('invalid_token_response', { ...details, message: `${origin}: ${error.message}` });
    case 'untrusted_server':
      return new MsiV2Error('managed_identity_unreachable_network', {
        ...details,
        message: `The certificate of ${origin} was not accepted (${error.code}).`,
        retryable: false,
      });
    default:
      return new MsiV2Error('managed_identity_unreachable_network', {
        ...details,
        message: `The token endpoint ${origin} could not be used: ${error.message}`,
      });
  }
}

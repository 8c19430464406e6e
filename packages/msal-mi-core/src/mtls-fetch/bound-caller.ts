import type {
  MtlsBindingContext,
  MtlsBindingStrength,
  MtlsPopAuthenticationResult,
  MtlsPopRequestParams,
} from '../public-types.js';
import type { ReplacementAllowance } from '../model.js';
import type { HostCheck } from './allowed-hosts.js';
import { parseClaimsChallenge } from './claims-challenge.js';
import { checkHeaders, isIdempotent, parseFetchRequest, type FetchRequest } from '../fetch/fetch-request.js';
import { HeldResult } from './held-result.js';
import { headersForToken } from './host-profiles.js';
import {
  REPLACE_BINDING,
  REPLACEMENT,
  REPLACEMENT_ACCEPTED,
  type BindingReplacer,
  type CallMembers,
} from './application-members.js';
import { channelBehind, sendOverChannel } from '../fetch/channel-fetch.js';
import { HeaderList } from '../fetch/header-list.js';
import { isReplayable } from '../fetch/request-body.js';
import { bindingRefusalOf, reportBindingRefusal } from './refused-binding.js';
import { assertBound, surroundingsOf, type BoundTokenApplication } from './token-application.js';
import { systemClock } from '../time/clock.js';
import { logged } from '../transport/exchange.js';

/** Validated options. */
export interface CallerOptions {
  readonly tokenRequest: {
    readonly resource: string;
    readonly withAttestationSupport: boolean;
    /** Undefined when the caller named none. */
    readonly minStrength: MtlsBindingStrength | undefined;
  };
  readonly checkHost: HostCheck;
  readonly headers: HeaderList;
}

/** One call of `fetch`. */
interface Call {
  readonly request: FetchRequest;
  readonly replacement: ReplacementAllowance;
  /** Those of a challenge. */
  readonly claims?: string;
}

interface Answered {
  readonly result: MtlsPopAuthenticationResult;
  readonly response: Response;
}

/** Before a request is repeated whose binding the resource does not know yet. */
const PAUSES_MS = [800, 1_600, 3_200] as const;

/** Sends requests with bound tokens over the certificates they are bound to. Loaded with the first request. */
export class BoundCaller {
  readonly #app: BoundTokenApplication;
  readonly #options: CallerOptions;
  /** What the token requests of all calls have in common. */
  readonly #demand: MtlsPopRequestParams;
  readonly #held: HeldResult;
  #latestHost: { readonly hostname: string; readonly headers: ReadonlyArray<readonly [string, string]> } | undefined;
  /** The certificate that took the place of a refused one, until it is accepted: refused as well, it is not the certificate. */
  #untried: { readonly x5tS256: string; readonly refused: MtlsBindingContext } | undefined;

  constructor(app: BoundTokenApplication, options: CallerOptions) {
    this.#app = app;
    this.#options = options;
    const { resource, withAttestationSupport } = options.tokenRequest;
    const minStrength = options.tokenRequest.minStrength as MtlsBindingStrength; // Undefined counts as absent.
    this.#demand = { resource, mtlsProofOfPossession: true, withAttestationSupport, minStrength };
    this.#held = new HeldResult(app, this.#demand);
  }

  async fetch(input: string | URL | Request, init: RequestInit | undefined): Promise<Response> {
    const parsed = parseFetchRequest(input, init);
    const request = parsed instanceof Promise ? await parsed : parsed;
    this.#options.checkHost(request.url);

    const call: Call = { request, replacement: { isUsed: false } };
    const result = this.#held.current() ?? this.#held.keep(await this.#acquire(call));
    const { result: used, response } = await this.#sendOverGoodBinding(call, result);
    return response.status === 401 ? this.#answerRefusal(call, { result: used, response }) : response;
  }

  async #acquire(call: Call): Promise<MtlsPopAuthenticationResult> {
    return assertBound(await this.#app.acquireToken(this.#tokenRequest(call)));
  }

  async #answerRefusal(call: Call, refused: Answered): Promise<Response> {
    const answered = await this.#untilBindingIsKnown(call, refused);
    const { response } = answered;
    const claims = response.status === 401 ? parseClaimsChallenge(response.headers) : undefined;
    return claims === undefined ? response : this.#answerChallenge(call, answered, claims);
  }

  /**
   * The certificate may have been revoked since it was issued: then the handshake fails, and it is replaced, unless one
   * was in this call.
   */
  async #sendOverGoodBinding(call: Call, result: MtlsPopAuthenticationResult): Promise<Answered> {
    try {
      return await this.#sendAndNote(call.request, result);
    } catch (error) {
      return this.#sendOverReplacement(call, result, error);
    }
  }

  async #sendOverReplacement(call: Call, result: MtlsPopAuthenticationResult, error: unknown): Promise<Answered> {
    const { request, replacement } = call;
    const { x5tS256 } = result.bindingCertificate;
    if (!isCertificateRefused(error) || !isRepeatable(request)) throw error;
    if (replacement.isUsed || x5tS256 === this.#untried?.x5tS256 || !canReplaceBindings(this.#app)) throw error;
    replacement.isUsed = true;
    const replaced = await this.#app[REPLACE_BINDING](this.#tokenRequest(call), result.binding);
    if (replaced.bindingCertificate.x5tS256 === x5tS256) throw error; // There is no other one for the moment.
    this.#untried = { x5tS256: replaced.bindingCertificate.x5tS256, refused: result.binding };
    return this.#sendAndNote(request, replaced);
  }

  /** A replacement that has been accepted is a certificate like any other: when it is refused one day, it is replaced. */
  async #sendAndNote(request: FetchRequest, result: MtlsPopAuthenticationResult): Promise<Answered> {
    const response = await this.#send(request, result);
    const untried = this.#untried;
    if (untried?.x5tS256 === result.bindingCertificate.x5tS256) {
      this.#untried = undefined;
      if (canReplaceBindings(this.#app)) this.#app[REPLACEMENT_ACCEPTED]?.(untried.refused, result.binding);
    }
    return { result, response };
  }

  /**
   * Key Vault may answer for a while that it cannot match the certificate with the token (D30). Requests that may be
   * repeated are; then the answer is the caller's, and those who watch are told.
   */
  async #untilBindingIsKnown({ request }: Call, first: Answered): Promise<Answered> {
    const { clock = systemClock, log } = surroundingsOf(this.#app) ?? {};
    const mayRepeat = isIdempotent(request.method) && isRepeatable(request);
    let answered = first;
    for (let repeated = 0; ; repeated += 1) {
      const refusal = await bindingRefusalOf(answered.response);
      if (refusal === undefined) return answered;
      const pauseMs = PAUSES_MS[repeated];
      if (refusal !== 'mismatch' || !mayRepeat || pauseMs === undefined) {
        const { x5tS256 } = answered.result.bindingCertificate;
        reportBindingRefusal(refusal, { host: request.url.host, x5tS256, log });
        return answered;
      }
      await answered.response.body?.cancel();
      await clock.sleep(pauseMs, request.signal);
      answered = { ...answered, response: await this.#send(request, answered.result) };
    }
  }

  /** Once: a challenge that comes in return is the answer. */
  async #answerChallenge(call: Call, refused: Answered, claims: string): Promise<Response> {
    const challenged = { ...call, claims };
    const acquiring = this.#acquire(challenged);
    if (!isRepeatable(call.request)) {
      // The token with the claims is kept by the application, so the caller's own next attempt finds it.
      await acquiring.catch(() => undefined);
      return refused.response;
    }
    const result = await acquiring;
    if (result.accessToken === refused.result.accessToken) return refused.response;
    await refused.response.body?.cancel();
    const { response } = await this.#sendOverGoodBinding(challenged, result);
    return response;
  }

  #tokenRequest({ request: { signal }, replacement, claims }: Call): MtlsPopRequestParams & CallMembers {
    return {
      ...this.#demand,
      ...(claims !== undefined && { claims }),
      ...(signal !== undefined && { signal }),
      [REPLACEMENT]: replacement,
    };
  }

  #send(request: FetchRequest, result: MtlsPopAuthenticationResult): Promise<Response> {
    const { url, method, redirect, signal, body } = request;
    const defaults = this.#defaultHeaders(url.hostname);
    const headers = new HeaderList(request.headers);
    for (const [name, value] of defaults) if (!headers.has(name)) headers.set(name, value);
    headers.set('authorization', this.#held.authorizationOf(result));
    const { binding } = result;
    const channel = channelBehind(binding);
    if (channel !== undefined) {
      if (defaults.length > 0) checkHeaders(headers, url, body); // The caller's own have been.
      const send = () => sendOverChannel(channel, { method, url, headers, body, redirect, signal });
      const surroundings = surroundingsOf(this.#app);
      if (surroundings === undefined || surroundings.log.isSilent()) return send();
      const { clock, log } = surroundings;
      return logged({ stage: 'resource', method, url }, { clock, log, correlationId: result.correlationId }, send);
    }
    return binding.fetch(url, {
      method,
      headers: [...headers] as Array<[string, string]>,
      redirect,
      ...(signal !== undefined && { signal }),
      ...(body !== undefined && { body: body.source as Blob, duplex: 'half' }),
    });
  }

  /** What is sent unless the caller sets it. Nearly every call is for the host of the call before it. */
  #defaultHeaders(hostname: string): ReadonlyArray<readonly [name: string, value: string]> {
    if (this.#latestHost?.hostname !== hostname) {
      const { headers, tokenRequest } = this.#options;
      const ofHost = Object.entries(headersForToken(hostname, tokenRequest.resource));
      this.#latestHost = { hostname, headers: [...new HeaderList([...headers, ...ofHost])] };
    }
    return this.#latestHost.headers;
  }
}

function isCertificateRefused(error: unknown): boolean {
  const cause: unknown = error instanceof Error ? error.cause : undefined;
  return cause instanceof Error && 'failure' in cause && cause.failure === 'client_certificate_rejected';
}

function isRepeatable(request: FetchRequest): boolean {
  return request.body === undefined || isReplayable(request.body);
}

function canReplaceBindings(app: BoundTokenApplication): app is BoundTokenApplication & BindingReplacer {
  return REPLACE_BINDING in app;
}

import { RestError, type PipelineRequest, type PipelineResponse } from '@azure/core-rest-pipeline';
import { isMsalMiError } from '../errors.js';
import { isIdempotent } from '../fetch/fetch-request.js';
import { certificateRefusalError, certificateRefusalOf } from '../mtls-fetch/certificate-refusal.js';
import { parseClaimsChallenge } from '../mtls-fetch/claims-challenge.js';
import type { MtlsPopAuthenticationResult } from '../public-types.js';
import type { BoundToken, BoundTokens } from './bound-tokens.js';
import { followAbort } from './follow-abort.js';
import { isReplayable, toFetchBody } from './request-body.js';
import { toFetchHeaders } from './request-headers.js';
import { toPipelineResponse } from './response.js';

const MAX_REPEATS = 3;

/** A request on its way with its token. */
interface Sending {
  readonly request: PipelineRequest;
  /** As it came: the SDK finds its own request by it. */
  readonly original: PipelineRequest;
  readonly url: URL;
  readonly token: BoundToken;
}

/** Sends requests over the certificate that their token is bound to. */
export class BoundSender {
  readonly #tokens: BoundTokens;
  /** How often the pipeline was asked to repeat a request because of the certificate. */
  readonly #repeats = new WeakMap<PipelineRequest, number>();

  constructor(tokens: BoundTokens) {
    this.#tokens = tokens;
  }

  /** @throws MsiV2Error `host_not_allowed`, before anything is sent. */
  async send(request: PipelineRequest, original: PipelineRequest, token: BoundToken): Promise<PipelineResponse> {
    const url = new URL(request.url);
    token.checkHost(url);
    const sending = { request, original, url, token };
    const { result } = token;
    const answer = await this.#exchange(sending, result);
    const claims = claimsOf(answer);
    if (claims === undefined) return this.#explainRefusal(sending, answer);
    const answered = await this.#answerChallenge(sending, result, claims);
    if (answered === undefined || !isReplayable(request)) return answer;
    discard(answer);
    return this.#explainRefusal(sending, await this.#exchange(sending, answered));
  }

  async #exchange(sending: Sending, result: MtlsPopAuthenticationResult): Promise<PipelineResponse> {
    const { request, url, token } = sending;
    const { headers, decode } = toFetchHeaders(request, url, token.request.resource);
    headers.set('authorization', `${result.tokenType} ${result.accessToken}`);
    if (decode) headers.delete('accept-encoding');
    const body = toFetchBody(request, headers);
    const abort = followAbort(request.abortSignal, request.timeout);
    try {
      const response = await result.binding.fetch(url, {
        method: request.method,
        headers,
        redirect: 'manual',
        signal: abort.signal,
        ...body,
      });
      if (token.result === result) this.#tokens.accept(token);
      return await toPipelineResponse(request, response, abort);
    } catch (error) {
      abort.release();
      throw await this.#toSdkError(error, sending, result);
    }
  }

  async #answerChallenge(
    { request, token }: Sending,
    refused: MtlsPopAuthenticationResult,
    claims: string,
  ): Promise<MtlsPopAuthenticationResult | undefined> {
    const abort = followAbort(request.abortSignal, request.timeout);
    try {
      return await this.#tokens.answerChallenge(token, refused, { claims, signal: abort.signal });
    } finally {
      abort.release();
    }
  }

  /**
   * An answer that speaks of the certificate becomes an error that says so. While it may pass, the error is one that the
   * pipeline repeats the request for, after its own pauses.
   */
  #explainRefusal({ request, original, url }: Sending, answer: PipelineResponse): PipelineResponse {
    const refusal = certificateRefusalOf(answer.status, answer.bodyAsText ?? '');
    if (refusal === undefined) return answer;
    const meaning = certificateRefusalError(refusal, url.host);
    const repeats = this.#repeats.get(original) ?? 0;
    this.#repeats.set(original, repeats + 1);
    const mayPass = refusal === 'mismatch' && isIdempotent(request.method) && isReplayable(request);
    const isRepeated = mayPass && repeats < MAX_REPEATS;
    throw Object.assign(
      new RestError(meaning.message, {
        code: isRepeated ? 'ECONNRESET' : meaning.errorCode,
        statusCode: answer.status,
        request: original,
        // The pipeline repeats no request that has an answer.
        ...(!isRepeated && { response: answer }),
      }),
      { cause: meaning },
    );
  }

  /** The SDK's retry policies know RestError only, and go by Node's codes. */
  async #toSdkError(error: unknown, sending: Sending, result: MtlsPopAuthenticationResult): Promise<unknown> {
    if (error instanceof RestError || isMsalMiError(error) || !(error instanceof TypeError)) return error;
    const { original, token } = sending;
    const cause: unknown = error.cause;
    if (!(cause instanceof Error)) {
      return new RestError(error.message, { code: RestError.REQUEST_SEND_ERROR, request: original });
    }
    const { code, failure } = cause as Error & { code?: unknown; failure?: unknown };
    const isReplaced = failure === 'client_certificate_rejected' && (await this.#tokens.replace(token, result));
    const ownCode = typeof code === 'string' ? code : RestError.REQUEST_SEND_ERROR;
    return Object.assign(
      new RestError(cause.message, { code: isReplaced ? 'ECONNRESET' : ownCode, request: original }),
      { cause },
    );
  }
}

function claimsOf({ status, headers }: PipelineResponse): string | undefined {
  const challenge = headers.get('www-authenticate');
  if (status !== 401 || challenge === undefined) return undefined;
  return parseClaimsChallenge(new Headers({ 'www-authenticate': challenge }));
}

/** Of an answer that nobody will read. */
function discard({ readableStreamBody }: PipelineResponse): void {
  if (readableStreamBody !== undefined && 'destroy' in readableStreamBody) {
    (readableStreamBody as unknown as { destroy(): void }).destroy();
  }
}

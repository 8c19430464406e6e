/** Whether another credential takes the place of a refused one, and what becomes of that (D22, D23). */
import { isPaused } from '../cache/backoff.js';
import type { SharedState } from '../cache/shared-state.js';
import { errorCodeOf } from '../diagnostics/channels.js';
import { isMsalMiError, withSentence } from '../errors.js';
import type { TokenDemand } from '../model.js';
import type { Credential, RefusedCredential, TokenClient } from './token-client.js';

/** Once in a call, and not again for a while where it did not help (D22). */
export function mayReplace<R extends TokenDemand, C extends Credential>(
  { credential, refusal }: RefusedCredential<C>,
  request: R,
  client: TokenClient<R, C>,
): boolean {
  const { state, clock } = client;
  if (request.replacement?.isUsed === true) return false;
  const isYoung = state.bindings.isYoungReplacement(credential.binding, clock);
  if (isYoung && refusal.kind === 'client_certificate_rejected') return false;
  return !isPaused(state.pauses, client.audienceKey(request, credential), clock);
}

/** What was refused is the news; why there is nothing else is said beside it. */
export function withoutSuccessor(failure: unknown, error: unknown): unknown {
  const sentence = `What was refused could not be replaced (${errorCodeOf(error)}).`;
  return isMsalMiError(failure) ? withSentence(failure, sentence) : failure;
}

type Bound = Pick<Credential, 'binding' | 'channel'>;

/** Once its successor has a token, nothing that is bound to a refused certificate is used any more (D23). */
export function forget(refused: Bound, successor: Bound, { tokens, bindings }: SharedState): void {
  const { x5tS256 } = refused.binding.certificate;
  if (successor.binding.certificate.x5tS256 === x5tS256) return;
  refused.channel.retire();
  tokens.deleteWhere((_key, { binding }) => binding.certificate.x5tS256 === x5tS256);
  bindings.evict(x5tS256);
}

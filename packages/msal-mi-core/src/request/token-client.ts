/** Who asks for tokens, and with what: all that the flow knows of a client. */
import type { Call, Runtime } from '../call.js';
import type { AcquiredEvent } from '../diagnostics/channels.js';
import type { SharedState } from '../cache/shared-state.js';
import type { SingleFlight } from '../cache/single-flight.js';
import type { AccessToken, Binding, TokenDemand } from '../model.js';
import type { MtlsChannel } from '../ports.js';
import type { MtlsBindingContext } from '../public-types.js';
import type { Authentication, Refusal } from '../token/refusal.js';

/** What a client authenticates with: its tokens are bound to it too. */
export interface Credential {
  readonly binding: Binding;
  /** The connections that present the certificate. */
  readonly channel: MtlsChannel;
  /** The handle that results carry. */
  readonly context: MtlsBindingContext;
}

/** A credential that the token service refused. */
export interface RefusedCredential<C extends Credential> {
  readonly credential: C;
  readonly refusal: Refusal;
}

/** A client of the token service: a managed identity, or an application with a federated credential. */
export interface TokenClient<R extends TokenDemand, C extends Credential> extends Runtime {
  readonly state: SharedState;
  readonly flights: SingleFlight;
  readonly timeoutMs: number | undefined;
  readonly clientCapabilities: readonly string[];
  readonly authentication: Authentication;
  readonly identityKind: AcquiredEvent['identityKind'];
  /** What results name as the issuer. Default: what issued the certificate's tokens. */
  issuedBy?(request: R): { readonly authority: string; readonly tenantId: string };
  /** What a token in the cache may be bound to, the best first. */
  candidates(request: R): readonly C[];
  /** What a new token is requested with. */
  obtain(request: R, call: Call): Promise<C>;
  /** What takes the place of a refused credential; undefined when there is nothing else. */
  replace(request: R, refused: RefusedCredential<C>, call: Call): Promise<C | undefined>;
  /**
   * Looks after a credential whose token is served: starts the renewal of its certificate when it is due.
   *
   * @returns True when its tokens are good, and to be replaced by such of its successor.
   */
  tend(request: R, credential: C, steadyMs: number): boolean;
  tokenKey(request: R, credential: C): string;
  /** Whose refusals have to do with one another: the kind of credential, and what tokens are for (D22). */
  audienceKey(request: R, credential: C): string;
  flightKey(request: R): string;
  tokenUrl(request: R, credential: C): string;
  /** How the client says in the form who it is and what type of token it wants. */
  identify(request: R, credential: C): Readonly<Record<string, string>>;
  /** Values of the form that no error may repeat. */
  secretsOf(credential: C): readonly string[];
}

/** A token together with what it was acquired with. */
export interface Acquired<C extends Credential> {
  readonly token: AccessToken;
  readonly credential: C;
}

/** The one place that loads `@azure/msal-node`: bearer tokens are its work, and its sources are not written again (D5). */
import type { ErrorCode } from '../error-codes.js';
import { addCorrelationId, isMsalMiError, ManagedIdentityError } from '../errors.js';
import { importByName } from '../host-platform.js';
import { redact, summarizeForeignError } from '../secret.js';
import { abortable } from '../time/clock.js';
import type { AuthenticationResult } from '../public-types.js';

/** What is used of the package. */
export interface MsalNode {
  readonly ManagedIdentityApplication: new (configuration: object) => MsalNodeIdentity;
  readonly ConfidentialClientApplication: new (configuration: object) => MsalNodeClient;
}
export interface MsalNodeIdentity {
  acquireToken(request: object): Promise<AuthenticationResult | null>;
}
export interface MsalNodeClient {
  acquireTokenByClientCredential(request: object): Promise<AuthenticationResult | null>;
}

/** Whose request it is. */
export interface BearerCall {
  readonly correlationId?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

const PACKAGE_NAME = '@azure/msal-node';
/** Where `msal-mi-core/msal-node` leaves a way to load the package: in a bundle it has no name. */
export const REGISTRATION = Symbol.for('msal-mi/msal-node');
const registered = () => (globalThis as { [REGISTRATION]?: () => Promise<unknown> })[REGISTRATION];
const importPackage = (): Promise<unknown> => registered()?.() ?? importByName(PACKAGE_NAME);

export interface MsalNodeOptions<A> {
  readonly create: (msalNode: MsalNode) => A;
  /** What to do in place of installing the package. */
  readonly alternative: string;
  /** For failures that have no code. */
  readonly errorCode: ErrorCode;
}

/** An application of msal-node, made with the first request. Its errors become errors of this library. */
export class MsalNodeApplication<A> {
  readonly #options: MsalNodeOptions<A>;
  readonly #importMsalNode: () => Promise<unknown>;
  #application: Promise<A> | undefined;

  /** @param importMsalNode - Replaced in tests only. */
  constructor(options: MsalNodeOptions<A>, importMsalNode = importPackage) {
    this.#options = options;
    this.#importMsalNode = importMsalNode;
  }

  /** @throws ManagedIdentityError `bearer_requires_msal_node` without the package, else the codes of its errors. */
  async acquire(
    ask: (application: A) => Promise<AuthenticationResult | null>,
    { correlationId = '', signal }: BearerCall,
  ): Promise<AuthenticationResult> {
    try {
      const result = await abortable(this.#ask(ask), signal);
      // It calls an answer that is neither a token nor an error it knows an empty result.
      if (!result?.accessToken) {
        throw new ManagedIdentityError('invalid_token_response', {
          message: `${PACKAGE_NAME} was answered with neither a token nor an error that it knows.`,
          retryable: true,
        });
      }
      return result;
    } catch (error) {
      signal?.throwIfAborted();
      addCorrelationId(error, correlationId);
      throw isMsalMiError(error) ? error : this.#toManagedIdentityError(error, correlationId);
    }
  }

  async #ask(ask: (application: A) => Promise<AuthenticationResult | null>): Promise<AuthenticationResult | null> {
    this.#application ??= this.#load().catch((error: unknown) => {
      this.#application = undefined;
      throw error;
    });
    return ask(await this.#application);
  }

  async #load(): Promise<A> {
    let msalNode: MsalNode;
    try {
      msalNode = (await this.#importMsalNode()) as MsalNode;
    } catch (error) {
      throw new ManagedIdentityError('bearer_requires_msal_node', {
        message: `A bearer token was asked for and ${PACKAGE_NAME} cannot be loaded (${summarizeForeignError(error)}).`,
        remediation:
          (registered() === undefined
            ? `Run: npm install ${PACKAGE_NAME}; bundled applications also import "msal-mi-core/msal-node" `
            : 'It is in the bundle and needs a require(), which ES modules of esbuild get by a banner: see docs/bundling.md ') +
          `(or ${this.#options.alternative} to get a bound token).`,
      });
    }
    return this.#options.create(msalNode);
  }

  #toManagedIdentityError(error: unknown, correlationId: string): ManagedIdentityError {
    const { errorCode, errorMessage, subError, status } = error as Record<Told, unknown>;
    if (typeof errorCode !== 'string') {
      return new ManagedIdentityError(this.#options.errorCode, {
        correlationId,
        message: `The bearer request failed (${summarizeForeignError(error)}).`,
      });
    }
    return new ManagedIdentityError(errorCode, {
      correlationId,
      message: redact(typeof errorMessage === 'string' ? errorMessage : ''),
      subError: typeof subError === 'string' ? redact(subError) : '',
      ...(typeof status === 'number' && { httpStatus: status }),
      ...(mayPass(errorCode, status) && { retryable: true }),
    });
  }
}

/** Members of an error of msal-node. */
type Told = 'errorCode' | 'errorMessage' | 'subError' | 'status';

function mayPass(errorCode: string, status: unknown): boolean {
  if (typeof status === 'number') return [408, 410, 429].includes(status) || status >= 500;
  return errorCode === 'network_error';
}

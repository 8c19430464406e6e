import type { AttestationProvider, LoggerOptions } from 'msal-mi-core';
import { AttestationError } from './errors.js';
import { logForwarder, logForwarderTo, reasonIn } from './log.js';
import type { AttestationBindings, LibraryOutcome, LibraryRequest, NativeLogLine } from './native/bindings.js';
import { fileVersionOf } from './native/file-version.js';
import { isOnLocalDrive } from './native/library-path.js';
import { isLoopbackHost } from './native/loopback.js';
import { noUsableToken, toAttestationError } from './native/native-error.js';
import { AttestationTokenCache, type Clock } from './token-cache.js';
import { VERSION } from './version.js';

/** Options of {@link createAttestationProvider}. */
export interface AttestationProviderOptions {
  /**
   * Absolute path of AttestationClientLib.dll on a drive of this machine, with backslashes. Default: see
   * `ATTESTATION_CLIENTLIB_PATH` in the README.
   */
  libraryPath?: string;
  /**
   * True refuses a library without a valid Authenticode signature, before any of its code runs; a string asks for that
   * signer (common name) as well, for example `"Microsoft Corporation"`. The libraries that it needs then come from
   * System32 only. Default: false; the signature is checked and reported by `probe()` either way.
   */
  requireSignedLibrary?: boolean | string;
  /**
   * SHA-256 of the one file that may be loaded, as 64 hexadecimal digits in any case. Anything else is refused before any
   * of its code runs, and the libraries that it needs come from System32 only. Default: any file.
   */
  requireLibrarySha256?: string;
  /** Receives the library's log lines. Default: none. */
  logger?: LoggerOptions;
  /** Time source of the token cache. Default: the system clock. */
  clock?: Clock;
}

const NAMES = ['libraryPath', 'requireSignedLibrary', 'requireLibrarySha256', 'logger', 'clock'];

/** What a provider needs from its surroundings. */
export interface ProviderDependencies {
  /** Throws AttestationError where there is no addon. */
  readonly loadBindings: () => AttestationBindings;
  /** Absolute path of the library; throws AttestationError when there is none. */
  readonly findLibrary: (explicitPath: string | undefined) => string;
  /** Runs one piece of work after the other. */
  readonly runExclusive: <T>(work: () => Promise<T>) => Promise<T>;
}

type AttestRequest = Parameters<AttestationProvider['attest']>[0];

/** The provider behind {@link createAttestationProvider}, with its surroundings as a parameter. */
export function composeProvider(
  options: AttestationProviderOptions,
  { loadBindings, findLibrary, runExclusive }: ProviderDependencies,
): AttestationProvider {
  const {
    libraryPath: explicitPath,
    requireSignedLibrary,
    requireLibrarySha256 = '',
    logger,
    clock = Date,
  } = readable(invalidConfiguration, () => validated(options));
  const tokens = new AttestationTokenCache(clock);
  const forward = readable(invalidConfiguration, () => logForwarder(logger));

  const libraryRequest = (): LibraryRequest => ({
    libraryPath: findLibrary(explicitPath),
    requireSignature: requireSignedLibrary !== undefined && requireSignedLibrary !== false,
    requiredSigner: typeof requireSignedLibrary === 'string' ? requireSignedLibrary : '',
    requiredSha256: requireLibrarySha256.toLowerCase(),
  });

  const attestNow = async (request: AttestRequest): Promise<string> => {
    const bindings = loadBindings();
    const library = libraryRequest();
    const forwardToCaller = logForwarderTo(request.onLog);
    let reason: string | undefined;
    const onLogLine = (line: NativeLogLine): void => {
      reason = reasonIn(line) ?? reason;
      forward(line);
      forwardToCaller(line);
    };
    const { failedCall, token } = await runExclusive(() =>
      bindings.attest(
        {
          ...library,
          endpoint: request.endpoint,
          clientId: request.clientId,
          providerName: request.key.providerName,
          keyName: request.key.keyName,
          isMachineKey: request.key.scope === 'machine',
        },
        onLogLine,
      ),
    );
    if (failedCall !== null) throw toAttestationError(failedCall, library.libraryPath, reason);
    return checkedToken(token);
  };

  return Object.freeze({
    contractVersion: 1,
    name: 'msal-key-attestation',
    version: VERSION,

    async probe() {
      let libraryPath: string | undefined;
      try {
        const bindings = loadBindings();
        const library = libraryRequest();
        libraryPath = library.libraryPath;
        const outcome = await bindings.openLibrary(library);
        if (outcome.failedCall !== null) throw toAttestationError(outcome.failedCall, libraryPath);
        const { detail, remediation } = describeSignature(outcome);
        return {
          libraryLoadable: true,
          libraryPath,
          detail: await withVersion(detail, libraryPath),
          ...(remediation !== undefined && { remediation }),
        };
      } catch (error) {
        const found = { libraryLoadable: false, ...(libraryPath !== undefined && { libraryPath }) };
        if (!(error instanceof AttestationError)) return { ...found, detail: 'The library could not be examined.' };
        const { errorMessage, errorCode, remediation } = error;
        return {
          ...found,
          detail: await withVersion(`${errorMessage.replace(/\.$/, '')} (${errorCode})`, libraryPath),
          ...(remediation !== undefined && { remediation }),
        };
      }
    },

    async attest(given) {
      const request = readRequest(given);
      request.signal?.throwIfAborted();
      const { endpoint, cacheKey, key, forceRefresh = false, signal } = request;
      const keyName = `${key.providerName}|${key.scope}|${key.keyName}`;
      try {
        return await tokens.get({ endpoint, cacheKey, keyName, forceRefresh, signal }, () => attestNow(request));
      } catch (error) {
        if (signal?.aborted === true || error instanceof AttestationError) throw error;
        throw new AttestationError('attestation_failed', {
          message: 'The native module failed in an unexpected way.',
          cause: error,
        });
      }
    },
  } satisfies AttestationProvider);
}

function checkedToken(token: string | null): string {
  if (token === null) throw noUsableToken('no token');
  if (token.trim() === '') throw noUsableToken('an empty token');
  if (!token.includes('.')) throw noUsableToken('something that is not a JWT');
  return token;
}

async function withVersion(detail: string, libraryPath: string | undefined): Promise<string> {
  const version = libraryPath === undefined ? undefined : await fileVersionOf(libraryPath);
  return version === undefined ? detail : `version ${version}; ${detail}`;
}

function describeSignature({ signatureStatus, signer }: LibraryOutcome): { detail: string; remediation?: string } {
  if (signatureStatus === 0) {
    return { detail: `Authenticode signature valid, signed by ${signer === '' ? 'unknown' : signer}.` };
  }
  return {
    detail: `Authenticode signature not valid (WinVerifyTrust 0x${(signatureStatus ?? 0).toString(16)}).`,
    remediation:
      'Take AttestationClientLib.dll from the NuGet package again; requireSignedLibrary refuses such a file.',
  };
}

function validated(given: unknown): AttestationProviderOptions {
  if (!isObject(given)) throw invalidConfiguration('The options are not an object.');
  const polluted = NAMES.find((name) => name in Object.prototype && !Object.hasOwn(given, name));
  if (polluted !== undefined) throw invalidConfiguration(`Something has set Object.prototype.${polluted}.`);
  // Each once, and as members of its own: what is checked is what is used.
  const options = Object.fromEntries(NAMES.map((name) => [name, given[name]])) as AttestationProviderOptions;
  const { libraryPath, requireSignedLibrary, requireLibrarySha256 } = options;
  if (libraryPath !== undefined && (typeof libraryPath !== 'string' || !isOnLocalDrive(libraryPath))) {
    throw invalidConfiguration('libraryPath is not an absolute path on a drive of this machine, with backslashes.');
  }
  const pin: unknown = requireLibrarySha256;
  if (pin !== undefined && (typeof pin !== 'string' || !/^[0-9a-f]{64}$/i.test(pin))) {
    throw invalidConfiguration('requireLibrarySha256 is not a SHA-256 of 64 hexadecimal digits.');
  }
  const isSignerBlank = typeof requireSignedLibrary === 'string' && requireSignedLibrary.trim() === '';
  if (!['undefined', 'boolean', 'string'].includes(typeof requireSignedLibrary) || isSignerBlank) {
    throw invalidConfiguration('requireSignedLibrary is neither a boolean nor the name of a signer.');
  }
  const { logger, clock }: { logger?: unknown; clock?: unknown } = options;
  if (logger !== undefined && logger !== null && !isObject(logger))
    throw invalidConfiguration('logger is not an object.');
  if (clock !== undefined && !isClock(clock)) throw invalidConfiguration('clock has no function now.');
  return options;
}

/** The default, `Date`, is a function that has one. */
function isClock(value: unknown): boolean {
  return (isObject(value) || typeof value === 'function') && 'now' in value && typeof value.now === 'function';
}

function invalidConfiguration(message: string): AttestationError {
  return new AttestationError('invalid_configuration', {
    message,
    remediation: 'Correct the option of createAttestationProvider.',
  });
}

/** Each member is read once. */
function readRequest(given: unknown): AttestRequest {
  return readable(invalidRequest, () => {
    if (!isObject(given)) throw invalidRequest('it is not an object');
    const { endpoint, clientId, cacheKey, key, forceRefresh, onLog, signal } = given;
    const { providerName, keyName, scope } = isObject(key) ? key : {};
    const named = { providerName, keyName, scope };
    const request = { endpoint, clientId, cacheKey, key: named, forceRefresh, onLog, signal } as unknown;
    checkRequest(request);
    return request;
  });
}

/** What is passed may have getters, and be a proxy. */
function readable<T>(refusal: (message: string) => AttestationError, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw error instanceof AttestationError ? error : refusal('a getter or a proxy in it throws');
  }
}

/** The native library takes C strings and sends the key's evidence to the endpoint: both are checked here. */
function checkRequest(request: unknown): asserts request is AttestRequest {
  if (!isObject(request)) throw invalidRequest('it is not an object');
  const { endpoint, clientId, cacheKey, key, signal } = request;
  if (!isSafeEndpoint(endpoint)) throw invalidRequest('endpoint is not an https URL');
  if (!isText(clientId)) throw invalidRequest('clientId is missing');
  if (typeof cacheKey !== 'string') throw invalidRequest('cacheKey is missing');
  if (!isObject(key) || !isText(key['providerName']) || !isText(key['keyName']))
    throw invalidRequest('the key has no name');
  if (signal !== undefined && (!isObject(signal) || typeof signal['throwIfAborted'] !== 'function'))
    throw invalidRequest('signal is not an AbortSignal');
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && !value.includes('\0');
}

function isSafeEndpoint(endpoint: unknown): boolean {
  if (!isText(endpoint) || !URL.canParse(endpoint)) return false;
  const { protocol, hostname } = new URL(endpoint);
  return protocol === 'https:' || (protocol === 'http:' && isLoopbackHost(hostname));
}

function invalidRequest(reason: string): AttestationError {
  return new AttestationError('invalid_request', { message: `The attestation request is unusable: ${reason}.` });
}

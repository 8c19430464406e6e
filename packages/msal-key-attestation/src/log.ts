/** Brings the library's log lines to an application's logger. */
import type { AttestationProvider, LoggerOptions } from 'msal-mi-core';
import type { NativeLogLine } from './native/bindings.js';

const VERBOSE = 3;
const DEFAULT_LOG_LEVEL = 2;
const MAX_LENGTH = 2048;
/** What is looked at of a line. Cut before and not after: a line takes no longer for being longer. */
const MAX_INPUT_LENGTH = 2 * MAX_LENGTH;
/** Anything that looks like a JWT or its beginning: the library may log what it sent and received. */
const JWT = /eyJ[\w-]{5,}(?:\.[\w-]*)*/g;
/** The error code of an answer of the attestation service, as its JSON says it. */
const SERVICE_CODE = /"code"\s{0,8}:\s{0,8}"([A-Za-z]{1,64})"/;
/** The same, where a line has only the name, such as PolicyEvaluationError. */
const ERROR_NAME = /\b[A-Z][a-z]{1,30}(?:[A-Z][a-z]{1,30}){1,5}\b/g;

type OnLog = NonNullable<Parameters<AttestationProvider['attest']>[0]['onLog']>;

/**
 * Errors, warnings and information keep their level. Debug lines may hold personal data: they become verbose, are
 * marked as such, and are delivered only when the logger asks for them. A logger that throws is ignored.
 */
export function logForwarder(logger: LoggerOptions | undefined): (line: NativeLogLine) => void {
  const { loggerCallback, piiLoggingEnabled = false, logLevel = DEFAULT_LOG_LEVEL } = logger ?? {};
  if (loggerCallback === undefined) return () => undefined;
  return logForwarderTo((level, text, isPersonal) => {
    if (level > logLevel || (isPersonal && !piiLoggingEnabled)) return;
    loggerCallback(level, text, isPersonal);
  });
}

/** As {@link logForwarder}, to somebody who decides alone what is delivered. */
export function logForwarderTo(onLog: OnLog | undefined): (line: NativeLogLine) => void {
  if (onLog === undefined) return () => undefined;
  return ({ level: nativeLevel, tag, functionName, line, message }) => {
    const isDebug = nativeLevel < 0 || nativeLevel > 2;
    const text = `[msal-key-attestation] ${cut(tag)} ${cut(functionName)}:${String(line)} ${cut(message)}`;
    try {
      onLog(isDebug ? VERBOSE : nativeLevel, sanitized(text), isDebug);
    } catch {
      // An application's logger must not decide over an attestation.
    }
  };
}

/** Why the service refused, when a line of the library says it: one word, `PolicyEvaluationError` for example. */
export function reasonIn({ level, message }: NativeLogLine): string | undefined {
  const text = cut(message);
  const code = SERVICE_CODE.exec(text)?.[1];
  if (code !== undefined || level !== 0) return code;
  return text.match(ERROR_NAME)?.find((name) => name.endsWith('Error'));
}

function cut(text: string): string {
  return text.slice(0, MAX_INPUT_LENGTH);
}

function sanitized(text: string): string {
  const withoutTokens = cut(text).replace(JWT, '<token>');
  // Control characters would let a line pose as another one.
  return withoutTokens.replace(/\p{Cc}+/gu, ' ').slice(0, MAX_LENGTH);
}

/** Brings the library's log lines to an application's logger. */
import type { LoggerOptions } from 'msal-mi-core';
import type { NativeLogLine } from './native/bindings.js';

const VERBOSE = 3;
const DEFAULT_LOG_LEVEL = 2;
const MAX_LENGTH = 2048;
/** Anything that looks like a JWT, also when it was cut: the library may log what it sent and received. */
const JWT = /eyJ[\w-]{5,}(?:\.[\w-]*)*/g;

/**
 * Errors, warnings and information keep their level. Debug lines may hold personal data: they become verbose, are
 * marked as such, and are delivered only when the logger asks for them. A logger that throws is ignored.
 */
export function logForwarder(logger: LoggerOptions | undefined): (line: NativeLogLine) => void {
  const { loggerCallback, piiLoggingEnabled = false, logLevel = DEFAULT_LOG_LEVEL } = logger ?? {};
  if (loggerCallback === undefined) return () => undefined;
  return ({ level: nativeLevel, tag, functionName, line, message }) => {
    const isDebug = nativeLevel < 0 || nativeLevel > 2;
    const level = isDebug ? VERBOSE : nativeLevel;
    if (level > logLevel || (isDebug && !piiLoggingEnabled)) return;
    const text = `[msal-key-attestation] ${tag} ${functionName}:${String(line)} ${message}`;
    try {
      loggerCallback(level, sanitized(text), isDebug);
    } catch {
      // An application's logger must not decide over an attestation.
    }
  };
}

/** Cut before and not after: a line takes no longer for being longer. */
function sanitized(text: string): string {
  const withoutTokens = text.slice(0, MAX_LENGTH).replace(JWT, '<token>');
  // Control characters would let a line pose as another one.
  return withoutTokens.replace(/\p{Cc}+/gu, ' ');
}

import { debuglog } from 'node:util';
import type { LoggerOptions } from '../public-types.js';

/** msal-node's levels. */
const LEVEL = { error: 0, warning: 1, info: 2, verbose: 3, trace: 4 } as const;
const debug = debuglog('msal-mi');

/** A line, or what makes it when somebody reads it. */
type Line = string | (() => string);

/** Writes log lines. Messages are built by the caller and hold no secrets; identities go through `pii`. */
export type Logger = Readonly<Record<keyof typeof LEVEL, (message: Line, options?: { pii?: boolean }) => void>> & {
  /** True when nobody reads any line, whatever its level. */
  readonly isSilent: () => boolean;
};

/** Delivers lines to the application's callback, and to stderr under NODE_DEBUG=msal-mi. A throwing callback is ignored. */
export function createLogger(options: LoggerOptions | undefined): Logger {
  const threshold = options?.logLevel ?? LEVEL.info;
  const callback = options?.loggerCallback;
  const write = (level: number, line: Line, pii: boolean) => {
    if (pii && options?.piiLoggingEnabled !== true) return;
    const isWanted = callback !== undefined && level <= threshold;
    if (!isWanted && !debug.enabled) return;
    try {
      const message = typeof line === 'string' ? line : line();
      debug('%s', message);
      if (isWanted) callback(level, `[msal-mi] ${message}`, pii);
    } catch {
      // A logger must not decide whether a token is acquired.
    }
  };
  const at = (level: number) => (line: Line, about?: { pii?: boolean }) => write(level, line, about?.pii ?? false);
  return {
    error: at(LEVEL.error),
    warning: at(LEVEL.warning),
    info: at(LEVEL.info),
    verbose: at(LEVEL.verbose),
    trace: at(LEVEL.trace),
    isSilent: () => callback === undefined && !debug.enabled,
  };
}

import { outsideOfRequests } from '../cache/process-state.js';
import { backgroundChannel, errorCodeOf, type BackgroundEvent } from '../diagnostics/channels.js';
import type { Logger } from '../diagnostics/logger.js';

/**
 * Work that nobody waits for (D26): it fails no caller, keeps no process alive and belongs to no request. The log and
 * diagnostics learn how it ended.
 */
export function runInBackground(
  work: BackgroundEvent['work'],
  start: () => Promise<unknown>,
  { log }: { readonly log: Logger },
): void {
  const publish = (event: Pick<BackgroundEvent, 'status' | 'errorCode'>) => {
    if (backgroundChannel.hasSubscribers) backgroundChannel.publish({ version: 1, work, ...event });
  };
  outsideOfRequests(() => {
    start().then(
      () => {
        log.info(`${work} succeeded in the background`);
        publish({ status: 'end' });
      },
      (error: unknown) => {
        log.warning(`${work} failed in the background (${errorCodeOf(error)})`);
        publish({ status: 'error', errorCode: errorCodeOf(error) });
      },
    );
  });
}

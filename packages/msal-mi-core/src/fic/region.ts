/** The Azure region of this host, for clients that ask for it (D31). Never a reason to fail. */
import type { Logger } from '../diagnostics/logger.js';
import { parseJsonAnswer } from '../json.js';
import type { Clock, HttpTransport } from '../ports.js';
import { logged } from '../transport/exchange.js';
import { isRegionName } from './mtls-authority.js';

const TIMEOUT_MS = 2_000;
const PATH = '/metadata/instance/compute?api-version=2021-02-01&format=json';

/** Where a region may be found. */
export interface RegionHints {
  /** The environment variable REGION_NAME, which some hosts set. */
  readonly regionName: string | undefined;
  readonly imdsBase: string;
  readonly http: HttpTransport;
  readonly clock: Clock;
  readonly log: Logger;
}

/** After a failed detection the global host serves this long, then the host is asked again. */
const ASK_AGAIN_AFTER_MS = 30_000;

/** Keeps what `detect` found. The region of a host does not change, but its metadata service may fail for a while. */
export function createRegionDetector(
  detect: () => Promise<string | undefined>,
  clock: Clock,
): () => Promise<string | undefined> {
  let region: Promise<string | undefined> | undefined;
  let askAgainAtMs = Infinity;
  return () => {
    if (region === undefined || clock.monotonicMs() >= askAgainAtMs) {
      askAgainAtMs = Infinity;
      region = detect().then((found) => {
        if (found === undefined) askAgainAtMs = clock.monotonicMs() + ASK_AGAIN_AFTER_MS;
        return found;
      });
    }
    return region;
  };
}

/** The environment decides, else instance metadata; undefined when neither names a region. */
export async function detectRegion({
  regionName,
  imdsBase,
  http,
  clock,
  log,
}: RegionHints): Promise<string | undefined> {
  if (isRegionName(regionName)) return regionName;
  try {
    const request = { method: 'GET', url: imdsBase + PATH } as const;
    const response = await logged(
      { ...request, stage: 'region' },
      { clock, log, correlationId: 'no correlation id' },
      () =>
        http.send({
          ...request,
          headers: { Metadata: 'true' },
          timeoutMs: TIMEOUT_MS,
          signal: AbortSignal.timeout(TIMEOUT_MS),
        }),
    );
    const location = response.status === 200 ? parseJsonAnswer(response.body)?.['location'] : undefined;
    return isRegionName(location) ? location : undefined;
  } catch {
    return undefined; // The global host serves every region.
  }
}

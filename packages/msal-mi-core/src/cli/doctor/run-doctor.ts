/** Runs every check in order; a check that breaks is a failed check. */
import { randomUUID } from 'node:crypto';
import { processSurroundings, ManagedIdentityApplication } from '../../client.js';
import { parseConfiguration } from '../../config.js';
import { createLogger } from '../../diagnostics/logger.js';
import { createHttpTransport } from '../../transport/http.js';
import { systemClock } from '../../time/clock.js';
import { fail, type CheckResult, type DoctorReport } from './check.js';
import { hostChecks } from './host-checks.js';
import type { DoctorOptions } from './options.js';
import { serviceChecks } from './service-checks.js';

const METADATA_SERVICE = 'http://169.254.169.254';
const TOKEN_TIMEOUT_MS = 60_000;

/** @param onCheck - Told when a check begins, and again with what it found. */
export async function runDoctor(
  options: DoctorOptions,
  onCheck: (title: string, result: CheckResult | undefined) => void,
): Promise<DoctorReport> {
  const identity = options.identity === undefined ? {} : { managedIdentityIdParams: options.identity };
  const configuration = parseConfiguration(identity);
  const { platform: keys } = processSurroundings();
  const checks = [
    ...hostChecks({
      platform: process.platform,
      arch: process.arch,
      nodeVersion: process.versions.node,
      environment: configuration.environment,
      keys,
    }),
    ...serviceChecks({
      imds: {
        base: configuration.imdsBase,
        identity: configuration.identity,
        http: createHttpTransport([]),
        clock: systemClock,
        log: createLogger(undefined),
        retriesEnabled: false,
      },
      isDefaultImds: configuration.imdsBase === METADATA_SERVICE,
      app: new ManagedIdentityApplication({ ...identity, system: { timeout: TOKEN_TIMEOUT_MS } }),
      strongest: () => keys.keyStore.strongest(),
      deep: options.deep,
      resource: options.resource,
      url: options.url,
      correlationId: randomUUID(),
    }),
  ];
  const results: CheckResult[] = [];
  for (const { id, title, run } of checks) {
    onCheck(title, undefined);
    const finding = await Promise.resolve()
      .then(run)
      .catch((error: unknown) => fail(error instanceof Error ? error.name : 'unknown failure', 'Report this.'));
    const result = { id, title, ...finding };
    results.push(result);
    onCheck(title, result);
  }
  return { schemaVersion: 1, ready: results.every(({ status }) => status !== 'fail'), checks: results };
}

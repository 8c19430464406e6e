/** Runs every check in order; a check that breaks is a failed check. */
import { hostPlatform } from '../../host-platform.js';
import { IMDS_ADDRESS } from '../../hosts.js';
import { randomUUID } from 'node:crypto';
import { release } from 'node:os';
import { ManagedIdentityApplication } from '../../client.js';
import { processSurroundings } from '../../composition.js';
import { parseConfiguration, readProxyEnvironment } from '../../config.js';
import { createLogger } from '../../diagnostics/logger.js';
import { loadBindings } from '../../platform/win32/native/load.js';
import { createHttpTransport } from '../../imds/http.js';
import { systemClock } from '../../time/clock.js';
import { MtlsBindingStrength } from '../../public-types/constants.js';
import type { CheckResult, DoctorReport } from './check.js';
import { vmChecklist } from './checklist.js';
import { fromError } from './from-error.js';
import { hostChecks } from './host-checks.js';
import { imdsChecks } from './imds-checks.js';
import type { DoctorOptions } from './options.js';
import type { Seen } from './seen.js';
import { tokenChecks } from './token-checks.js';

const TOKEN_TIMEOUT_MS = 60_000;

/** @param onCheck - Told when a check begins, and again with what it found. */
export async function runDoctor(
  options: DoctorOptions,
  onCheck: (title: string, result: CheckResult | undefined) => void,
): Promise<DoctorReport> {
  const results: CheckResult[] = [];
  const { checks, vm, seen } = await checksFor(options);
  for (const { id, title, run } of checks) {
    onCheck(title, undefined);
    const finding = await Promise.resolve().then(run).catch(fromError);
    const result = { id, title, ...finding };
    results.push(result);
    onCheck(title, result);
  }
  const ready = results.every(({ status }) => status !== 'fail');
  const hasChecklist = options.deep && hostPlatform() === 'win32' && seen.isNativeModuleLoaded === true;
  const checklist = hasChecklist ? { checklist: await vmChecklist(vm, seen, results) } : {};
  return { schemaVersion: 1, ready, checks: results, ...checklist };
}

async function checksFor(options: DoctorOptions) {
  const identity = options.identity === undefined ? {} : { managedIdentityIdParams: options.identity };
  const configuration = parseConfiguration(identity);
  const isDefaultImds = configuration.imdsBase === IMDS_ADDRESS;
  const minStrength =
    options.minStrength ?? (isDefaultImds ? MtlsBindingStrength.KeyGuard : MtlsBindingStrength.Software);
  const seen: Seen = {};
  const { platform: keys } = await processSurroundings();
  const host = {
    platform: hostPlatform(),
    arch: process.arch,
    release: release(),
    nodeVersion: process.versions.node,
    nodeApiVersion: process.versions.napi ?? 'unknown',
    environment: configuration.environment,
    keys,
    minStrength,
    loadNativeModule: loadBindings,
  };
  const imds = {
    imds: {
      base: configuration.imdsBase,
      identity: configuration.identity,
      http: createHttpTransport(),
    },
    isDefaultImds,
    call: {
      clock: systemClock,
      log: createLogger(undefined),
      retriesEnabled: false,
      correlationId: randomUUID(),
      signal: undefined,
      mayKeep: () => true,
    },
  };
  const { deep, resource, url } = options;
  const app = new ManagedIdentityApplication({ ...identity, system: { timeout: TOKEN_TIMEOUT_MS } });
  const checks = [
    ...hostChecks(host, seen),
    ...imdsChecks(imds, seen),
    ...tokenChecks({ ...imds, app, minStrength, deep, resource, url }, seen),
  ];
  const isProxySet = (readProxyEnvironment().httpsProxy ?? '') !== '';
  return { checks, seen, vm: { native: loadBindings, keys, isProxySet, url } };
}

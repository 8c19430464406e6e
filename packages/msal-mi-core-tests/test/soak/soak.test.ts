/**
 * Days of life in seconds: many identities and resources, random faults, expiries, re-mints and aborts, on the virtual clock.
 *
 * `MSAL_MI_SOAK_SEED=<number>` repeats the choices of a run, `MSAL_MI_SOAK_ACQUISITIONS=<number>` makes a longer one.
 */
import { createHash, randomInt } from 'node:crypto';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { readdirSync } from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Fault, FaultLeg } from 'msal-mi-emulator';
import { isMsalMiError } from 'core/errors.js';
import type { MtlsPopAuthenticationResult } from 'core/public-types.js';
import { jwtClaims } from '../support/jwt.js';
import { World, softwareRequest } from '../support/world.js';
import { OwedTokens } from './owed-tokens.js';

const SEED = Number(process.env['MSAL_MI_SOAK_SEED'] ?? randomInt(2 ** 31));
const ACQUISITIONS = Number(process.env['MSAL_MI_SOAK_ACQUISITIONS'] ?? 20_000);
const IDENTITIES = 10;
const IDENTITIES_PATH =
  '/subscriptions/s/resourceGroups/soak/providers/Microsoft.ManagedIdentity/userAssignedIdentities';
const RESOURCES = 5;
const CALLS_AT_ONCE = 80;
const FIRST_HEAP_AT = 0.4;
/** A token, its binding and all that belongs to it, kept by mistake once in 20 acquisitions, would be more. */
const MOST_BYTES_PER_ACQUISITION = 200;
const MOST_EXPECTED_MS = Math.max(600_000, 60 * ACQUISITIONS);
const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
/** How far the wall clock of the host is ever from the services' clock. */
const MOST_OFF_MS = 20 * MINUTE_MS;
/** What open connections differ by from one moment to the next. */
const MOST_GROWN_DESCRIPTORS = 150;

const FAULTS: ReadonlyArray<readonly [FaultLeg, Fault]> = [
  ['getplatformmetadata', { status: 500 }],
  ['getplatformmetadata', { status: 410 }],
  ['getplatformmetadata', { reset: 'before-response' }],
  ['getplatformmetadata', { body: 'null' }],
  ['issuecredential', { status: 503 }],
  ['issuecredential', { reset: 'mid-body' }],
  ['issuecredential', { mutate: 'other-key-certificate' }],
  ['issuecredential', { mutate: 'not-a-certificate' }],
  ['issuecredential', { certificate: { lifetimeSeconds: 12 * 3_600 } }],
  ['issuecredential', { certificate: { lifetimeSeconds: 30 * 3_600, tokenNotAfterSeconds: 20 * 3_600 } }],
  ['token', { status: 500 }],
  ['token', { status: 429, headers: { 'Retry-After': '30' } }],
  ['token', { reset: 'before-response' }],
  ['token', { reset: 'mid-body' }],
  ['token', { reset: 'handshake' }],
  ['token', { reset: 'after-handshake' }],
  ['token', { reset: 'after-processing' }],
  ['token', { reset: 'handshake', tlsAlert: 'certificate_expired' }],
  ['token', { oauthError: { error: 'invalid_client' } }],
  [
    'token',
    { oauthError: { error: 'invalid_request', error_description: 'AADSTS1000901: too old', error_codes: [1000901] } },
  ],
  ['token', { mutate: 'wrong-cnf' }],
  ['token', { mutate: 'bearer-token-type' }],
  ['token', { mutate: 'malformed-json' }],
];

/** Faults that last for a while; `audience` is filled in. */
const OUTAGES: ReadonlyArray<readonly [FaultLeg[], Fault]> = [
  [['getplatformmetadata', 'issuecredential'], { status: 503 }],
  [['getplatformmetadata'], { reset: 'before-response' }],
  [['token'], { oauthError: { error: 'invalid_client' }, audience: '' }],
  [['token'], { reset: 'after-handshake' }],
];

/** Mulberry32: small, fast, and the same for a seed wherever it runs. */
function createRandom(seed: number) {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  return {
    below: (limit: number) => Math.floor(next() * limit),
    isTrue: (probability: number) => next() < probability,
    of: <T>(values: readonly T[]): T => values[Math.floor(next() * values.length)]!,
  };
}

const guid = (name: string) =>
  createHash('sha256')
    .update(name)
    .digest('hex')
    .replace(/^(.{8})(.{4})(.{4})(.{4})(.{12}).*/, '$1-$2-$3-$4-$5');

/** The garbage collector, whatever the process was started with. */
function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  for (let i = 0; i < 3; i++) collect();
}

/** Which certificate each token was issued to, as the token endpoint saw it in the TLS handshake. */
class IssuedTokens {
  readonly #presented = new Map<string, { x5tS256: string; expiresAtMs: number }>();

  /** Takes over what the journal has, and empties it. */
  read(world: World, onIssued: (clientId: string, x5tS256: string) => void): void {
    for (const { leg, status, body, responseBody, clientCertificateS256 } of world.emulator.journal) {
      if (leg !== 'token' || status !== 200 || clientCertificateS256 === undefined) continue;
      onIssued(/\bclient_id=([^&]+)/.exec(body ?? '')?.[1] ?? '', clientCertificateS256);
      const token = /"access_token":"([^"]+)"/.exec(responseBody ?? '')?.[1];
      if (token === undefined) continue;
      const expiresAtMs = Number(jwtClaims(token)['exp']) * 1_000;
      this.#presented.set(keyOf(token), { x5tS256: clientCertificateS256, expiresAtMs });
    }
    world.emulator.reset();
    const nowMs = world.clock.monotonicMs();
    for (const [key, { expiresAtMs }] of this.#presented) if (expiresAtMs < nowMs) this.#presented.delete(key);
  }

  presentedFor(token: string): string | undefined {
    return this.#presented.get(keyOf(token))?.x5tS256;
  }
}

/** Sockets and files; 0 where the system does not tell. */
function openDescriptors(): number {
  return process.platform === 'linux' ? readdirSync('/proc/self/fd').length : 0;
}

const CLAIMS = '{"access_token":{"nbf":{"essential":true}}}';
const keyOf = (token: string) => createHash('sha256').update(token).digest('base64url');

test(
  `rules D1, D21-D27: ${ACQUISITIONS} acquisitions end in bound tokens or typed errors, and in flat memory (seed ${SEED})`,
  async () => {
    const random = createRandom(SEED);
    const identities = Array.from({ length: IDENTITIES }, (_, i) => ({
      clientId: guid(`client ${i}`),
      objectId: guid(`object ${i}`),
      resourceId: `${IDENTITIES_PATH}/${i}`,
    }));
    const resources = Array.from({ length: RESOURCES }, (_, i) => `https://resource-${i}.example.net`);
    const started: { world?: World } = {};
    const world = await World.start({
      // The services' clock is right; the host's is set forward and back.
      now: () => started.world?.clock.monotonicMs() ?? Date.now(),
      identities,
      tokenLifetimeSeconds: 6 * 3_600,
      refreshInSeconds: 3 * 3_600,
      certificateLifetimeSeconds: 7 * 24 * 3_600,
    });
    started.world = world;
    const rejections: unknown[] = [];
    const onRejection = (reason: unknown) => void rejections.push(reason);
    process.on('unhandledRejection', onRejection);

    const applications = identities.flatMap(({ clientId }) => [
      [clientId, world.application({ managedIdentityIdParams: { userAssignedClientId: clientId } })] as const,
      [
        clientId,
        world.application({
          managedIdentityIdParams: { userAssignedClientId: clientId },
          system: { disableInternalRetries: true, timeout: 5 * MINUTE_MS },
        }),
      ] as const,
    ]);
    const issued = new IssuedTokens();
    const owed = new OwedTokens(world.clock);
    const seen = { acquired: 0, cached: 0, failed: 0, aborted: 0, reminted: 0, mismatched: 0 };
    const onRecovery = (event: unknown) => {
      seen.reminted += 1;
      owed.noteRefused((event as { staleThumbprint: string }).staleThumbprint);
    };
    subscribe('msal-mi-core:recovery', onRecovery);
    let firstHeapBytes: number | undefined;
    let firstDescriptors = 0;
    let outage: { readonly legs: FaultLeg[]; readonly fault: Fault; rounds: number } | undefined;
    let offMs = 0;

    const acquireOnce = async (): Promise<MtlsPopAuthenticationResult | undefined> => {
      const controller = random.isTrue(0.1) ? new AbortController() : undefined;
      const reason = new Error('the caller left');
      const turns = random.below(6);
      const [clientId, application] = random.of(applications);
      const resource = random.of(resources);
      const isNew = random.isTrue(0.02);
      const promise = isNew ? undefined : owed.to(clientId, resource);
      const call = application.acquireToken(
        softwareRequest({
          resource,
          ...(isNew && (random.isTrue(0.75) ? { forceRefresh: true } : { claims: CLAIMS })),
          ...(controller && { signal: controller.signal }),
        }),
      );
      if (controller !== undefined) void afterTurns(turns).then(() => controller.abort(reason));
      try {
        const result = await call;
        seen[result.fromCache ? 'cached' : 'acquired'] += 1;
        if (!result.fromCache) owed.noteMissed(promise, 'was acquired anew');
        owed.noteObtained(clientId, resource, result);
        return result;
      } catch (error) {
        if (error === reason) seen.aborted += 1;
        else if (isMsalMiError(error)) {
          seen.failed += 1;
          owed.noteMissed(promise, error.errorCode);
        } else throw error;
        return undefined;
      }
    };

    for (let done = 0; done < ACQUISITIONS; done += CALLS_AT_ONCE) {
      if (random.isTrue(0.5)) {
        const [leg, fault] = random.of(FAULTS);
        world.emulator.fault(leg, Array<Fault>(1 + random.below(3)).fill(fault));
      }
      if (outage === undefined && random.isTrue(0.1)) {
        const [legs, fault] = random.of(OUTAGES);
        const audience = fault.audience === undefined ? {} : { audience: random.of(resources) };
        outage = { legs: [...legs], fault: { ...fault, ...audience }, rounds: 1 + random.below(10) };
      }
      if (outage !== undefined) {
        world.emulator.outage(outage.legs, outage.fault);
        outage.rounds -= 1;
        if (outage.rounds === 0) outage = undefined;
      }
      const results = await Promise.all(
        Array.from({ length: Math.min(CALLS_AT_ONCE, ACQUISITIONS - done) }, acquireOnce),
      );
      issued.read(world, (clientId, x5tS256) => owed.noteIssued(clientId, x5tS256));
      owed.settle();
      for (const result of results) {
        if (result === undefined) continue;
        const { x5tS256, notAfter } = result.bindingCertificate;
        const { cnf } = jwtClaims(result.accessToken) as { cnf?: { 'x5t#S256'?: string } };
        const isBound = cnf?.['x5t#S256'] === x5tS256 && issued.presentedFor(result.accessToken) === x5tS256;
        const isAlive = notAfter.getTime() > world.clock.now() && result.expiresOn.getTime() > world.clock.now();
        if (!isBound || !isAlive) seen.mismatched += 1;
      }
      world.clock.advance(random.isTrue(0.01) ? random.below(2 * DAY_MS) : random.below(10 * MINUTE_MS));
      if (random.isTrue(0.1)) {
        const nextMs = random.below(2 * MOST_OFF_MS) - MOST_OFF_MS;
        world.clock.setWallClockBy(nextMs - offMs);
        offMs = nextMs;
      }
      if (firstHeapBytes === undefined && done >= FIRST_HEAP_AT * ACQUISITIONS) {
        collectGarbage();
        firstHeapBytes = process.memoryUsage().heapUsed;
        firstDescriptors = openDescriptors();
      }
    }
    await afterTurns(20);
    const grownDescriptors = openDescriptors() - firstDescriptors;
    await world.close();
    collectGarbage();
    const grownBytes = process.memoryUsage().heapUsed - (firstHeapBytes ?? 0);
    process.off('unhandledRejection', onRejection);
    unsubscribe('msal-mi-core:recovery', onRecovery);

    if (process.env['MSAL_MI_SOAK_VERBOSE']) {
      console.log(seen, {
        grownBytes,
        firstDescriptors,
        grownDescriptors,
        kept: owed.kept,
        broken: owed.broken.length,
      });
    }
    expect(owed.broken).toEqual([]);
    expect(owed.kept).toBeGreaterThan(ACQUISITIONS / 4);
    expect(grownDescriptors).toBeLessThan(MOST_GROWN_DESCRIPTORS);
    expect(seen.mismatched).toBe(0);
    expect(rejections).toEqual([]);
    expect(seen.acquired + seen.cached + seen.failed + seen.aborted).toBe(ACQUISITIONS);
    expect(Math.min(seen.acquired, seen.cached, seen.failed, seen.aborted, seen.reminted)).toBeGreaterThan(
      ACQUISITIONS / 1_000,
    );
    expect(grownBytes / (ACQUISITIONS * (1 - FIRST_HEAP_AT))).toBeLessThan(MOST_BYTES_PER_ACQUISITION);
  },
  MOST_EXPECTED_MS,
);

async function afterTurns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await nextTurn();
}

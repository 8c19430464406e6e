/**
 * A part of the fleet: virtual machines whose processes call `acquireToken` of msal-mi-core. Everything that decides when a
 * request is made is the library's: refresh, renewal, retries, pauses, jitter, healing, the wait for another process of the
 * machine. Keys, certificates, connections and time are simulated.
 */
import { MtlsBindingStrength } from '../../msal-mi-core/dist/index.js';
import { createIssuer, spki } from './certificates.mjs';
import { Services } from './services.mjs';
import { APPLICATION_RETRY_MS, DURATION_MS, MEAN_GAP_MS, MINUTE_MS, PROCESSES_PER_VM } from './timeline.mjs';
import { createClock, createRandom, VirtualTime } from './virtual-time.mjs';

const START_MS = Date.UTC(2026, 10, 2);
const STRENGTH = MtlsBindingStrength.KeyGuard;
const REQUEST = { resource: 'https://vault.azure.net', mtlsProofOfPossession: true };
/** With less of it left a token is given out no more (D25). */
const EXPIRY_MARGIN_MS = 5 * MINUTE_MS;
/** Machines that never get a token would ask for 30 days. */
const MOST_FAILURES = 10_000;
const SIGNATURE = Buffer.alloc(256, 1);

/** @returns requests per minute to both services, and the calls that got no token */
export async function simulate({ machines, seed }, library) {
  const time = new VirtualTime(START_MS);
  const random = createRandom(seed);
  const services = new Services(time, random, createIssuer(seed));
  const failures = [];
  for (let machine = 0; machine < machines; machine++) {
    const platform = createPlatform(`${seed}-${machine}`, services);
    for (let number = 0; number < PROCESSES_PER_VM; number++) {
      const service = new Service({ library, time, random, platform, services, failures });
      time.at(START_MS + random() * MINUTE_MS, () => void service.live());
    }
  }
  await time.run(START_MS + DURATION_MS);
  const { imds, entra } = services.counts;
  return { imds, entra, failures: failures.map(({ timeMs, code }) => ({ sinceBootMs: timeMs - START_MS, code })) };
}

/** One process: it calls whenever a call would do more than to look into the cache. */
class Service {
  #surroundings;
  #application;
  #given;
  /** The token and its binding, and where bindings are kept. */
  #known;

  constructor(given) {
    const { library, time, random, platform, services } = given;
    const state = library.createSharedState();
    this.#given = given;
    this.#surroundings = { state, platform, clock: createClock(time, random) };
    this.#application = new library.ManagedIdentityApplication(
      { system: { networkClient: services.networkClient } },
      this.#surroundings,
    );
    this.#known = observe(state);
  }

  async live() {
    const { time, random, failures } = this.#given;
    let isServed = true;
    try {
      await this.#application.acquireToken(REQUEST);
    } catch (error) {
      isServed = false;
      failures.push({ timeMs: time.nowMs, code: error.errorCode ?? error.message });
      if (failures.length >= MOST_FAILURES) throw error;
    }
    const gapMs = -Math.log(1 - random()) * MEAN_GAP_MS;
    const nextMs = isServed ? this.#dueMs() + gapMs : time.nowMs + APPLICATION_RETRY_MS * (1 + random());
    time.at(Math.max(nextMs, time.nowMs + 1_000), () => void this.live());
  }

  /** When the library would refresh, renew, or have no token to give out: between those times calls cost nothing. */
  #dueMs() {
    const { token, binding, bindingKey } = this.#known;
    const { bindings, flights, pauses } = this.#surroundings.state;
    if (flights.size > 0) return this.#given.time.nowMs; // What is under way is looked at again in a moment.
    const { current, renewAfterMs, mayRenewAtMs } = bindings.kept(bindingKey);
    const isSuperseded = current !== binding && !bindings.isReplacement(current);
    const pausedUntilMs = Math.max(0, ...[...pauses.values()].map(({ untilMs }) => untilMs));
    const refreshMs = Math.max(isSuperseded ? 0 : token.refreshAfterMs, pausedUntilMs);
    return Math.min(refreshMs, Math.max(renewAfterMs, mayRenewAtMs), token.expiresAtMs - EXPIRY_MARGIN_MS);
  }
}

/** Notes what the library puts into its caches, and changes nothing. */
function observe(state) {
  const known = { token: undefined, binding: undefined, bindingKey: undefined };
  const { tokens, bindings } = state;
  const [setToken, setBinding] = [tokens.set.bind(tokens), bindings.set.bind(bindings)];
  tokens.set = (key, entry, clock) => {
    known.token = entry.token;
    known.binding = entry.binding;
    setToken(key, entry, clock);
  };
  bindings.set = (key, ...rest) => {
    known.bindingKey = key;
    setBinding(key, ...rest);
  };
  return known;
}

const STORED = 3;
const isSame = ({ certificate }, der) => der !== undefined && Buffer.compare(certificate, der) === 0;
/** What may take the place of a refused certificate. */
const notOlder = (stored, refused) => stored.slice(stored.findIndex((other) => isSame(other, refused)) + 1);

/** A machine with Windows: one key, and a certificate store and a lock that its processes share. */
function createPlatform(id, services) {
  const key = { id, strength: STRENGTH, spki, sign: () => Promise.resolve(SIGNATURE) };
  let stored = []; // The oldest first.
  let last = Promise.resolve();
  return {
    keyStore: { strongest: () => Promise.resolve(STRENGTH), open: () => Promise.resolve(key) },
    certificateStore: {
      isPersistent: true,
      find: (_alias, _key, _validAfterMs, refused) => Promise.resolve(notOlder(stored, refused).at(-1)),
      save(_alias, _key, certificate, refused) {
        stored = [...stored.filter((other) => !isSame(other, refused)), certificate].slice(-STORED);
        return Promise.resolve();
      },
      withLock(_alias, work) {
        const run = last.then(work);
        last = run.catch(() => undefined);
        return run;
      },
    },
    createTransport: () => ({ bind: (_key, certificate) => services.channel(certificate) }),
  };
}

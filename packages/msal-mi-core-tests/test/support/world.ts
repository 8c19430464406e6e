/** One emulator and one isolated process state: the real flow over real sockets, on a virtual clock. */
import { startEmulator, type Emulator, type EmulatorOptions } from 'msal-mi-emulator';
import { createSharedState, type SharedState } from 'core/cache/shared-state.js';
import { ManagedIdentityApplication } from 'core/client.js';
import type { Surroundings } from 'core/composition.js';
import { createSoftwarePlatform } from 'core/platform/software/index.js';
import type { Platform } from 'core/ports.js';
import type { ManagedIdentityConfiguration, MtlsPopRequestParams } from 'core/public-types.js';
import { MtlsBindingStrength } from 'core/public-types/constants.js';
import { VirtualClock } from './virtual-clock.js';

export const VAULT = 'https://vault.azure.net';

/** Environment variables that steer the product; tests start without any of them. */
export const STEERING = [
  'AZURE_POD_IDENTITY_AUTHORITY_HOST',
  'IDENTITY_ENDPOINT',
  'IDENTITY_HEADER',
  'IDENTITY_SERVER_THUMBPRINT',
  'IMDS_ENDPOINT',
  'MSI_ENDPOINT',
  'MSI_SECRET',
  'MSAL_MI_DISABLE_PERSISTENT_CERT_CACHE',
  'MSAL_MI_IMDSV2_ALLOWED_HOSTS',
  'NODE_TLS_REJECT_UNAUTHORIZED',
  'HTTPS_PROXY',
  'https_proxy',
  'MSAL_FORCE_REGION',
  'MSAL_MI_DISABLE_IMDS_V2',
] as const;

/** What the emulator reads its time from. */
interface Timeline {
  clock: VirtualClock;
}

export class World {
  #state = createSharedState();
  #platform: Platform;

  private constructor(
    readonly emulator: Emulator,
    private readonly timeline: Timeline,
    private readonly usualPlatform: Platform,
  ) {
    this.#platform = usualPlatform;
  }

  static async start(options?: EmulatorOptions & { platform?: Platform }): Promise<World> {
    const { platform, ...emulatorOptions } = options ?? {};
    const timeline = { clock: new VirtualClock() };
    const emulator = await startEmulator({ now: () => timeline.clock.now(), ...emulatorOptions });
    return new World(emulator, timeline, platform ?? createSoftwarePlatform(() => []));
  }

  get state(): SharedState {
    return this.#state;
  }

  get clock(): VirtualClock {
    return this.timeline.clock;
  }

  get platform(): Platform {
    return this.#platform;
  }

  /**
   * Makes it a world for another test, cheaply: the same emulator without faults and journal, a new process state, a new clock.
   * The key stays the one of the first test unless there is another `platform`. Applications made before keep what they had.
   */
  renew(platform: Platform = this.usualPlatform): void {
    this.emulator.reset();
    this.#state = createSharedState();
    this.timeline.clock = new VirtualClock();
    this.#platform = platform;
  }

  /** An application that talks to this world. `env` replaces the whole steering environment. */
  application(configuration: ManagedIdentityConfiguration = {}, env: Record<string, string> = {}) {
    const surroundings: Surroundings = { state: this.state, platform: this.platform, clock: this.clock };
    const environment = { AZURE_POD_IDENTITY_AUTHORITY_HOST: this.emulator.imdsUrl, ...env };
    return withEnvironment(environment, () => {
      const system = { ca: this.emulator.ca, ...configuration.system };
      return new ManagedIdentityApplication({ ...configuration, system }, surroundings);
    });
  }

  /** How many requests each leg has seen, by the last part of the path. */
  requests(): { metadata: number; issuecredential: number; token: number; attestation: number } {
    const { journal } = this.emulator;
    const count = (part: string) => journal.filter(({ url }) => url.includes(part)).length;
    return {
      metadata: count('/getplatformmetadata'),
      issuecredential: count('/issuecredential'),
      token: journal.filter(({ leg, url }) => leg === 'token' && url.includes('/oauth2/v2.0/token')).length,
      attestation: journal.filter(({ leg }) => leg === 'maa').length,
    };
  }

  close(): Promise<void> {
    return this.emulator.close();
  }
}

/** A request that this machine can serve: a bound token with a software key. */
export function softwareRequest(overrides: Partial<MtlsPopRequestParams> = {}): MtlsPopRequestParams {
  return { resource: VAULT, mtlsProofOfPossession: true, minStrength: MtlsBindingStrength.Software, ...overrides };
}

/** Runs `work` with exactly these steering variables, and puts the old ones back when it is done. */
export function withEnvironment<T>(env: Record<string, string>, work: () => T): T {
  const saved = STEERING.map((name) => [name, process.env[name]] as const);
  const restore = () => {
    for (const [name, value] of saved) {
      if (value === undefined) Reflect.deleteProperty(process.env, name);
      else process.env[name] = value;
    }
  };
  for (const name of STEERING) Reflect.deleteProperty(process.env, name);
  Object.assign(process.env, env);
  let result: T;
  try {
    result = work();
  } catch (error) {
    restore();
    throw error;
  }
  if (result instanceof Promise) return result.finally(restore) as T;
  restore();
  return result;
}

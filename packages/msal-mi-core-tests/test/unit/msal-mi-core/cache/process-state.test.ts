/** What copies of this library share in one process: ESM and CommonJS, and one version beside another. */
import { connectionsBehind, createBindingContext } from 'core/binding/binding-context.js';
import { existingState, keepState, STATE_VERSION } from 'core/cache/process-state.js';
import { createSharedState, type SharedState } from 'core/cache/shared-state.js';
import type { Binding } from 'core/model.js';
import type { MtlsChannel } from 'core/ports.js';
import { NO_CERTIFICATE_STORE, createSoftwarePlatform } from 'core/platform/software/index.js';

const symbolOf = (version: number) => Symbol.for(`msal-mi-core/state/v${version}`);
const holder = globalThis as { [version: symbol]: unknown };
afterEach(() => {
  for (const version of [STATE_VERSION - 1, STATE_VERSION, STATE_VERSION + 1]) {
    Reflect.deleteProperty(holder, symbolOf(version));
  }
});

/** Names of what others can call or read. */
function membersOf(object: object): string[] {
  const prototype = Object.getPrototypeOf(object) as object;
  const inherited = prototype === Object.prototype ? [] : Object.getOwnPropertyNames(prototype);
  return [...Object.keys(object), ...inherited].filter((name) => name !== 'constructor').sort();
}

/**
 * When this test fails, another version of the library would not find what it looks for: raise STATE_VERSION (and the number
 * in bench/subjects/state.mjs), then change what is expected here. The same goes for a member that means something else.
 */
test('the shape of the shared state is the one that its version stands for', async () => {
  const state = createSharedState();
  const platform = createSoftwarePlatform(() => []);
  const key = await platform.keyStore.open({ verify: false });
  const transport = platform.createTransport([]);
  const shape = {
    state: membersOf(state),
    tokens: membersOf(state.tokens),
    bindings: membersOf(state.bindings),
    flights: membersOf(state.flights),
    platform: membersOf(platform),
    keyStore: membersOf(platform.keyStore),
    key: membersOf(key),
    certificateStore: membersOf(NO_CERTIFICATE_STORE),
    transport: membersOf(transport),
    channel: membersOf(transport.bind(key, new Uint8Array())),
  };
  expect({ version: STATE_VERSION, ...shape }).toEqual({
    version: 4,
    state: [
      'bindings',
      'discovered',
      'flights',
      'forget',
      'objectCount',
      'objectNumbers',
      'pauses',
      'platform',
      'throttled',
      'tokens',
    ],
    tokens: ['deleteWhere', 'get', 'keptKey', 'set', 'size'],
    bindings: [
      'claimRenewal',
      'deleteWhere',
      'evict',
      'isReplacement',
      'isYoungReplacement',
      'kept',
      'markReplacement',
      'reusable',
      'revision',
      'set',
    ],
    flights: ['forgetWhere', 'has', 'run', 'size'],
    platform: ['certificateStore', 'createTransport', 'keyStore'],
    keyStore: ['open', 'strongest'],
    key: ['id', 'sign', 'spki', 'strength'],
    certificateStore: ['find', 'isPersistent', 'save', 'withLock'],
    transport: ['bind'],
    channel: ['exportable', 'retire', 'send', 'tlsOptions'],
  });
});

test('copies of one version find the state that the first of them made', () => {
  expect(existingState()).toBeUndefined();
  const state = keepState(createSharedState());

  expect(existingState()).toBe(state);
  expect(holder[symbolOf(STATE_VERSION)]).toBe(state);
});

test('copies know one another’s handles of a binding', async () => {
  const certificate = { x5tS256: 'thumbprint' };
  const binding = { certificate, key: { strength: 1 } } as unknown as Binding;
  const channel = { exportable: true } as MtlsChannel;
  const context = createBindingContext(binding, channel);
  await (import.meta as { jest: typeof jest }).jest.isolateModulesAsync(async () => {
    const { connectionsBehind: connectionsBehindOfOtherCopy } = await import('core/binding/binding-context.js');
    expect(connectionsBehindOfOtherCopy).not.toBe(connectionsBehind);
    expect(connectionsBehindOfOtherCopy(context)).toEqual({ binding, channel });
    expect(connectionsBehindOfOtherCopy({ ...context })).toBeUndefined();
  });
});

test.each([STATE_VERSION - 1, STATE_VERSION + 1])(
  'a state of version %i is left to the copies that know it',
  (version) => {
    const foreign = { tokens: 'in another shape' } as unknown as SharedState;
    holder[symbolOf(version)] = foreign;

    expect(existingState()).toBeUndefined();
    keepState(createSharedState());
    expect(holder[symbolOf(version)]).toBe(foreign);
  },
);

import { createSoftwareKeyStore } from 'core/platform/software/key-store.js';
import { createWin32KeyStore, KEYGUARD_KEY } from 'core/platform/win32/key-store.js';
import { MtlsBindingStrength } from 'core/public-types/constants.js';
import { ScriptedWindows, windowsError } from 'support/scripted-windows.js';

const { keyName } = KEYGUARD_KEY;
const start = () => {
  const windows = new ScriptedWindows();
  return { windows, store: createWin32KeyStore(() => windows, createSoftwareKeyStore()) };
};

describe('the KeyGuard key', () => {
  it('D01: a key that opens and signs is used; nothing is created', async () => {
    const { windows, store } = start();
    windows.addKey(keyName);
    const key = await store.open({ verify: false });
    expect(key).toMatchObject({ strength: MtlsBindingStrength.KeyGuard, named: KEYGUARD_KEY });
    expect(windows.count('createIsolatedKey')).toBe(0);
    expect(await store.open({ verify: false })).toBe(key);
    expect(windows.count('probeKey')).toBe(1);
  });

  it.each([
    ['D02: there is none', (windows: ScriptedWindows) => windows.keys.clear()],
    ['D03: it no longer signs', (windows: ScriptedWindows) => windows.addKey(keyName, { signs: false })],
    ['D04: it is not isolated', (windows: ScriptedWindows) => windows.addKey(keyName, { isIsolated: false })],
  ])('%s: created once, and every certificate of ours is purged', async (_what, prepare) => {
    const { windows, store } = start();
    prepare(windows);
    const certificate = (friendlyName: string) => ({ certificate: Buffer.from(friendlyName), friendlyName, keyName });
    windows.certificates = [certificate('MSAL-MI|alias=a|ep=e'), certificate('MSAL|alias=a|ep=e')];
    const key = await store.open({ verify: false });
    expect(key.strength).toBe(MtlsBindingStrength.KeyGuard);
    expect(windows.count('createIsolatedKey')).toBe(1);
    expect(windows.certificates.map(({ friendlyName }) => friendlyName)).toEqual(['MSAL|alias=a|ep=e']);
  });

  it('D05: a new key that is not isolated either leaves the software key', async () => {
    const { windows, store } = start();
    windows.makesIsolatedKeys = false;
    const key = await store.open({ verify: false });
    expect(key.strength).toBe(MtlsBindingStrength.Software);
    expect(key.named).toBeUndefined();
    expect(windows.count('createIsolatedKey')).toBe(1);
    expect(await store.strongest()).toBe(MtlsBindingStrength.Software);
  });

  it('D06, D08: a host without VBS has the software key, and says so without creating one', async () => {
    const { windows, store } = start();
    windows.hasVbs = false;
    expect(await store.strongest()).toBe(MtlsBindingStrength.Software);
    expect(windows.calls).toEqual(['supportsIsolatedKeys']);
    expect((await store.open({ verify: false })).strength).toBe(MtlsBindingStrength.Software);
  });

  it('D10: concurrent callers share one opening', async () => {
    const { windows, store } = start();
    const keys = await Promise.all(Array.from({ length: 32 }, () => store.open({ verify: false })));
    expect(new Set(keys).size).toBe(1);
    expect(windows.count('createIsolatedKey')).toBe(1);
  });

  it('D11: an aborted caller hears the reason; the opening goes on for the others', async () => {
    const { windows, store } = start();
    const reason = new Error('enough');
    await expect(store.open({ verify: false, signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    expect(windows.calls).toEqual([]);
    const controller = new AbortController();
    const aborted = store.open({ verify: false, signal: controller.signal });
    const other = store.open({ verify: false });
    controller.abort(reason);
    await expect(aborted).rejects.toBe(reason);
    expect((await other).strength).toBe(MtlsBindingStrength.KeyGuard);
  });

  it('D12: a key shorter than 2048 bits is replaced', async () => {
    const { windows, store } = start();
    Object.assign(windows.addKey(keyName), { modulus: Buffer.alloc(128, 1) });
    await store.open({ verify: false });
    expect(windows.count('createIsolatedKey')).toBe(1);
  });

  it('D21: verify probes again: a key that died meanwhile is replaced, a living one stays the same', async () => {
    const { windows, store } = start();
    const first = await store.open({ verify: false });
    expect((await store.open({ verify: true })).id).toBe(first.id);
    windows.addKey(keyName, { signs: false });
    const second = await store.open({ verify: true });
    expect(second.id).not.toBe(first.id);
    expect(await store.open({ verify: false })).toBe(second);
  });

  it('D20: a failure is not remembered', async () => {
    const { windows, store } = start();
    windows.failures.set('createIsolatedKey', windowsError('NCryptFinalizeKey', 0x80090020));
    await expect(store.open({ verify: false })).rejects.toMatchObject({
      errorCode: 'key_unavailable',
      win32: { api: 'NCryptFinalizeKey', code: 0x80090020 },
    });
    windows.failures.clear();
    expect((await store.open({ verify: false })).strength).toBe(MtlsBindingStrength.KeyGuard);
    expect(windows.heldLocks).toBe(0);
  });

  it('D17: a provider that does not open is an error, not a weaker key', async () => {
    const { windows, store } = start();
    windows.failures.set('probeKey', windowsError('NCryptOpenStorageProvider', 0x80090030));
    await expect(store.open({ verify: false })).rejects.toMatchObject({
      errorCode: 'key_unavailable',
      retryable: true,
    });
    expect(windows.count('createIsolatedKey')).toBe(0);
  });

  it.each([
    ['NCryptOpenStorageProvider', 0x80090030],
    ['NCryptCreatePersistedKey', 0x80090009],
  ])(
    'D17: a question that %s does not answer is left to the opening of the key, and asked again',
    async (api, status) => {
      const { windows, store } = start();
      windows.failures.set('supportsIsolatedKeys', windowsError(api, status));
      expect(await store.strongest()).toBe(MtlsBindingStrength.KeyGuard);
      windows.failures.clear();
      windows.hasVbs = false;
      expect(await store.strongest()).toBe(MtlsBindingStrength.Software);
    },
  );

  it.each([
    ['the key service is not ready', 'NCryptSignHash', 0x80090030, true],
    ['the service behind it does not answer', 'NCryptOpenKey', 0x800706ba, true],
    ['access is denied', 'NCryptOpenKey', 0x80090010, false],
    ['the property that tells its isolation cannot be read', 'NCryptGetProperty', 0x8009002d, true],
    ['a code that nobody knows', 'NCryptSignHash', 0x80091234, false],
  ])('D17: %s: the key and its certificates stay', async (_what, api, status, retryable) => {
    const { windows, store } = start();
    const kept = windows.addKey(keyName);
    windows.certificates = [{ certificate: Buffer.from('c'), friendlyName: 'MSAL-MI|alias=a|ep=e', keyName }];
    windows.failures.set('probeKey', windowsError(api, status));
    await expect(store.open({ verify: false })).rejects.toMatchObject({ errorCode: 'key_unavailable', retryable });
    expect(windows.keys.get(keyName)).toBe(kept);
    expect(windows.certificates).toHaveLength(1);
    expect(windows.heldLocks).toBe(0);
  });

  it('a busy lock is a typed, retryable error', async () => {
    const { windows, store } = start();
    windows.foreignLocks.add('key');
    await expect(store.open({ verify: false })).rejects.toMatchObject({
      errorCode: 'key_unavailable',
      retryable: true,
    });
    expect(windows.count('probeKey')).toBe(0);
  });

  it('signing fails with a code of its own, also when another process replaced the key', async () => {
    const { windows, store } = start();
    const key = await store.open({ verify: false });
    windows.failures.set('signPssSha256', windowsError('NCryptSignHash', 0x80090030));
    await expect(key.sign(Buffer.from('x'))).rejects.toMatchObject({ errorCode: 'key_operation_failed', stage: 'key' });
    windows.failures.clear();
    windows.addKey(keyName);
    await expect(key.sign(Buffer.from('x'))).rejects.toThrow(/Another process replaced the key/);
  });

  it('D16: a store that fails does not fail the purge', async () => {
    const { windows, store } = start();
    windows.failures.set('listCertificates', windowsError('CertOpenStore', 5));
    expect((await store.open({ verify: false })).strength).toBe(MtlsBindingStrength.KeyGuard);
  });
});

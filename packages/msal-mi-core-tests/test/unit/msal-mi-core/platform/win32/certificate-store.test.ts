import { createPublicKey } from 'node:crypto';
import { createWin32CertificateStore } from 'core/platform/win32/certificate-store.js';
import { createWin32KeyStore, KEYGUARD_KEY } from 'core/platform/win32/key-store.js';
import { lockName } from 'core/platform/win32/interprocess-lock.js';
import { createSoftwareKeyStore } from 'core/platform/software/key-store.js';
import type { SigningKey, StoredCertificate } from 'core/ports.js';
import { CertificateAuthority } from 'emulator/crypto/certificate-authority.js';
import { ScriptedWindows, windowsError } from 'support/scripted-windows.js';

const ALIAS = 'http://169.254.169.254#system##att=0';
const CLIENT_ID = '3f2f1c86-6f4e-4f6c-9a33-0d4b3f0c2b11';
const TENANT_ID = '9b1d6f52-4a60-4c4c-8c1e-5f0f5c1f6a20';
const ENDPOINT = 'https://eastus.mtlsauth.microsoft.com';
const HOUR_S = 3600;
const DAY_S = 24 * HOUR_S;

/** How long ago the authority issues. */
let agoMs = 0;
const authority = await CertificateAuthority.generate(() => Date.now() - agoMs);
const publicKeyOf = (key: SigningKey) => createPublicKey({ key: Buffer.from(key.spki), format: 'der', type: 'spki' });

async function start() {
  const windows = new ScriptedWindows();
  const key = await createWin32KeyStore(() => windows, createSoftwareKeyStore()).open({ verify: false });
  const store = createWin32CertificateStore(() => windows, Date.now);
  const issue = async (lifetimeS: number, clientId = CLIENT_ID, of = key): Promise<StoredCertificate> => ({
    certificate: await authority.issueClientCertificate({ clientId, tenantId: TENANT_ID }, publicKeyOf(of), lifetimeS),
    clientId,
    tenantId: TENANT_ID,
    endpoint: ENDPOINT,
  });
  return { windows, key, store, issue };
}

describe('certificates in CurrentUser\\My', () => {
  it('I20, I37: what was saved is found, with the client id of the subject in lower case', async () => {
    const { key, store, issue } = await start();
    const stored = await issue(7 * DAY_S, CLIENT_ID.toUpperCase());
    await store.save(ALIAS, key, stored);
    const found = await store.find(ALIAS, key, Date.now() + DAY_S * 1000);
    expect(found).toEqual({ ...stored, clientId: CLIENT_ID });
  });

  it('I21, I22: a certificate that does not live longer than the kept one is not added', async () => {
    const { windows, key, store, issue } = await start();
    const newer = await issue(7 * DAY_S);
    await store.save(ALIAS, key, newer);
    await store.save(ALIAS, key, await issue(6 * DAY_S));
    await store.save(ALIAS, key, newer);
    expect(windows.certificates).toHaveLength(1);
    const newest = await issue(8 * DAY_S);
    await store.save(ALIAS, key, newest);
    expect((await store.find(ALIAS, key, Date.now()))?.certificate).toEqual(newest.certificate);
  });

  it('I23, I26: expired certificates of the alias are pruned when one is saved, others stay', async () => {
    const { windows, key, store, issue } = await start();
    const expired = async (friendlyName: string) => {
      const { certificate } = await issue(-HOUR_S);
      return { certificate, keyName: KEYGUARD_KEY.keyName, friendlyName };
    };
    windows.certificates = [
      await expired(`MSAL-MI|alias=${ALIAS}|ep=${ENDPOINT}/${TENANT_ID}`),
      await expired('MSAL-MI|alias=other|ep=e'),
    ];
    await store.save(ALIAS, key, await issue(7 * DAY_S));
    expect(windows.certificates.map(({ friendlyName }) => friendlyName)).toEqual([
      'MSAL-MI|alias=other|ep=e',
      `MSAL-MI|alias=${ALIAS}|ep=${ENDPOINT}/${TENANT_ID}`,
    ]);
  });

  it('I24: a subject that is not a GUID is not used', async () => {
    const { key, store, issue } = await start();
    await store.save(ALIAS, key, await issue(7 * DAY_S, 'somebody'));
    expect(await store.find(ALIAS, key, 0)).toBeUndefined();
  });

  it('an endpoint that is not a URL is not used', async () => {
    const { key, store, issue } = await start();
    await store.save(ALIAS, key, { ...(await issue(7 * DAY_S)), endpoint: 'https://' });
    expect(await store.find(ALIAS, key, 0)).toBeUndefined();
  });

  it('I25: a certificate has to outlive the time asked for', async () => {
    const { key, store, issue } = await start();
    const stored = await issue(2 * DAY_S);
    await store.save(ALIAS, key, stored);
    expect(await store.find(ALIAS, key, Date.now() + 2 * DAY_S * 1000 + 1000)).toBeUndefined();
    expect(await store.find(ALIAS, key, Date.now() + 2 * DAY_S * 1000 - 60_000)).toBeDefined();
  });

  it('I28: without a key that other processes can open nothing is kept or found', async () => {
    const { windows, store, issue } = await start();
    const software = await createSoftwareKeyStore().open({ verify: false });
    await store.save(ALIAS, software, await issue(7 * DAY_S, CLIENT_ID, software));
    expect(windows.certificates).toEqual([]);
    expect(await store.find(ALIAS, software, 0)).toBeUndefined();
  });

  it('I29: aliases do not see one another', async () => {
    const { key, store, issue } = await start();
    await store.save(ALIAS, key, await issue(7 * DAY_S));
    expect(await store.find(ALIAS.replace('att=0', 'att=1'), key, 0)).toBeUndefined();
  });

  it('I32: an alias that cannot be written is not persisted, and nothing is thrown', async () => {
    const { windows, key, store, issue } = await start();
    await store.save('a|b', key, await issue(7 * DAY_S));
    expect(windows.certificates).toEqual([]);
  });

  it('I33: a successor takes the place of the refused certificate alone, whichever lives longer', async () => {
    const { windows, key, store, issue } = await start();
    const refused = await issue(9 * DAY_S);
    const bystander = await issue(8 * DAY_S);
    windows.certificates = [refused, bystander].map(({ certificate }) => ({
      certificate,
      friendlyName: `MSAL-MI|alias=${ALIAS}|ep=${ENDPOINT}/${TENANT_ID}`,
      keyName: KEYGUARD_KEY.keyName,
    }));
    await store.save('other', key, await issue(7 * DAY_S));
    await store.save(ALIAS, key, await issue(8.5 * DAY_S), refused.certificate);
    expect(windows.certificates.map(({ certificate }) => certificate)).not.toContainEqual(refused.certificate);
    expect(windows.certificates).toHaveLength(3);
    expect(await store.find('other', key, 0)).toBeDefined();
  });

  it('rule D18: in place of a refused certificate only another one will do that is not older', async () => {
    const { windows, key, store, issue } = await start();
    agoMs = HOUR_S * 1_000;
    await store.save(ALIAS, key, await issue(7 * DAY_S));
    agoMs = 0;
    const [older] = windows.certificates;
    const refused = await issue(8 * DAY_S);
    await store.save(ALIAS, key, refused);
    expect(await store.find(ALIAS, key, 0, refused.certificate)).toBeUndefined();
    const successor = await issue(9 * DAY_S);
    await store.save(ALIAS, key, successor, refused.certificate);
    expect((await store.find(ALIAS, key, 0, refused.certificate))?.certificate).toEqual(successor.certificate);
    expect(windows.certificates.map(({ certificate }) => certificate)).toEqual([
      older?.certificate,
      successor.certificate,
    ]);
  });

  it('I36, I38: a certificate of another key is an orphan: not used, and removed', async () => {
    const { windows, key, store, issue } = await start();
    const stranger = await createSoftwareKeyStore().open({ verify: false });
    windows.certificates = [
      {
        certificate: (await issue(7 * DAY_S, CLIENT_ID, stranger)).certificate,
        friendlyName: `MSAL-MI|alias=${ALIAS}|ep=${ENDPOINT}/${TENANT_ID}`,
        keyName: KEYGUARD_KEY.keyName,
      },
    ];
    expect(await store.find(ALIAS, key, 0)).toBeUndefined();
    expect(windows.certificates).toEqual([]);
  });

  it('I35: a store that fails fails no request', async () => {
    const { windows, key, store, issue } = await start();
    const stored = await issue(7 * DAY_S);
    for (const name of ['listCertificates', 'addCertificate', 'deleteCertificates']) {
      windows.failures.set(name, windowsError('CertOpenStore', 5));
    }
    await expect(store.save(ALIAS, key, stored)).resolves.toBeUndefined();
    await expect(store.find(ALIAS, key, 0)).resolves.toBeUndefined();
    await expect(store.save(ALIAS, key, stored, stored.certificate)).resolves.toBeUndefined();
  });
});

describe('the lock of an alias', () => {
  it('I52, I54: serializes what runs under it', async () => {
    const { windows, store } = await start();
    let inside = 0;
    let most = 0;
    const work = () =>
      store.withLock(ALIAS, async () => {
        inside += 1;
        most = Math.max(most, inside);
        await Promise.resolve();
        inside -= 1;
      });
    await Promise.all(Array.from({ length: 8 }, work));
    expect(most).toBe(1);
    expect(windows.heldLocks).toBe(0);
  });

  it('I55: is given back when the work fails', async () => {
    const { windows, store } = await start();
    const failure = new Error('work failed');
    await expect(store.withLock(ALIAS, () => Promise.reject(failure))).rejects.toBe(failure);
    expect(windows.heldLocks).toBe(0);
  });

  it('I27: when it cannot be had, the work runs without it', async () => {
    const { windows, store } = await start();
    windows.foreignLocks.add('certificate');
    expect(await store.withLock(ALIAS, () => Promise.resolve('done'))).toBe('done');
  });

  it('an aborted wait throws the reason, does not run the work and keeps no lock', async () => {
    const { windows, store } = await start();
    let finish: () => void = () => undefined;
    const holder = store.withLock(ALIAS, () => new Promise<void>((resolve) => (finish = resolve)));
    const controller = new AbortController();
    let runs = 0;
    const work = () => Promise.resolve((runs += 1));
    const waiting = store.withLock(ALIAS, work, controller.signal);
    const reason = new Error('enough');
    controller.abort(reason);
    await expect(waiting).rejects.toBe(reason);
    expect(runs).toBe(0);
    finish();
    await holder;
    expect(windows.heldLocks).toBe(0);
  });

  it('I51, I53: names fold case and space, hold no backslash and stay short', () => {
    expect(lockName('certificate', ' Alias\\x ')).toBe(lockName('certificate', 'alias\\X'));
    expect(lockName('certificate', 'a'.repeat(10_000))).toMatch(/^msal-mi-core-certificate-[0-9a-f]{32}$/);
    expect(lockName('key', 'a')).not.toBe(lockName('certificate', 'a'));
  });
});

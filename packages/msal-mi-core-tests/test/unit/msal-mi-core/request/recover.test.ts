/** Which failures another certificate would cure (D22), and how often it is tried. */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { createLogger } from 'core/diagnostics/logger.js';
import { MsiV2Error } from 'core/errors.js';
import type { Binding } from 'core/model.js';
import { TransportError, type TransportFailure } from 'core/ports.js';
import { recoverOnce, staleReason, type RejectedBinding } from 'core/request/recover.js';
import { STALE_CERTIFICATE_CODES } from 'core/token/aadsts.js';

const refused = (code: string, details: { aadstsCode?: string; httpStatus?: number; cause?: unknown } = {}) =>
  new MsiV2Error(code, { stage: 'token', httpStatus: 400, ...details });
const lost = (failure: TransportFailure) =>
  new MsiV2Error('managed_identity_unreachable_network', {
    stage: 'token',
    cause: new TransportError(failure, 'ECODE', 'text'),
  });

describe('classifier', () => {
  test.each(Object.entries(STALE_CERTIFICATE_CODES))(
    'J25: AADSTS%s is healed whatever the OAuth error is',
    (aadstsCode, { evidenceIsStale }) => {
      const reason = { kind: 'aadsts', aadstsCode, evidenceIsStale };
      expect(staleReason(refused('invalid_client', { aadstsCode, httpStatus: 401 }))).toEqual(reason);
      expect(staleReason(refused('invalid_request', { aadstsCode }))).toEqual(reason);
    },
  );

  test('J27: invalid_client is healed with any other code and with none', () => {
    for (const aadstsCode of ['7000218', '700016', undefined]) {
      const error = refused('invalid_client', { httpStatus: 401, ...(aadstsCode && { aadstsCode }) });
      expect(staleReason(error)).toEqual({ kind: 'invalid_client', evidenceIsStale: false });
    }
  });

  test('J39: of the failures of a connection only a refused certificate counts', () => {
    const failures: TransportFailure[] = [
      'client_certificate_rejected',
      'unreachable',
      'timeout',
      'untrusted_server',
      'tls',
      'connection_lost',
      'invalid_response',
    ];
    expect(failures.filter((failure) => staleReason(lost(failure)) !== undefined)).toEqual([
      'client_certificate_rejected',
    ]);
  });

  test('J34: a listed code is reported as such although a connection failure hangs on it', () => {
    const cause = Object.assign(new Error('socket'), { code: 'ECONNRESET', errno: 10054 });

    expect(staleReason(refused('invalid_request', { aadstsCode: '1000901', cause }))?.kind).toBe('aadsts');
  });

  test('J33: what is no error of ours, or has no text, is never healed and never throws', () => {
    const empty = new MsiV2Error('x', { stage: 'token', message: '' });
    const values: unknown[] = [null, undefined, 0, 'text', {}, new Error(), new TransportError('tls', '', ''), empty];
    for (const value of values) {
      expect(staleReason(value)).toBeUndefined();
    }
  });

  test.each([
    ['another OAuth error', refused('invalid_request')],
    ['a longer number', refused('invalid_request', { aadstsCode: '10009010' })],
    [
      'a server error that names a listed code',
      refused('service_not_available', { aadstsCode: '1000901', httpStatus: 500 }),
    ],
    ['invalid_client of another leg', new MsiV2Error('invalid_client', { stage: 'issuecredential', httpStatus: 400 })],
    ['a throttled request', refused('request_throttled', { httpStatus: 429 })],
    ['a 200 that could not be used', refused('token_binding_mismatch', { httpStatus: 200 })],
    ['no stage', new MsiV2Error('invalid_client', { httpStatus: 400 })],
  ])('not healed: %s', (_what, error) => {
    expect(staleReason(error)).toBeUndefined();
  });
});

describe('one retry', () => {
  const binding = (x5tS256: string) => ({ certificate: { x5tS256 } }) as Binding;
  const OLD = binding('old');
  const NEW = binding('new');

  /** Bindings are OLD, then NEW; each use fails with the next failure, and works when there is none left. */
  async function recover(failures: Error[], replacement: () => Promise<Binding> = () => Promise.resolve(NEW)) {
    const lines: string[] = [];
    const rejections: Array<RejectedBinding | undefined> = [];
    const used: Array<[Binding, boolean]> = [];
    const log = createLogger({ logLevel: 4, loggerCallback: (_level, message) => lines.push(message) });
    const outcome = await recoverOnce(
      {
        acquire: (rejected) => {
          rejections.push(rejected);
          return rejected === undefined ? Promise.resolve(OLD) : replacement();
        },
        use: (given, isRetry) => {
          used.push([given, isRetry]);
          const failure = failures.shift();
          return failure === undefined ? Promise.resolve('token') : Promise.reject(failure);
        },
      },
      { correlationId: 'c-1', log },
    ).catch((error: unknown) => error);
    return { outcome, lines, rejections, used };
  }

  test('a refused binding is replaced, used once more, logged once and published once', async () => {
    const events: unknown[] = [];
    const listen = (event: unknown) => events.push(event);
    subscribe('msal-mi-core:recovery', listen);
    const { outcome, lines, rejections, used } = await recover([refused('x', { aadstsCode: '1000610' })]);
    unsubscribe('msal-mi-core:recovery', listen);

    expect(outcome).toBe('token');
    expect(used).toEqual([
      [OLD, false],
      [NEW, true],
    ]);
    expect(rejections[1]).toEqual({
      binding: OLD,
      reason: { kind: 'aadsts', aadstsCode: '1000610', evidenceIsStale: true },
    });
    expect(lines).toEqual([expect.stringContaining('certificate old was refused (aadsts AADSTS1000610)')]);
    expect(events).toEqual([
      { version: 1, reason: 'aadsts', aadstsCode: '1000610', correlationId: 'c-1', staleThumbprint: 'old' },
    ]);
  });

  test('a second failure of the same kind is thrown as it is', async () => {
    const second = refused('invalid_client');
    const { outcome, used } = await recover([refused('invalid_client'), second, refused('invalid_client')]);

    expect(outcome).toBe(second);
    expect(used).toHaveLength(2);
  });

  test('a failure to replace is thrown instead of the first one', async () => {
    const failure = new MsiV2Error('managed_identity_request_failed', { stage: 'issuecredential', httpStatus: 400 });
    const { outcome, used } = await recover([refused('invalid_client')], () => Promise.reject(failure));

    expect(outcome).toBe(failure);
    expect(used).toHaveLength(1);
  });

  test('any other failure is thrown at once', async () => {
    const failure = refused('unauthorized_client');
    const { outcome, rejections, lines } = await recover([failure]);

    expect(outcome).toBe(failure);
    expect(rejections).toHaveLength(1);
    expect(lines).toEqual([]);
  });
});

/** Sessions of WinHTTP, and one exchange over one. */
import { createSoftwareKeyStore } from 'core/platform/software/key-store.js';
import { windowsError } from 'support/scripted-windows.js';
import { CERTIFICATE, KEY, start, settled, text } from 'support/scripted-transport.js';

describe('sessions', () => {
  it('O04: one per binding and way out; kept for later requests, never shared between bindings', async () => {
    const { windows, proxy, transport, send } = start();
    await send();
    await send();
    expect(windows.sessions).toHaveLength(1);
    expect(windows.sessions[0]?.options).toMatchObject({ proxy: 'system', allowTls13: false });
    proxy.httpsProxy = 'http://proxy.example:8080';
    await send();
    expect(windows.sessions.map(({ options }) => options.proxy)).toEqual(['system', 'proxy.example:8080']);
    const other = transport.bind(KEY, Buffer.from('another der'));
    void other.send({ method: 'GET', url: new URL('https://a.example'), headers: [], idempotent: true });
    await settled();
    expect(windows.sessions).toHaveLength(3);
  });

  it('close when the binding is retired; what is in flight ends, later requests still work', async () => {
    const { windows, channel, send } = start();
    const { answer, request } = await send();
    channel.retire();
    await settled();
    expect(windows.sessions[0]?.isClosed).toBe(true);
    request.head(200);
    request.emit('end', undefined);
    expect(await text((await answer).body)).toBe('');
    const later = await send();
    expect(windows.sessions).toHaveLength(2);
    later.request.head(200);
    expect((await later.answer).status).toBe(200);
    expect(windows.sessions[1]?.isClosed).toBe(true);
  });

  it('a request that waits for its session is not cut off by a retirement', async () => {
    const { windows, channel } = start();
    const url = new URL('https://a.example');
    const answer = channel.send({ method: 'GET', url, headers: [], idempotent: true });
    channel.retire();
    await settled();
    windows.sessions[0]?.requests[0]?.head(204);
    expect((await answer).status).toBe(204);
  });

  it('are replaced after an hour, so that revocation is noticed', async () => {
    const { windows, clock, send } = start();
    await send();
    clock.nowMs = 60 * 60_000 - 1;
    await send();
    expect(windows.sessions).toHaveLength(1);
    clock.nowMs += 1;
    await send();
    expect(windows.sessions).toHaveLength(2);
    expect(windows.sessions[0]?.isClosed).toBe(true);
  });

  it('O10: that cannot be opened are not remembered, and count as our certificate refused', async () => {
    const { windows, send } = start();
    windows.failures.set('openSession', windowsError('NCryptOpenKey', 0x80090016));
    const { answer } = await send();
    await expect(answer).rejects.toMatchObject({
      name: 'TransportError',
      failure: 'client_certificate_rejected',
      win32: { api: 'NCryptOpenKey', code: 0x80090016 },
    });
    windows.failures.clear();
    const { request } = await send();
    expect(request.isAborted).toBe(false);
  });

  it('keys without a name go to the software transport', async () => {
    const { transport } = start();
    const key = await createSoftwareKeyStore().open({ verify: false });
    expect(() => transport.bind(key, CERTIFICATE)).toThrow('taken over by the software transport');
  });

  it('O05: the key does not come out', () => {
    const { channel } = start();
    expect(channel.exportable).toBe(false);
    expect(() => channel.tlsOptions()).toThrow(expect.objectContaining({ errorCode: 'key_not_exportable' }) as Error);
  });
});

describe('one exchange', () => {
  it('says what to request', async () => {
    const { send } = start();
    const { request } = await send({ method: 'PUT', url: new URL('https://[::1]:8443/x?y=z#part'), timeoutMs: 5000 });
    expect(request.options).toMatchObject({
      method: 'PUT',
      host: '[::1]',
      port: 8443,
      path: '/x?y=z',
      headers: '',
      responseTimeoutMs: 5000,
    });
    request.head(200);
  });

  it.each([true, false])('rule D26: keeps the process only where somebody waits: %s', async (keepsProcess) => {
    const { send } = start();
    const { request } = await send({ keepsProcess });
    expect(request.options.keepsProcess).toBe(keepsProcess);
    request.head(200);
  });

  it('gives head and body as they come', async () => {
    const { send } = start();
    const { answer, request } = await send();
    request.head(201, ['X-One: 1', 'Set-Cookie: a', 'Set-Cookie: b']);
    const { status, statusText, headers, body } = await answer;
    expect({ status, statusText, headers }).toEqual({
      status: 201,
      statusText: 'Reason',
      headers: [
        ['X-One', '1'],
        ['Set-Cookie', 'a'],
        ['Set-Cookie', 'b'],
      ],
    });
    const chunks = body[Symbol.asyncIterator]();
    request.data('one');
    expect(Buffer.from((await chunks.next()).value as Uint8Array).toString()).toBe('one');
    const next = chunks.next();
    request.data('two');
    request.emit('end', undefined);
    expect(Buffer.from((await next).value as Uint8Array).toString()).toBe('two');
    expect((await chunks.next()).done).toBe(true);
  });

  it('asks for no more than a window until the reader takes something', async () => {
    const { send } = start();
    const { answer, request } = await send();
    request.head(200);
    const { body } = await answer;
    expect(request.options.readAheadBytes).toBe(256 * 1024);
    for (let i = 0; i < 4; i += 1) request.data('x'.repeat(64 * 1024));
    expect(request.grants).toEqual([]);
    await body[Symbol.asyncIterator]().next();
    expect(request.grants).toEqual([64 * 1024]);
  });

  it('an early end of reading closes the connection', async () => {
    const { send } = start();
    const { answer, request } = await send();
    request.head(200);
    await (await answer).body[Symbol.asyncIterator]().return?.();
    expect(request.isAborted).toBe(true);
  });

  it('a failure in the body reaches the reader with its codes', async () => {
    const { send } = start();
    const { answer, request } = await send();
    request.head(200);
    const reading = text((await answer).body);
    request.fail('WinHttpReadData', 38);
    await expect(reading).rejects.toMatchObject({ failure: 'connection_lost', code: 'ECONNRESET' });
  });

  it.each(['before the head', 'in the body'])('an abort %s rejects with the reason and closes', async (when) => {
    const { send } = start();
    const controller = new AbortController();
    const reason = new Error('enough');
    const { answer, request } = await send({ signal: controller.signal });
    let result: Promise<unknown> = answer;
    if (when === 'in the body') {
      request.head(200);
      request.data('something');
      result = answer.then(({ body }) => text(body));
      await settled();
    }
    controller.abort(reason);
    await expect(result).rejects.toBe(reason);
    expect(request.isAborted).toBe(true);
    request.fail('WinHttpSendRequest', 12017);
  });

  it('an abort before anything starts opens no session', async () => {
    const { windows, send } = start();
    const reason = new Error('enough');
    const { answer } = await send({ signal: AbortSignal.abort(reason) });
    await expect(answer).rejects.toBe(reason);
    expect(windows.sessions).toEqual([]);
  });

  it('the time limit covers the head only', async () => {
    const { send } = start();
    const late = await send({ timeoutMs: 1 });
    await expect(late.answer).rejects.toMatchObject({ failure: 'timeout', code: 'ETIMEDOUT' });
    expect(late.request.isAborted).toBe(true);
    const inTime = await send({ timeoutMs: 60_000 });
    inTime.request.head(200);
    await inTime.answer;
    inTime.request.emit('end', undefined);
  });

  it('a header that could be taken for another is refused before anything is sent', async () => {
    const { windows, send } = start();
    const { answer } = await send({ headers: [['x', 'a\r\nb: c']] });
    await expect(answer).rejects.toThrow(TypeError);
    expect(windows.sessions[0]?.requests).toEqual([]);
  });

  it('only https is requested', async () => {
    const { windows, send } = start();
    await expect((await send({ url: new URL('http://login.example') })).answer).rejects.toThrow(TypeError);
    expect(windows.sessions).toEqual([]);
  });
});

/** How the body of a request is sent over WinHTTP. */
import { type ScriptedRequest } from 'support/scripted-windows.js';
import { start, settled } from 'support/scripted-transport.js';

describe('request bodies', () => {
  async function* pieces(...values: string[]) {
    for (const value of values) {
      await Promise.resolve();
      yield Buffer.from(value);
    }
  }
  const written = (request: ScriptedRequest) => Buffer.concat(request.written).toString();
  const pump = async (request: ScriptedRequest) => {
    for (let count = -1; count < request.written.length && !request.isEnded;) {
      count = request.written.length;
      request.emit('writable', undefined);
      await settled();
    }
  };

  it('small ones go out with the headers', async () => {
    const { send } = start();
    const { request } = await send({ method: 'POST', body: Buffer.from('body') });
    expect(request.options.body).toEqual(Buffer.from('body'));
  });

  it('large ones go out in pieces of known length', async () => {
    const { send } = start();
    const body = Buffer.alloc(1024 * 1024 + 10, 'x');
    const { request } = await send({ method: 'POST', body });
    expect(request.options.body).toBe(body.byteLength);
    await pump(request);
    expect(written(request)).toBe(body.toString());
    expect(Math.max(...request.written.map(({ byteLength }) => byteLength))).toBe(256 * 1024);
    expect(request.isEnded).toBe(false);
  });

  it('streams are chunked, one piece whenever the other side is ready', async () => {
    const { send } = start();
    const { request } = await send({ method: 'POST', body: pieces('one', '', 'two') });
    expect(request.options.body).toBe('chunked');
    expect(request.written).toEqual([]);
    request.emit('writable', undefined);
    await settled();
    expect(written(request)).toBe('one');
    await pump(request);
    expect(written(request)).toBe('onetwo');
    expect(request.isEnded).toBe(true);
  });

  it('streams with a content-length are not', async () => {
    const { send } = start();
    const { request } = await send({ method: 'POST', headers: [['content-length', '6']], body: pieces('one', 'two') });
    expect(request.options).toMatchObject({ body: 6, headers: '' });
    await pump(request);
    expect(written(request)).toBe('onetwo');
  });

  it.each([
    ['shorter', '7'],
    ['longer', '5'],
  ])('a stream %s than its content-length fails and is cut off', async (_what, length) => {
    const { send } = start();
    const { answer, request } = await send({
      method: 'POST',
      headers: [['content-length', length]],
      body: pieces('one', 'two'),
    });
    await pump(request);
    await expect(answer).rejects.toMatchObject({ code: 'ERR_CONTENT_LENGTH_MISMATCH' });
    expect(request.isAborted).toBe(true);
    expect(written(request).length).toBeLessThanOrEqual(Number(length));
  });

  it('what a stream throws is what the caller gets', async () => {
    const { send } = start();
    const failure = new Error('the source failed');
    const body = {
      [Symbol.asyncIterator]: () => ({ next: () => Promise.reject<IteratorResult<Uint8Array>>(failure) }),
    };
    const { answer, request } = await send({ method: 'POST', body });
    request.emit('writable', undefined);
    await expect(answer).rejects.toBe(failure);
    expect(request.isAborted).toBe(true);
  });

  it('an answer before the end of the body stops the source', async () => {
    const { send } = start();
    let isReturned = false;
    const body = {
      [Symbol.asyncIterator]: () => ({
        next: () => Promise.resolve({ done: false, value: Buffer.from('x') } as const),
        return: () => {
          isReturned = true;
          return Promise.resolve({ done: true, value: undefined } as const);
        },
      }),
    };
    const { answer, request } = await send({ method: 'POST', body });
    request.emit('writable', undefined);
    await settled();
    request.head(413);
    expect((await answer).status).toBe(413);
    expect(isReturned).toBe(true);
  });
});

import { declaredLength, formatHeaders, parseRawHeaders } from 'core/platform/win32/raw-headers.js';

describe('header blocks for WinHTTP', () => {
  it('writes one line per header and leaves framing to WinHTTP', () => {
    const block = formatHeaders([
      ['accept', '*/*'],
      ['Content-Length', '3'],
      ['Transfer-Encoding', 'chunked'],
      ['Connection', 'close'],
      ['HOST', 'other'],
      ['x-latin1', 'f\u00fcr'],
    ]);
    expect(block).toBe('accept: */*\r\nConnection: close\r\nx-latin1: f\u00fcr\r\n');
  });

  it.each([
    ['a line break in a value', 'x', 'a\r\nevil: yes'],
    ['a bare line feed', 'x', 'a\nb'],
    ['a NUL', 'x', 'a\0b'],
    ['characters without a byte', 'x', '\u20ac'],
    ['a colon in a name', 'x:y', 'a'],
    ['a space in a name', 'x y', 'a'],
    ['an empty name', '', 'a'],
  ])('refuses %s and does not repeat the value', (_what, name, value) => {
    const error = expectThrown(() => formatHeaders([[name, value]]));
    expect(error).toBeInstanceOf(TypeError);
    expect(error.message).not.toContain('evil');
  });

  it('reads a declared length', () => {
    expect(declaredLength([['Content-Length', '12']])).toBe(12);
    expect(declaredLength([])).toBeUndefined();
    expect(() => declaredLength([['content-length', '1e3']])).toThrow(TypeError);
  });

  it('parses the status line and keeps repeated headers apart', () => {
    const raw = 'HTTP/1.1 207 Several Answers\r\nSet-Cookie: a=1\r\nset-cookie: b=2\r\nx-empty:\r\n\r\n';
    expect(parseRawHeaders(raw)).toEqual({
      statusText: 'Several Answers',
      headers: [
        ['Set-Cookie', 'a=1'],
        ['set-cookie', 'b=2'],
        ['x-empty', ''],
      ],
    });
    expect(parseRawHeaders('HTTP/1.1 200\r\n\r\n').statusText).toBe('');
  });

  it('refuses what is not HTTP', () => {
    expect(() => parseRawHeaders('SSH-2.0-OpenSSH\r\n')).toThrow(
      expect.objectContaining({ name: 'TransportError', failure: 'invalid_response' }) as Error,
    );
  });
});

function expectThrown(work: () => unknown): Error {
  try {
    work();
  } catch (error) {
    return error as Error;
  }
  throw new Error('nothing was thrown');
}

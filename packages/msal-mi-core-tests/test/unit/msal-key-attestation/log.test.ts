import { logForwarder, reasonIn } from 'attestation/log.js';
import { jwtWith } from 'support/jwt.js';

function delivered(
  line: { level?: number; message?: string },
  logger: { logLevel?: number; piiLoggingEnabled?: boolean },
) {
  const calls: Array<[level: number, message: string, containsPii: boolean]> = [];
  const forward = logForwarder({ ...logger, loggerCallback: (...call) => void calls.push(call) });
  forward({ level: 2, tag: 'tag', functionName: 'Fn', line: 7, message: 'text', ...line });
  return calls;
}
const everything = { logLevel: 4, piiLoggingEnabled: true };

describe('a log line of the native library', () => {
  it('says where it came from', () => {
    expect(delivered({}, everything)).toEqual([[2, '[msal-key-attestation] tag Fn:7 text', false]]);
  });

  it.each([
    [0, 0, false],
    [1, 1, false],
    [2, 2, false],
    [3, 3, true],
    [9, 3, true],
    [-1, 3, true],
  ])('of native level %i has level %i and personal data: %p', (level, expected, containsPii) => {
    expect(delivered({ level }, everything)).toMatchObject([[expected, expect.anything(), containsPii]]);
  });

  it('is left out above the level asked for, and debug lines unless personal data is welcome', () => {
    expect(delivered({ level: 2 }, { logLevel: 1 })).toEqual([]);
    expect(delivered({ level: 3 }, { logLevel: 4 })).toEqual([]);
    expect(delivered({ level: 2 }, {})).toHaveLength(1);
    expect(delivered({ level: 3 }, {})).toEqual([]);
  });

  it('never holds a token, at any level', () => {
    const jwt = jwtWith({ exp: 1, secret: 'x' });
    const [[, message] = [0, '']] = delivered(
      { level: 3, message: `got {"token":"${jwt}"} twice: ${jwt}` },
      everything,
    );
    expect(message).toContain('got {"token":"<token>"} twice: <token>');
    for (const part of jwt.split('.')) expect(message).not.toContain(part);
  });

  it('stays one line of bounded length', () => {
    const [[, message] = [0, '']] = delivered({ message: `a\r\nb\u0000c${'x'.repeat(10_000)}` }, everything);
    expect(message).toContain('a b c');
    expect(message.length).toBeLessThanOrEqual(2048);
  });

  it('F19: goes nowhere without a logger, and a logger that throws harms nobody', () => {
    const line = { level: 0, tag: '', functionName: '', line: 0, message: '' };
    expect(() => logForwarder(undefined)(line)).not.toThrow();
    expect(() =>
      logForwarder({
        loggerCallback: () => {
          throw new Error('disk full');
        },
      })(line),
    ).not.toThrow();
  });

  it('holds no beginning of a token that was cut off either', () => {
    const half = jwtWith({ exp: 1, secret: 'x'.repeat(100) }).slice(0, 30);
    expect(delivered({ message: `got ${half}` }, everything)[0]?.[1]).toContain('got <token>');
  });

  it('is looked at no further than can be delivered', () => {
    const secretBeyond = `${'x'.repeat(5000)} {"code":"PolicyEvaluationError"}`;
    expect(reasonIn({ level: 0, tag: '', functionName: '', line: 0, message: secretBeyond })).toBeUndefined();
  });
});

describe('the reason of a refusal', () => {
  const line = (message: string, level = 0) => ({ level, tag: 't', functionName: 'f', line: 1, message });

  it.each([
    ['{"error":{"code":"PolicyEvaluationError","message":"eyJ"}}', 'PolicyEvaluationError'],
    ['status 400, body { "code" : "InvalidParameter" }', 'InvalidParameter'],
    ['Attestation failed: PolicyEvaluationError', 'PolicyEvaluationError'],
  ])('is found in %j', (message, reason) => {
    expect(reasonIn(line(message))).toBe(reason);
  });

  it('is one word of letters, from an error, or nothing', () => {
    expect(reasonIn(line('{"code":"eyJhbGciOi.J9"}'))).toBeUndefined();
    expect(reasonIn(line('AttestKeyGuardImportKey began', 0))).toBeUndefined();
    expect(reasonIn(line('PolicyEvaluationError would be told', 2))).toBeUndefined();
  });
});

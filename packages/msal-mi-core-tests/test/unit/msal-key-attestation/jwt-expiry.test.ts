import fc from 'fast-check';
import { jwtLifetime } from 'attestation/jwt-expiry.js';
import { jwtWith } from 'support/jwt.js';

describe('the lifetime of an attestation token', () => {
  it('is read from exp and iat, in seconds', () => {
    expect(jwtLifetime(jwtWith({ iat: 1000, exp: 2000 }))).toEqual({ issuedAtMs: 1_000_000, expiresAtMs: 2_000_000 });
  });

  it('is read from numeric strings and fractions too', () => {
    expect(jwtLifetime(jwtWith({ iat: '1000', exp: 2000.5 }))).toEqual({
      issuedAtMs: 1_000_000,
      expiresAtMs: 2_000_500,
    });
  });

  it('lacks the time of issue when iat is absent or unreadable', () => {
    expect(jwtLifetime(jwtWith({ exp: 2000 }))).toEqual({ issuedAtMs: undefined, expiresAtMs: 2_000_000 });
    expect(jwtLifetime(jwtWith({ iat: true, exp: 2000 }))).toEqual({ issuedAtMs: undefined, expiresAtMs: 2_000_000 });
  });

  it.each([
    ['no exp', jwtWith({ iat: 1000 })],
    ['a boolean exp', jwtWith({ exp: true })],
    ['a negative exp', jwtWith({ exp: -5 })],
    ['an exp that no date can hold', jwtWith({ exp: 1e300 })],
    ['an exp in words', jwtWith({ exp: '12 o clock' })],
    ['a blank exp', jwtWith({ exp: ' ' })],
    ['claims that are null', jwtWith(null)],
    ['claims that are not JSON', 'e30.bm90IGpzb24.x'],
    ['a single dot', '.'],
    ['no dot', 'opaque'],
  ])('is unknown with %s', (_what, jwt) => {
    expect(jwtLifetime(jwt)).toBeUndefined();
  });

  it('never throws and never yields a time that is not a number, whatever the token is', () => {
    const anyToken = fc.oneof(fc.string(), fc.anything().map(jwtWithAnything));
    fc.assert(
      fc.property(anyToken, (token) => {
        const lifetime = jwtLifetime(token);
        if (lifetime !== undefined) expect(new Date(lifetime.expiresAtMs).getTime()).toBeGreaterThan(0);
      }),
    );
  });
});

function jwtWithAnything(claims: unknown): string {
  try {
    return jwtWith(claims);
  } catch {
    return jwtWith(typeof claims);
  }
}

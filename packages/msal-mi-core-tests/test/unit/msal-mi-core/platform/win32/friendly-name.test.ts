import fc from 'fast-check';
import { decodeFriendlyName, encodeFriendlyName } from 'core/platform/win32/friendly-name.js';

describe('friendly names of persisted certificates', () => {
  it('I46: round trip under a prefix of our own', () => {
    const name = encodeFriendlyName({ alias: ' a ', endpoint: 'e' });
    expect(name).toBe('MSAL-MI|alias=a|ep=e');
    expect(decodeFriendlyName(name ?? '')).toEqual({ alias: 'a', endpoint: 'e' });
  });

  it.each([
    ['empty', ''],
    ['of .NET', 'MSAL|alias=a|ep=e'],
    ['in another case', 'msal-mi|alias=a|ep=e'],
  ])('I47: a name that is %s is not ours', (_what, name) => {
    expect(decodeFriendlyName(name)).toBeUndefined();
  });

  it('I49: a doubled prefix is tolerated', () => {
    expect(decodeFriendlyName('MSAL-MI|MSAL-MI|alias=a|ep=e')).toEqual({ alias: 'a', endpoint: 'e' });
  });

  it.each(['MSAL-MI|alias=a', 'MSAL-MI|ep=e', 'MSAL-MI|alias=|ep=e', 'MSAL-MI|Alias=a|ep=e'])(
    'I50: both parts are required (%s)',
    (name) => expect(decodeFriendlyName(name)).toBeUndefined(),
  );

  it('ignores unknown parts, splits at the first equals sign, and takes the last of two', () => {
    expect(decodeFriendlyName('MSAL-MI|alias=a|x=1|ep=e?q=1|alias=b')).toEqual({ alias: 'b', endpoint: 'e?q=1' });
  });

  it.each(['', '  ', 'a|b', 'a\rb', 'a\nb', 'a\0b'])('I32: an alias like %j is not persisted', (alias) => {
    expect(encodeFriendlyName({ alias, endpoint: 'e' })).toBeUndefined();
    expect(encodeFriendlyName({ alias: 'a', endpoint: alias })).toBeUndefined();
  });

  it('I31: long aliases and any script survive', () => {
    const part = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 2048 });
    fc.assert(
      fc.property(part, part, (alias, endpoint) => {
        const name = encodeFriendlyName({ alias, endpoint });
        if (name === undefined) return;
        expect(decodeFriendlyName(name)).toEqual({ alias: alias.trim(), endpoint: endpoint.trim() });
      }),
    );
  });
});

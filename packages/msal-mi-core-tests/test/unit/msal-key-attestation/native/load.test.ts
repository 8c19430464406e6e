import { isAbsolute } from 'node:path';
import { AttestationError } from 'attestation/errors.js';
import type { LoaderHost } from 'attestation/native/addon-loader.js';
import { loadFrom } from 'attestation/native/load.js';

const ADDON = { openLibrary: () => undefined, attest: () => undefined };

function host(more: Partial<LoaderHost> = {}) {
  const loaded: string[] = [];
  const load = (file: string) => {
    loaded.push(file);
    return ADDON;
  };
  return { loaded, platform: 'win32', arch: 'x64', exists: () => true, load, forbids: () => undefined, ...more };
}

function failureOf(more: Partial<LoaderHost>): AttestationError {
  try {
    loadFrom(host(more));
  } catch (error) {
    expect(error).toBeInstanceOf(AttestationError);
    return error as AttestationError;
  }
  throw new Error('it was loaded');
}

describe('the addon of msal-key-attestation', () => {
  it.each(['x64', 'arm64'])('is loaded by its absolute path inside of the package (%s)', (arch) => {
    const onWindows = host({ arch });
    expect(loadFrom(onWindows)).toBe(ADDON);
    expect(onWindows.loaded).toHaveLength(1);
    expect(isAbsolute(onWindows.loaded[0] ?? '')).toBe(true);
    expect(onWindows.loaded[0]).toMatch(
      new RegExp(`msal-key-attestation[\\\\/]prebuilds[\\\\/]win32-${arch}[\\\\/]msal-key-attestation\\.node$`),
    );
  });

  it.each(['linux', 'darwin'])('is not looked for on %s', (platform) => {
    const exists = () => {
      throw new Error('looked for');
    };
    expect(failureOf({ platform, exists }).errorCode).toBe('platform_not_supported');
  });

  it('is missing from an incomplete installation', () => {
    const failure = failureOf({ exists: () => false });
    expect(failure.errorCode).toBe('native_module_missing');
    expect(failure.remediation).toContain('prebuilds');
  });

  it('does not exist for other processors', () => {
    expect(failureOf({ arch: 'ia32' }).errorCode).toBe('native_module_wrong_architecture');
  });

  it.each([
    ['native_module_wrong_architecture', '\\\\?\\C:\\x.node is not a valid Win32 application.'],
    ['native_module_load_failed', 'The specified procedure could not be found.'],
  ])('that Windows refuses is %s: %s', (errorCode, message) => {
    const cause = new Error(message);
    const load = () => {
      throw cause;
    };
    expect(failureOf({ load })).toMatchObject({ errorCode, cause });
  });
});

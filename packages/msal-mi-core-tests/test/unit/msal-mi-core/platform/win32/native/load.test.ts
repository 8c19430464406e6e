import type { LoaderHost } from 'core/platform/win32/native/addon-loader.js';
import { loadFrom } from 'core/platform/win32/native/load.js';

const host = (overrides: Partial<LoaderHost>): LoaderHost => ({
  platform: 'win32',
  arch: 'x64',
  exists: () => true,
  load: () => ({}),
  forbids: () => undefined,
  ...overrides,
});
const fails = (message: string) => (): unknown => {
  throw new Error(message);
};

describe('loading the addon', () => {
  it.each<[string, Partial<LoaderHost>, string]>([
    ['off Windows', { platform: 'linux', load: fails('must not be tried') }, 'platform_not_supported'],
    ['on a processor without a build', { arch: 'ia32', exists: () => false }, 'native_module_wrong_architecture'],
    ['when the file is not there', { exists: () => false }, 'native_module_missing'],
    [
      'when the file is for another processor',
      { load: fails('\\\\?\\C:\\a.node is not a valid Win32 application.') },
      'native_module_wrong_architecture',
    ],
    [
      'in a program without a path of its own',
      { folder: '.', load: fails('must not be tried') },
      'native_module_missing',
    ],
    ['at the root of a drive', { folder: '/', load: fails('must not be tried') }, 'native_module_missing'],
    [
      'when Node.js may load no addons',
      { forbids: () => 'the permission model is on, without --allow-addons', load: fails('must not be tried') },
      'native_module_load_failed',
    ],
    ['when Windows refuses', { load: fails('A dynamic link library (DLL) failed.') }, 'native_module_load_failed'],
  ])('fails with a code of its own %s', (_when, overrides, errorCode) => {
    expect(() => loadFrom(host(overrides))).toThrow(
      expect.objectContaining({
        name: 'NativeModuleError',
        errorCode,
        remediation: expect.any(String) as string,
      }) as Error,
    );
  });

  it('takes the file from prebuilds of this package, by absolute path', () => {
    const asked: string[] = [];
    loadFrom(host({ arch: 'arm64', load: (file) => asked.push(file) }));
    expect(asked).toEqual([expect.stringMatching(/^\/.*msal-mi-core\/prebuilds\/win32-arm64\/msal-mi-core\.node$/)]);
  });
});

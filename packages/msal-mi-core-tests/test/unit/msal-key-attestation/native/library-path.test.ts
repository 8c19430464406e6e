import { AttestationError } from 'attestation/errors.js';
import { findLibrary, isOnLocalDrive, type LibrarySearch } from 'attestation/native/library-path.js';

const PACKAGE = 'C:\\app\\node_modules\\msal-key-attestation\\native\\AttestationClientLib.dll';
const EXECUTABLE = 'C:\\Program Files\\nodejs\\AttestationClientLib.dll';
const NAMED = 'D:\\vendor\\AttestationClientLib.dll';

const search = (more: Partial<LibrarySearch> = {}): LibrarySearch => ({
  explicitPath: undefined,
  variablePath: undefined,
  packageFolder: 'C:\\app\\node_modules\\msal-key-attestation',
  executableFolder: 'C:\\Program Files\\nodejs',
  ...more,
});
const only =
  (...files: string[]) =>
  (path: string) =>
    files.includes(path);

describe('the search for AttestationClientLib.dll', () => {
  it('takes the explicit path first, then the variable, the package folder and the folder of the executable', () => {
    const everywhere = only(NAMED, 'D:\\variable.dll', PACKAGE, EXECUTABLE);
    expect(findLibrary(search({ explicitPath: NAMED, variablePath: 'D:\\variable.dll' }), everywhere)).toBe(NAMED);
    expect(findLibrary(search({ variablePath: 'D:\\variable.dll' }), everywhere)).toBe('D:\\variable.dll');
    expect(findLibrary(search(), everywhere)).toBe(PACKAGE);
    expect(findLibrary(search(), only(EXECUTABLE))).toBe(EXECUTABLE);
  });

  it.each(['', '  '])('treats an empty variable as unset (%j)', (variablePath) => {
    expect(findLibrary(search({ variablePath }), only(PACKAGE))).toBe(PACKAGE);
  });

  it('lists every path tried when there is none, and says where to get the library', () => {
    expect(() => findLibrary(search(), only())).toThrow(AttestationError);
    expect(() => findLibrary(search(), only())).toThrow(
      expect.objectContaining({
        errorCode: 'attestation_library_not_found',
        errorMessage: `AttestationClientLib.dll was not found. Tried: ${PACKAGE}; ${EXECUTABLE}.`,
        remediation: expect.stringContaining('nuget install Microsoft.Azure.Security.KeyGuardAttestation') as string,
      }) as Error,
    );
  });

  it('never falls back from a path that was named to another library', () => {
    const elsewhere = only(PACKAGE, EXECUTABLE);
    for (const named of [{ explicitPath: NAMED }, { variablePath: NAMED }]) {
      expect(() => findLibrary(search(named), elsewhere)).toThrow(
        expect.objectContaining({ errorMessage: `AttestationClientLib.dll was not found. Tried: ${NAMED}.` }) as Error,
      );
    }
  });

  it.each([
    'AttestationClientLib.dll',
    '.\\AttestationClientLib.dll',
    'C:AttestationClientLib.dll',
    '\\lib.dll',
    '/lib',
    'C:/lib.dll',
    '\\\\server\\share\\lib.dll',
    '\\\\?\\C:\\lib.dll',
    '\\\\.\\pipe\\lib.dll',
  ])('refuses %j in the variable, looks at no file, and says what a path is like', (variablePath) => {
    const nothing = () => {
      throw new Error('A file was looked at.');
    };
    expect(() => findLibrary(search({ variablePath }), nothing)).toThrow(
      expect.objectContaining({
        errorCode: 'attestation_library_not_found',
        errorMessage: expect.stringContaining('not an absolute path on a drive of this machine') as string,
      }) as Error,
    );
  });

  it('never tries the working directory or PATH', () => {
    const tried: string[] = [];
    const watching = (path: string) => {
      tried.push(path);
      return false;
    };
    expect(() => findLibrary(search(), watching)).toThrow();
    expect(tried).toEqual([PACKAGE, EXECUTABLE]);
  });

  it('does not take a folder of that name for the library', () => {
    expect(() => findLibrary(search({ explicitPath: '/' }))).toThrow(
      expect.objectContaining({ errorCode: 'attestation_library_not_found' }) as Error,
    );
  });
});

describe('a path on a drive of this machine', () => {
  it.each(['C:\\x.dll', 'c:\\Program Files\\Attestation\\AttestationClientLib.dll', 'Z:\\\u00e4\\x'])(
    'is %j',
    (path) => {
      expect(isOnLocalDrive(path)).toBe(true);
    },
  );
  it.each([
    ...['x.dll', 'C:x.dll', '\\x.dll', '/x.dll', '', 'C:\\', 'C:\\x.dll\\', 'C:\\x\0.dll', 'C:\\a\\\\x.dll'],
    ...[
      'c:/x.dll',
      'C:\\a/x.dll',
      '//server/share/x.dll',
      '\\\\server\\share\\x.dll',
      '\\\\?\\UNC\\server\\share\\x.dll',
    ],
    ...[
      '\\\\?\\C:\\x.dll',
      '\\\\.\\C:\\x.dll',
      '\\??\\C:\\x.dll',
      '\\\\?\\GLOBALROOT\\Device\\x.dll',
      'C:\\x.dll:stream',
    ],
    ...['C:\\x.dll\n', ' C:\\x.dll', 'C:\\*.dll'],
  ])('is not %j', (path) => {
    expect(isOnLocalDrive(path)).toBe(false);
  });

  it.each(['c:/x.dll', '\\\\server\\share\\x.dll', '\\\\?\\C:\\x.dll'])(
    'is asked for before anybody looks at %j',
    (path) => {
      const looked: string[] = [];
      const watching = (file: string) => looked.push(file) > 0;
      expect(() => findLibrary(search({ variablePath: path }), watching)).toThrow(AttestationError);
      expect(() => findLibrary(search({ explicitPath: path }), watching)).toThrow(AttestationError);
      const share = '\\\\server\\app';
      expect(() => findLibrary(search({ packageFolder: share, executableFolder: share }), watching)).toThrow(
        AttestationError,
      );
      expect(looked).toEqual([]);
    },
  );
});

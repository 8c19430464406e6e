import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';

// pnpm's strict node_modules: names in this file are looked up from rootDir (the repository root), so give paths.
const { resolve } = createRequire(import.meta.url);

/**
 * Suites that start what is built, compile, or play every combination. With MSAL_MI_TESTS=quick they are left out, so that
 * `npm test` needs no build and stays short on a developer's machine; CI leaves nothing out.
 */
const LONG_SUITES = [
  '/test/contract/fetch.test',
  '/test/doctor/',
  '/test/emulator/cli.test',
  '/test/emulator/hostile-page.test',
  '/test/emulator/journal-page.test',
  '/test/flow/fault-matrix.test',
  '/test/flow/fleet.test',
  '/test/flow/path-length.test',
  '/test/flow/secrets-repeated.test',
  '/test/lifetime/key-set-in-the-middle.test',
  '/test/lifetime/process-exit.test',
  '/test/tls/connection-use.test',
  '/test/types/',
];
const isQuick = process.env.MSAL_MI_TESTS === 'quick';

/** @type {import('jest').Config} */
export default {
  testEnvironment: 'node',
  // One more than there are cores: most tests wait for sockets now and then.
  maxWorkers: availableParallelism() + 1,
  globalSetup: '<rootDir>/packages/msal-mi-core-tests/test/support/key-pool/make-keys.mjs',
  setupFiles: ['<rootDir>/packages/msal-mi-core-tests/test/support/key-pool/draw-keys.mjs'],
  extensionsToTreatAsEsm: ['.ts'],
  moduleNameMapper: {
    '^(\\.{1,2}/.*)\\.js$': '$1',
    '^core/(.*)\\.js$': '<rootDir>/packages/msal-mi-core/src/$1',
    '^attestation/(.*)\\.js$': '<rootDir>/packages/msal-key-attestation/src/$1',
    '^emulator/(.*)\\.js$': '<rootDir>/packages/msal-mi-emulator/src/$1',
    '^support/(.*)\\.js$': '<rootDir>/packages/msal-mi-core-tests/test/support/$1',
    // Unit tests take the workspace packages from source: coverage is of src. The built entry points have their own test.
    '^(msal-(?:mi-core|mi-emulator|key-attestation))$': '<rootDir>/packages/$1/src/index.ts',
    // An application has it beside msal-mi-core; here only this package does.
    '^@azure/msal-node$': resolve('@azure/msal-node'),
  },
  transform: {
    '^.+\\.ts$': [
      resolve('@swc/jest'),
      { jsc: { parser: { syntax: 'typescript' }, target: 'es2022' }, module: { type: 'es6' }, sourceMaps: 'inline' },
    ],
  },
  // Tests make RSA keys and talk to real TLS servers: slow on a machine with other work.
  testTimeout: 30_000,
  coverageProvider: 'v8',
  rootDir: '../..',
  testMatch: ['<rootDir>/packages/msal-mi-core-tests/test/**/*.test.ts'], // jest 30 takes *.test.mjs by default too
  modulePathIgnorePatterns: ['<rootDir>/.wine-rig/'],
  // These have commands of their own: test:package, test:soak and test:windows.
  testPathIgnorePatterns: [
    '/node_modules/',
    '/test/package/',
    '/test/windows/',
    '/test/soak/',
    ...(isQuick ? LONG_SUITES : []),
  ],
  collectCoverageFrom: ['packages/msal-*/src/**/*.ts'],
  coverageDirectory: 'packages/msal-mi-core-tests/coverage',
};

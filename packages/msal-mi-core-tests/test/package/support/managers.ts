import { createRequire } from 'node:module';
import type { Installation, Outcome } from './installation.js';

/** A package manager, and how an application installed with it runs a program. */
export interface Manager {
  readonly name: string;
  readonly files: Readonly<Record<string, string>>;
  readonly install: (application: Installation, ...options: string[]) => Outcome;
  readonly nodeArgs: readonly string[];
  /** What a user runs to add the attestation package. */
  readonly command: string;
}

const YARN = createRequire(import.meta.url).resolve('@yarnpkg/cli-dist/bin/yarn.js');

export const NPM: Manager = {
  name: 'npm',
  files: {},
  install: (application, ...options) =>
    application.run('npm', ['install', '--prefer-offline', '--no-audit', '--no-fund', ...options]),
  nodeArgs: [],
  command: 'npm install msal-key-attestation',
};

export const pnpmWith = (name: string, settings: string): Manager => ({
  name: `pnpm (${name})`,
  files: { 'pnpm-workspace.yaml': settings },
  install: (application, ...options) =>
    application.run('pnpm', [
      'install',
      '--prefer-offline',
      '--no-frozen-lockfile',
      '--reporter=append-only',
      ...options,
    ]),
  nodeArgs: [],
  command: 'pnpm add msal-key-attestation',
});

export const yarnWith = (settings = ''): Manager => ({
  name: 'Yarn PnP',
  files: {
    'yarn.lock': '',
    '.yarnrc.yml': `nodeLinker: pnp\nenableTelemetry: false\nenableImmutableInstalls: false\n${settings}`,
  },
  install: (application, ...options) => application.node(YARN, 'install', ...options),
  nodeArgs: ['--require', './.pnp.cjs', '--experimental-loader', './.pnp.loader.mjs'],
  command: 'yarn add msal-key-attestation',
});

import type { Emulator } from '../types.js';

/** What a developer needs to use a running emulator, in lines of 80 columns where addresses and ids let it. */
export function describeEmulator(emulator: Emulator, hasSystemAssigned = true): string {
  const { imdsUrl, tokenUrl, maaUrl, resources, systemAssigned, identities, tenantId, env } = emulator;
  const variables = Object.entries(env);
  return [
    'msal-mi emulator is running. Development only: it gives tokens to whoever asks',
    'on this machine.',
    '',
    `  IMDS and journal  ${imdsUrl}   <- open it in a browser`,
    `  Token endpoint    ${tokenUrl}/<tenant>/oauth2/v2.0/token`,
    `  Attestation       ${maaUrl}`,
    `  Resource          ${resources.handshake}  certificate in the TLS handshake`,
    `  Key Vault         ${resources.vault}  certificate by renegotiation`,
    `  Storage           ${env['EMULATOR_STORAGE_URL'] ?? ''}`,
    `  Resource Manager  ${resources.arm}  bearer tokens only`,
    '',
    `  Tenant            ${tenantId}`,
    `  System-assigned   ${hasSystemAssigned ? `client id ${systemAssigned.clientId}` : 'none'}`,
    ...identities.flatMap(({ clientId, resourceId }) => [
      `  User-assigned     client id ${clientId}`,
      `    ${resourceId}`,
    ]),
    '',
    'Environment, bash:',
    ...variables.map(([name, value]) => `  export ${name}='${value.replaceAll("'", String.raw`'\''`)}'`),
    '',
    'Environment, PowerShell:',
    ...variables.map(([name, value]) => `  $env:${name} = '${value.replaceAll("'", "''")}'`),
    '',
    'Code:',
    ...sampleCode(resources.handshake).map((line) => `  ${line}`),
    '',
    'Ctrl-C stops it and removes the CA file. Options: --help.',
    '',
  ].join('\n');
}

function sampleCode(resource: string): string[] {
  return [
    'import {',
    '  createMtlsFetch,',
    '  ManagedIdentityApplication,',
    '  MtlsBindingStrength,',
    "} from 'msal-mi-core';",
    '',
    'const application = new ManagedIdentityApplication();',
    'const boundFetch = createMtlsFetch(application, {',
    `  resource: '${resource}',`,
    '  // The emulator accepts keys that are not in KeyGuard.',
    '  minStrength: MtlsBindingStrength.Software,',
    '});',
    `const response = await boundFetch('${resource}/hello');`,
    'console.log(await response.json());',
  ];
}

/** The same for programs: one line of JSON. */
export function describeAsJson(emulator: Emulator): string {
  const { imdsUrl, tokenUrl, maaUrl, resources, systemAssigned, identities, tenantId, subscriptionId, env, ca } =
    emulator;
  const ids = { tenantId, subscriptionId, systemAssigned, identities };
  return `${JSON.stringify({ imdsUrl, tokenUrl, maaUrl, resources, ...ids, env, ca, pid: process.pid })}\n`;
}

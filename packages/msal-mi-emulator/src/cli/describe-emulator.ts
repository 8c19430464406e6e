import type { Emulator } from '../types.js';

/** What a developer needs to use a running emulator. */
export function describeEmulator(emulator: Emulator, hasSystemAssigned = true): string {
  const { imdsUrl, tokenUrl, maaUrl, resources, systemAssigned, identities, tenantId, env } = emulator;
  const variables = Object.entries(env);
  return [
    'msal-mi emulator is running. Development only: it gives tokens to whoever asks on this machine.',
    '',
    `  IMDS and journal    ${imdsUrl}   <- open in a browser to watch the requests`,
    `  Token endpoint      ${tokenUrl}/${tenantId}/oauth2/v2.0/token`,
    `  Attestation         ${maaUrl}`,
    `  Resource            ${resources.handshake}   certificate in the TLS handshake`,
    `  Resource            ${resources.vault}   certificate by renegotiation, as Key Vault`,
    '',
    `  Tenant              ${tenantId}`,
    `  System-assigned     ${hasSystemAssigned ? `client id ${systemAssigned.clientId}` : 'none'}`,
    ...identities.map(
      ({ clientId, resourceId }) => `  User-assigned       client id ${clientId}\n                      ${resourceId}`,
    ),
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
    'Ctrl-C stops it and removes the CA file.',
    '',
  ].join('\n');
}

function sampleCode(resource: string): string[] {
  return [
    "import { createMtlsFetch, ManagedIdentityApplication, MtlsBindingStrength } from 'msal-mi-core';",
    '',
    'const application = new ManagedIdentityApplication();',
    'const boundFetch = createMtlsFetch(application, {',
    `  resource: '${resource}',`,
    '  minStrength: MtlsBindingStrength.Software, // the emulator accepts keys that are not in KeyGuard',
    '});',
    `const response = await boundFetch('${resource}/hello');`,
    'console.log(await response.json());',
  ];
}

/** The same for programs: one line of JSON. */
export function describeAsJson(emulator: Emulator): string {
  const { imdsUrl, tokenUrl, maaUrl, resources, systemAssigned, identities, tenantId, env, ca } = emulator;
  const description = { imdsUrl, tokenUrl, maaUrl, resources, tenantId, systemAssigned, identities, env, ca };
  return `${JSON.stringify({ ...description, pid: process.pid })}\n`;
}

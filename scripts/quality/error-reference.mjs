/**
 * `docs/errors.md`, written from the table of error codes in `msal-mi-core`.
 * `node scripts/quality/error-reference.mjs` fails when the file is out of date, with `--update` it writes it. Own code: the
 * table is ours.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, relative, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { format, resolveConfig } from 'prettier';
import { root } from '../workspace.mjs';

const reference = resolve(root, 'docs/errors.md');
const built = resolve(root, 'packages/msal-mi-core/dist/error-codes.js');

const INTRODUCTION = `<!-- Generated from packages/msal-mi-core/src/error-codes.ts. To change it, change that file and run: pnpm errors:update -->

# Errors

Every failure is a \`MsalMiError\` (\`ManagedIdentityError\`, \`MsiV2Error\`, \`AttestationError\`, \`NativeModuleError\`), except that
an aborted \`signal\` rejects with its own reason. \`isMsalMiError(e)\` recognises them whichever copy of the library made them.

| member | meaning |
| --- | --- |
| \`errorCode\` | a code of this page, or an OAuth error that Entra ID sent, such as \`unauthorized_client\` |
| \`errorMessage\` | what happened, in one sentence |
| \`remediation\` | what to do about it |
| \`stage\` | the step that failed: \`key\`, \`metadata\`, \`csr\`, \`attestation\`, \`issuecredential\`, \`token\` or \`resource\` |
| \`retryable\` | whether the same call may succeed later without any change |
| \`correlationId\` | to be quoted to Azure support; empty when the call failed before one was chosen |
| \`httpStatus\` | the status that was answered |
| \`aadstsCode\` | the digits of Entra ID's own code |
| \`subError\` | Entra ID's \`suberror\` |
| \`win32\` | the Windows call that failed, and its code |
| \`claims\` | the claims challenge to be passed back as \`claims\`; not enumerable, so that it is not logged |

No message, property, \`cause\`, log line or diagnostics event holds a token, a key, an assertion, a certificate body or the
text of claims.

## Codes

"yes" under _retry_: the same call may succeed later. A dash: it depends on what happened, and \`retryable\` of the error tells.
`;

/** Codes whose `retryable` is decided for each failure: the service may be down, or may have refused. */
const DEPENDS = new Set(['managed_identity_request_failed', 'token_request_failed']);

function cell(text) {
  return text.replaceAll('|', '\\|').replace(/<([a-z ]+)>/g, '\\<$1>');
}

async function render() {
  const { ERROR_CODES } = await import(pathToFileURL(built).href);
  const rows = Object.entries(ERROR_CODES).map(([code, { when, remediation, retryable }]) => {
    const retry = retryable === true ? 'yes' : DEPENDS.has(code) ? '–' : 'no';
    return `| \`${code}\` | ${cell(when)} | ${cell(remediation)} | ${retry} |`;
  });
  const text = [INTRODUCTION, '| code | when | what to do | retry |', '| --- | --- | --- | --- |', ...rows].join('\n');
  return format(`${text}\n`, { ...(await resolveConfig(reference)), parser: 'markdown' });
}

const expected = await render();
if (process.argv.includes('--update')) {
  mkdirSync(dirname(reference), { recursive: true });
  writeFileSync(reference, expected);
} else if (readOrEmpty(reference) !== expected) {
  console.error(`${relative(root, reference)} does not match the table of error codes. Run: pnpm errors:update`);
  process.exitCode = 1;
}

function readOrEmpty(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

/**
 * `docs/errors.md`, written from the tables of error codes and of advice in `msal-mi-core`.
 * `node scripts/quality/error-reference.mjs` fails when the file is out of date, with `--update` it writes it. Own code: the
 * tables are ours.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, relative, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { format, resolveConfig } from 'prettier';
import { root } from '../workspace.mjs';

const reference = resolve(root, 'docs/errors.md');
const built = resolve(root, 'packages/msal-mi-core/dist');

const SOURCES = 'error-codes.ts and advice.ts of packages/msal-mi-core/src';
const INTRODUCTION = `<!-- Generated from ${SOURCES}. To change it, change those and run: pnpm errors:update -->

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

const ADVICE = `
## What to do about an answer

\`remediation\` is looked up by the AADSTS code first, then by the OAuth error, then by the stage; for IMDS by its status and
words. \`npx msal-mi-core doctor\` gives the same advice for the same answer.
`;

const importBuilt = (name) => import(pathToFileURL(resolve(built, name)).href);

function table(names, rows) {
  const line = (cells) => `| ${cells.join(' | ')} |`;
  return [line(names), line(names.map(() => '---')), ...rows.map(line), ''].join('\n');
}

const adviceRows = (advice, name) =>
  Object.entries(advice).map(([code, [meaning, remedy]]) => [name(code), cell(meaning), cell(remedy)]);

async function render() {
  const { ERROR_CODES } = await importBuilt('error-codes.js');
  const { AADSTS_ADVICE, OAUTH_ADVICE, IMDS_ADVICE, NETWORK_ADVICE, TOKEN_STAGE_REMEDY } =
    await importBuilt('advice.js');
  const rows = Object.entries(ERROR_CODES).map(([code, { when, remediation, retryable }]) => {
    const retry = retryable === true ? 'yes' : DEPENDS.has(code) ? '–' : 'no';
    return [`\`${code}\``, cell(when), cell(remediation), retry];
  });
  const imds = IMDS_ADVICE.map(({ example, meaning, remedy, systemRemedy }) => [
    cell(example),
    cell(meaning),
    cell(systemRemedy === undefined ? remedy : `${remedy} For the system-assigned identity: ${systemRemedy}`),
  ]);
  const columns = (what) => [what, 'meaning', 'what to do'];
  const text = [
    INTRODUCTION,
    table(['code', 'when', 'what to do', 'retry'], rows),
    ADVICE,
    table(
      columns('Entra ID'),
      adviceRows(AADSTS_ADVICE, (code) => `AADSTS${code}`),
    ),
    'For the codes of federated credentials, issuer, subject and audience of the assertion are shown beside what Entra ID ' +
      'says it expects.\n',
    table(
      columns('OAuth error'),
      adviceRows(OAUTH_ADVICE, (code) => `\`${code}\``),
    ),
    `Anything else at the token endpoint: ${TOKEN_STAGE_REMEDY}\n`,
    table(columns('IMDS says'), imds),
    table(
      ['no answer', 'what to do'],
      Object.entries(NETWORK_ADVICE).map(([failure, remedy]) => [`\`${failure}\``, cell(remedy)]),
    ),
  ].join('\n');
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

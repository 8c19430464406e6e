import { createHash } from 'node:crypto';
import type { Addresses } from '../addresses.js';
import { PAGE_SCRIPT } from './page-script.js';
import { PAGE_STYLE } from './page-style.js';

/** Only the style sheet and the script of this very page, and requests to this very server. */
export const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  `script-src '${hashOf(PAGE_SCRIPT)}'`,
  // Swatches set a colour through the style object, which style-src does not govern.
  `style-src '${hashOf(PAGE_STYLE)}'`,
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

function hashOf(source: string): string {
  return `sha256-${createHash('sha256').update(source).digest('base64')}`;
}

/**
 * The journal page: one self-contained document.
 * @param bearerOnlyAudiences resources for which no bound tokens are issued
 */
export function renderPage(addresses: Addresses, bearerOnlyAudiences: readonly string[]): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>msal-mi emulator: journal</title>
<style>${PAGE_STYLE}</style>
</head>
<body>
<header>
<h1>msal-mi emulator</h1>
<p>Managed identity with certificate-bound tokens, on loopback, for development.</p>
<span id="connection" role="status">connecting</span>
</header>
<main>
<ol class="legs" aria-label="Servers, in the order of the flow">
${legCard('imds', 'IMDS', { '': addresses.imds })}
${legCard('maa', 'Attestation', { '': addresses.maa })}
${legCard('token', 'Token endpoint', { '': addresses.token }, bearerOnlyNote(bearerOnlyAudiences))}
${legCard('resource', 'Resources', {
  handshake: addresses.handshake,
  vault: addresses.vault,
  'bearer only': addresses.arm,
})}
</ol>
<div class="bar" role="search">
<input id="find" type="search" placeholder="Find in path, status, reason, bodies" aria-label="Find in the journal">
<select id="leg" aria-label="Server">
<option value="">All servers</option>
<option value="imds">IMDS</option>
<option value="maa">Attestation</option>
<option value="token">Token endpoint</option>
<option value="resource">Resources</option>
</select>
<label><input id="refusals" type="checkbox"> Refused or cut only</label>
<button id="pause" type="button" aria-pressed="false">Pause</button>
<span id="summary" role="status" aria-live="polite"></span>
</div>
<div class="scroll">
<div id="empty" class="empty"><p>No request yet. Point an application at the emulator:</p>
<pre>AZURE_POD_IDENTITY_AUTHORITY_HOST=${escapeHtml(addresses.imds)}</pre>
<p>Requests appear here as they are answered.</p></div>
<table id="table" hidden>
<thead><tr>
<th scope="col">Time (UTC)</th>
<th scope="col">Server</th>
<th scope="col">Request</th>
<th scope="col">Answer</th>
<th scope="col">Client certificate</th>
<th scope="col">ms</th>
</tr></thead>
<tbody id="rows"></tbody>
</table>
</div>
</main>
<footer>Documentation: README.md and WIRE.md of the package msal-mi-emulator. Options: <code>msal-mi-emulator --help</code></footer>
<script>${PAGE_SCRIPT}</script>
</body>
</html>
`;
}

/** What the card of the token endpoint says of resources that take no bound tokens. */
function bearerOnlyNote(audiences: readonly string[]): string {
  const list = audiences.map((audience) => `<code>${escapeHtml(audience)}</code>`).join(', ');
  return list === '' ? '' : `<p class="note">Bearer only: ${list}</p>`;
}

function legCard(leg: string, title: string, urls: Record<string, string>, note = ''): string {
  const lines = Object.entries(urls)
    .map(([name, url]) => `<code class="url"><span>${escapeHtml(name)}</span> ${escapeHtml(url)}</code>`)
    .join('');
  const counts = `<b id="count-${leg}">0</b> requests <span class="refused" id="refused-${leg}"></span>`;
  return `<li class="${leg}"><h2>${title}</h2>${lines}${note}<p class="count">${counts}</p></li>`;
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** Script of the journal page. Plain browser JavaScript; everything that came over the wire is shown as text, never as markup. */
export const PAGE_SCRIPT = `
'use strict';
const MOST_ROWS = 500;
const LEG_NAMES = { imds: 'IMDS', maa: 'Attestation', token: 'Token endpoint', resource: 'Resource' };
const byId = (id) => document.getElementById(id);
const rows = byId('rows');
const entries = new Map();
const counts = {};
let isPaused = false;
let waiting = [];

function element(name, className, text) {
  const node = document.createElement(name);
  if (className) node.className = className;
  if (text !== undefined) node.textContent = text;
  return node;
}

function swatch(thumbprint) {
  const mark = element('span', 'swatch');
  mark.setAttribute('aria-hidden', 'true');
  let hue = 0;
  for (const unit of thumbprint) hue = (hue * 31 + unit.charCodeAt(0)) % 360;
  mark.style.background = 'hsl(' + hue + ' 65% 50%)';
  return mark;
}

function certificateCell(entry) {
  const cell = element('td', 'certificate');
  const thumbprint = entry.clientCertificateS256;
  if (!thumbprint) {
    cell.append(element('span', 'none', 'none'));
    return cell;
  }
  const text = element('span', 'mono', thumbprint.slice(0, 8));
  text.title = 'x5t#S256 ' + thumbprint;
  cell.append(swatch(thumbprint), text);
  return cell;
}

function statusCell(entry) {
  const cell = element('td');
  const kind = entry.status === 0 ? 'cut' : entry.status >= 400 ? 'bad' : '';
  cell.append(element('span', 'status ' + kind, entry.status === 0 ? 'cut' : String(entry.status)));
  return cell;
}

function requestCell(entry, detailId) {
  const cell = element('td');
  const button = element('button', 'open mono', entry.method ? entry.method + ' ' + entry.url : 'connection failed before a request');
  button.type = 'button';
  button.setAttribute('aria-expanded', 'false');
  button.setAttribute('aria-controls', detailId);
  cell.append(button);
  const why = [entry.fault ? 'scripted fault' : '', entry.failure || '', issuedToken(entry)]
    .filter((text, index, all) => text && all.indexOf(text) === index);
  if (why.length) cell.append(element('span', 'why', why.join(' \\u00b7 ')));
  return cell;
}

function issuedToken(entry) {
  if (entry.status !== 200 || !entry.responseBody) return '';
  try {
    const { token_type: type, access_token: token } = JSON.parse(entry.responseBody);
    if (!token) return '';
    return type === 'mtls_pop' ? 'issued mtls_pop, bound to the certificate' : 'issued ' + type + ', bound to nothing';
  } catch {
    return '';
  }
}

function pretty(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

function decodeTokens(entry) {
  const sources = [entry.headers.authorization, entry.body, entry.responseBody].filter(Boolean).join(' ');
  const tokens = new Set(sources.match(/eyJ[\\w-]+\\.eyJ[\\w-]+\\.[\\w-]+/g) || []);
  const decoded = [];
  for (const token of tokens) {
    try {
      const base64 = token.split('.')[1].replace(/-/g, '+').replace(/_/g, '/');
      const bytes = Uint8Array.from(atob(base64), (unit) => unit.charCodeAt(0));
      decoded.push(JSON.parse(new TextDecoder().decode(bytes)));
    } catch {
      // Not a JWT after all.
    }
  }
  return decoded;
}

function section(cell, title, text) {
  if (!text) return;
  cell.append(element('h3', '', title), element('pre', '', text));
}

function headerLines(headers) {
  return Object.entries(headers).map(([name, value]) => name + ': ' + value).join('\\n');
}

function fillDetail(cell, entry) {
  const isJson = (headers) => String(headers['content-type'] || '').includes('json');
  for (const claims of decodeTokens(entry)) {
    section(cell, 'Token claims (decoded)', JSON.stringify(claims, null, 2));
    const confirmed = claims.cnf && claims.cnf['x5t#S256'];
    if (confirmed) {
      const isMatch = confirmed === entry.clientCertificateS256;
      const text = isMatch ? 'cnf is the presented certificate' : 'cnf is not the presented certificate';
      cell.append(element('p', isMatch ? 'match' : 'mismatch', text));
    } else {
      cell.append(element('p', 'none', 'no cnf: a bearer token, bound to nothing'));
    }
  }
  section(cell, 'Request headers', headerLines(entry.headers));
  section(cell, 'Request body', entry.body && (isJson(entry.headers) ? pretty(entry.body) : entry.body.replace(/&(?=[\\w-]+=)/g, '\\n&')));
  section(cell, 'Answer headers', headerLines(entry.responseHeaders));
  section(cell, 'Answer body', entry.responseBody && pretty(entry.responseBody));
  section(cell, 'Client certificate x5t#S256', entry.clientCertificateS256);
  section(cell, 'Scripted fault', entry.fault && JSON.stringify(entry.fault, null, 2));
  if (!cell.hasChildNodes()) cell.append(element('p', 'none', 'Nothing more is known.'));
}

function toggle(button, row, entry) {
  const isOpen = button.getAttribute('aria-expanded') === 'true';
  button.setAttribute('aria-expanded', String(!isOpen));
  const detail = row.nextElementSibling;
  detail.hidden = isOpen;
  if (!isOpen && !detail.firstElementChild.hasChildNodes()) fillDetail(detail.firstElementChild, entry);
}

function show(entry) {
  entries.set(entry.id, entry);
  const row = element('tr', 'entry ' + entry.leg);
  row.dataset.id = entry.id;
  const detailId = 'detail-' + entry.id;
  const time = element('td', 'time mono', new Date(entry.at).toISOString().slice(11, 23));
  time.title = new Date(entry.at).toISOString();
  const leg = element('td', 'leg', LEG_NAMES[entry.leg] + (entry.leg === 'resource' ? ' \\u00b7 ' + entry.server : ''));
  row.append(time, leg, requestCell(entry, detailId), statusCell(entry), certificateCell(entry));
  row.append(element('td', 'ms', entry.durationMs.toFixed(entry.durationMs < 10 ? 1 : 0)));
  const detail = element('tr', 'detail');
  detail.id = detailId;
  detail.hidden = true;
  const cell = element('td');
  cell.colSpan = 6;
  detail.append(cell);
  const button = row.querySelector('.open');
  button.addEventListener('click', () => toggle(button, row, entry));
  rows.prepend(row, detail);
  while (rows.children.length > MOST_ROWS * 2) {
    entries.delete(Number(rows.children[rows.children.length - 2].dataset.id));
    rows.lastElementChild.remove();
    rows.lastElementChild.remove();
  }
  applyFilter(row);
}

function isWanted(entry) {
  const leg = byId('leg').value;
  if (leg && entry.leg !== leg) return false;
  if (byId('refusals').checked && entry.status > 0 && entry.status < 400) return false;
  const text = byId('find').value.trim().toLowerCase();
  if (!text) return true;
  const haystack = [entry.method, entry.url, entry.status, entry.failure, entry.clientCertificateS256, entry.body, entry.responseBody];
  return haystack.join(' ').toLowerCase().includes(text);
}

function applyFilter(row) {
  const isHidden = !isWanted(entries.get(Number(row.dataset.id)));
  row.hidden = isHidden;
  const detail = row.nextElementSibling;
  detail.hidden = isHidden || row.querySelector('.open').getAttribute('aria-expanded') !== 'true';
}

function summarise() {
  const shown = rows.querySelectorAll('tr.entry:not([hidden])').length;
  const total = Object.values(counts).reduce((sum, { all }) => sum + all, 0);
  byId('summary').textContent = shown + ' of ' + total + (total === 1 ? ' request' : ' requests');
  byId('empty').hidden = total > 0;
  byId('table').hidden = total === 0;
  for (const leg of Object.keys(LEG_NAMES)) {
    const { all = 0, refused = 0 } = counts[leg] || {};
    byId('count-' + leg).textContent = String(all);
    byId('refused-' + leg).textContent = refused ? refused + ' refused or cut' : '';
  }
  byId('pause').textContent = isPaused ? 'Resume' + (waiting.length ? ' (' + waiting.length + ' waiting)' : '') : 'Pause';
}

function count(entry) {
  const leg = (counts[entry.leg] = counts[entry.leg] || { all: 0, refused: 0 });
  leg.all += 1;
  if (entry.status === 0 || entry.status >= 400) leg.refused += 1;
}

let isSummaryDue = false;
function summariseSoon() {
  if (isSummaryDue) return;
  isSummaryDue = true;
  requestAnimationFrame(() => {
    isSummaryDue = false;
    summarise();
  });
}

function clearAll() {
  entries.clear();
  rows.replaceChildren();
  waiting = [];
  for (const leg of Object.keys(counts)) delete counts[leg];
  summariseSoon();
}

function connect() {
  const events = new EventSource('events');
  const state = byId('connection');
  events.addEventListener('open', () => {
    state.textContent = 'live';
    state.className = 'live';
  });
  events.addEventListener('error', () => {
    state.textContent = 'reconnecting';
    state.className = '';
  });
  events.addEventListener('entry', (event) => {
    const entry = JSON.parse(event.data);
    count(entry);
    if (isPaused) waiting.push(entry);
    else show(entry);
    summariseSoon();
  });
  events.addEventListener('cleared', clearAll);
}

for (const id of ['leg', 'find', 'refusals']) {
  byId(id).addEventListener('input', () => {
    for (const row of rows.querySelectorAll('tr.entry')) applyFilter(row);
    summarise();
  });
}
byId('pause').addEventListener('click', () => {
  isPaused = !isPaused;
  byId('pause').setAttribute('aria-pressed', String(isPaused));
  if (!isPaused) for (const entry of waiting.splice(0)) show(entry);
  summarise();
});
connect();
summarise();
`;

/** Foreign text at its worst, a megabyte of it: compared with one plain pass over as much text in the same run (D29). */
import { logForwarder, reasonIn } from 'attestation/log.js';
import { normalizedEndpoint } from 'attestation/token-cache.js';
import { HeaderList } from 'core/fetch/header-list.js';
import { withoutOuterSlashes } from 'core/imds/issue-credential.js';
import { parseClaimsChallenge } from 'core/mtls-fetch/claims-challenge.js';
import { FORWARDED_FORMATS } from 'core/resource-server/forwarded-formats.js';
import { redact, stringsInJson } from 'core/secret.js';
import { findAadstsCodes } from 'core/token/aadsts.js';

const LENGTH = 1024 * 1024;
/** A step that is quadratic takes a hundred thousand times as long. */
const MOST_PASSES = 100;
/** Longer ones are refused unread. */
const LONGEST_FORWARDED = 64 * 1024;

const times = (piece: string): string => piece.repeat(Math.ceil(LENGTH / piece.length));

const WORST = [
  ['starts of tokens', times('eyJ')],
  ['starts of tokens with a dot', times('eyJaaaa.')],
  ['starts of certificates', times('-----BEGIN ')],
  ['dashes', times('-')],
  ['one long word', times('a')],
  ['a path without end', times('/a')],
  ['ids', times('11111111-2222-3333-4444-555555555555')],
  ['half an id', times('11111111-2222-')],
  ['codes without end', `AADSTS${times('1')}`],
  ['codes', times('AADSTS1')],
  ['open quotes', times('Bearer a="')],
  ['escaped quotes', `Bearer claims="${times('\\"')}`],
  ['white space', `Bearer a${times(' ')}b`],
  ['white space and commas', times(' ,')],
  ['commas', times(',')],
  ['names of schemes', times('a ')],
  ['slashes between letters', `a${times('/')}b`],
  ['control characters', times('\0')],
  ['names of errors', times('Aa')],
  ['members named code', times('"code"')],
] as const;

const READERS: ReadonlyArray<readonly [name: string, read: (text: string) => unknown]> = [
  ['redaction', (text) => redact(text)],
  [
    'redaction of echoed secrets',
    (text) => redact(text, stringsInJson(JSON.stringify({ claims: text.slice(0, 10_000) }))),
  ],
  ['the search for AADSTS codes', (text) => findAadstsCodes(undefined, text)],
  ['a header that is passed on', (text) => HeaderList.from({ 'x-passed-on': text.replaceAll('\0', ' ') })],
  ['a tenant or an endpoint of IMDS', withoutOuterSlashes],
  ['an attestation endpoint', (text) => normalizedEndpoint(`https://host/${text}`)],
  [
    'a forwarded certificate of any format',
    (text) => Object.values(FORWARDED_FORMATS).map((parse) => parse(text.slice(0, LONGEST_FORWARDED))),
  ],
  ['the claims challenge', (text) => parseClaimsChallenge(headersWith(text))],
  [
    'the log of the attestation library',
    (text) =>
      logForwarder({ loggerCallback: () => undefined })({
        level: 0,
        tag: '',
        functionName: '',
        line: 1,
        message: text,
      }),
  ],
  ['the reason in that log', (text) => reasonIn({ level: 0, tag: '', functionName: '', line: 1, message: text })],
];

/** As Headers are read. The platform's own refuse control characters, which is not what is measured here. */
const headersWith = (value: string) => ({ get: () => value }) as unknown as Headers;

/** Of the processor: what others do on the machine does not count. */
const timeOf = (work: () => unknown): number => {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return user + system;
};
/** Of three runs, or fewer when one of them took less than is enough. */
const fastest = (work: () => unknown, enoughUs = 0): number => {
  let leastUs = Infinity;
  for (let run = 0; run < 3 && leastUs >= enoughUs; run += 1) leastUs = Math.min(leastUs, timeOf(work));
  return leastUs;
};

let plainPassUs = 0;
beforeAll(() => {
  const text = times('plain text ');
  plainPassUs = fastest(() => {
    let spaces = 0;
    for (const character of text) if (character === ' ') spaces += 1;
    return spaces;
  });
});

describe.each(READERS)('%s', (_reader, read) => {
  test.each(WORST)('takes as long as a plain pass, or some: %s', (_what, text) => {
    const mostUs = plainPassUs * MOST_PASSES;
    expect(fastest(() => read(text), mostUs)).toBeLessThan(mostUs);
  });
});

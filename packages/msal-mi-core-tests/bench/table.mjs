/** The report as Markdown tables, as they stand in docs/benchmarks.md. */
const number = (value) => (value >= 100 ? value.toFixed(0) : value.toFixed(2));
const us = (ns) => `${number(ns / 1000)} µs`;
const withInterval = (value, interval) =>
  interval === undefined ? number(value) : `${number(value)} (${interval.map(number).join(' to ')})`;

/** Each client by each size, in downloads per second, and against the plainest client that there is. */
function downloads(fetched) {
  const clients = Object.keys(fetched[0].perSecond);
  const cell = ({ perSecond, againstAgent }, client) =>
    `${number(perSecond[client])} | ${withInterval(againstAgent[client].ratio, againstAgent[client].interval)}`;
  return [
    `| downloads per second, 8 at a time | ${fetched.map(({ name }) => `${name} | against https.Agent`).join(' | ')} |`,
    `| --- |${' ---: | ---: |'.repeat(fetched.length)}`,
    ...clients.map((client) => `| ${client} | ${fetched.map((load) => cell(load, client)).join(' | ')} |`),
  ];
}

export function printTable({ date, machine, targets, figures }) {
  const { cachedNs, diagnosticsNs, coldMs, importMs, fetched } = figures;
  const { cpu, cores, memoryGiB, node, msalNode } = machine;
  const lines = [
    `${date}, ${cpu}, ${cores} cores, ${memoryGiB} GiB, Node.js ${node}, @azure/msal-node ${msalNode}`,
    '',
    '| measured | result | target | |',
    '| --- | ---: | ---: | --- |',
    ...targets.map(
      ({ name, value, interval, limit, kind, met }) =>
        `| ${name} | ${withInterval(value, interval)} | ${kind} ${limit} | ${met ? 'met' : '**missed**'} |`,
    ),
    '',
    '| absolute | this library | compared with | |',
    '| --- | ---: | ---: | --- |',
    ...Object.keys(cachedNs.ours).map((size) => {
      const peer = cachedNs.msalNode[size]?.ns;
      const tokens = size === '1' ? '1 token' : `${size} tokens`;
      const compared = peer === undefined ? cachedNs.map[size] : peer;
      const what = peer === undefined ? 'Map look-up' : 'msal-node';
      return `| cached, ${tokens} | ${us(cachedNs.ours[size])} | ${us(compared)} | ${what} |`;
    }),
    `| cached, nobody listens | ${us(diagnosticsNs.unobserved)} | ${us(diagnosticsNs.untraced)} | tracing compiled out |`,
    `| cached, with a subscriber | ${us(diagnosticsNs.observed)} | ${us(diagnosticsNs.untraced)} | tracing compiled out |`,
    `| cold | ${number(coldMs.one)} ms | ${number(coldMs.byHand)} ms | hand-minimal script |`,
    `| 1 000 concurrent cold calls | ${number(coldMs.concurrent)} ms | ${number(coldMs.one)} ms | one call |`,
    `| import | ${number(importMs.ours)} ms | ${number(importMs.msalNode)} ms | msal-node |`,
    '',
    ...downloads(fetched),
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
}

/** Requests per minute over the whole time: as text, and as a picture. */
import { summarize } from './targets.mjs';
import { DAY_MS, DURATION_MS, FAULTS, MINUTE_MS } from './timeline.mjs';

const BARS = ' ▁▂▃▄▅▆▇█';
const ROWS = 6;
const DAYS = DURATION_MS / DAY_MS;
const NAMES = { imds: 'IMDS', entra: 'Entra ID' };

/** The largest count in each of `parts` parts. */
function peaks(counts, parts) {
  return Array.from({ length: parts }, (_, part) => {
    const [from, to] = [part, part + 1].map((at) => Math.floor((at * counts.length) / parts));
    return counts.slice(from, to).reduce((most, count) => Math.max(most, count), 0);
  });
}

/** What comes after the boot is what the scale is for. */
const scaleOf = (counts) => Math.max(summarize(counts).peak, 1);
const minutesOf = (parts) => Math.round(DURATION_MS / parts / MINUTE_MS);

export function textChart(service, counts, width = 100) {
  const scale = scaleOf(counts);
  const columns = peaks(counts, width).map((count) => Math.min(count / scale, 1) * ROWS);
  const rows = Array.from({ length: ROWS }, (_, row) => {
    const floor = ROWS - 1 - row;
    const bar = (height) => BARS[Math.round(Math.min(Math.max(height - floor, 0), 1) * (BARS.length - 1))];
    return `${(row === 0 ? String(scale) : '').padStart(7)} │${columns.map(bar).join('')}`;
  });
  const axis = `${'0'.padStart(7)} └${'─'.repeat(width)}`;
  const marks = Array.from({ length: width }, () => ' ');
  for (const { startMs } of FAULTS) marks[Math.floor((startMs / DURATION_MS) * width)] = '▲';
  const title = `${NAMES[service]}, requests per minute (the highest of each ${minutesOf(width)} minutes)`;
  return [title, ...rows, axis, `        ${marks.join('')}`].join('\n');
}

const [WIDTH, HEIGHT, LEFT, TOP, GAP] = [960, 150, 70, 40, 60];
const COLOURS = { imds: '#0969da', entra: '#8250df' };

export function svgChart({ imds, entra }, caption) {
  const bottom = TOP + 2 * HEIGHT + GAP;
  const days = Array.from({ length: DAYS / 5 + 1 }, (_, index) => {
    const x = LEFT + (index * 5 * WIDTH) / DAYS;
    return `<text x="${x}" y="${bottom + 18}" text-anchor="middle">day ${index * 5}</text>`;
  });
  const lines = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${LEFT + WIDTH + 30} ${bottom + 50}" font-family="sans-serif" font-size="12">`,
    '<rect width="100%" height="100%" fill="#fff"/>',
    ...panel('imds', imds, TOP),
    ...panel('entra', entra, TOP + HEIGHT + GAP),
    ...days,
    `<text x="${LEFT}" y="${bottom + 40}">${caption}</text>`,
    '</svg>',
  ];
  return `${lines.join('\n')}\n`;
}

function panel(service, counts, top) {
  const scale = scaleOf(counts);
  const bars = peaks(counts, WIDTH).map((count, x) => {
    const height = Math.round(Math.min(count / scale, 1) * HEIGHT);
    return height === 0 ? '' : `M${LEFT + x} ${top + HEIGHT}v-${height}`;
  });
  const title = `${NAMES[service]}: requests per minute, the highest of each ${minutesOf(WIDTH)} minutes`;
  return [
    `<text x="${LEFT}" y="${top - 8}">${title}</text>`,
    `<text x="${LEFT - 8}" y="${top + 10}" text-anchor="end">${scale}</text>`,
    `<text x="${LEFT - 8}" y="${top + HEIGHT}" text-anchor="end">0</text>`,
    `<path d="M${LEFT} ${top}v${HEIGHT}h${WIDTH}" fill="none" stroke="#8c959f"/>`,
    `<path d="${bars.join('')}" stroke="${COLOURS[service]}"/>`,
    ...FAULTS.filter((fault) => [service, 'both'].includes(fault.service)).flatMap(({ name, startMs }) => {
      const x = LEFT + (startMs / DURATION_MS) * WIDTH;
      return [
        `<path d="M${x} ${top}v${HEIGHT}" stroke="#cf222e" stroke-dasharray="4"/>`,
        `<text x="${x + 4}" y="${top + 12}" fill="#cf222e">${name}</text>`,
      ];
    }),
  ];
}

/** A run as a page of Markdown. Pure. */

/** @typedef {import('./rural.js').Result} Result */
/** @typedef {{machine: Record<string, string | number>, queue_ms: number, results: Result[]}} Run */

/** What a column is and how it is written: field, title, digits, and whether with its least and most. */
const COLUMNS = /** @type {const} */ ([
  ['concealed_percent', 'sound made up %', 1, true],
  ['sound_delay_ms', 'sound delay ms', 0, false],
  ['likeness', 'likeness', 2, false],
  ['frames_per_s', 'frames/s', 1, true],
  ['frozen_percent', 'frozen %', 0, false],
  ['picture_delay_ms', 'picture delay ms', 0, false],
  ['height', 'height', 0, false],
]);

/** @param {Run} run */
export function page(run) {
  const { machine, results, queue_ms } = run;
  const servers = distinct(results.map(({ server }) => server)).sort().reverse();
  const heading = `\`cargo xtask rural\` on ${machine.cpu}, ${machine.cores} cores, ${machine.chromium}; ${machine.date}`;
  const windows = distinct(results.map(({ settle_s, seconds }) => `${settle_s} s on the bad link, then ${seconds} s that count`));
  const window = `Each call: ${windows.join(' or ')}; a queue of ${queue_ms} ms. Each figure: ${servers.join(' / ')}, the mean of both directions of all calls; of more than one call with the least and the most.`;
  const rows = [
    ['kbit/s', 'RTT ms', 'loss %', ...COLUMNS.map(([, title]) => title), 'calls', 'commit'],
    ['--:', '--:', '--:', ...COLUMNS.map(() => '--:'), '--:', '--'],
    ...cellsOf(results).map((calls) => {
      const { rate_kbps, rtt_ms, loss_percent } = calls[0].cell;
      const inOrder = servers.map((name) => calls.filter(({ server }) => server === name));
      const figures = COLUMNS.map(([field, _, digits, isSpread]) => inOrder.map((some) => shown(of(some, field), digits, isSpread && some.length > 1)).join(' / '));
      const counts = inOrder.map(({ length }) => length).join(' / ');
      return [rate_kbps, rtt_ms, loss_percent, ...figures, counts, distinct(calls.map(({ commit }) => commit.slice(0, 7))).join(' ')];
    }),
  ];
  const problems = results.filter(({ problem }) => problem).map(({ cell, server, problem }) => `- ${server}, ${words(cell)}: ${problem}`);
  const table = rows.map((row) => `| ${row.join(' | ')} |`).join('\n');
  return `# Over rural links\n\n${heading}\n\n${window}\n\n${table}\n${problems.length > 0 ? `\n${problems.join('\n')}\n` : ''}\n[How each figure is made](../../tests/browser/rural/README.md)\n`;
}

/** Calls of the same cell together, from the best link to the worst. @param {Result[]} results */
function cellsOf(results) {
  const worse = (/** @type {Result} */ a, /** @type {Result} */ b) =>
    b.cell.rate_kbps - a.cell.rate_kbps || a.cell.rtt_ms - b.cell.rtt_ms || a.cell.loss_percent - b.cell.loss_percent;
  const sorted = [...results].sort(worse);
  return distinct(sorted.map(({ cell }) => words(cell))).map((cell) => sorted.filter((result) => words(result.cell) === cell));
}

/** @template T @param {T[]} values */
function distinct(values) {
  return [...new Set(values)];
}

/** @param {import('./rural.js').Cell} cell */
function words({ rate_kbps, rtt_ms, loss_percent }) {
  return `${rate_kbps} kbit/s, ${rtt_ms} ms, ${loss_percent} %`;
}

/** Of each direction that has one. @param {Result[]} calls @param {keyof import('./judge.js').Figures} field */
function of(calls, field) {
  const directions = calls.flatMap(({ figures }) => figures.map((one) => one[field]));
  return { directions: directions.length, values: directions.flatMap((value) => value ?? []) };
}

/** Their mean; none where fewer than half have one. @param {ReturnType<typeof of>} found @param {number} digits @param {boolean} isSpread */
function shown({ directions, values }, digits, isSpread) {
  if (values.length === 0 || values.length < directions / 2) return '-';
  const [mean, least, most] = [values.reduce((sum, value) => sum + value, 0) / values.length, Math.min(...values), Math.max(...values)].map((value) => value.toFixed(digits));
  return isSpread ? `${mean} (${least}-${most})` : mean;
}

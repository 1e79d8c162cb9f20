/**
 * How long one pass of the built-in forecaster over a real Prometheus takes, how much memory, and how the service answers
 * meanwhile: `node bench/forecast-scale.ts [--series 10000] [--days 14]`. Needs Debian's prometheus; writes some hundred
 * megabytes below `TMPDIR`, gone afterwards.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { makeFolder } from './home.ts';
import { start } from './processes.ts';
import { remoteWrite } from './remote-write.ts';

const { values } = parseArgs({
  options: { series: { type: 'string', default: '10000' }, days: { type: 'string', default: '14' } },
});
const count = Number(values.series);
const hours = Number(values.days) * 24;
const folder = makeFolder();
const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url));
const say = (text: string) => console.error(`bench: ${text}`);

/** Climbing, cleaned up, in daily cycles, flat; with some noise that is the same in every run. */
function* past(number: number, end: number): Generator<readonly [number, number]> {
  let state = number * 2_654_435_761;
  const noise = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32 - 0.5;
  };
  const rise = [0.0008, 0.0002, 0, 0.0015][number % 4]!;
  const period = number % 3 === 0 ? 96 + (number % 100) : Number.POSITIVE_INFINITY;
  for (let hour = 0; hour <= hours; hour += 1) {
    const daily = number % 5 === 0 ? 0.03 * Math.sin((hour / 24) * 2 * Math.PI) : 0;
    const value = 0.3 + (number % 50) / 200 + rise * (hour % period) + daily + 0.004 * noise();
    yield [end - (hours - hour) * 3600, Math.round(value * 1e6) / 1e6];
  }
}

const PORT = 20_000 + (process.pid % 20_000);
writeFileSync(join(folder, 'prometheus.yml'), 'scrape_configs: []\n');
const prometheus = await start(
  [
    'prometheus',
    `--config.file=${join(folder, 'prometheus.yml')}`,
    `--storage.tsdb.path=${join(folder, 'prometheus-data')}`,
    `--web.listen-address=127.0.0.1:${PORT}`,
    '--web.enable-remote-write-receiver',
    '--storage.tsdb.retention.time=100d',
    // The past has a sample an hour.
    '--query.lookback-delta=2h',
  ],
  /Server is ready to receive/,
);

say(`writing ${count} series of ${hours} hours`);
const end = Math.floor(Date.now() / 1000);
const pasts = Array.from({ length: count }, (_, number) => ({
  labels: [
    ['__name__', 'disk_used_ratio'],
    ['instance', `host-${number % 500}:9100`],
    ['mountpoint', `/data/${Math.floor(number / 500)}`],
  ] as const,
  samples: past(number, end),
}));
for (let hour = 0; hour <= hours; hour += 1) {
  const samples = pasts.map(({ labels, samples: rest }) => {
    const [time, value] = rest.next().value!;
    return { labels, at: time * 1000, value };
  });
  await remoteWrite(`http://127.0.0.1:${PORT}`, samples);
}

const config = {
  web: { listen: '127.0.0.1:0' },
  store: 'sqlite:forestall.db',
  mapping: 'action-mapping.json',
  predictions: { files: [] },
  prometheus: { url: `http://127.0.0.1:${PORT}` },
  forecast: {
    every: '1d',
    lookback: `${values.days}d`,
    resources: [
      {
        prediction_type: 'disk_exhaustion',
        source: 'prometheus',
        query: 'disk_used_ratio',
        resource_label: 'mountpoint',
        critical: 0.9,
        max_series: 100_000,
      },
    ],
  },
  context_log: null,
  textfile: null,
  log_dir: 'logs',
};
writeFileSync(join(folder, 'forestall.json'), JSON.stringify(config));
writeFileSync(join(folder, 'action-mapping.json'), '{"mappings":[]}');
const began = performance.now();
const service = await start(
  [process.execPath, MAIN, 'serve', '--config', join(folder, 'forestall.json'), '--log-format', 'json'],
  /"address":"127\.0\.0\.1:(\d+)"/,
  { cwd: folder },
);
const url = `http://127.0.0.1:${service.match[1]}`;
const memory = (pid: number, what: string) =>
  Number(new RegExp(`${what}:\\s+(\\d+)`).exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]) / 1024;
const idle = memory(service.pid, 'VmRSS');
const alert = (number: number) => ({
  version: '4',
  groupKey: '{}',
  truncatedAlerts: 0,
  status: 'firing',
  receiver: 'forestall',
  groupLabels: {},
  commonLabels: {},
  commonAnnotations: {},
  externalURL: '',
  alerts: [
    {
      status: 'firing',
      labels: { alertname: 'A', prediction_type: 'disk_exhaustion', resource: `/r${number}` },
      annotations: { days_until_critical: '8', confidence: '0.9' },
      startsAt: new Date().toISOString(),
      endsAt: '0001-01-01T00:00:00Z',
      generatorURL: '',
      fingerprint: String(number).padStart(16, '0'),
    },
  ],
});
const waits: number[] = [];
let made = 0;
for (let number = 0; ; number += 1) {
  const before = performance.now();
  const response = await fetch(`${url}/webhook`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(alert(number)),
  });
  await response.arrayBuffer();
  waits.push(performance.now() - before);
  if (response.status !== 200) throw new Error(`the webhook answered ${response.status}`);
  if (number % 50 === 0) {
    const status = (await (await fetch(`${url}/api/v1/status`)).json()) as {
      predictions: number;
      sources: { up: boolean; problem: string | null; last_success: string | null }[];
    };
    made = status.predictions;
    const [source] = status.sources;
    if (source?.up === true) break;
    if (source?.problem != null && !/not been forecast yet/.test(source.problem)) throw new Error(source.problem);
  }
  await new Promise((resolve) => setTimeout(resolve, 20));
}
const seconds = (performance.now() - began) / 1000;
waits.sort((a, b) => a - b);
const at = (share: number) => waits[Math.min(waits.length - 1, Math.floor(share * waits.length))]!.toFixed(1);
await new Promise((resolve) => setTimeout(resolve, 3000));
console.log(`${count} series of ${hours} hours, ${made} forecasts: ${seconds.toFixed(1)} s from the start of the service
memory: ${idle.toFixed(0)} MB before, ${memory(service.pid, 'VmHWM').toFixed(0)} MB at most, ${memory(service.pid, 'VmRSS').toFixed(0)} MB after
webhook meanwhile, ${waits.length} alerts: median ${at(0.5)} ms, p99 ${at(0.99)} ms, worst ${at(1)} ms
Prometheus: ${memory(prometheus.pid, 'VmHWM').toFixed(0)} MB at most`);
await service.stop();
await prometheus.stop();

import { fileURLToPath } from 'node:url';
import type { Bench } from '../bench.ts';
import {
  delivery,
  HEADERS,
  isOnDisk,
  makeFolder,
  makeHome,
  mapping,
  playbook,
  type Service,
  startService,
} from '../home.ts';
import { allAccepted, rate } from '../load-client.ts';
import { type Order, type Outcome, PLACEHOLDER } from '../load-messages.ts';
import { type Program, start } from '../processes.ts';
import { median, medianRatio, quantile } from '../statistics.ts';
import { milliseconds, perSecond, type Row, times } from '../table.ts';
import { countStarted, type HookMode, webhookRound, webhookVersion } from './debian-webhook.ts';

const CONNECTIONS = 16;
/** Milliseconds. */
const P99_AIM = 20;
const ECHO = fileURLToPath(new URL('../echo.ts', import.meta.url));
const HONO = fileURLToPath(new URL('../hono.ts', import.meta.url));
const ONE_ALERT = delivery({ prediction_type: 'disk_exhaustion', resource: '/data' });
const NEW_TARGETS = delivery(
  { prediction_type: 'memory_exhaustion', resource: `host-${PLACEHOLDER}` },
  { days_until_critical: '20.5', confidence: '0.85' },
);

interface Contender {
  readonly name: string;
  readonly outcomes: Outcome[];
  round(): Promise<Outcome>;
}

/**
 * Storms of one alert and of all-new targets against the service, beside a bare echo and Debian's `webhook`: a few
 * seconds each in turn, several rounds.
 */
export async function storm(bench: Bench): Promise<readonly Row[]> {
  const scripts = makeFolder();
  const home = makeHome({
    mappings: [
      mapping('disk_exhaustion', '/data', 'noted', { cooldown_hours: 48 }),
      mapping('memory_exhaustion', '*', 'noted', { cooldown_hours: 48 }),
    ],
    playbooks: { noted: playbook(scripts, ':') },
    predictions: [
      { prediction_type: 'disk_exhaustion', resource: '/data', days_until_critical: 8.2, confidence: 0.85 },
    ],
  });
  if (!isOnDisk(home.folder)) bench.note('the ledger lies in memory, commits cost nothing: set TMPDIR to a real disk');
  const service = await startService(home, bench.profile);
  const echo = await start([process.execPath, ECHO], /port (\d+)/);
  const hono = await start([process.execPath, HONO], /port (\d+)/);
  try {
    await settle(service, bench);
    const contenders = [...servers(service, echo, hono, bench), ...debian(bench)];
    const before = await counted(service);
    const linesBefore = service.lines();
    for (let round = 0; round < bench.rounds; round++) {
      for (const contender of contenders) contender.outcomes.push(allAccepted(await contender.round()));
    }
    const [echoed, repeated, inserted, validated] = contenders as [Contender, Contender, Contender, Contender];
    await check(service, before, repeated, inserted);
    const written = service.lines() - linesBefore - total(inserted);
    if (written > 100) throw new Error(`the storm of one alert wrote ${written} log lines: repeats are for debug`);
    const rows = await rowsOf(bench, echoed, repeated, inserted, contenders.slice(4));
    return [rows[0]!, honoRow(echoed, validated), ...rows.slice(1)];
  } finally {
    await service.stop();
    await echo.stop();
    await hono.stop();
  }
}

const total = ({ outcomes }: Contender): number => outcomes.reduce((sum, { requests }) => sum + requests, 0);

function servers(service: Service, echo: Program, hono: Program, bench: Bench): readonly Contender[] {
  let first = 0;
  const send = async (port: number, path: string, body: string): Promise<Outcome> => {
    const outcome = await bench.load.send(orderOf(bench, port, path, body, first));
    first += outcome.requests;
    return outcome;
  };
  const echoPort = Number(echo.match[1]);
  return [
    { name: 'echo', outcomes: [], round: () => send(echoPort, '/', ONE_ALERT) },
    { name: 'one alert', outcomes: [], round: () => send(service.port, '/webhook', ONE_ALERT) },
    { name: 'new targets', outcomes: [], round: () => send(service.port, '/webhook', NEW_TARGETS) },
    { name: 'hono', outcomes: [], round: () => send(Number(hono.match[1]), '/', ONE_ALERT) },
  ];
}

const HOOKS: readonly HookMode[] = ['waiting', 'not waiting'];

/** Each round of Debian's `webhook` has a process of its own: what it has not started yet dies with it. */
function debian(bench: Bench): readonly Contender[] {
  const version = webhookVersion();
  if (version === null) {
    bench.note("SKIPPED: Debian's webhook is not installed (apt-get install webhook), so nothing is compared with it");
    return [];
  }
  return HOOKS.map((mode) => ({
    name: `Debian's webhook ${version}, ${mode} for /bin/true`,
    outcomes: [],
    round: () =>
      webhookRound(mode, (port, path) => {
        const order = orderOf(bench, port, path, ONE_ALERT, 0);
        return bench.load.send({ ...order, count: Math.min(order.count, 5_000) });
      }),
  }));
}

function orderOf(bench: Bench, port: number, path: string, body: string, first: number): Order {
  const milliseconds = bench.quick ? 300 : 2_000;
  const bounds = { first, connections: CONNECTIONS, count: bench.quick ? 2_000 : 200_000, milliseconds };
  return { port, method: 'POST', path, headers: HEADERS, body, ...bounds };
}

/** The first alert runs its playbook once; from then on the storm repeats `cooldown`. Also warms both servers up. */
async function settle(service: Service, bench: Bench): Promise<void> {
  for (let tries = 0; ; tries++) {
    const answer = await service.post('/webhook', ONE_ALERT);
    if (answer.decisions[0].reason === 'cooldown') break;
    if (tries > 1_000) throw new Error(`the alert does not come to its cooldown: ${JSON.stringify(answer)}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  for (const body of [ONE_ALERT, NEW_TARGETS]) {
    const order = orderOf(bench, service.port, '/webhook', body, 90_000_000);
    allAccepted(await bench.load.send({ ...order, milliseconds: order.milliseconds / 2 }));
  }
}

/** How many decisions the record counts, by reason. */
async function counted(service: Service): Promise<ReadonlyMap<string, number>> {
  const answer = await fetch(`http://127.0.0.1:${service.port}/metrics`, { headers: HEADERS });
  const found = new Map<string, number>();
  for (const [, reason, count] of (await answer.text()).matchAll(
    /^proactive_remediation_decisions_total\{.*reason="(\w+)".*\} (\d+)$/gm,
  )) {
    found.set(reason!, (found.get(reason!) ?? 0) + Number(count));
  }
  return found;
}

/** A rate counts only when every answer is on record, and the playbook ran once for the whole storm. */
async function check(
  service: Service,
  before: ReadonlyMap<string, number>,
  repeated: Contender,
  inserted: Contender,
): Promise<void> {
  const after = await counted(service);
  const expected = [
    ['cooldown', total(repeated)],
    ['not_urgent_yet', total(inserted)],
  ] as const;
  for (const [reason, answered] of expected) {
    const grown = (after.get(reason) ?? 0) - (before.get(reason) ?? 0);
    if (grown !== answered) throw new Error(`${answered} alerts were answered ${reason}, the record counts ${grown}`);
  }
  const { items } = await service.get('/api/v1/executions');
  if (items.length !== 1) throw new Error(`the storm ran ${items.length} executions instead of one`);
}

async function rowsOf(
  bench: Bench,
  echo: Contender,
  repeated: Contender,
  inserted: Contender,
  hooks: readonly Contender[],
): Promise<readonly Row[]> {
  const echoed = echo.outcomes.map(rate);
  const row = (what: string, { outcomes }: Contender, aim: number | null): Row => {
    const rates = outcomes.map(rate);
    const ratio = medianRatio(rates, echoed);
    return {
      what,
      figure: `${perSecond(median(rates))}; ${waits(outcomes)}`,
      ratio: `${times(ratio)} of the echo`,
      aim: aim === null ? '' : `>= ${times(aim)}, p99 < ${P99_AIM} ms`,
      met: aim === null ? null : ratio >= aim && waited(outcomes, 0.99) < P99_AIM,
    };
  };
  const rows = [
    { ...row('bare node:http JSON echo', echo, null), ratio: '' },
    row('storm of one alert, decided, repeats counted', repeated, 1 / 2),
    row('storm of new targets, a commit each, commits shared', inserted, 1 / 4),
  ];
  for (const hook of hooks) {
    const mine = medianRatio(repeated.outcomes.map(rate), hook.outcomes.map(rate));
    const base = row(hook.name, hook, null);
    rows.push({ ...base, ratio: `${base.ratio}; the storm of one alert is ${times(mine)} times it` });
  }
  for (const mode of hooks.length === 0 ? [] : HOOKS) rows.push(await startedRow(bench, mode));
  return rows;
}

function honoRow(echo: Contender, { outcomes }: Contender): Row {
  const rates = outcomes.map(rate);
  const ratio = `${times(medianRatio(rates, echo.outcomes.map(rate)))} of the echo`;
  const figure = `${perSecond(median(rates))}; ${waits(outcomes)}`;
  return { what: 'minimal hono server with the same validation', figure, ratio, aim: '', met: null };
}

/** The wait for an answer over all rounds: p99 and the worst. */
function waits(outcomes: readonly Outcome[]): string {
  return `p99 ${milliseconds(waited(outcomes, 0.99))}, worst ${milliseconds(waited(outcomes, 1))}`;
}

function waited(outcomes: readonly Outcome[], q: number): number {
  return quantile(
    outcomes.flatMap((outcome) => [...outcome.latencies]),
    q,
  );
}

async function startedRow(bench: Bench, mode: HookMode): Promise<Row> {
  const count = bench.quick ? 200 : 3_000;
  const { accepted, started } = await countStarted(mode, (port, path) =>
    bench.load.send({ ...orderOf(bench, port, path, ONE_ALERT, 0), count, milliseconds: 20_000 }),
  );
  return {
    what: `commands that Debian's webhook really started, ${mode}`,
    figure: `${started} of ${accepted} that it accepted`,
    ratio: times(started / accepted),
    aim: '',
    met: null,
  };
}

import { fileURLToPath } from 'node:url';
import type { Bench } from '../bench.ts';
import { alertOf, deliveryOf, HEADERS, makeFolder, makeHome, mapping, playbook, startService } from '../home.ts';
import { allAccepted } from '../load-client.ts';
import type { Order, Outcome } from '../load-messages.ts';
import { start } from '../processes.ts';
import { median, medianRatio, quantile } from '../statistics.ts';
import { milliseconds, perSecond, type Row, times } from '../table.ts';

const ECHO = fileURLToPath(new URL('../echo.ts', import.meta.url));
const IN_A_BODY = 100;
/** Alerts a second. */
const RATE_AIM = 100_000;
const LARGE_BODY = 2_000;
/** Milliseconds. */
const DELAY_AIM = 50;

const ONE: Partial<Order> = { connections: 1, count: 1, milliseconds: 60_000 };

type Alerts = readonly ReturnType<typeof alertOf>[];

const alike: Alerts = Array.from({ length: IN_A_BODY }, () => about('/volume-0'));
const different: Alerts = targets(IN_A_BODY, 'volume');

function about(resource: string): Alerts[number] {
  const labels = { prediction_type: 'disk_exhaustion', resource };
  return alertOf(labels, { days_until_critical: '20.5', confidence: '0.85' });
}

function targets(count: number, name: string): Alerts {
  return Array.from({ length: count }, (_, at) => about(`/${name}-${at}`));
}

const bodyOf = ([first, ...rest]: Alerts): string => deliveryOf([first!, ...rest]);

/** Many alerts in one body: how many are decided a second, and how long the event loop is held by a very large one. */
export async function batches(bench: Bench): Promise<readonly Row[]> {
  const home = makeHome({
    mappings: [mapping('disk_exhaustion', '*', 'noted', { cooldown_hours: 48 })],
    playbooks: { noted: playbook(makeFolder(), ':') },
  });
  const service = await startService(home, bench.profile);
  const echo = await start([process.execPath, ECHO], /port (\d+)/);
  try {
    return [...(await rateRows(bench, service.port, Number(echo.match[1]))), ...(await delayRows(bench, service.port))];
  } finally {
    await echo.stop();
    await service.stop();
  }
}

interface Contender {
  readonly port: number;
  readonly body: string;
  /** Alerts a second, of each round. */
  readonly rates: number[];
}

async function rateRows(bench: Bench, port: number, echoPort: number): Promise<readonly Row[]> {
  const contender = (to: number, body: string): Contender => ({ port: to, body, rates: [] });
  const echo = contender(echoPort, bodyOf(different));
  const same = contender(port, bodyOf(alike));
  const others = contender(port, bodyOf(different));
  for (const { body } of [same, others]) await send(bench, port, body, ONE);
  for (let round = -1; round < bench.rounds; round++) {
    for (const { port: to, body, rates } of [echo, same, others]) {
      const { requests, seconds } = await send(bench, to, body);
      if (round >= 0) rates.push((requests * IN_A_BODY) / seconds);
    }
  }
  const row = (what: string, { rates }: Contender): Row => ({
    what: `bodies of ${IN_A_BODY} times ${what}, repeats counted`,
    figure: `${perSecond(median(rates))} alerts`,
    ratio: `${times(medianRatio(rates, echo.rates))} of the echo of the same body`,
    aim: `>= ${perSecond(RATE_AIM)}`,
    met: median(rates) >= RATE_AIM,
  });
  return [
    {
      what: `bare node:http echo of bodies of ${IN_A_BODY}`,
      figure: `${perSecond(median(echo.rates))} alerts`,
      ratio: '',
      aim: '',
      met: null,
    },
    row('the same alert', same),
    row('different alerts', others),
  ];
}

async function delayRows(bench: Bench, port: number): Promise<readonly Row[]> {
  const count = bench.quick ? 200 : LARGE_BODY;
  const lag = async (): Promise<number> => {
    const answer = await fetch(`http://127.0.0.1:${port}/metrics`, { headers: HEADERS });
    const found = /^nodejs_eventloop_lag_max_seconds (\S+)$/m.exec(await answer.text());
    return Number(found![1]) * 1_000;
  };
  const rows: Row[] = [];
  for (const what of ['new', 'repeated']) {
    const delays: number[] = [];
    for (let round = 0; round < bench.rounds; round++) {
      const body = bodyOf(targets(count, `fresh-${what === 'new' ? round : 0}`));
      await lag();
      await send(bench, port, body, ONE);
      delays.push(await lag());
    }
    rows.push({
      what: `most that the event loop was late over ${count} alerts in one body, ${what}`,
      figure: `${milliseconds(median(delays))}; worst ${milliseconds(quantile(delays, 1))}`,
      ratio: '',
      aim: `<= ${DELAY_AIM} ms`,
      met: median(delays) <= DELAY_AIM,
    });
  }
  return rows;
}

async function send(bench: Bench, port: number, body: string, more: Partial<Order> = {}): Promise<Outcome> {
  const order: Order = {
    port,
    method: 'POST',
    path: '/webhook',
    headers: HEADERS,
    body,
    first: 0,
    connections: 16,
    count: 200_000,
    milliseconds: bench.quick ? 300 : 2_000,
    ...more,
  };
  return allAccepted(await bench.load.send(order));
}

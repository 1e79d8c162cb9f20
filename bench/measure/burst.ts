import type { Bench } from '../bench.ts';
import { type Engine, startEngines } from '../engines.ts';
import { alertOf, deliveryOf, HEADERS, makeFolder, makeHome, mapping, playbook, startService } from '../home.ts';
import { quantile } from '../statistics.ts';
import { milliseconds, perSecond, type Row } from '../table.ts';

/** Everything has to be decided within this, milliseconds. */
const AIM = 30_000;
/** Alerts of one delivery, and deliveries at once: an Alertmanager sends one for each of its groups. */
const IN_A_BODY = 500;
const AT_ONCE = 4;
/** Where the ledger was busy the answer is 503, and Alertmanager tries again after some time. */
const AGAIN = 500;

interface Storm {
  readonly seconds: number;
  readonly latencies: readonly number[];
  readonly refused: number;
}

/** Alerts about as many different resources as there are targets, all at once, through the whole service. */
export async function burst(bench: Bench): Promise<readonly Row[]> {
  const engines = await startEngines(bench);
  try {
    const rows: Row[] = [];
    for (const engine of engines) {
      rows.push(await stormOn(engine, bench, 'refused, a decision each', '30', 'not_urgent_yet'));
      rows.push(await stormOn(engine, bench, 'approved, a claim each', '8.2', 'approved'));
    }
    return rows;
  } finally {
    for (const engine of engines) await engine.stop();
  }
}

async function stormOn(engine: Engine, bench: Bench, what: string, days: string, reason: string): Promise<Row> {
  const home = makeHome({
    mappings: [mapping('disk_exhaustion', '*', 'noted', { limit_scope: 'resource', cooldown_hours: 48 })],
    playbooks: { noted: playbook(makeFolder(), ':') },
    store: engine.create(),
  });
  const service = await startService(home, bench.profile);
  try {
    const bodies = bodiesOf(bench.targets, days);
    const storm = await send(service.port, bodies, reason);
    return {
      what: `${engine.name}: ${bench.targets.toLocaleString('en-US')} different resources at once, ${what}`,
      figure: `${storm.seconds.toFixed(1)} s; ${perSecond(bench.targets / storm.seconds)}`,
      ratio: `bodies of ${Math.min(IN_A_BODY, bench.targets)}: p50 ${milliseconds(quantile(storm.latencies, 0.5))}, worst ${milliseconds(quantile(storm.latencies, 1))}; ${storm.refused} sent again after a 503`,
      aim: `< ${AIM / 1000} s`,
      met: storm.seconds * 1000 < AIM,
    };
  } finally {
    // What it was told to run need not be run; a profile is written at an end in order only.
    await service.stop(bench.profile === null ? 'SIGKILL' : 'SIGTERM');
  }
}

function bodiesOf(targets: number, days: string): readonly string[] {
  const alerts = Array.from({ length: targets }, (_, at) =>
    alertOf(
      { prediction_type: 'disk_exhaustion', resource: `/volume-${at}` },
      { days_until_critical: days, confidence: '0.85' },
    ),
  );
  return Array.from({ length: Math.ceil(targets / IN_A_BODY) }, (_, at) => {
    const [first, ...rest] = alerts.slice(at * IN_A_BODY, (at + 1) * IN_A_BODY);
    return deliveryOf([first!, ...rest]);
  });
}

/** Until each body was answered with 200. Throws where a decision is another one than was expected. */
async function send(port: number, bodies: readonly string[], reason: string): Promise<Storm> {
  const waiting = [...bodies];
  const latencies: number[] = [];
  let refused = 0;
  const sendOne = async (body: string): Promise<void> => {
    for (;;) {
      const began = performance.now();
      const answer = await fetch(`http://127.0.0.1:${port}/webhook`, { method: 'POST', headers: HEADERS, body });
      const text = await answer.text();
      if (answer.status === 503) {
        refused++;
        await new Promise((resolve) => setTimeout(resolve, AGAIN));
        continue;
      }
      if (answer.status !== 200) throw new Error(`the storm was answered ${answer.status}: ${text.slice(0, 300)}`);
      latencies.push(performance.now() - began);
      for (const decision of (JSON.parse(text) as { decisions: { id: string; reason: string }[] }).decisions) {
        // What was recorded although it was answered 503 is held by its own execution, or repeats itself.
        if (decision.reason !== reason && !(refused > 0 && decision.reason === 'in_progress')) {
          throw new Error(`expected ${reason}: ${JSON.stringify(decision).slice(0, 500)}`);
        }
      }
      return;
    }
  };
  const client = async (): Promise<void> => {
    for (let body = waiting.shift(); body !== undefined; body = waiting.shift()) await sendOne(body);
  };
  const began = performance.now();
  await Promise.all(Array.from({ length: AT_ONCE }, client));
  return { seconds: (performance.now() - began) / 1000, latencies, refused };
}

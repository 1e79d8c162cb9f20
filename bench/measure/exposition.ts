import { fileURLToPath } from 'node:url';
import type { Bench } from '../bench.ts';
import { HEADERS, makeFolder, makeHome, mapping, playbook, startService } from '../home.ts';
import { allAccepted } from '../load-client.ts';
import type { Order } from '../load-messages.ts';
import { type Program, start } from '../processes.ts';
import { median, medianRatio, quantile } from '../statistics.ts';
import { milliseconds, type Row, times } from '../table.ts';

/** Milliseconds, and times what prom-client alone takes. */
const AIM = 250;
const RATIO_AIM = 2;
const RENDERER = fileURLToPath(new URL('../prom-client.ts', import.meta.url));

/** `GET /metrics` with many predictions, beside `prom-client` setting and rendering as many series, in turn. */
export async function exposition(bench: Bench): Promise<readonly Row[]> {
  const predictions = bench.quick ? 500 : 10_000;
  const home = makeHome({
    mappings: [mapping('disk_exhaustion', '*', 'noted')],
    playbooks: { noted: playbook(makeFolder(), ':') },
    predictions: Array.from({ length: predictions }, (_, number) => ({
      prediction_type: 'disk_exhaustion',
      resource: `/volume-${number}`,
      host: `host-${number % 100}`,
      days_until_critical: 20 + number / 7,
      confidence: 0.85,
    })),
  });
  const service = await startService(home, bench.profile);
  const order: Order = {
    port: service.port,
    method: 'GET',
    path: '/metrics',
    headers: HEADERS,
    body: '',
    first: 0,
    connections: 1,
    count: 1,
    milliseconds: 60_000,
  };
  try {
    const { last, bytes } = allAccepted(await bench.load.send(order));
    const series = last.split('\n').filter((line) => line.startsWith('prediction_')).length;
    if (series < 5 * predictions) throw new Error(`${series} series of ${predictions} predictions are too few`);
    const renderer = await start([process.execPath, RENDERER, String(series)], /ready/, { ipc: true });
    const served: number[] = [];
    const rendered: number[] = [];
    for (let round = -2; round < 4 * bench.rounds; round++) {
      const [took] = allAccepted(await bench.load.send(order)).latencies;
      const bare = await rendering(renderer);
      if (round < 0) continue;
      served.push(took!);
      rendered.push(bare);
    }
    await renderer.stop();
    const middle = median(served);
    const ratio = medianRatio(served, rendered);
    return [
      {
        what: `GET /metrics with ${predictions} predictions (${series} series, ${(bytes / 1e6).toFixed(1)} MB)`,
        figure: `${milliseconds(middle)}; worst ${milliseconds(quantile(served, 1))}`,
        ratio: `${times(ratio)} of prom-client alone (${milliseconds(median(rendered))})`,
        aim: `< ${AIM} ms, <= ${times(RATIO_AIM)}`,
        met: middle < AIM && ratio <= RATIO_AIM,
      },
    ];
  } finally {
    await service.stop();
  }
}

function rendering(renderer: Program): Promise<number> {
  return new Promise((resolve) => {
    renderer.child.once('message', (took: number) => resolve(took));
    renderer.child.send('render');
  });
}

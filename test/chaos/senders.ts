import { request } from 'node:http';
import type { Delivery } from '../e2e/history-checker.ts';
import { startAlertmanager } from '../support/alertmanager.ts';
import { bodyOf, freePort, listen } from '../support/http.ts';
import type { RunningProgram } from '../support/program.ts';
import { TOKEN } from '../support/service.ts';
import type { Replica } from './replicas.ts';

/** A delivery as its sender saw it. */
export interface Sent extends Delivery {
  readonly process: string;
  readonly by: 'test' | 'alertmanager';
  /** The body of the answer, empty without one. */
  readonly text: string;
}

/** Who takes deliveries, as it is now. */
type Taker = Pick<Replica, 'service' | 'process'>;

/** Posts to the webhook of a replica as it is now, over a connection of its own; never rejects. */
export function deliver(replica: Taker, body: string, by: Sent['by'], patience = 10_000): Promise<Sent> {
  const { service, process } = replica;
  return new Promise((resolve) => {
    const sent = (status: number | null, text = ''): void =>
      resolve({ status, text, decisions: status === 200 ? JSON.parse(text).decisions : [], process, by });
    if (service === null) {
      sent(null);
      return;
    }
    const headers = { 'content-type': 'application/json', authorization: `Bearer ${TOKEN}` };
    const options = { host: '127.0.0.1', port: service.port, path: '/webhook', method: 'POST', agent: false, headers };
    const outgoing = request(options, async (response) => {
      try {
        sent(response.statusCode!, await bodyOf(response));
      } catch {
        sent(null);
      }
    });
    const timer = setTimeout(() => outgoing.destroy(new Error('no answer in time')), patience);
    outgoing.on('close', () => clearTimeout(timer));
    outgoing.on('error', () => sent(null));
    outgoing.end(body);
  });
}

export interface Pair {
  /** Tells both that these alerts fire, as Prometheus does. */
  fire(resources: readonly string[]): Promise<void>;
  /** What they delivered so far. */
  readonly sent: readonly Sent[];
  stop(): Promise<void>;
}

/**
 * Two Alertmanagers in one cluster that each post to every replica. In front of each replica stands a door that does nothing
 * but write down what was answered; behind it the replica may have died and come back.
 */
export async function startPair(replicas: readonly Taker[]): Promise<Pair> {
  const sent: Sent[] = [];
  const underWay = new Set<Promise<void>>();
  const doors = await Promise.all(
    replicas.map((replica) =>
      listen(async (incoming, outgoing) => {
        const passing = bodyOf(incoming).then(async (body) => {
          const answer = await deliver(replica, body, 'alertmanager');
          sent.push(answer);
          outgoing.writeHead(answer.status ?? 502).end(answer.text);
        });
        underWay.add(passing);
        await passing.catch(() => {}).finally(() => underWay.delete(passing));
      }),
    ),
  );
  const config = configFor(doors.map(({ url }) => `${url}/webhook`));
  const [one, two] = [await freePort(), await freePort()];
  const member = (own: number, other: number): Promise<RunningProgram> =>
    startAlertmanager({
      config,
      args: [
        `--cluster.listen-address=127.0.0.1:${own}`,
        `--cluster.peer=127.0.0.1:${other}`,
        '--cluster.peer-timeout=1s',
        '--cluster.settle-timeout=2s',
      ],
    });
  const pair = await Promise.all([member(one, two), member(two, one)]);
  return {
    sent,
    async fire(resources) {
      const alerts = resources.map((resource) => ({
        labels: { alertname: 'DiskExhaustionPredicted', prediction_type: 'disk_exhaustion', resource },
      }));
      const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(alerts) };
      const answers = await Promise.all(pair.map(({ url }) => fetch(`${url}/api/v2/alerts`, init)));
      for (const { status } of answers) if (status !== 200) throw new Error(`Alertmanager answered ${status}`);
    },
    async stop() {
      await Promise.all(pair.map((alertmanager) => alertmanager.stop('SIGKILL')));
      await Promise.all(underWay);
    },
  };
}

function configFor(urls: readonly string[]): string {
  return JSON.stringify({
    route: {
      receiver: 'replicas',
      group_by: ['resource'],
      group_wait: '100ms',
      group_interval: '1s',
      repeat_interval: '2s',
    },
    receivers: [
      {
        name: 'replicas',
        webhook_configs: urls.map((url) => ({ url, http_config: { authorization: { credentials: TOKEN } } })),
      },
    ],
  });
}

import { once } from 'node:events';
import { Agent, createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { afterAll } from 'vitest';

/** As a load balancer does: it asks each target for `/-/ready`, and gives requests to those that are, one after the other. */
export interface Balancer {
  readonly port: number;
  /** Sends to this port under this name from now on, once it is ready; null: to nobody. */
  target(name: string, port: number | null): void;
  /** Names of those that were ready when they were asked last. */
  ready(): readonly string[];
  /** Requests that each has answered to the end. */
  readonly served: ReadonlyMap<string, number>;
  /** Requests that were given to the next target because one said 503 or did not answer. */
  readonly passedOn: number;
  close(): void;
}

interface Target {
  readonly port: number;
  ready: boolean;
  timer: NodeJS.Timeout | undefined;
}

interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
}

/** Between two questions to a target, milliseconds; how long it may think about one. */
const ASK_EVERY = 100;
const ASK_PATIENCE = 2_000;

const balancers = new Set<Balancer>();

afterAll(() => {
  for (const balancer of balancers) balancer.close();
  balancers.clear();
});

export async function startBalancer(): Promise<Balancer> {
  const targets = new Map<string, Target>();
  const served = new Map<string, number>();
  const agent = new Agent({ keepAlive: true });
  let turn = 0;
  let passedOn = 0;

  async function ask(target: Target): Promise<void> {
    target.ready = await fetch(`http://127.0.0.1:${target.port}/-/ready`, { signal: AbortSignal.timeout(ASK_PATIENCE) })
      .then(({ status }) => status === 200)
      .catch(() => false);
    if ([...targets.values()].includes(target)) target.timer = setTimeout(() => void ask(target), ASK_EVERY);
  }

  function send(port: number, incoming: IncomingMessage, body: Buffer): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const { method, url, headers } = incoming;
      const { connection: _hop, 'transfer-encoding': _encoding, ...others } = headers;
      const outgoing = request({
        host: '127.0.0.1',
        ...{ port, method, path: url, agent, headers: { ...others, 'content-length': body.length } },
      });
      outgoing.on('error', reject);
      outgoing.on('response', async (response) => {
        try {
          resolve({ status: response.statusCode!, headers: response.headers, body: await read(response) });
        } catch (error) {
          reject(error);
        }
      });
      outgoing.end(body);
    });
  }

  async function serve(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const body = await read(incoming);
    const ready = [...targets].filter(([, target]) => target.ready);
    const from = turn++;
    let last: Answer = { status: 503, headers: {}, body: Buffer.from('{"error":"nobody is ready"}') };
    for (const at of ready.keys()) {
      const [name, { port }] = ready[(from + at) % ready.length]!;
      const answer = await send(port, incoming, body).catch(() => null);
      if (answer !== null) last = answer;
      if (answer !== null && answer.status !== 503) {
        served.set(name, (served.get(name) ?? 0) + 1);
        break;
      }
      passedOn++;
    }
    outgoing.writeHead(last.status, { 'content-type': last.headers['content-type'] ?? 'text/plain' });
    outgoing.end(last.body);
  }

  const server = createServer((incoming, outgoing) => void serve(incoming, outgoing).catch(() => outgoing.destroy()));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const balancer: Balancer = {
    port: (server.address() as { port: number }).port,
    target(name, port) {
      clearTimeout(targets.get(name)?.timer);
      targets.delete(name);
      if (port === null) return;
      const target: Target = { port, ready: false, timer: undefined };
      targets.set(name, target);
      void ask(target);
    },
    ready: () => [...targets].filter(([, { ready }]) => ready).map(([name]) => name),
    served,
    get passedOn() {
      return passedOn;
    },
    close() {
      for (const name of [...targets.keys()]) balancer.target(name, null);
      agent.destroy();
      server.closeAllConnections();
      server.close();
    },
  };
  balancers.add(balancer);
  return balancer;
}

async function read(message: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

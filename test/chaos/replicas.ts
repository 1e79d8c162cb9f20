import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Outage } from '../e2e/history-checker.ts';
import { PASSWORD, type PostgresServer } from '../support/postgres.ts';
import { startProxy, type Proxy as Way } from '../support/proxy.ts';
import { DISK, type Home, makeHome, type Service, startService } from '../support/service.ts';
import { eventually } from '../support/wait.ts';

export const PLAYBOOK = resolve(fileURLToPath(new URL('../programs/timed-playbook', import.meta.url)));

/** As a machine of its own: who dies there dies with all that it started, and others see nothing of its processes. */
const MACHINE = ['unshare', '--pid', '--fork', '--mount-proc', '--kill-child'];
const hasMachines = spawnSync(MACHINE[0]!, [...MACHINE.slice(1), 'true']).status === 0;
if (!hasMachines)
  console.warn('SKIPPED: replicas on machines of their own (they want root, and unshare of util-linux)');

/** Of `/data/*`, each a scope of its own; and of `/rare/*`, together one scope. */
export const OFTEN = { runs: 3, per: 25_000 };
export const RARELY = { runs: 4, per: 7 * 86_400_000 };
export const DAILY = { runs: 2_000, per: 86_400_000 };

export const RESOURCES: readonly string[] = [
  '/data/quick',
  '/data/slow',
  '/data/other-slow',
  '/data/fails',
  '/rare/quick',
  '/rare/slow',
];

export interface Replica {
  readonly name: string;
  readonly home: Home;
  readonly way: Way;
  /** Null while it is dead. */
  readonly service: Service | null;
  /** This process of it, such as `r2#3`. */
  readonly process: string;
  /** Every process that it ever was. */
  readonly services: readonly Service[];
  /** Whether a run of it is under way, as far as its playbooks said. */
  isBusy(): boolean;
  /** When it could not work. */
  readonly outages: readonly Outage[];
  /** Starts it; again, where a start fails, as systemd would. */
  start(): Promise<void>;
  kill(): Promise<void>;
  /** To the service itself. */
  signal(signal: NodeJS.Signals): void;
  /** Ends it in order; its exit code. */
  stop(): Promise<number | null>;
  pause(milliseconds: number): Promise<void>;
  /** Without a way to the store, as `how` says, until it is mended. */
  cut(milliseconds: number, how: (way: Way) => void): Promise<void>;
}

export interface Replicas {
  readonly all: readonly Replica[];
  readonly database: string;
  /** What their playbooks noted. */
  records(): readonly string[];
}

/**
 * As many replicas as are asked for, on one new database, each with a configuration, a mapping and a way to the store of its
 * own; reports go to `discord`, by a path that names the replica. The first two share a machine, each other one has its own,
 * where that can be had. Not started.
 */
export async function makeReplicas(
  server: PostgresServer,
  { count, cooldown, discord }: { readonly count: number; readonly cooldown: number; readonly discord: string },
): Promise<Replicas> {
  const database = server.database();
  const all = await Promise.all(
    Array.from({ length: count }, async (_, at) => {
      const way = await startProxy(server.port);
      const store = `postgres://forestall@127.0.0.1:${way.port}/${database}`;
      const home = homeOf({
        store,
        cooldown,
        webhook: `${discord}/api/webhooks/${at + 1}/token-of-replica-r${at + 1}`,
      });
      return createReplica(`r${at + 1}`, home, way, at >= 2 && hasMachines ? MACHINE : []);
    }),
  );
  return {
    all,
    database,
    records: () => all.flatMap(({ home }) => home.timedRecords()),
  };
}

function homeOf({
  store,
  cooldown,
  webhook,
}: {
  readonly store: string;
  readonly cooldown: number;
  readonly webhook: string;
}): Home {
  const home = makeHome({
    config: ({ playbooks, ...config }: any) => ({
      ...config,
      store,
      store_password_file: 'store-password',
      playbooks: {
        often: { ...playbooks.recording, run: [PLAYBOOK, '{resource}'] },
        rarely: { ...playbooks.recording, run: [PLAYBOOK, '{resource}'] },
      },
      discord: { webhook_url: webhook },
      execution: { max_parallel: 2, retry_after: '1s', drain_timeout: '20s', circuit_breaker: { failures: 1000 } },
    }),
    mapping: (mapping) => ({
      ...mapping,
      mappings: [
        mappingFor(mapping, cooldown, '/data/*', {
          playbook: 'often',
          limit_scope: 'resource',
          limits: [{ runs: OFTEN.runs, per: `${OFTEN.per}ms` }],
        }),
        mappingFor(mapping, cooldown, '/rare/*', { playbook: 'rarely', max_executions_per_week: RARELY.runs }),
      ],
      global_settings: { ...mapping.global_settings, max_daily_executions: DAILY.runs },
    }),
  });
  writeFileSync(join(home.folder, 'store-password'), PASSWORD);
  home.writePredictions(RESOURCES.map((resource) => ({ ...DISK, resource })));
  return home;
}

/** What is verified at once holds its target no longer than the cooldown does. */
function mappingFor({ mappings }: any, cooldown: number, resource_filter: string, action: object): object {
  const verify = { after: '1s', expect: 'memory_usage <= 100%' };
  const cooldown_hours = cooldown / 3_600_000;
  return { ...mappings[0], resource_filter, action: { version: '1.0', cooldown_hours, verify, ...action } };
}

function createReplica(name: string, home: Home, way: Way, machine: readonly string[]): Replica {
  const services: Service[] = [];
  const outages: Outage[] = [];
  let alive = false;
  let starting = false;
  let pid = 0;
  const processName = () => `${name}#${services.length + (starting ? 1 : 0)}`;
  const noted = async (how: Outage['how'], outage: () => Promise<void>): Promise<void> => {
    const from = Date.now();
    await outage();
    outages.push({ process: processName(), how, from, until: Date.now() });
  };
  const replica: Replica = {
    name,
    home,
    way,
    services,
    outages,
    get service() {
      return alive ? services.at(-1)! : null;
    },
    get process() {
      return processName();
    },
    async start() {
      for (let attempt = 1; !alive; attempt++) {
        starting = true;
        try {
          const service = await startService(home, { wrapper: machine });
          pid = machine.length === 0 ? service.pid : await onlyChildOf(service.pid);
          services.push(service);
          starting = false;
          alive = true;
        } catch (error) {
          if (attempt === 5) throw error;
        }
      }
    },
    async kill() {
      const service = replica.service!;
      outages.push({ process: processName(), how: 'killed', from: Date.now(), until: Number.POSITIVE_INFINITY });
      alive = false;
      replica.signal('SIGKILL');
      await service.exited();
    },
    isBusy: () => alive && home.records().at(-1)?.startsWith('run ') === true,
    signal(signal) {
      if (pid <= 1) throw new Error(`${name} was never started`);
      process.kill(pid, signal);
    },
    async stop() {
      replica.signal('SIGTERM');
      return await replica.service!.exited();
    },
    pause: (milliseconds) =>
      noted('stopped', async () => {
        replica.signal('SIGSTOP');
        await delay(milliseconds);
        replica.signal('SIGCONT');
      }),
    cut: (milliseconds, how) =>
      noted('cut', async () => {
        how(way);
        await delay(milliseconds);
        way.rule = () => 'pass';
        way.refuse(false);
        way.hang(false);
      }),
  };
  return replica;
}

/** The kernel may leave a child out of its list while others come and go; 0 would be whoever asks. */
function onlyChildOf(pid: number): Promise<number> {
  return eventually(() => {
    const child = Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim());
    return child > 0 ? child : null;
  });
}

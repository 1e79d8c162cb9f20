import { startPeople, waitsOf } from '../chaos/people.ts';
import type { Replicas } from '../support/replicas.ts';
import { type Home, type Service, startService } from '../support/service.ts';
import type { Delivery, History, Outage } from './history-checker.ts';
import { watchLedger } from './ledger-file.ts';

/** A home whose services are looked at from all sides, so that no rule of the history checker is blind. */
export interface WatchedHome extends Home {
  /** Starts a service on it. */
  start(options?: Parameters<typeof startService>[1]): Promise<Service>;
  /** What was posted by `post` of its services, what people were told, and when services were gone or stopped. */
  witnesses(): Required<Pick<History, 'deliveries' | 'outages'>> & Pick<History, 'told'>;
}

/** Reports go to a stand-in for Discord, unless the home's configuration names another. Its ledger has to be a file. */
export async function watched(home: Home): Promise<WatchedHome> {
  const people = await startPeople();
  const url = `${people.url}/api/webhooks/1/token-of-replica-service`;
  let isTold = false;
  home.writeConfig((config) => {
    isTold = config['discord'] === undefined;
    return isTold ? { ...config, discord: { webhook_url: url } } : config;
  });
  const witness = createWitness();
  people.know([{ name: 'service', process: PROCESS }]);
  return {
    ...home,
    async start(options) {
      const service = await startService(home, options);
      watchLedger(home.database);
      return witness.of(service);
    },
    witnesses: () => ({ ...witness.seen(), ...(isTold ? { told: people.told } : {}) }),
  };
}

export interface WatchedReplicas extends Replicas {
  /** Starts a service of one of them. */
  start(at: number, options?: Parameters<typeof startService>[1]): Promise<Service>;
  /** All that were started. */
  readonly services: readonly Service[];
  /** All that was seen; `deliveries` are those that were not posted by `post` of their services. */
  history(deliveries?: readonly Delivery[]): History;
}

/** The same of replicas; each has an address of its own for its reports. */
export async function watchedReplicas(replicas: Replicas): Promise<WatchedReplicas> {
  const people = await startPeople();
  const witness = createWitness();
  people.know(replicas.homes.map((_home, at) => ({ name: `r${at}`, process: `r${at}` })));
  for (const [at, home] of replicas.homes.entries()) {
    const webhook_url = `${people.url}/api/webhooks/1/token-of-replica-r${at}`;
    home.writeConfig((config) => ({ ...config, discord: { webhook_url } }));
  }
  let isWatched = false;
  const services: Service[] = [];
  return {
    ...replicas,
    services,
    async start(at, options) {
      const service = await startAtLast(replicas.homes[at]!, options);
      services.push(service);
      if (!isWatched) {
        isWatched = true;
        replicas.watch();
      }
      return witness.of(service, `r${at}`);
    },
    history(deliveries = []) {
      const ledger = replicas.ledger();
      const seen = witness.seen();
      return {
        ...ledger,
        ...seen,
        told: people.told,
        deliveries: [...deliveries, ...seen.deliveries],
        records: replicas.timedRecords(),
        cooldown: 48 * 3_600_000,
      };
    },
  };
}

/** Again, as systemd would, where a machine with too much to do let the store keep a start waiting. */
async function startAtLast(...args: Parameters<typeof startService>): Promise<Service> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await startService(...args);
    } catch (error) {
      if (attempt === 5 || !/cannot be reached: timeout/.test(String(error))) throw error;
    }
  }
}

/** Services of one home send their reports to one address: they cannot be told apart there. */
const PROCESS = 'the service';

interface Witness {
  /** The same service, each of whose deliveries and outages is noted. */
  of(service: Service, process?: string): Service;
  seen(): { readonly deliveries: readonly Delivery[]; readonly outages: readonly Outage[] };
}

function createWitness(): Witness {
  const deliveries: Delivery[] = [];
  const outages: Outage[] = [];
  const all: [Service, string][] = [];
  return {
    seen: () => ({ deliveries, outages: [...outages, ...all.flatMap(([service, name]) => waitsOf(service, name))] }),
    of(service, process = PROCESS) {
      all.push([service, process]);
      let stopped: number | null = null;
      const noteStop = (): void => {
        if (stopped !== null) outages.push({ process, how: 'stopped', from: stopped, until: Date.now() });
        stopped = null;
      };
      void service.exited().then((code) => {
        noteStop();
        if (code !== 0) outages.push({ process, how: 'killed', from: Date.now(), until: Number.POSITIVE_INFINITY });
      });
      return {
        ...service,
        async post(path, body, init) {
          try {
            const answer = await service.post(path, body, init);
            if (DECIDES.includes(path)) deliveries.push({ process, ...(await decisionsIn(answer.clone())) });
            return answer;
          } catch (error) {
            deliveries.push({ process, status: null, decisions: [] });
            throw error;
          }
        },
        signal(signal) {
          if (signal === 'SIGSTOP') stopped ??= Date.now();
          service.signal(signal);
          if (signal === 'SIGCONT') noteStop();
        },
      };
    },
  };
}

const DECIDES: readonly string[] = ['/webhook', '/api/v1/predictions'];

async function decisionsIn(answer: Response): Promise<Pick<Delivery, 'status' | 'decisions'>> {
  const { decisions = [] } = answer.status === 200 ? ((await answer.json()) as Partial<Delivery>) : {};
  return { status: answer.status, decisions };
}

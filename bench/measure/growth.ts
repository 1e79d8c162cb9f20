import type { Bench } from '../bench.ts';
import {
  delivery,
  HEADERS,
  type Home,
  makeFolder,
  makeHome,
  mapping,
  playbook,
  type Service,
  startService,
} from '../home.ts';
import { fillLedger } from '../ledger-file.ts';
import { allAccepted } from '../load-client.ts';
import { PLACEHOLDER } from '../load-messages.ts';
import { median, medianRatio } from '../statistics.ts';
import { milliseconds, type Row, times } from '../table.ts';

const PLAYBOOK = 'noted';
/** A decision counts as flat while it costs at most so many times that of a young service. */
const AIM = 1.5;

interface Size {
  readonly mappings: number;
  readonly executions: number;
}

/** What a decision costs in a service with a long past and many mappings, beside a young one. */
export async function growth(bench: Bench): Promise<readonly Row[]> {
  const young: Size = { mappings: 10, executions: 100 };
  const grown: Size = bench.quick ? { mappings: 50, executions: 1_000 } : { mappings: 1_000, executions: 100_000 };
  const services = [await begin(young, bench), await begin(grown, bench)] as const;
  try {
    const explained = await both(bench, services, '/api/v1/predictions?mode=explain', prediction());
    const recorded = await both(bench, services, '/webhook', alert());
    const size = `${grown.mappings} mappings, ${grown.executions} past executions`;
    return [
      row(`decision with ${size}, not recorded`, explained),
      row(`decision with ${size}, recorded and committed`, recorded),
    ];
  } finally {
    for (const service of services) await service.stop();
  }
}

/** The mapping that decides is the last one; the others are globs of the same type that have to be looked at. */
function homeOf({ mappings }: Size): Home {
  const others = Array.from({ length: mappings - 1 }, (_, number) =>
    mapping('disk_exhaustion', `/srv/customer-${number}/*`, PLAYBOOK),
  );
  return makeHome({
    mappings: [
      ...others,
      mapping('disk_exhaustion', '*', PLAYBOOK, { max_executions_per_week: 5, cooldown_hours: 48 }),
    ],
    playbooks: { [PLAYBOOK]: playbook(makeFolder(), ':') },
  });
}

async function begin(size: Size, bench: Bench): Promise<Service> {
  const home = homeOf(size);
  await fillLedger(home.database, { executions: size.executions, playbook: PLAYBOOK, resources: 500 });
  return await startService(home, bench.profile);
}

/** In its window, and of a target that nobody asked about before. */
const prediction = (): string =>
  JSON.stringify({
    predictions: [
      {
        prediction_type: 'disk_exhaustion',
        resource: `/volume-${PLACEHOLDER}`,
        days_until_critical: 8.2,
        confidence: 0.85,
      },
    ],
  });

const alert = (): string =>
  delivery(
    { prediction_type: 'disk_exhaustion', resource: `/volume-${PLACEHOLDER}` },
    { days_until_critical: '8.2', confidence: '0.85' },
  );

interface Pair {
  readonly young: readonly number[];
  readonly grown: readonly number[];
}

/** Medians of short runs in turn, one request at a time. */
async function both(
  { load, quick, rounds }: Bench,
  [young, grown]: readonly [Service, Service],
  path: string,
  body: string,
): Promise<Pair> {
  const medians = { young: [] as number[], grown: [] as number[] };
  let first = 0;
  const ask = async (service: Service): Promise<number> => {
    const count = quick ? 20 : 300;
    const bounds = { first, connections: 1, count, milliseconds: 10_000 };
    const outcome = allAccepted(
      await load.send({ port: service.port, method: 'POST', path, headers: HEADERS, body, ...bounds }),
    );
    first += outcome.requests;
    const { decisions } = JSON.parse(outcome.last);
    if (decisions[0].reason !== 'cooldown') throw new Error(`expected cooldown: ${outcome.last.slice(0, 500)}`);
    return median(outcome.latencies);
  };
  for (let round = -2; round < 2 * rounds; round++) {
    const pair = { young: await ask(young), grown: await ask(grown) };
    if (round < 0) continue;
    medians.young.push(pair.young);
    medians.grown.push(pair.grown);
  }
  return medians;
}

function row(what: string, { young, grown }: Pair): Row {
  const ratio = medianRatio(grown, young);
  return {
    what,
    figure: milliseconds(median(grown)),
    ratio: `${times(ratio)} of one with 10 and 100 (${milliseconds(median(young))})`,
    aim: `flat: <= ${AIM}`,
    met: ratio <= AIM,
  };
}

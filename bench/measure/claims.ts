import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import type { Bench } from '../bench.ts';
import type { Claimed } from '../claimer.ts';
import { type Engine, openStore, startEngines } from '../engines.ts';
import { type Program, start } from '../processes.ts';
import { median, medianRatio } from '../statistics.ts';
import { perSecond, type Row, times } from '../table.ts';

const CLAIMER = fileURLToPath(new URL('../claimer.ts', import.meta.url));

/** Processes, and callers in each of them. */
interface Clients {
  readonly processes: number;
  readonly callers: number;
}

const IN_ONE: readonly Clients[] = [1, 4, 16].map((callers) => ({ processes: 1, callers }));
const SEVERAL: Clients = { processes: 4, callers: 4 };

interface Contender {
  readonly name: string;
  round(): Promise<number>;
  readonly rates: number[];
}

/**
 * Decisions that claim, each durable before the caller goes on, beside bare commits of one row on the same disk by the same
 * engine: a short round of each in turn.
 */
export async function claims(bench: Bench): Promise<readonly Row[]> {
  const engines = await startEngines(bench);
  try {
    const rows: Row[] = [];
    for (const engine of engines) rows.push(...(await claimsOf(engine, bench)));
    return rows;
  } finally {
    for (const engine of engines) await engine.stop();
  }
}

async function claimsOf(engine: Engine, bench: Bench): Promise<readonly Row[]> {
  const milliseconds = bench.quick ? 150 : 3_000;
  const store = engine.create();
  await (await openStore(store)).close();
  const bare = await bareCommits(engine.create());
  const programs: Program[] = [];
  const contenders: Contender[] = [{ name: 'bare', rates: [], round: () => bare.round(milliseconds) }];
  let made = 0;
  let late = 0;
  try {
    for (const clients of [...IN_ONE, SEVERAL]) {
      const group: Program[] = [];
      for (let at = 0; at < clients.processes; at++) {
        const argv = [process.execPath, CLAIMER, store, String(clients.callers), `c${programs.length}`];
        const program = await start(argv, /ready/, { ipc: true });
        programs.push(program);
        group.push(program);
      }
      contenders.push({
        name: nameOf(clients),
        rates: [],
        async round() {
          const each = await Promise.all(group.map((program) => ask(program, milliseconds)));
          made += each.reduce((sum, one) => sum + one.claims, 0);
          late += each.reduce((sum, one) => sum + one.late, 0);
          return each.reduce((sum, one) => sum + one.claims / one.seconds, 0);
        },
      });
    }
    for (let round = bench.quick ? 0 : -1; round < bench.rounds; round++) {
      for (const contender of contenders) {
        const rate = await contender.round();
        if (round >= 0) contender.rates.push(rate);
      }
    }
  } finally {
    for (const program of programs) await program.stop('SIGKILL');
    await bare.close();
  }
  await check(store, made, late);
  if (late > 0) bench.note(`${engine.name}: ${late} claims were not answered in time, beside ${made} that were`);
  const [commits, ...claimed] = contenders as [Contender, ...Contender[]];
  return [
    {
      what: `${engine.name}: bare commits of one row`,
      figure: perSecond(median(commits.rates)),
      ratio: '',
      aim: '',
      met: null,
    },
    ...claimed.map(({ name, rates }) => ({
      what: `${engine.name}: claims, ${name}`,
      figure: perSecond(median(rates)),
      ratio: `${times(medianRatio(rates, commits.rates))} of bare commits`,
      aim: '',
      met: null,
    })),
  ];
}

const nameOf = ({ processes, callers }: Clients): string =>
  processes === 1 ? `${callers} at once` : `${processes} processes, ${callers} at once in each`;

function ask(program: Program, milliseconds: number): Promise<Claimed> {
  return new Promise((resolve, reject) => {
    program.exited.then(() => reject(new Error('a claiming process ended')));
    program.child.once('message', (answer) => resolve(answer as Claimed));
    program.child.send(milliseconds);
  });
}

/** A rate counts only when every claim is on record. */
async function check(store: string, made: number, late: number): Promise<void> {
  const ledger = await openStore(store);
  try {
    const { in_progress } = await ledger.summary(Date.now());
    const onRecord = in_progress[0]?.count ?? 0;
    if (onRecord < made || onRecord > made + late) throw new Error(`${made} were claimed, ${onRecord} are on record`);
  } finally {
    await ledger.close();
  }
}

const ROW = 'x'.repeat(1_000);

/** What the disk and the engine allow: a row of a kilobyte, committed before the next, by one connection. */
async function bareCommits(store: string) {
  const perSecondOf = async (milliseconds: number, commit: () => unknown): Promise<number> => {
    const began = performance.now();
    let commits = 0;
    for (; performance.now() - began < milliseconds; commits++) await commit();
    return (commits / (performance.now() - began)) * 1000;
  };
  if (store.startsWith('sqlite:')) {
    const db = new DatabaseSync(store.slice('sqlite:'.length));
    db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE bare (text TEXT)');
    const insert = db.prepare('INSERT INTO bare VALUES (?)');
    return {
      round: (milliseconds: number) => perSecondOf(milliseconds, () => insert.run(ROW)),
      close: async () => db.close(),
    };
  }
  const url = new URL(store);
  const client = new pg.Client({
    host: url.searchParams.get('host')!,
    port: Number(url.port),
    user: url.username,
    database: url.pathname.slice(1),
  });
  await client.connect();
  await client.query('CREATE TABLE bare (text text)');
  return {
    round: (milliseconds: number) =>
      perSecondOf(milliseconds, () =>
        client.query({ name: 'bare', text: 'INSERT INTO bare VALUES ($1)', values: [ROW] }),
      ),
    close: () => client.end(),
  };
}

import { DatabaseSync } from 'node:sqlite';
import { beforeAll, describe, expect, it } from 'vitest';
import { alertBody, DISK, ended, makeHome } from '../support/service.ts';
import { eventually } from '../support/wait.ts';
import { type History, problemsOf } from './history-checker.ts';
import { historyOf } from './traffic.ts';
import { type WatchedHome, watched } from './watched.ts';

/** What real services on a file of SQLite leave, and the same after somebody has changed one thing in it. */
describe('the history checker sees on SQLite', () => {
  let home: WatchedHome;
  let sound: History;
  let [first, second] = ['', ''];

  const now = (): History => historyOf(home, [], { cooldown: 0 });

  /** Another time in what a playbook wrote. */
  function at(kind: string, id: string, time: number): Partial<History> {
    const changed = (line: string) => (line.startsWith(`${kind} ${id}`) ? line.replace(/@\d+$/, `@${time}`) : line);
    return { records: sound.records.map(changed) };
  }

  const timeOf = (kind: string, id: string): number =>
    Number(/@(\d+)$/.exec(sound.records.find((line) => line.startsWith(`${kind} ${id}`))!)![1]);

  beforeAll(async () => {
    home = await watched(
      makeHome({
        mapping: (mapping) => {
          const [only] = mapping.mappings;
          const action = { ...only.action, cooldown_hours: 0 };
          return { ...mapping, mappings: [{ ...only, resource_filter: '/data/*', action }] };
        },
      }),
    );
    home.writePredictions(['/data/a', '/data/b'].map((resource) => ({ ...DISK, resource })));
    const service = await home.start();
    const run = async (resource: string): Promise<string> => {
      const { decisions } = (await (await service.post('/webhook', alertBody({ resource }))).json()) as any;
      expect(decisions).toMatchObject([{ verdict: 'approved' }]);
      expect(await ended(service, decisions[0].execution_id)).toMatchObject({ state: 'succeeded' });
      return decisions[0].execution_id;
    };
    first = await run('/data/a');
    second = await run('/data/b');
    await eventually(() => now().told!.length === 2);
    await service.stop();
    sound = now();
  });

  it('what each of its rules asks for, and finds nothing wrong in it', () => {
    expect(problemsOf(sound)).toEqual([]);
    expect(sound.deliveries.flatMap(({ decisions }) => decisions.map(({ execution_id }) => execution_id))).toEqual([
      first,
      second,
    ]);
    const way = ['claimed', 'checking', 'dry_run', 'running', 'succeeded'];
    for (const id of [first, second]) {
      expect(sound.records.filter((line) => new RegExp(`^(run|run-end) ${id}.* @\\d{13}$`).test(line))).toHaveLength(2);
      expect(sound.steps!.filter((step) => step.id === id).map(({ state }) => state)).toEqual(
        expect.arrayContaining(way),
      );
      expect(sound.told!.filter(({ execution_id }) => execution_id === id)).toHaveLength(1);
    }
  });

  it('a start before its record, and one after its end', () => {
    const begun = sound.steps!.find(({ id, state }) => id === first && state === 'running')!;
    expect(problemsOf({ ...sound, ...at('run', first, begun.at - 1) })).toEqual([
      `early-start: ${first} was started before its record`,
    ]);
    const { finished_at } = sound.executions.find(({ id }) => id === second)!;
    const late = { ...at('run', second, finished_at! + 5) };
    expect(problemsOf({ ...sound, ...late })).toEqual([
      `late-start: ${second} was started 5 ms after its end (succeeded) was on record`,
    ]);
  });

  it('two runs at the same time', () => {
    expect(problemsOf({ ...sound, ...at('run-end', first, timeOf('run', second) + 1) })).toEqual([
      `overlap: ${second} was started while ${first} ran in ["recording","playbook",null]`,
    ]);
  });

  it('a run that nobody heard of, unless it waits to be told; and one that was told twice', () => {
    const told = sound.told!.filter(({ execution_id }) => execution_id !== first);
    expect(problemsOf({ ...sound, told })).toEqual([`untold: nobody was told that ${first} succeeded`]);
    expect(problemsOf({ ...sound, told, untold: [first] })).toEqual([]);
    expect(problemsOf({ ...sound, told: [...told, ...sound.told!] })).toEqual([
      expect.stringMatching(`^told-twice: ${second} was told by the service and \\d+ ms later by the service$`),
    ]);
  });

  it('a report that waits in the ledger', () => {
    const write = (sql: string) => {
      const db = new DatabaseSync(home.database);
      db.exec(sql);
      db.close();
    };
    const subject = JSON.stringify({ kind: 'execution', execution: { id: first, state: 'succeeded' } });
    write(`INSERT INTO reports (channel, subject, created_at, next_at) VALUES ('discord', '${subject}', 0, 0)`);
    expect(now().untold).toEqual([first]);
    write('DELETE FROM reports');
    expect(now().untold).toEqual([]);
  });

  it('an end that was written again', () => {
    const db = new DatabaseSync(home.database);
    db.exec(`UPDATE executions SET state = 'failed' WHERE id = '${first}'`);
    db.close();
    expect(problemsOf(now())).toEqual([`rewritten: ${first} had ended as succeeded and was made failed`]);
  });
});

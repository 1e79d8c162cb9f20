import { readFileSync, writeFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { alertBody, ended, forestall, type Home, makeHome, startService } from '../support/service.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const asked = (home: Home, ...args: string[]) =>
  forestall(['history', '--verify', ...args, '--config', home.config, '--log-level', 'silent']);

/** A ledger that a service wrote, and the head that it logged when it stopped. */
let home: Home;
let logged: string;

function outside(text: string): void {
  const db = new DatabaseSync(home.database);
  db.exec(text);
  db.close();
}

beforeAll(async () => {
  home = makeHome();
  const service = await startService(home);
  const answer = (await (await service.post('/webhook', alertBody())).json()) as any;
  await ended(service, answer.decisions[0].execution_id);
  // It goes on running while the record is verified.
  expect(await asked(home)).toMatchObject({ code: 0, stdout: expect.stringMatching(/fits its hash chain: 2 rows/) });
  await service.stop();
  logged = service
    .log()
    .flatMap((line) => (typeof line['chain_head'] === 'string' ? line['chain_head'] : []))
    .at(-1)!;
});

describe('history --verify', () => {
  it('says that all fits, and where the chain ends', async () => {
    const { code, stdout } = await asked(home, '--json', '--head', logged);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ fits: true, rows: 2, head: logged, checkpoint: null, problem: null });
    expect(await asked(home, '--head', logged.split(':')[1]!)).toMatchObject({ code: 0 });
  });

  it('creates no ledger where there is none', async () => {
    const { code, stderr } = await forestall(['history', '--verify', '--config', makeHome().config]);
    expect({ code, stderr }).toMatchObject({ code: 1, stderr: expect.stringMatching(/there is no ledger at sqlite:/) });
  });

  it('names what was changed, and exits 1', async () => {
    outside("UPDATE executions SET state = 'failed'");
    const { code, stdout } = await asked(home, '--json');
    outside("UPDATE executions SET state = 'succeeded'");
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({
      fits: false,
      problem: { what: 'changed', table: 'executions', row: 1, id: expect.stringMatching(/^exec_/) },
    });
    expect(await asked(home)).toMatchObject({ code: 0 });
  });

  it('finds by a head from elsewhere what was made anew', async () => {
    const [seq, hash] = logged.split(':');
    expect(await asked(home, '--head', `${Number(seq) + 1}:${hash!.replace(/^./, 'f')}`)).toMatchObject({
      code: 1,
      stdout: expect.stringMatching(/its end was cut off/),
    });
    expect((await asked(home, '--head', 'abc')).code).toBe(2);
    expect((await asked(home, 'exec_1')).code).toBe(2);
    const alone = await forestall(['history', '--head', logged, '--config', home.config]);
    expect(alone).toMatchObject({ code: 2, stderr: expect.stringMatching(/--head goes with --verify/) });
  });
});

it('ledger.keep that is shorter than a cooldown is no configuration', async () => {
  const other = makeHome({
    mapping(document) {
      document.mappings[0].action.cooldown_hours = 24 * 365;
      return document;
    },
  });
  const text = readFileSync(other.config, 'utf8');
  const config = JSON.parse(text);
  expect(await forestall(['check', '--config', other.config])).not.toMatchObject({ code: 2 });
  writeFileSync(other.config, JSON.stringify({ ...config, ledger: { keep: '200d' } }));
  expect(await forestall(['check', '--config', other.config])).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(
      /ledger\.keep: found 200d, and mappings\[0\]\.action\.cooldown_hours of the mapping looks back 365d/,
    ),
  });
});

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { seedChain } from '../../src/ledger/sqlite/chain.ts';
import { alertBody, ended, forestall, type Home, makeHome, startService } from '../support/service.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const asked = (home: Home, ...args: string[]) =>
  forestall(['replay', ...args, '--config', home.config, '--log-level', 'silent']);

/** A mapping beside the configured one; its path. */
function mappingFile(home: Home, name: string, change: (document: any) => void): string {
  const document = JSON.parse(JSON.stringify(MAPPING));
  change(document);
  const path = join(home.folder, name);
  writeFileSync(path, JSON.stringify(document, null, 2));
  return path;
}

let MAPPING: any;
/** A ledger that a service wrote: one run, and a refusal that came three times. */
let home: Home;

function rows(): readonly unknown[] {
  const db = new DatabaseSync(home.database, { readOnly: true });
  const all = ['decisions', 'executions', 'counters', 'reports'].map((table) =>
    db.prepare(`SELECT * FROM ${table}`).all(),
  );
  db.close();
  return all;
}

beforeAll(async () => {
  home = makeHome({
    mapping(document) {
      MAPPING = document;
      document.mappings[0].action.parameters = { mode: 'gentle' };
      return document;
    },
  });
  const service = await startService(home);
  const post = async () =>
    ((await (await service.post('/webhook', alertBody({ resource: '/data' }))).json()) as any).decisions[0];
  await ended(service, (await post()).execution_id);
  for (let times = 0; times < 3; times++) expect(await post()).toMatchObject({ reason: 'cooldown' });
  expect(await service.stop()).toBe(0);
});

describe('forestall replay', () => {
  it('says that nothing flips under the mapping of the time, and leaves no trace', async () => {
    const before = rows();
    const { code, stdout } = await asked(home);
    expect(stdout).toContain(`2 decisions of the last 30d under ${home.mapping}: nothing flips\n`);
    expect(stdout).toMatch(/recording +1 +1 +0 +0 +cooldown \(1 decision\)/);
    expect(code).toBe(0);
    const { stdout: json } = await asked(home, '--json', '--mapping', home.mapping, '--since', '90d');
    expect(JSON.parse(json)).toMatchObject({ mapping: home.mapping, decisions: 2, unexplained: 0, flips: [] });
    expect(rows()).toEqual(before);
    expect(home.runs()).toHaveLength(1);
  });

  it('exits 1 where a decision flips, and shows both sides and the runs', async () => {
    const narrow = mappingFile(home, 'narrow.json', (document) => {
      document.mappings[0].conditions.max_days_until_critical = 7;
    });
    const { code, stdout } = await asked(home, '--mapping', narrow, '--json');
    expect(code).toBe(1);
    const { flips, playbooks } = JSON.parse(stdout);
    expect(flips).toMatchObject([
      {
        decision_id: expect.stringMatching(/^dec_/),
        at: expect.stringMatching(/^\d{4}-/),
        target: { prediction_type: 'disk_exhaustion', resource: '/data' },
        was: { verdict: 'approved', reason: 'approved', playbook: 'recording' },
        would_be: { verdict: 'deferred', reason: 'not_urgent_yet', message: 'critical in 8.2 days > 7' },
        postponed_to: null,
      },
      { was: { reason: 'cooldown' }, would_be: { reason: 'not_urgent_yet' } },
    ]);
    expect(playbooks).toMatchObject([{ playbook: 'recording', runs_before: 1, runs_after: 0, saved: 1, added: 0 }]);
    const shown = await asked(home, '--mapping', narrow);
    expect(shown.code).toBe(1);
    expect(shown.stdout).toContain(`under ${narrow}: 2 flips, 1 of the verdict\n`);
    expect(shown.stdout).toMatch(
      /disk_exhaustion of \/data +approved \(recording\) → deferred \(not_urgent_yet\) +was: every gate passed +would be: critical in 8\.2 days > 7/,
    );
    expect(shown.stdout).toMatch(/recording +1 +0 +1 +0 +-/);
  });

  it('simulates limits forward: what the run of the time left behind holds on', async () => {
    const eager = mappingFile(home, 'eager.json', (document) => {
      document.mappings[0].action.cooldown_hours = 0;
    });
    const { code, stdout } = await asked(home, '--mapping', eager, '--json');
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({
      flips: [{ was: { reason: 'cooldown' }, would_be: { reason: 'settling', verdict: 'deferred' } }],
      playbooks: [{ runs_before: 1, runs_after: 1, held_by: [{ reason: 'settling', decisions: 1 }] }],
    });
  });

  it.for([
    [['--mapping', 'bad.json'], /bad\.json:\d+:\d+: mappings\[0\]\.action\.cooldown_hours: found "soon"/],
    [['--mapping', 'gone.json'], /gone\.json: .*name another with --mapping/],
    [['--since', 'ever'], /--since ever is not a duration/],
    [['--since', '0'], /--since 0 is not a duration/],
  ] as const)('%j is 2', async ([args, says]) => {
    mappingFile(home, 'bad.json', (document) => {
      document.mappings[0].action.cooldown_hours = 'soon';
    });
    const here = args.map((arg) => (arg.endsWith('.json') ? join(home.folder, arg) : arg));
    const { code, stdout, stderr } = await asked(home, ...here);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(says);
  });

  it('counts what an earlier version left without its basis, and lets it stand', async () => {
    const db = new DatabaseSync(home.database);
    const kept = db.prepare('SELECT id, basis FROM decisions ORDER BY seq').all();
    expect(JSON.parse(String(kept[0]!['basis'])).mapping.action).toMatchObject({
      playbook: 'recording',
      parameters: {},
    });
    db.exec(`UPDATE decisions SET basis = NULL WHERE verdict = 'approved'; DELETE FROM chain`);
    seedChain(db);
    const narrow = join(home.folder, 'narrow.json');
    const { code, stdout } = await asked(home, '--mapping', narrow);
    db.prepare('UPDATE decisions SET basis = ? WHERE id = ?').run(kept[0]!['basis']!, kept[0]!['id']!);
    db.exec('DELETE FROM chain');
    seedChain(db);
    db.close();
    expect(code).toBe(1);
    expect(stdout).toContain('1 decision made by an earlier version, which kept too little, left as they were');
    expect(stdout).toMatch(/recording +1 +1 +0 +0/);
  });

  it('makes no ledger where there is none', async () => {
    const empty = makeHome();
    expect(await asked(empty)).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('no ledger at') });
  });
});

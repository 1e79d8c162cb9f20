import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, it, vi } from 'vitest';
import { createPrograms, playbookFolder } from '../playbooks/programs.ts';
import { alertBody, DISK, ended, makeHome } from '../support/service.ts';
import { tempDir } from '../support/temp.ts';
import { expectSoundHistory } from './traffic.ts';
import { watched } from './watched.ts';

vi.setConfig({ testTimeout: 120_000 });

const programs = createPrograms();
afterAll(() => programs.remove());

/** What changes something on a host, in the place of the real ones. */
for (const name of ['sudo', 'systemctl', 'journalctl', 'docker', 'podman', 'apt-get', 'ansible-playbook']) {
  programs.add(name, 'exit 1');
}

const SHIPPED = {
  disk_exhaustion: 'disk-cleanup',
  memory_exhaustion: 'resource-pressure',
  service_drift: 'drift-reconciliation',
};

it('the shipped playbooks evaluate nothing of a hostile resource, and do nothing for it (fault 2)', async () => {
  const folder = tempDir();
  const canary = join(folder, 'canary');
  const hostile = [
    `$(touch ${canary})`,
    `\`touch ${canary}\``,
    `/; touch ${canary} #`,
    `/ && touch ${canary}`,
    `app.service' ; touch ${canary} ; '`,
    `app.service" ; touch ${canary} ; "`,
    `a[$(touch ${canary})]`,
    `x -o ${canary}`,
  ];
  const types = Object.keys(SHIPPED);
  const home = await watched(
    makeHome({
      config: (config) => ({
        ...config,
        playbooks: Object.fromEntries(
          Object.values(SHIPPED).map((name) => [
            name,
            { version: '1', run: [join(playbookFolder, name), '{resource}'] },
          ]),
        ),
        execution: { max_parallel: 2, circuit_breaker: { failures: 1_000 } },
      }),
      mapping: (mapping) => ({
        ...mapping,
        mappings: Object.entries(SHIPPED).map(([prediction_type, playbook]) => ({
          prediction_type,
          resource_filter: '*',
          conditions: { min_confidence: 0.7 },
          action: { playbook, version: '1', limit_scope: 'resource', max_executions_per_week: 100, cooldown_hours: 1 },
          safety_checks: [],
        })),
        global_settings: { ...mapping.global_settings, max_daily_executions: 1_000 },
      }),
    }),
  );
  const all = types.flatMap((prediction_type) => hostile.map((resource) => ({ prediction_type, resource })));
  home.writePredictions(all.map((about) => ({ ...DISK, ...about })));
  const service = await home.start({ env: { PATH: `${programs.folder}:${process.env['PATH']}` } });
  const alerts = all.map((labels) => (alertBody(labels) as { alerts: object[] }).alerts[0]);
  const { decisions } = (await (await service.post('/webhook', { ...alertBody(), alerts })).json()) as any;
  expect(decisions).toHaveLength(all.length);
  for (const [at, { verdict, execution_id }] of decisions.entries()) {
    expect([all[at], verdict]).toEqual([all[at], 'approved']);
    const { state, playbook, started_at } = await ended(service, execution_id, 60_000);
    expect([all[at], playbook, started_at]).toEqual([
      all[at],
      SHIPPED[all[at]!.prediction_type as 'service_drift'],
      null,
    ]);
    expect(['dry_run_failed', 'nothing_to_do']).toContain(state);
  }
  await service.stop();
  expect(existsSync(canary)).toBe(false);
  expect(readdirSync(folder)).toEqual([]);
  // Nothing was asked to change anything.
  expect(programs.calls().filter((call) => /^(sudo|docker|podman|apt-get|ansible-playbook) /.test(call))).toEqual([]);
  expectSoundHistory(home, []);
});

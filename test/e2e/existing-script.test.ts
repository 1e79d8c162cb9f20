import { appendFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { program } from '../support/playbook.ts';
import {
  alertBody,
  DISK,
  ended,
  forestall,
  type Home,
  makeHome,
  type Service,
  startService,
} from '../support/service.ts';
import { readText } from '../support/source-text.ts';
import { tempDir } from '../support/temp.ts';

const SCRIPT = '/opt/remediation/apply-remediation.sh';
/** Root may mount a file system of its own: nobody else writes to it, so its numbers are exact. */
const isRoot = process.getuid?.() === 0;

/** The five lines of docs/playbooks.md for this playbook, word for word but for the place of the script. */
function documentedLines(playbook: string, script: string): any {
  const blocks = [...readText('docs/playbooks.md').matchAll(/^```yaml\n([\s\S]*?)^```/gm)].map(([, text]) => text!);
  const block = blocks.find((text) => text.includes(`\n  ${playbook}:\n`) && text.includes(`run: [${SCRIPT}, `))!;
  expect(block.trimEnd().split('\n')).toHaveLength(5);
  return parse(block.replaceAll(SCRIPT, script)).playbooks;
}

describe('a script of the shape apply-remediation.sh, as it is', { timeout: 60_000 }, () => {
  const script = program('apply-remediation.sh');
  const beside = (name: string) => join(dirname(script), name);
  const calls = () => readFileSync(beside('calls'), 'utf8').split('\n').filter(Boolean);
  const root = isRoot ? tempDir() : `/dev/shm/forestall-test-${process.pid}`;
  const cache = join(root, 'cache');
  const predictions = [
    { ...DISK, resource: root },
    { ...DISK, resource: cache },
    { ...DISK, prediction_type: 'service_drift', resource: 'jellyfin' },
  ];
  let home: Home;
  let service: Service;

  beforeAll(async () => {
    appendFileSync(beside('calls'), '');
    writeFileSync(beside('target'), cache);
    home = makeHome({
      config: (document) => ({
        ...document,
        playbooks: { ...documentedLines('drift-reconciliation', script), ...documentedLines('disk-cleanup', script) },
      }),
      mapping: (document) => {
        const [mapping] = document.mappings;
        const action = { ...mapping.action, cooldown_hours: 0, limit_scope: 'resource', version: '1.1' };
        return {
          ...document,
          mappings: [
            { ...mapping, resource_filter: '*', action: { ...action, playbook: 'disk-cleanup' } },
            {
              ...mapping,
              prediction_type: 'service_drift',
              resource_filter: '*',
              action: { ...action, playbook: 'drift-reconciliation', version: '1.0' },
            },
          ],
        };
      },
    });
    home.writePredictions(predictions);
    const fill = 'mkdir -- "$1/cache" && head -c 8M /dev/zero >"$1/cache/old"';
    const mount = `mount -t tmpfs -o size=64M none "$1" && ${fill} && shift && exec "$@"`;
    if (!isRoot) {
      mkdirSync(cache, { recursive: true });
      writeFileSync(join(cache, 'old'), Buffer.alloc(8 * 2 ** 20));
    }
    service = await startService(
      home,
      isRoot ? { wrapper: ['unshare', '--mount', 'bash', '-c', mount, 'bash', root] } : {},
    );
  });
  afterAll(() => {
    if (!isRoot) rmSync(root, { recursive: true, force: true });
  });

  async function execute(prediction_type: string, resource: string): Promise<any> {
    const answer = await service.post('/webhook', alertBody({ prediction_type, resource }));
    const [decision] = ((await answer.json()) as any).decisions;
    expect(decision).toMatchObject({ verdict: 'approved' });
    return await ended(service, decision.execution_id);
  }

  it('is run for a service: dry run, run, record', async () => {
    const execution = await execute('service_drift', 'jellyfin');
    expect(execution).toMatchObject({
      state: 'succeeded',
      dry_run: { exit_code: 0, result: null, used_bytes: null, error: null },
      run: { exit_code: 0, result: null, used_bytes: null, error: null },
      message: expect.stringMatching(/^exit code 0 after [\d.]+ s, and it did not say what it changed$/),
    });
    expect(calls().slice(-2)).toEqual([
      '--playbook drift-reconciliation --service jellyfin --dry-run',
      '--playbook drift-reconciliation --service jellyfin',
    ]);
    const output = await (await service.get(`/api/v1/executions/${execution.id}/output?phase=run`)).text();
    expect(output).toBe('[INFO] playbook drift-reconciliation for jellyfin\n[SUCCESS] restarted jellyfin\n');
  });

  it('frees space without saying so: the record has the numbers of the file system', async () => {
    const execution = await execute('disk_exhaustion', root);
    const { before, after } = execution.run.used_bytes;
    expect(execution).toMatchObject({ state: 'succeeded', dry_run: { used_bytes: null }, run: { result: null } });
    expect(execution.message).toContain(`and it did not say what it changed; the file system of ${root} freed `);
    expect(before - after).toBeGreaterThan(7 * 2 ** 20);
    if (isRoot) {
      expect(before - after).toBe(8 * 2 ** 20);
      expect(execution.message).toMatch(/ freed 8 MiB: it used 8 MiB before and 0 B after$/);
    }
    expect(calls().slice(-2)).toEqual(['--playbook disk-cleanup --dry-run', '--playbook disk-cleanup']);
    const { stdout } = await forestall(['history', execution.id, '--config', home.config]);
    expect(stdout).toContain(`used on its file system: ${before} bytes (`);
    expect(stdout).toContain(`${after} bytes (`);
    expect(stdout).toContain(execution.message);
  });

  it('answers "nothing to do" with exit 0: the record says that nothing changed', async () => {
    const execution = await execute('disk_exhaustion', cache);
    const { before, after } = execution.run.used_bytes;
    expect(execution).toMatchObject({ state: 'succeeded', run: { exit_code: 0, result: null } });
    const output = await (await service.get(`/api/v1/executions/${execution.id}/output?phase=run`)).text();
    expect(output).toContain('[SUCCESS] nothing to do\n');
    expect(execution.message).toContain(`and it did not say what it changed; the file system of ${cache} `);
    if (isRoot) {
      expect(after).toBe(before);
      expect(execution.message).toMatch(/ used 0 B before and after: nothing changed$/);
    }
  });
});

import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { alertBody, DISK, ended, makeHome, startService } from '../support/service.ts';
import { eventually } from '../support/wait.ts';

const RESOURCE = '/dätä/Ω';
/** What the test wrote itself, and what a collector of its own user reads. */
const READ_BY_OTHERS = /^(?:forestall|action-mapping|predictions)\.json$|^record\.txt$|\.prom$/;

function filesBelow(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

test.each([
  ['another time zone', { TZ: 'Asia/Kathmandu' }, []],
  ['the locale C', { LC_ALL: 'C' }, []],
  ['a locale that is not UTF-8', { LANG: 'de_DE.ISO-8859-1' }, []],
  ['an umask of 0', {}, ['sh', '-c', 'umask 0; exec "$@"', 'sh']],
] as const)('the same in %s (fault 70)', async (_name, env, wrapper) => {
  const home = makeHome({
    mapping(mapping) {
      const [only] = mapping.mappings;
      return { ...mapping, mappings: [{ ...only, resource_filter: '/d?t?/*' }] };
    },
  });
  home.writePredictions([{ ...DISK, resource: RESOURCE, observed_at: new Date().toISOString() }]);
  const service = await startService(home, { env, wrapper });
  const { decisions } = (await (await service.post('/webhook', alertBody({ resource: RESOURCE }))).json()) as any;
  expect(decisions).toMatchObject([{ verdict: 'approved' }]);
  const execution = await ended(service, decisions[0].execution_id);
  expect(execution).toMatchObject({ state: 'succeeded', prediction: { resource: RESOURCE } });
  expect(Math.abs(Date.parse(execution.started_at) - Date.now())).toBeLessThan(60_000);
  expect(home.runs()).toEqual([`run ${execution.id} ${RESOURCE}`]);
  expect(await (await service.get('/metrics')).text()).toContain(`resource="${RESOURCE}"`);
  const textfile = join(home.folder, 'proactive-remediation.prom');
  await eventually(() => statSync(textfile).isFile());
  expect(await service.stop()).toBe(0);
  const open = filesBelow(home.folder).filter(
    (path) => !READ_BY_OTHERS.test(path.split('/').at(-1)!) && (statSync(path).mode & 0o077) !== 0,
  );
  expect(open).toEqual([]);
});

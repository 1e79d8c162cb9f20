import { spawnSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { routesFor } from '../../src/doctor/routing.ts';
import { regexMatches } from '../../src/prometheus/matcher-regex.ts';
import { configOf, routeTree, writtenConfig } from '../support/route-trees.ts';
import { tempDir } from '../support/temp.ts';

const AMTOOL = '/usr/bin/amtool';
const installed = existsSync(AMTOOL);
if (!installed) console.error('\n*** amtool is not installed: ROUTES ARE NOT COMPARED WITH ALERTMANAGER ***\n');

it.skipIf(!installed)('any alert takes the way through any tree that Alertmanager says', { timeout: 60_000 }, () => {
  const file = join(tempDir(), 'alertmanager.yml');
  const labels = fc.dictionary(fc.constantFrom('a', 'b', 'c'), fc.constantFrom('x', 'y', 'yy'));
  fc.assert(
    fc.property(routeTree, fc.array(labels, { minLength: 1, maxLength: 3 }), (tree, alerts) => {
      writeFileSync(file, JSON.stringify(writtenConfig(tree)));
      for (const alert of alerts) {
        const words = Object.entries(alert).map(([name, value]) => `${name}=${value}`);
        const asked = spawnSync(AMTOOL, ['config', 'routes', 'test', `--config.file=${file}`, ...words], {
          encoding: 'utf8',
        });
        expect(asked.status, asked.stderr).toBe(0);
        const receivers = routesFor(configOf(tree).route, alert, regexMatches).routes.map(({ receiver }) => receiver);
        expect(receivers.join(','), JSON.stringify({ tree, alert })).toBe(asked.stdout.trim());
      }
    }),
    { numRuns: 60 },
  );
});

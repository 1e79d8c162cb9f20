import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import { tempDir } from '../support/temp.ts';

it('warns of checks that would be asked of the wrong machine', () => {
  const path = tempDir();
  const mapping = {
    mappings: [
      {
        prediction_type: 't',
        resource_filter: '*',
        conditions: { min_confidence: 0 },
        action: { playbook: 'p', version: '1', verify: { expect: 'disk_usage < 85%' } },
        safety_checks: ['no_active_backups', 'load_per_cpu < 2'],
      },
    ],
  };
  writeFileSync(join(path, 'action-mapping.json'), JSON.stringify(mapping));
  writeFileSync(
    join(path, 'forestall.yaml'),
    `playbooks:
  p: { version: "1", runner: ansible, playbook: p.yml, inventory: h.yml, extra_vars: { path: "{ressource}" } }
facts: { load_per_cpu: { command: [x] } }`,
  );
  const loaded = loadConfig({ file: join(path, 'forestall.yaml'), env: {}, home: '/home/someone' });
  expect(loaded.ok && loaded.config.warnings).toEqual([
    expect.stringContaining('extra_vars.path: {ressource} is no placeholder and keeps the playbook from ever being'),
    expect.stringContaining('verify.expect: "disk_usage < 85%" is asked of this machine'),
    expect.stringContaining('safety_checks[0]: "no_active_backups" is asked of this machine, and p runs on the host'),
  ]);
});

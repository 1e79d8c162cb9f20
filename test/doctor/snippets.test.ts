import { spawnSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { readAlertmanagerConfig } from '../../src/doctor/alertmanager-config.ts';
import {
  alertingLines,
  INHIBIT_LINES,
  RULE_FILE_LINES,
  receiverLines,
  repeatLine,
  routeLines,
  scrapeLines,
} from '../../src/doctor/snippets.ts';
import { formatDuration } from '../../src/mapping/duration.ts';
import { DAY } from '../support/decision.ts';
import { complaints, healthyFacts, ok } from '../support/doctor.ts';
import { tempDir } from '../support/temp.ts';

const { address } = healthyFacts().expected;

/** The lines that findings say, put together as somebody would who had nothing. */
const prometheus = {
  ...parse(scrapeLines(address, true, ['honor_labels: true', 'metrics_path: /metrics'])),
  ...parse(RULE_FILE_LINES),
  ...parse(alertingLines('http://127.0.0.1:9093')),
};
const { route } = parse(routeLines([repeatLine(2 * DAY)]));
const { receivers } = parse(receiverLines(address, true, ['send_resolved: true']));
const alertmanager = {
  route: { receiver: 'people', ...route },
  receivers: [{ name: 'people', webhook_configs: [{ url: 'http://127.0.0.1:9/people' }] }, ...receivers],
  ...parse(INHIBIT_LINES),
};

function accepted(program: string, args: readonly string[], config: object): void {
  const file = join(tempDir(), 'config.yml');
  writeFileSync(file, JSON.stringify(config));
  const { status, stdout, stderr } = spawnSync(program, [...args, file], { encoding: 'utf8' });
  expect(status, stdout + stderr).toBe(0);
}

describe('the lines that findings say', () => {
  it.skipIf(!existsSync('/usr/bin/promtool'))('are what Prometheus reads', () => {
    accepted('promtool', ['check', 'config', '--syntax-only'], prometheus);
  });

  it.skipIf(!existsSync('/usr/bin/amtool'))('are what Alertmanager reads', () => {
    accepted('amtool', ['check-config'], alertmanager);
  });

  it('close the loop', () => {
    expect(complaints(healthyFacts({ alertmanager: { config: ok(readAlertmanagerConfig(alertmanager)) } }))).toEqual(
      [],
    );
    expect(prometheus.scrape_configs[0].static_configs[0].targets).toEqual(['127.0.0.1:9096']);
    expect(route.routes[0].repeat_interval).toBe(formatDuration(2 * DAY));
  });

  it('have no token where none is configured', () => {
    expect(scrapeLines(address, false) + receiverLines(address, false)).not.toContain('authorization');
  });
});

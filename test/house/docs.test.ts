import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { filesBelow, ROOT, readText } from '../support/source-text.ts';

const pages = filesBelow('.').filter((file) => file.endsWith('.md'));
const manifest = JSON.parse(readText('package.json')) as { scripts: Record<string, string>; files: string[] };

test('every link to a file of the project leads somewhere', () => {
  const links = pages.flatMap((page) =>
    [...readText(page).matchAll(/\]\((?!https?:|mailto:|#)([^)#\s]+)(?:#[^)]*)?\)/g)].map(([, target]) => ({
      page,
      target: target!,
    })),
  );
  const dead = links.filter(({ page, target }) => !existsSync(join(ROOT, dirname(page), target)));
  expect(links.length).toBeGreaterThan(5);
  expect(dead).toEqual([]);
});

test('every npm script that a page names is there', () => {
  const named = pages.flatMap((page) =>
    [...readText(page).matchAll(/\bnpm run (?:--silent )?([a-z][a-z:-]*)/g)].map(([, script]) => ({
      page,
      script: script!,
    })),
  );
  expect(named.filter(({ script }) => !(script in manifest.scripts))).toEqual([]);
  expect(named.map(({ script }) => script)).toEqual(expect.arrayContaining(['demo', 'check', 'forestall']));
});

test('the configuration that newcomers take over is YAML as Prometheus and Alertmanager read it', () => {
  const blocks = [...readText('docs/getting-started.md').matchAll(/^( *)```yaml\n([\s\S]*?)^\1```/gm)].map(
    ([, , text]) => parse(text!) as Record<string, unknown>,
  );
  expect(blocks.flatMap((block) => Object.keys(block))).toEqual([
    'rule_files',
    'scrape_configs',
    'route',
    'receivers',
    'inhibit_rules',
  ]);
});

test('what the package ships is there', () => {
  expect(manifest.files).toEqual(expect.arrayContaining(['bin', 'dist', 'config/playbooks', 'deploy', 'docs']));
  for (const file of ['LICENSE', 'README.md', 'CHANGELOG.md', 'bin/forestall', '.ci/run', 'docs/architecture.md']) {
    expect(existsSync(join(ROOT, file)), file).toBe(true);
  }
});

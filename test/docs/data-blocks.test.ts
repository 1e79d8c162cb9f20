import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { loadConfig } from '../../src/config/load.ts';
import { configSchema } from '../../src/config/schema.ts';
import { readPredictions } from '../../src/prediction/documents.ts';
import { makeDocsHome } from './home.ts';
import { type Block, blocksOf, isScript, PAGES, where } from './page.ts';
import { OTHERS_DATA } from './tables.ts';

/*
 * YAML and JSON of the pages, read by what reads such files. What a block is follows from its keys; where it is a part
 * of a mapping, a comment before it says of which: `<!-- in mappings[0].action -->`, `<!-- in global_settings -->`.
 */

type Document = Record<string, any>;

const LANGUAGES = ['sh', 'console', 'text', 'yaml', 'json', 'ini', 'js', 'promql'];
const OF_PROMETHEUS = ['global', 'rule_files', 'scrape_configs', 'alerting', 'groups', 'storage'];
const OF_ALERTMANAGER = ['route', 'receivers', 'inhibit_rules', 'templates', 'time_intervals'];
const OF_A_MAPPING = ['version', 'last_updated', 'mappings', 'global_settings'];
const OF_PREDICTIONS = ['generated_at', 'predictions'];
const OURS = Object.keys(configSchema.shape);

const blocks = PAGES.flatMap((page) => blocksOf(page));
const data = blocks
  .filter(({ language }) => language === 'yaml' || language === 'json')
  .map((block) => ({ name: where(block), block }));

function contentOf({ language, text }: Block): any {
  return language === 'json' ? JSON.parse(text) : parse(text);
}

function only(document: Document, keys: readonly string[]): boolean {
  return Object.keys(document).every((key) => keys.includes(key));
}

function partOf({ notes }: Block): string | null {
  return notes.flatMap((note) => /^in ((?:mappings|global_settings)\S*)$/.exec(note)?.[1] ?? []).at(-1) ?? null;
}

/** What the block is: the words behind the name of the page in a failure. */
function kindOf(block: Block): string {
  const value = contentOf(block);
  if (partOf(block) !== null) return 'part of a mapping';
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return 'unknown';
  if ('mappings' in value && only(value, OF_A_MAPPING)) return 'mapping';
  if (only(value, OURS)) return 'configuration';
  if ('predictions' in value && only(value, OF_PREDICTIONS)) return 'predictions';
  if (only(value, OF_PROMETHEUS)) return 'prometheus';
  if (only(value, OF_ALERTMANAGER)) return 'alertmanager';
  if (Object.keys(value).some((key) => key in OTHERS_DATA)) return 'others';
  return 'unknown';
}

function merged(under: any, over: any): any {
  const isMap = (value: unknown): value is Document =>
    typeof value === 'object' && value !== null && !Array.isArray(value);
  if (!isMap(under) || !isMap(over)) return over;
  const keys = new Set([...Object.keys(under), ...Object.keys(over)]);
  return Object.fromEntries(
    [...keys].map((key) => [
      key,
      key in over ? (key in under ? merged(under[key], over[key]) : over[key]) : under[key],
    ]),
  );
}

/** `value` merged into `document` at a path like `mappings[0].action`. */
function mergedAt(document: any, path: string, value: unknown): any {
  const [, key, index, rest] = /^(\w+)(?:\[(\d+)\])?(?:\.(.+))?$/.exec(path) ?? [];
  if (key === undefined) throw new Error(`${path} is no path`);
  const into = (here: any) => (rest === undefined ? merged(here, value) : mergedAt(here ?? {}, rest, value));
  if (index === undefined) return { ...document, [key]: into(document[key]) };
  const list = [...document[key]];
  list[Number(index)] = into(list[Number(index)]);
  return { ...document, [key]: list };
}

/** Problems of the shipped configuration with this put over it, as `forestall check` would say them. */
function problemsOf(change: {
  readonly config?: Document;
  readonly mapping?: (shipped: any) => any;
}): readonly string[] {
  const home = makeDocsHome();
  const mappingFile = join(home.folder, 'config/action-mapping.json');
  const urls = { prometheus: { url: 'http://127.0.0.1:9090' }, alertmanager: { url: 'http://127.0.0.1:9093' } };
  const shipped = parse(readFileSync(home.config, 'utf8')) as Document;
  const config = merged(merged(shipped, urls), change.config ?? {});
  const mapping = JSON.parse(readFileSync(mappingFile, 'utf8'));
  const changed = change.mapping?.(mapping) ?? mapping;
  // A page that writes about one playbook need not repeat the others.
  for (const { action } of changed.mappings) {
    config['playbooks'][action?.playbook] ??= { version: action.version, run: ['playbooks/disk-cleanup'] };
  }
  for (const name of ['discord-url', 'alertmanager-token', 'prometheus-token', 'operate-token']) {
    const content = name === 'discord-url' ? 'https://discord.example/hook' : `secret-of-${name}`;
    writeFileSync(join(home.folder, 'config', name), content);
  }
  writeFileSync(mappingFile, JSON.stringify(changed));
  writeFileSync(home.config, JSON.stringify(config));
  const env = { CREDENTIALS_DIRECTORY: join(home.folder, 'config') };
  const loaded = loadConfig({ file: home.config, env, home: home.folder });
  return loaded.ok ? [] : loaded.problems.map(({ path, message }: any) => `${path}: ${message}`);
}

describe('the blocks of the documentation', () => {
  it('say in which language they are', () => {
    const wrong = blocks.filter(({ language }) => !LANGUAGES.includes(language));
    expect(
      wrong.map((block) => `${where(block)}: ${JSON.stringify(block.language)}`),
      `One of ${LANGUAGES.join(', ')}; sh for commands, console for commands with their output, text for the rest.`,
    ).toEqual([]);
  });

  it('that hold data say what they are', () => {
    const unknown = data.filter(({ block }) => kindOf(block) === 'unknown');
    expect(unknown.map(({ name }) => name)).toEqual([]);
    expect(new Set(data.map(({ block }) => kindOf(block))).size).toBeGreaterThan(4);
  });

  it('for other programs are listed only where a page has them', () => {
    const keys = data.flatMap(({ block }) => Object.keys(contentOf(block)));
    expect(Object.keys(OTHERS_DATA).filter((key) => !keys.includes(key))).toEqual([]);
  });

  it.each(data.filter(({ block }) => block.language === 'yaml'))('$name: one YAML document', ({ block }) => {
    const documents = parseAllDocuments(block.text, { uniqueKeys: true });
    expect([documents].flat().flatMap(({ errors }) => errors)).toEqual([]);
    expect([documents].flat()).toHaveLength(1);
  });

  it.each(data.filter(({ block }) => kindOf(block) === 'configuration'))('$name: of forestall.yaml', ({ block }) => {
    expect(problemsOf({ config: contentOf(block) })).toEqual([]);
  });

  it.each(data.filter(({ block }) => kindOf(block) === 'mapping'))('$name: a mapping', ({ block }) => {
    expect(problemsOf({ mapping: () => contentOf(block) })).toEqual([]);
  });

  it.each(data.filter(({ block }) => kindOf(block) === 'part of a mapping'))('$name: of a mapping', ({ block }) => {
    expect(problemsOf({ mapping: (shipped) => mergedAt(shipped, partOf(block)!, contentOf(block)) })).toEqual([]);
  });

  it.each(data.filter(({ block }) => kindOf(block) === 'predictions'))('$name: predictions', ({ block }) => {
    const { predictions, problems } = readPredictions(contentOf(block), { source: 'page', fallbackTime: 0, now: 4e12 });
    expect(problems).toEqual([]);
    expect(predictions.length).toBeGreaterThan(0);
  });

  it('that are scripts are found', () => {
    expect(blocks.filter(isScript).map(where).length).toBeGreaterThan(0);
  });
});

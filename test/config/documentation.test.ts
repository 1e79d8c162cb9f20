import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { configSchema } from '../../src/config/schema.ts';
import { readActionMapping } from '../../src/mapping/read.ts';
import { actionMappingSchema } from '../../src/mapping/schema.ts';

interface Key {
  readonly required: boolean;
  /** Undefined: none. */
  readonly default: unknown;
  readonly section: boolean;
}

interface JsonSchema {
  readonly anyOf?: readonly JsonSchema[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly additionalProperties?: JsonSchema | boolean;
  readonly items?: JsonSchema;
  readonly required?: readonly string[];
  readonly default?: unknown;
}

/** Every key that a schema knows, as the documentation writes it: `playbooks.NAME.run`, `mappings[].id`. */
function keysOf(schema: JsonSchema): Map<string, Key> {
  const keys = new Map<string, Key>();
  const walk = (node: JsonSchema, path: string, required: boolean) => {
    const shapes = node.anyOf ?? [node];
    const section = shapes.some(
      ({ properties, items, additionalProperties: more }) =>
        properties !== undefined ||
        items?.properties !== undefined ||
        (typeof more === 'object' && more.properties !== undefined),
    );
    if (path !== '' && !/(\[\]|\.NAME)$/.test(path)) keys.set(path, { required, default: node.default, section });
    for (const shape of shapes) {
      for (const [key, value] of Object.entries(shape.properties ?? {})) {
        walk(value, path === '' ? key : `${path}.${key}`, shape.required?.includes(key) ?? false);
      }
      if (typeof shape.additionalProperties === 'object') walk(shape.additionalProperties, `${path}.NAME`, false);
      if (shape.items !== undefined) walk(shape.items, `${path}[]`, false);
    }
  };
  walk(schema, '', false);
  return keys;
}

const text = readFileSync(join(import.meta.dirname, '../../docs/configuration.md'), 'utf8');
const rows = new Map(
  text
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) => {
      const cells = line.split(/(?<!\\)\|/).map((cell) => cell.trim());
      return [cells[1]!.replaceAll('`', ''), cells];
    }),
);

const schemas = [configSchema, actionMappingSchema].map((schema) =>
  keysOf(z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any', reused: 'inline' }) as JsonSchema),
);
const keys = new Map(schemas.flatMap((some) => [...some]));
const settable = [...keys].filter(([, { section }]) => !section);

describe('docs/configuration.md', () => {
  it('is compared with keys that were really found', () => {
    expect(settable.length).toBeGreaterThan(60);
  });

  it.each(settable)('explains %s, with type, default and example', (name, key) => {
    const cells = rows.get(name) ?? [];
    expect(cells).toHaveLength(7);
    for (const cell of cells.slice(1, 6)) expect(cell).not.toBe('');
    const shown = cells[3]!;
    if (key.required) expect(shown).toBe('required');
    else if (key.default === undefined) expect(shown).not.toBe('required');
    else expect(shown).toBe(`\`${defaultText(key.default)}\``);
  });

  it('names no key that there is not', () => {
    expect([...rows.keys()].filter((name) => !keys.has(name))).toEqual([]);
  });

  it('shows a mapping that can be read', () => {
    const [, example] = /```json\n([\s\S]*?)```/.exec(text) ?? [];
    expect(readActionMapping(JSON.parse(example!), { playbooks: null, facts: [] }).issues).toEqual([]);
  });
});

function defaultText(value: unknown): string {
  if (Array.isArray(value)) return `[${value.join(', ')}]`;
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

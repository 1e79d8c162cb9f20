import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../support/source-text.ts';

export const SYSTEMD = join(ROOT, 'deploy/systemd');

/** The unit files that the project ships. */
export const UNITS = readdirSync(SYSTEMD).filter((name) => /\.(?:service|timer)$/.test(name));

/** Every value that a unit gives a key, in its order. */
export function valuesOf(text: string, key: string): readonly string[] {
  return [...text.matchAll(new RegExp(`^${key}=(.*)$`, 'gm'))].map(([, value]) => value!);
}

export const readUnit = (name: string): string => readFileSync(join(SYSTEMD, name), 'utf8');

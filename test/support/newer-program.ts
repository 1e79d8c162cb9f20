import { cpSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { tempDir } from './temp.ts';

const ROOT = resolve(fileURLToPath(new URL('../..', import.meta.url)));

/** `main.ts` of this program as a later version may be: it brings a ledger, of either engine, one step further. */
export function makeNewerProgram(): string {
  const folder = tempDir();
  cpSync(join(ROOT, 'src'), join(folder, 'src'), { recursive: true });
  cpSync(join(ROOT, 'package.json'), join(folder, 'package.json'));
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  for (const engine of ['sqlite', 'postgres']) {
    const path = join(folder, 'src/ledger', engine, 'migrations.ts');
    const text = readFileSync(path, 'utf8');
    const newer = text.replace(
      /(export const MIGRATIONS[\s\S]*?)\n\];/,
      '$1\n  `ALTER TABLE notes ADD COLUMN later TEXT`,\n];',
    );
    if (newer === text) throw new Error(`${path}: the list of steps was not found`);
    writeFileSync(path, newer);
  }
  return join(folder, 'src/main.ts');
}

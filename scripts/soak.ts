import { type ChildProcess, spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PARTS, type Part } from './soak/parts.ts';

/**
 * The tests that take long, one part after the other, all by one seed, which is printed; at the end what each part printed.
 * Exits 1 where one failed, or the time was over: `FORESTALL_SOAK_LIMIT` minutes, seven hours without it.
 *
 * Usage: node scripts/soak.ts [PART…]
 */
const names = process.argv.slice(2);
const unknown = names.find((name) => !PARTS.some((part) => part.name === name));
const limit = Number(process.env['FORESTALL_SOAK_LIMIT'] ?? 420);
if (unknown !== undefined || !(limit > 0)) {
  const expected = `expected some of ${PARTS.map(({ name }) => name).join(', ')}`;
  console.error(unknown === undefined ? 'FORESTALL_SOAK_LIMIT: expected minutes' : `no part ${unknown}: ${expected}`);
  process.exit(2);
}
const seed = process.env['FORESTALL_SEED'] ?? String(randomInt(2 ** 31));
const parts = names.length === 0 ? PARTS : PARTS.filter(({ name }) => names.includes(name));
const until = performance.now() + limit * 60_000;
const folder = mkdtempSync(join(tmpdir(), 'forestall-soak-'));
let running: ChildProcess | null = null;
let isOver: string | null = null;

/** With all that it started. */
function end(why: string): void {
  isOver = why;
  const pid = running?.pid;
  if (pid === undefined) return;
  signal(pid, 'SIGTERM');
  setTimeout(() => running?.pid === pid && signal(pid, 'SIGKILL'), 20_000).unref();
}

function signal(group: number, name: NodeJS.Signals): void {
  try {
    process.kill(-group, name);
  } catch {
    // It is gone.
  }
}

interface Result {
  readonly words: string;
  readonly passed: boolean;
}

async function play({ name, files, only, env }: Part): Promise<Result> {
  if (isOver !== null) return { words: `not begun: ${isOver}`, passed: false };
  const asked = Object.fromEntries(Object.entries(env).map(([key, value]) => [key, process.env[key] ?? value]));
  const own = { ...asked, FORESTALL_SEED: seed };
  console.log(
    `\n== ${name}: ${Object.entries(own)
      .map((pair) => pair.join('='))
      .join(' ')}`,
  );
  const since = performance.now();
  const reporters = ['--reporter=default', '--reporter=./scripts/soak/printed.ts'];
  const args = ['run', ...reporters, ...files, ...(only === undefined ? [] : ['--testNamePattern', only])];
  running = spawn('vitest', args, {
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, ...own, FORESTALL_PRINTED: join(folder, name) },
    detached: true,
  });
  const code = await new Promise<number | null>((resolve) => {
    running!.on('error', (error) => {
      console.error(error.message);
      resolve(null);
    });
    running!.on('exit', resolve);
  });
  running = null;
  const minutes = ((performance.now() - since) / 60_000).toFixed(1);
  const how = isOver ?? (code === 0 ? 'passed' : 'FAILED');
  return { words: `${how} after ${minutes} minutes`, passed: code === 0 };
}

for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, () => end(`ended by ${name}`));
const timer = setTimeout(() => end(`ENDED, for the ${limit} minutes were over`), until - performance.now());
console.log(`FORESTALL_SEED=${seed}; ${limit} minutes at most`);
const results: [Part, Result][] = [];
for (const part of parts) results.push([part, await play(part)]);
clearTimeout(timer);

console.log(`\n== what was printed, FORESTALL_SEED=${seed}`);
for (const [{ name }, { words }] of results) {
  const file = join(folder, name);
  const printed = existsSync(file) ? readFileSync(file, 'utf8').split('\n').filter(Boolean) : [];
  console.log(`\n${name}: ${words}\n${printed.map((line) => `  ${line}`).join('\n')}`);
}
rmSync(folder, { recursive: true });
process.exitCode = results.every(([, { passed }]) => passed) ? 0 : 1;

import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { afterAll, describe, expect, test } from 'vitest';
import { type Service, startService } from '../support/service.ts';
import { readText } from '../support/source-text.ts';
import { type DocsHome, here, makeDocsHome, TOKEN, told } from './home.ts';
import { outputProblem } from './output.ts';
import { type Command, commandsOf, PAGES, where } from './page.ts';
import { openShell } from './shell.ts';
import { simpleCommands } from './simple-commands.ts';
import { FOLLOWED_ELSEWHERE, NOT_RUN, RUN, RUN_AS } from './tables.ts';

/** The address that all pages use for the service. */
const ADDRESS = '127.0.0.1:9096';
/** Programs that get paths as data, or read them only. */
const HARMLESS = new Set(['forestall', 'curl', 'echo', 'printf', 'export', 'npm', 'ls', 'stat', 'test']);

const followed = PAGES.filter((page) => !(page in FOLLOWED_ELSEWHERE));
const commands = followed.flatMap((page) => commandsOf(page));
const services: Service[] = [];

/** Entries of the table that a command falls under. */
function notRun({ text }: Pick<Command, 'text'>) {
  const lines = simpleCommands(text).map(({ words }) => words.join(' '));
  return NOT_RUN.filter(({ command }) => lines.some((line) => line === command || line.startsWith(`${command} `)));
}

/** Programs in a command that are in neither table. */
function unknown({ text }: Pick<Command, 'text'>): readonly string[] {
  return simpleCommands(text)
    .filter(({ words }) => !RUN.has(words[0]!) && !RUN_AS.some((start) => words.join(' ').startsWith(start)))
    .map(({ words }) => words[0]!);
}

/** What needs a running service, other than a file that is written about one. */
function asksTheService({ text }: Command): boolean {
  return simpleCommands(text).some(({ words }) => words[0] === 'curl' && words.some((word) => word.includes(ADDRESS)));
}

/** Paths outside of the home that a command could change. */
function strays(text: string, home: DocsHome): readonly string[] {
  const allowed = (path: string) =>
    !path.startsWith('/') || path.startsWith(home.folder) || /^\/dev\/(?:null|urandom|zero)$/.test(path);
  return simpleCommands(text).flatMap(({ words, files }) => [
    ...files.filter((path) => !allowed(path)),
    ...(HARMLESS.has(words[0]!) || words[0]!.startsWith('config/playbooks/')
      ? []
      : words.slice(1).filter((word) => !allowed(word))),
  ]);
}

/** Programs of a page that are run here and are not installed. */
function missingPrograms(page: string): readonly string[] {
  const programs = commandsOf(page)
    .filter((command) => notRun(command).length === 0)
    .flatMap(({ text }) => simpleCommands(text).map(({ words }) => words[0]!));
  return [...new Set(programs)].filter(
    (name) => name !== 'forestall' && !name.includes('/') && spawnSync('bash', ['-c', `type ${name}`]).status !== 0,
  );
}

describe('the commands of the documentation', () => {
  test('are found', () => {
    expect(commands.length).toBeGreaterThan(30);
    expect(followed.filter((page) => commands.some((command) => command.page === page)).length).toBeGreaterThan(5);
  });

  test('either run here or are listed with a reason', () => {
    const gaps = commands
      .filter((command) => notRun(command).length === 0)
      .flatMap((command) => unknown(command).map((program) => `${where(command)}: ${program}`));
    expect(gaps, 'Add the program to RUN or, with a reason, to NOT_RUN in test/docs/tables.ts.').toEqual([]);
  });

  test('are listed only where a page uses them', () => {
    const used = new Set(commands.flatMap((command) => notRun(command)));
    expect(NOT_RUN.filter((entry) => !used.has(entry)).map(({ command }) => command)).toEqual([]);
  });

  test('of a page that a test follows by itself are followed there', () => {
    for (const [page, file] of Object.entries(FOLLOWED_ELSEWHERE)) {
      expect(PAGES).toContain(page);
      expect(existsSync(file), file).toBe(true);
      expect(readText(file)).toContain(page.replace(/^docs\//, ''));
    }
  });
});

describe('followed from top to bottom', { timeout: 120_000 }, () => {
  const pages = followed.filter((page) => commandsOf(page).some((command) => notRun(command).length === 0));

  test.concurrent.for(pages)('%s', async (page, { skip }) => {
    const missing = missingPrograms(page);
    // What CI installs is in .ci/run: there nothing is left out.
    if (missing.length > 0 && process.env['CI'] !== 'true') skip(`not installed: ${missing.join(', ')}`);
    expect(missing, 'add them to .ci/run').toEqual([]);
    const home = makeDocsHome(page);
    const shell = openShell(home.folder, { TOKEN });
    const problems: string[] = [];
    let service: Service | null = null;
    for (const command of commandsOf(page)) {
      if (notRun(command).length > 0 || unknown(command).length > 0) continue;
      if (service === null && asksTheService(command)) {
        service = await startService(home);
        services.push(service);
      }
      const address = `127.0.0.1:${service?.port ?? 0}`;
      const text = here(home, command.text).replaceAll(ADDRESS, address);
      const outside = strays(text, home);
      if (outside.length > 0) {
        problems.push(`${where(command)}: leaves its folder: ${outside.join(' ')}`);
        continue;
      }
      const { code, output } = await shell.run(text);
      const shown = told(home, output.replaceAll(address, ADDRESS));
      if (code < 0) {
        problems.push(`${where(command)}: the shell ended or did not answer\n$ ${command.text}\n${shown}`);
        break;
      }
      if (code !== command.exit) {
        problems.push(`${where(command)}: exit code ${code}, expected ${command.exit}\n$ ${command.text}\n${shown}`);
      } else if (command.output !== null) {
        const differs = outputProblem(command.output, shown);
        if (differs !== null) problems.push(`${where(command)}: $ ${command.text}\n${differs}`);
      }
    }
    shell.close();
    await service?.stop();
    expect(problems.join('\n\n')).toBe('');
  });
});

afterAll(async () => {
  await Promise.all(services.map((service) => service.stop('SIGKILL')));
});

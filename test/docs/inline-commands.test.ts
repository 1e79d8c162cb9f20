import { beforeAll, expect, test } from 'vitest';
import { forestall } from '../support/service.ts';
import { readText } from '../support/source-text.ts';
import { commandsOf, PAGES, where } from './page.ts';
import { simpleCommands } from './simple-commands.ts';

/** Options by command, as the program itself tells them to a shell. */
const options = new Map<string, Set<string>>();

beforeAll(async () => {
  const { stdout } = await forestall(['completion', 'fish']);
  for (const [, line] of stdout.matchAll(/^complete -c forestall (.*)$/gm)) {
    const [, inside] = /-n '__fish_seen_subcommand_from (\S+)'/.exec(line!) ?? [];
    const [, command] = / -a (\S+) -d /.exec(line!) ?? [];
    const [, option] = / -l (\S+)/.exec(line!) ?? [];
    if (inside === undefined && command !== undefined) options.set(command, options.get(command) ?? new Set());
    if (option !== undefined) options.set(inside ?? '', (options.get(inside ?? '') ?? new Set()).add(`--${option}`));
  }
});

/** Calls of the program in the text of a page, outside of blocks: `forestall history --state failed`. */
function callsIn(page: string): readonly { readonly at: string; readonly words: readonly string[] }[] {
  const text = readText(page).replace(/^ *```[\s\S]*?^ *```/gm, (block) => block.replace(/[^\n]/g, ' '));
  return [...text.matchAll(/`((?:bin\/)?forestall [a-z-][^`]*)`/g)].map((match) => ({
    at: `${page}:${text.slice(0, match.index).split('\n').length}`,
    words: match[1]!.split(/\s+/).slice(1),
  }));
}

test('every call of forestall that a page names has a command and options that there are', () => {
  const typed = PAGES.flatMap((page) => commandsOf(page)).flatMap((command) =>
    simpleCommands(command.text)
      .filter(({ words }) => words[0] === 'forestall')
      .map(({ words }) => ({ at: where(command), words: words.slice(1) })),
  );
  const calls = [...PAGES.flatMap(callsIn), ...typed];
  expect(options.size).toBeGreaterThan(10);
  expect(calls.length).toBeGreaterThan(60);
  const wrong = calls.flatMap(({ at, words }) => {
    const command = words[0]!.startsWith('-') ? '' : words[0]!;
    const known = options.get(command);
    if (known === undefined) return [`${at}: no command ${command}`];
    const given = words.filter((word) => word.startsWith('--')).map((word) => word.replace(/[=,.;:)].*$/, ''));
    return given.filter((option) => !known.has(option)).map((option) => `${at}: forestall ${command} has no ${option}`);
  });
  expect(wrong).toEqual([]);
});

import { describe, expect, it } from 'vitest';
import { tempDir } from '../support/temp.ts';
import { here, told } from './home.ts';
import { outputProblem } from './output.ts';
import { blocksOf, commandsOf } from './page.ts';
import { openShell } from './shell.ts';
import { simpleCommands } from './simple-commands.ts';

const page = (...lines: string[]) => lines.join('\n');

describe('the commands of a page', () => {
  it('are found with their lines, over several lines too', () => {
    const text = page(
      'Text.',
      '```sh',
      '# a comment',
      'one --with \\',
      '  more',
      "cat >file <<'END'",
      'two; three',
      'END',
      'for x in a b; do',
      '  echo "$x"',
      'done',
      '```',
      '```text',
      'not me',
      '```',
    );
    expect(commandsOf('x.md', text).map(({ line, text: typed }) => [line, typed])).toEqual([
      [4, 'one --with \\\n  more'],
      [6, "cat >file <<'END'\ntwo; three\nEND"],
      [9, 'for x in a b; do\n  echo "$x"\ndone'],
    ]);
  });

  it('in a console stand before their output; a comment says the exit code of the last', () => {
    const text = page('<!-- exit 2 -->', '', '   ```console', '   $ one', '   out', '   put', '   $ two', '   ```');
    expect(commandsOf('x.md', text)).toEqual([
      { page: 'x.md', line: 4, text: 'one', output: 'out\nput', exit: 0 },
      { page: 'x.md', line: 7, text: 'two', output: '', exit: 2 },
    ]);
  });

  it('are none in a script, which is shown as a file', () => {
    expect(commandsOf('x.md', page('```sh', '#!/bin/sh', 'rm -rf /', '```'))).toEqual([]);
  });

  it('that are not complete, and blocks that are never closed, are mistakes', () => {
    expect(() => commandsOf('x.md', page('```sh', "echo 'a", '```'))).toThrow('x.md:2');
    expect(() => blocksOf('x.md', page('```sh', 'echo'))).toThrow('x.md:2');
    expect(() => commandsOf('x.md', page('```console', 'echo', '```'))).toThrow('x.md:2');
  });
});

describe('the programs of a command', () => {
  const programs = (text: string) => simpleCommands(text).map(({ words }) => words[0]);

  it.each<[string, string[]]>([
    ['a && b || c; d | e & f', ['a', 'b', 'c', 'd', 'e', 'f']],
    ['X=1 Y="$(inner one)" a "$(other "$(deep)")" \'$(no)\'', ['a', 'inner', 'other', 'deep']],
    ['if a; then b; fi; while c; do d; done; ! e', ['a', 'b', 'c', 'd', 'e']],
    ['for x in one two; do a "$x"; done', ['a']],
    ['a >out 2>&1 </dev/null # b', ['a']],
    ["a <<'END' | c\nb; d\nEND\ne", ['a', 'c', 'e']],
    ['a \\\n  b', ['a']],
    ['a -d \'{"x": 1}\' http://h/p?x=y', ['a']],
    ['(a; b) { c; }', ['a', 'b', 'c']],
    ["awk '{print $1}'", ['awk']],
    ['bin/forestall a; /opt/forestall/bin/forestall b; forestall c', ['forestall', 'forestall', 'forestall']],
  ])('%s', (text, expected) => {
    expect(programs(text)).toEqual(expected);
  });

  it('are found with the files that they write', () => {
    expect(simpleCommands('a x >/one 2>>/two </three')).toEqual([
      { words: ['a', 'x'], files: ['/one', '/two', '/three'] },
    ]);
  });
});

describe('an output', () => {
  it.each<[string, string, boolean]>([
    ['as shown', 'as shown\n', true],
    ['as shown', 'other', false],
    ['a … c', 'a b c', true],
    ['a … c', 'a b', false],
    ['…\nlast', 'one\ntwo\nlast', true],
    ['…\nlast', 'last', true],
    ['first\n…', 'first', true],
    ['first', 'first\nsecond', false],
    ['exec_01abc ended at 2026-03-01T12:00:00Z', 'exec_9zz ended at 2030-01-01T00:00:00.123Z', true],
    ['exec_01abc', 'dec_01abc', false],
    ['8.2 days', '8x2 days', false],
  ])('%j for %j: %s', (shown, found, fits) => {
    expect(outputProblem(shown, found) === null).toBe(fits);
  });
});

describe('the shell', () => {
  it('keeps its folder and variables, and tells exit code and output of each command', async () => {
    const shell = openShell(tempDir(), { GIVEN: 'yes' });
    expect(await shell.run('mkdir here && cd here && X=1')).toEqual({ code: 0, output: '' });
    expect(await shell.run('echo "$X $GIVEN ${PWD##*/}"; echo bad >&2; false')).toEqual({
      code: 1,
      output: '1 yes here\nbad\n',
    });
    expect((await shell.run('false | true')).code).toBe(1);
    expect((await shell.run('read -r line')).code).toBe(1);
    expect((await shell.run('echo "$NOT_SET"')).code).toBeLessThan(0);
    shell.close();
  });
});

describe('places', () => {
  const home = { folder: '/tmp/forestall-test-x', config: '' };

  it('are put in once, and told again as they were', () => {
    const text = 'cp /opt/forestall/config /etc/x /tmp/y >/var/z; curl http://h/etc/x ~/tmp/y';
    const placed = here(home, text);
    expect(placed).toBe(
      'cp /tmp/forestall-test-x/config /tmp/forestall-test-x/etc/x /tmp/forestall-test-x/tmp/y >/tmp/forestall-test-x/var/z; curl http://h/etc/x ~/tmp/y',
    );
    expect(told(home, placed)).toBe(text);
  });
});

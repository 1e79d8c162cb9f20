import { existsSync, statSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { expect, test } from 'vitest';
import { ROOT, readText } from '../support/source-text.ts';
import { PAGES } from './page.ts';

interface Link {
  /** With its line. */
  readonly from: string;
  readonly page: string;
  readonly target: string;
}

/** The text without what stands in fences and in code, line by line as it was. */
function prose(page: string): readonly string[] {
  let fence: string | null = null;
  return readText(page)
    .split('\n')
    .map((line) => {
      const [, mark] = /^\s*(```+|~~~+)/.exec(line) ?? [];
      if (fence === null && mark !== undefined) fence = mark;
      else if (fence !== null && mark?.startsWith(fence)) fence = null;
      else if (fence === null) return line.replace(/`[^`]*`/g, (code) => 'x'.repeat(code.length));
      return '';
    });
}

/** The anchors of a page, made of its headings as GitHub makes them. */
function anchorsOf(page: string): ReadonlySet<string> {
  const anchors = new Set<string>();
  const headings = prose(page).flatMap((line, at) =>
    /^#{1,6} /.test(line)
      ? [
          readText(page)
            .split('\n')
            [at]!.replace(/^#{1,6} +/, ''),
        ]
      : [],
  );
  for (const heading of headings) {
    const words = heading.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1');
    const plain = words
      .trim()
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\p{M}_\- ]/gu, '')
      .replaceAll(' ', '-');
    let anchor = plain;
    for (let count = 1; anchors.has(anchor); count++) anchor = `${plain}-${count}`;
    anchors.add(anchor);
  }
  return anchors;
}

const links: readonly Link[] = PAGES.flatMap((page) =>
  prose(page).flatMap((line, at) =>
    [...line.matchAll(/\]\(([^)\s]+)(?:\s+"[^"]*")?\)/g)].map(([, target]) => ({
      from: `${page}:${at + 1}`,
      page,
      target: target!,
    })),
  ),
);
const inside = links.filter(({ target }) => !/^[a-z]+:/.test(target));

const placeOf = ({ page, target }: Link) => {
  const [path = '', anchor] = target.split('#');
  return { file: path === '' ? page : normalize(join(dirname(page), decodeURIComponent(path))), anchor };
};

test('every link to a file leads to one of the project', () => {
  const dead = inside.filter((link) => !existsSync(join(ROOT, placeOf(link).file)));
  expect(inside.length).toBeGreaterThan(30);
  expect(dead.map(({ from, target }) => `${from}: ${target}`)).toEqual([]);
});

test('every anchor of a link is a heading there', () => {
  const dead = inside.filter((link) => {
    const { file, anchor } = placeOf(link);
    if (anchor === undefined || !file.endsWith('.md') || !existsSync(join(ROOT, file))) return false;
    return !anchorsOf(file).has(anchor);
  });
  expect(dead.map(({ from, target }) => `${from}: ${target}`)).toEqual([]);
});

test('every page can be reached from the README', () => {
  const reached = new Set<string>();
  const visit = (page: string) => {
    if (reached.has(page)) return;
    reached.add(page);
    for (const link of inside.filter((candidate) => candidate.page === page)) visit(placeOf(link).file);
  };
  visit('README.md');
  expect(PAGES.filter((page) => !reached.has(page))).toEqual([]);
});

test('every test and source that a page names is there', () => {
  const named = PAGES.flatMap((page) =>
    [...readText(page).matchAll(/`((?:test|src)\/[\w./-]+)`/g)].map(([, file]) => ({ page, file: file! })),
  );
  expect(named.length).toBeGreaterThan(10);
  expect(named.filter(({ file }) => !existsSync(join(ROOT, file)))).toEqual([]);
});

test('every picture has words for those who do not see it', () => {
  const pictures = PAGES.flatMap((page) =>
    [...readText(page).matchAll(/!\[([^\]]*)\]\(([^)\s]+)\)/g)].map(([, words, target]) => ({
      page,
      words: words!,
      target: target!,
    })),
  );
  expect(pictures.length).toBeGreaterThan(3);
  for (const { page, words, target } of pictures) {
    expect(words.length, `${page}: ${target}`).toBeGreaterThan(8);
    if (!target.endsWith('.svg')) continue;
    const picture = readText(normalize(join(dirname(page), target)));
    expect(picture).toMatch(/<svg [^>]*role="img"[^>]*aria-labelledby="[^"]*title/);
    expect(picture).toMatch(/<title[^>]*>[^<]{5,}<\/title>/);
    expect(picture).toMatch(/<desc[^>]*>[^<]{50,}<\/desc>/);
    expect(picture, 'readable in light and dark').toContain('prefers-color-scheme: dark');
    expect(statSync(join(ROOT, dirname(page), target)).size).toBeLessThan(30_000);
  }
});

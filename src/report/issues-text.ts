import { indentBefore, type Member, membersOf } from './json-places.ts';

/** The context log cannot be added to as it stands; it is left alone. */
export class ContextLogUnusable extends Error {
  override readonly name = 'ContextLogUnusable';
}

export type IssueEntry = Readonly<Record<string, unknown>> & { readonly execution_id: string };

/** What a context log looks like before its first entry. */
export const EMPTY_LOG = '{\n  "issues": []\n}\n';

/**
 * `text` with one entry more at the end of `issues` and `total_issues`, where it is a number, kept true; null where an entry
 * of the same execution is there already. Every other character stays as it was: the entry is put in, nothing is written
 * anew. `idOf` gets the ids that are taken.
 */
export function addIssue(
  text: string,
  entry: IssueEntry,
  idOf: (taken: ReadonlySet<unknown>) => string,
): string | null {
  const issues = issuesOf(text);
  if (issues.some((issue) => field(issue, 'execution_id') === entry.execution_id)) return null;
  const whole = { id: idOf(new Set(issues.map((issue) => field(issue, 'id')))), ...entry };

  const members = membersOf(text) ?? [];
  const list = onlyMember(members, 'issues');
  const edits = [insertion(text, members, list, issues.length > 0, whole)];
  const total = members.findLast(({ key }) => key === 'total_issues');
  if (total !== undefined && /^-?\d/.test(text.slice(total.start, total.end))) {
    edits.push({ start: total.start, end: total.end, text: String(issues.length + 1) });
  }
  return apply(text, edits);
}

function issuesOf(text: string): readonly unknown[] {
  let document: unknown;
  try {
    document = JSON.parse(text.charCodeAt(0) === 0xfeff ? text.slice(1) : text);
  } catch {
    throw new ContextLogUnusable('it is not valid JSON; it was left alone: repair it, or move it away for a new one');
  }
  const issues = field(document, 'issues');
  if (!Array.isArray(issues)) {
    throw new ContextLogUnusable('it has no list "issues"; it was left alone: add "issues": [], or name another file');
  }
  return issues;
}

function field(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, key)
    ? (value as Record<string, unknown>)[key]
    : undefined;
}

function onlyMember(members: readonly Member[], key: string): Member {
  const [found, second] = members.filter((member) => member.key === key);
  if (found === undefined || second !== undefined) {
    throw new ContextLogUnusable(`it names "${key}" more than once; it was left alone: keep one of them`);
  }
  return found;
}

interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

function apply(text: string, edits: readonly Edit[]): string {
  let result = text;
  for (const edit of edits.toSorted((a, b) => b.start - a.start)) {
    result = result.slice(0, edit.start) + edit.text + result.slice(edit.end);
  }
  return result;
}

/** Puts the entry behind the last one, laid out as the file is: on lines of its own with the file's indentation, or on one. */
function insertion(text: string, members: readonly Member[], list: Member, hasEntries: boolean, entry: object): Edit {
  const close = list.end - 1;
  let end = close;
  while (/\s/.test(text[end - 1]!)) end--;
  const newline = text.includes('\r\n') ? '\r\n' : '\n';
  const outer = indentBefore(text, members[0]!.keyAt);
  const inner = hasEntries ? firstEntryIndent(text, list) : outer === null ? null : outer + outer;
  if (inner === null || outer === null) {
    return {
      start: end,
      end: close,
      text: `${hasEntries ? ',' : ''}${JSON.stringify(entry)}${text.slice(end, close)}`,
    };
  }
  const lines = JSON.stringify(entry, null, outer === '' ? '  ' : outer).replaceAll('\n', `${newline}${inner}`);
  const closing = hasEntries ? text.slice(end, close) : `${newline}${indentBefore(text, list.keyAt) ?? ''}`;
  return { start: end, end: close, text: `${hasEntries ? ',' : ''}${newline}${inner}${lines}${closing}` };
}

/** Indentation of the entries; null where they do not begin on lines of their own. */
function firstEntryIndent(text: string, list: Member): string | null {
  let first = list.start + 1;
  while (/\s/.test(text[first]!)) first++;
  return indentBefore(text, first);
}

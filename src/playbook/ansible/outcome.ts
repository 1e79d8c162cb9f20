import type { PlaybookResult } from '../../execution/execution.ts';
import { resultFrom } from '../result-file.ts';
import { oneLine, quoted } from '../text.ts';
import type { Counts, PlayEvents } from './events.ts';

const LONGEST = 1000;

/** Why a play that ended by itself failed, in one sentence; null when it succeeded. `words`: its last line of output. */
export function playFailure(events: PlayEvents, exitCode: number, host: string, words: string): string | null {
  const { stats, unreachable, failed } = events;
  const [lost] = unreachable;
  // One that was rescued came before: what ends a host is the last.
  const last = failed.at(-1);
  const counts = Object.values(stats?.hosts ?? {});
  if (exitCode === 0 && counts.every((one) => one.unreachable === 0 && one.failures === 0)) {
    if (stats === null) return 'exit code 0, but its statistics are missing: the callback plugin forestall did not run';
    return stats.hosts[host] === undefined ? `no task of the play was for ${host}: look at its hosts:` : null;
  }
  if (lost !== undefined) return oneLine(`host ${lost.host} is unreachable: ${lost.message}`, LONGEST);
  if (last !== undefined) return oneLine(`task ${quoted(last.task)} failed on ${last.host}: ${last.message}`, LONGEST);
  return `exit code ${exitCode}; ${words}`;
}

export type PlayResult =
  | { readonly result: PlaybookResult | null; readonly problem: null }
  | { readonly result: null; readonly problem: string };

/**
 * What the play says for itself by `set_stats` under `forestall`, and for what it does not say, its statistics: as many
 * changes as tasks changed something. None, while a task could not tell in check mode, is no promise of none.
 */
export function playResult({ stats, unchecked }: PlayEvents, host: string): PlayResult {
  if (stats === null) return { result: null, problem: null };
  const said = toldFor(stats.custom, host);
  const read = resultFrom(said, 'set_stats of forestall');
  if (read.problem !== null) return read;
  const counts = Object.entries(stats.hosts);
  const changed = counts.reduce((sum, [, { changed: some }]) => sum + some, 0);
  const cannotTell = unchecked.length > 0 ? `; cannot tell in check mode: ${tasksOf(unchecked)}` : '';
  const summary = oneLine(`${counts.map(([name, of]) => `${name}: ${inWords(of)}`).join('; ')}${cannotTell}`, 2000);
  return {
    result: {
      ...read.result,
      summary: read.result.summary ?? summary,
      changes: read.result.changes ?? (changed === 0 && unchecked.length > 0 ? null : changed),
    },
    problem: null,
  };
}

function tasksOf(unchecked: PlayEvents['unchecked']): string {
  return [...new Set(unchecked.map(({ task }) => quoted(task)))].join(', ');
}

/** Of the whole play, and over that, of the host. Ansible makes texts of numbers in templates. */
function toldFor(custom: Readonly<Record<string, unknown>>, host: string): Record<string, unknown> {
  const told: Record<string, unknown> = { ...asMap(custom['_run']), ...asMap(custom[host]) };
  for (const name of ['changes', 'freed_bytes', 'downtime_seconds']) {
    const value = told[name];
    if (typeof value === 'string' && /^\d+(?:\.\d+)?$/.test(value)) told[name] = Number(value);
  }
  return told;
}

function asMap(value: unknown): object {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : {};
}

function inWords({ ok, changed, unreachable, failures, skipped, rescued, ignored }: Counts): string {
  return `ok=${ok} changed=${changed} unreachable=${unreachable} failed=${failures} skipped=${skipped} rescued=${rescued} ignored=${ignored}`;
}

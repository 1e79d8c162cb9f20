import type { Keyv } from 'keyv';
import type { SourceReport } from '../execution/report.ts';
import type { Logger } from '../logger.ts';
import type { SourceState } from './prediction-feed.ts';
import { type Content, createContents } from './source-content.ts';
import type { SourceHealth } from './source-health.ts';
import { parseStored } from './stored-prediction.ts';

export interface SourceWatchOptions {
  readonly states: () => readonly SourceState[];
  /** Of its own: what was seen of each source, over the end of the process. */
  readonly memory: Keyv;
  /** Tells people, once for a mark until it is forgotten. */
  readonly tell: (mark: string, report: SourceReport) => Promise<unknown>;
  readonly forget: (mark: string) => Promise<boolean>;
  readonly now: () => number;
  readonly logger: Logger;
}

/**
 * Watches whether sources still speak: one that cannot be read, says nothing new, or says the same for days is told to
 * people once, and told to the log when it is over.
 */
export interface SourceWatch {
  /** To be called now and then. Never rejects. */
  look(): Promise<void>;
  /** As the sources say of themselves, and that one is silent: it counts as down then. */
  health(): readonly SourceHealth[];
}

interface Seen {
  /** What it says, as a digest of everything but its time. */
  readonly said: string;
  /** Time of the document that said so first, epoch milliseconds. */
  readonly said_since: number;
  /** Since when something is wrong, by our clock; null: all is well. */
  readonly wrong_since: number | null;
  readonly told: boolean;
}

type Trouble = Pick<SourceReport, 'trouble' | 'problem'>;

const HOUR = 3_600_000;
/** So often the age at which a source is silent may pass while it says the same. */
const SAME_FOR = 2;
/** Between two looks at a source, milliseconds. */
const LONGEST_PAUSE = 60_000;
const KEPT_FOR = 60 * 24 * HOUR;

export function createSourceWatch(options: SourceWatchOptions): SourceWatch {
  const { states, memory, tell, forget, now, logger } = options;
  const logged = new Map<string, string>();
  const lookedAt = new Map<string, number>();
  const contentOf = createContents();

  async function lookAt(state: SourceState): Promise<void> {
    const at = now();
    const { source } = state.health();
    const pause = at - (lookedAt.get(source) ?? Number.NEGATIVE_INFINITY);
    if (pause >= 0 && pause < Math.min(LONGEST_PAUSE, state.quiet_after / 10)) return;
    lookedAt.set(source, at);
    const before = (parseStored(await memory.get(source)) ?? null) as Seen | null;
    const content = contentOf(state);
    const { said, said_since } = saidBy(content, before);
    const trouble = troubleOf(state, content, at) ?? samenessOf(state, content, said_since);
    const wrong_since = trouble === null ? null : Math.min(before?.wrong_since ?? at, at);
    const due = trouble !== null && wrong_since !== null && at - wrong_since >= graceOf(trouble, state);
    const told = due || (trouble !== null && before?.told === true);
    if (due && trouble !== null) {
      note(source, trouble);
      if (before?.told !== true) await tell(markOf(source), { source, ...trouble, since: wrong_since, at });
    }
    if (trouble === null && before?.told === true) {
      logged.delete(source);
      await forget(markOf(source));
      logger.info({ source }, `source of predictions speaks again: ${source}`);
    }
    const seen: Seen = { said, said_since, wrong_since, told };
    if (JSON.stringify(seen) !== JSON.stringify(before)) await memory.set(source, JSON.stringify(seen), KEPT_FOR);
  }

  function note(source: string, { trouble, problem }: Trouble): void {
    if (logged.get(source) === trouble) return;
    logged.set(source, trouble);
    logger.error({ source, trouble, problem }, `source of predictions is ${trouble}: ${source}: ${problem}`);
  }

  return {
    async look() {
      for (const state of states()) {
        try {
          await lookAt(state);
        } catch (error) {
          logger.warn({ err: error }, 'a source of predictions could not be watched; trying again');
        }
      }
    },
    health: () =>
      states().map((state) => {
        const health = state.health();
        const trouble = troubleOf(state, contentOf(state), now());
        return trouble?.trouble === 'silent' ? { ...health, up: false, problem: trouble.problem } : health;
      }),
  };
}

function markOf(source: string): string {
  return `source:${source}`;
}

function troubleOf(state: SourceState, { newest }: Content, now: number): Trouble | null {
  const { up, problem } = state.health();
  if (!up) return { trouble: 'down', problem: problem ?? 'cannot be read' };
  if (newest === null || now - newest <= state.quiet_after) return null;
  return { trouble: 'silent', problem: `has said nothing new since ${timeOf(newest)}` };
}

/** Only of files, and where days are named: that nothing is going to happen may be said for years. */
function samenessOf(state: SourceState, { newest, digest }: Content, since: number): Trouble | null {
  if (digest === '' || newest === null || newest - since <= SAME_FOR * state.quiet_after) return null;
  const names = [...state.predictions().values()].some(({ days_until_critical: days }) => days !== null && days > 0);
  return names ? { trouble: 'stuck', problem: `has said the same since ${timeOf(since)}, under newer dates` } : null;
}

/** What is down may be up again soon; silence was waited for already. */
function graceOf({ trouble }: Trouble, { quiet_after }: SourceState): number {
  return trouble === 'down' ? Math.min(HOUR, quiet_after / 3) : 0;
}

function saidBy({ newest, digest: said }: Content, before: Seen | null): Pick<Seen, 'said' | 'said_since'> {
  const at = newest ?? 0;
  return before !== null && before.said === said && before.said_since <= at && said !== ''
    ? { said, said_since: before.said_since }
    : { said, said_since: said === '' ? 0 : at };
}

function timeOf(instant: number): string {
  return `${new Date(instant).toISOString().slice(0, 19)}Z`;
}

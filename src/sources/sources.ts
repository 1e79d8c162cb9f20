import type { Logger } from '../logger.ts';
import { type Prediction, type Target, targetKey } from '../prediction/prediction.ts';
import { createFileSource, distinctPaths, type FileSource } from './file-source.ts';
import type { History } from './history.ts';
import type { PostedStore } from './posted.ts';
import type { PredictionFeed, SourceState } from './prediction-feed.ts';
import { createRecent } from './recent.ts';
import type { SourceHealth } from './source-health.ts';
import { createTurns } from './turns.ts';
import { type FileWatch, watchFile } from './watch-file.ts';

export interface PredictionSourcesOptions {
  readonly files: readonly string[];
  readonly posted: PostedStore;
  /** Further sources; `feedChanged` tells that one says something else. */
  readonly feeds?: readonly PredictionFeed[];
  readonly history: History;
  /** Whether earlier predictions of this target count, and so have to outlive the process. */
  readonly remembers: (target: Target) => boolean;
  readonly now: () => number;
  /** Milliseconds; a prediction by hand is kept for twice as long. */
  readonly staleAfter: number;
  readonly logger: Logger;
  /** Predictions or the health of a file changed. */
  readonly onChange?: () => void;
  /** How often files are looked at without being told of a change, milliseconds; 5 s. */
  readonly pollInterval?: number;
}

/**
 * What is known now, from all files, feeds and by hand: one prediction per target, the newest. Of equally old ones the one
 * by hand counts, then that of the last feed, then that of the file which is configured last, so that the answer does not
 * depend on reading order.
 * Methods that ask for predictions by hand reject when their storage fails.
 */
export interface PredictionSources {
  /** Reads all files, then watches them. */
  start(): Promise<void>;
  /** Reads all files again now; watches nothing. */
  readOnce(): Promise<void>;
  /** Other files or another age from now on; resolves when new files were read. */
  setFiles(files: readonly string[], staleAfter: number): Promise<void>;
  current(target: Target): Promise<Prediction | null>;
  all(): Promise<readonly Prediction[]>;
  /** Another object once anything changed but predictions by hand, which lie in their storage. */
  generation(): object;
  /**
   * Newest first, at most 16 with distinct `observed_at`, of those that this process has seen and, where they are
   * remembered, of earlier ones; for `min_consecutive`.
   */
  recent(target: Target): readonly Prediction[];
  /** Keeps those that are not older than what is known. They are durable when this resolves; on a rejection some may be. */
  post(predictions: readonly Prediction[]): Promise<void>;
  feedChanged(): void;
  states(): readonly SourceState[];
  health(): readonly SourceHealth[];
  close(): Promise<void>;
}

interface Watched {
  readonly file: FileSource;
  watch: FileWatch | null;
}

/** So many predictions by hand are written at the same time: enough for the storage to share its commits. */
const PARALLEL_WRITES = 500;

export function createPredictionSources(options: PredictionSourcesOptions): PredictionSources {
  const { posted, history, now, logger, feeds = [] } = options;
  const pollInterval = options.pollInterval ?? 5_000;
  const recent = createRecent();

  let staleAfter = options.staleAfter;
  let sources: readonly Watched[] = distinctPaths(options.files).map(newSource);
  let fromFiles: ReadonlyMap<string, Prediction> = new Map();
  let watching = false;
  let closed = false;
  const working = new Set<Promise<unknown>>();

  function newSource(path: string): Watched {
    return { file: createFileSource(path, { now, logger }), watch: null };
  }

  /** Keeps `close` waiting for it. */
  function track<T>(work: Promise<T>): Promise<T> {
    const settled = work.then(
      () => {},
      () => {},
    );
    working.add(settled);
    void settled.then(() => working.delete(settled));
    return work;
  }

  /** A comparison with what is posted, and the write that follows from it. */
  const inTurn = createTurns();
  const reloadInTurn = createTurns();

  function filesChanged(): void {
    const merged = new Map<string, Prediction>();
    for (const feed of [...sources.map(({ file }) => file), ...feeds]) {
      for (const [key, prediction] of feed.predictions()) {
        const known = merged.get(key);
        if (known === undefined || prediction.observed_at >= known.observed_at) merged.set(key, prediction);
      }
    }
    fromFiles = merged;
    recent.forgetBefore(now() - 2 * staleAfter);
    const seen: string[] = [];
    for (const [key, prediction] of merged) {
      if (recent.note(key, prediction) && options.remembers(prediction)) seen.push(key);
    }
    if (seen.length > 0) void track(inTurn(() => remember(seen))).catch(notRemembered);
    void track(inTurn(dropSuperseded)).catch((error: unknown) => {
      logger.warn(
        { err: error },
        'posted predictions could not be compared with those of the files; tried again when a file changes',
      );
    });
    changed();
  }

  function changed(): void {
    if (closed) return;
    try {
      options.onChange?.();
    } catch (error) {
      logger.error({ err: error }, 'a change of the predictions could not be passed on');
    }
  }

  async function remember(keys: readonly string[]): Promise<void> {
    for (let i = 0; i < keys.length; i += PARALLEL_WRITES) {
      await Promise.all(
        keys.slice(i, i + PARALLEL_WRITES).map((key) => {
          const newest = recent.of(key)[0];
          return newest && history.keep(key, recent, newest.observed_at + 2 * staleAfter - now());
        }),
      );
    }
  }

  function notRemembered(error: unknown): void {
    logger.warn({ err: error }, 'earlier predictions could not be kept: min_consecutive starts anew with a restart');
  }

  async function loadHistory(): Promise<void> {
    try {
      await history.loadInto(recent);
    } catch (error) {
      logger.warn({ err: error }, 'earlier predictions could not be read: min_consecutive starts anew');
    }
  }

  /** One by hand stays until a newer one, also when that one leaves its file again. */
  async function dropSuperseded(): Promise<void> {
    for (const prediction of await posted.list()) {
      const key = targetKey(prediction);
      if (isSuperseded(key, prediction)) await posted.delete(key);
    }
  }

  function isSuperseded(key: string, prediction: Prediction): boolean {
    const newest = recent.of(key)[0];
    return newest !== undefined && newest.observed_at > prediction.observed_at;
  }

  function counts(key: string, prediction: Prediction): boolean {
    return now() - prediction.observed_at <= 2 * staleAfter && !isSuperseded(key, prediction);
  }

  function later(fromFile: Prediction | undefined, byHand: Prediction): Prediction {
    return fromFile !== undefined && fromFile.observed_at > byHand.observed_at ? fromFile : byHand;
  }

  async function refresh(which: readonly Watched[], force: boolean): Promise<void> {
    const results = await Promise.all(which.map(({ file }) => file.refresh(force)));
    if (!closed && results.some((result) => result)) filesChanged();
  }

  async function reload(files: readonly string[], newStaleAfter: number): Promise<void> {
    staleAfter = newStaleAfter;
    const known = new Map(sources.map((source) => [source.file.path, source]));
    const next = distinctPaths(files).map((path) => known.get(path) ?? newSource(path));
    const added = next.filter((source) => !sources.includes(source));
    await Promise.all(added.map(({ file }) => file.refresh(true)));
    if (closed) return;
    for (const source of sources) if (!next.includes(source)) source.watch?.close();
    sources = next;
    if (watching) for (const source of added) watch(source);
    filesChanged();
  }

  function watch(source: Watched): void {
    source.watch = watchFile(source.file.path, {
      poll: pollInterval,
      onMayHaveChanged: () => {
        track(refresh([source], false)).catch((error: unknown) => {
          logger.error({ err: error, source: source.file.source }, 'a predictions file could not be looked at');
        });
      },
      onProblem: (problem) => logger.warn({ source: source.file.source }, problem),
    });
  }

  async function keep(predictions: readonly Prediction[]): Promise<void> {
    const newest = new Map<string, Prediction>();
    for (const prediction of predictions) {
      const key = targetKey(prediction);
      if (isSuperseded(key, prediction)) continue;
      const known = newest.get(key);
      if (known === undefined || prediction.observed_at >= known.observed_at) newest.set(key, prediction);
    }
    const entries = [...newest];
    for (let i = 0; i < entries.length; i += PARALLEL_WRITES) {
      const written = await Promise.allSettled(
        entries.slice(i, i + PARALLEL_WRITES).map(([key, prediction]) => write(key, prediction)),
      );
      const failed = written.find((result) => result.status === 'rejected');
      if (failed !== undefined) throw failed.reason;
    }
  }

  async function write(key: string, prediction: Prediction): Promise<void> {
    const ttl = prediction.observed_at + 2 * staleAfter - now();
    if (ttl <= 0) return;
    const known = await posted.get(key);
    if (known !== undefined && known.observed_at > prediction.observed_at) return;
    await posted.set(key, prediction, ttl);
    if (recent.note(key, prediction) && options.remembers(prediction)) await remember([key]).catch(notRemembered);
  }

  const states = (): readonly SourceState[] => [
    ...sources.map(({ file }) => ({ ...file, quiet_after: staleAfter })),
    ...feeds.flatMap((feed) => feed.states()),
  ];

  return {
    async start() {
      await loadHistory();
      await track(refresh(sources, true));
      try {
        for (const prediction of await posted.list()) recent.note(targetKey(prediction), prediction);
      } catch (error) {
        logger.warn({ err: error }, 'posted predictions could not be read at the start');
      }
      if (closed) return;
      watching = true;
      for (const source of sources) watch(source);
    },

    async readOnce() {
      await loadHistory();
      await track(refresh(sources, true));
    },

    setFiles: (files, newStaleAfter) => track(reloadInTurn(() => reload(files, newStaleAfter))),

    async current(target) {
      const key = targetKey(target);
      const byHand = await posted.get(key);
      const fromFile = fromFiles.get(key);
      if (byHand === undefined || !counts(key, byHand)) return fromFile ?? null;
      recent.note(key, byHand);
      return later(fromFile, byHand);
    },

    async all() {
      const byHand = await posted.list();
      if (byHand.length === 0) return [...fromFiles.values()];
      const merged = new Map(fromFiles);
      for (const prediction of byHand) {
        const key = targetKey(prediction);
        if (counts(key, prediction)) merged.set(key, later(merged.get(key), prediction));
      }
      return [...merged.values()];
    },

    generation: () => fromFiles,
    recent: (target) => recent.of(targetKey(target)),

    async post(predictions) {
      await track(inTurn(() => keep(predictions)));
      changed();
    },

    feedChanged() {
      if (!closed) filesChanged();
    },

    states,
    health: () => states().map((state) => state.health()),

    async close() {
      closed = true;
      for (const source of sources) source.watch?.close();
      while (working.size > 0) await Promise.all(working);
    },
  };
}

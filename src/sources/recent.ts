import type { Prediction } from '../prediction/prediction.ts';

/** The last predictions of each target that this process has seen, whatever their source. */
export interface Recent {
  note(key: string, prediction: Prediction): void;
  /** Newest first, one per `observed_at`. */
  of(key: string): readonly Prediction[];
  /** Forgets targets whose newest prediction was made before `instant`. */
  forgetBefore(instant: number): void;
}

const KEPT = 16;

export function createRecent(): Recent {
  const byTarget = new Map<string, readonly Prediction[]>();
  return {
    note(key, prediction) {
      const known = byTarget.get(key) ?? [];
      const newest = known[0];
      if (newest === prediction) return;
      if (newest === undefined || prediction.observed_at > newest.observed_at) {
        byTarget.set(key, [prediction, ...known.slice(0, KEPT - 1)]);
        return;
      }
      const i = known.findIndex(({ observed_at }) => observed_at <= prediction.observed_at);
      const isSame = known[i]?.observed_at === prediction.observed_at;
      const position = i === -1 ? known.length : i;
      byTarget.set(key, known.toSpliced(position, isSame ? 1 : 0, prediction).slice(0, KEPT));
    },
    of: (key) => byTarget.get(key) ?? [],
    forgetBefore(instant) {
      for (const [key, [newest]] of byTarget) {
        if (newest !== undefined && newest.observed_at < instant) byTarget.delete(key);
      }
    },
  };
}

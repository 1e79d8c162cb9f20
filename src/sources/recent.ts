import type { Prediction } from '../prediction/prediction.ts';

/** The last predictions of each target that are known here, whatever their source. */
export interface Recent {
  /** False when nothing was new. */
  note(key: string, prediction: Prediction): boolean;
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
      if (newest === prediction) return false;
      if (newest === undefined || prediction.observed_at > newest.observed_at) {
        byTarget.set(key, [prediction, ...known.slice(0, KEPT - 1)]);
        return true;
      }
      const i = known.findIndex(({ observed_at }) => observed_at <= prediction.observed_at);
      const same = known[i]?.observed_at === prediction.observed_at ? known[i] : null;
      if (
        same &&
        same.days_until_critical === prediction.days_until_critical &&
        same.confidence === prediction.confidence
      )
        return false;
      const position = i === -1 ? known.length : i;
      byTarget.set(key, known.toSpliced(position, same ? 1 : 0, prediction).slice(0, KEPT));
      return true;
    },
    of: (key) => byTarget.get(key) ?? [],
    forgetBefore(instant) {
      for (const [key, [newest]] of byTarget) {
        if (newest !== undefined && newest.observed_at < instant) byTarget.delete(key);
      }
    },
  };
}

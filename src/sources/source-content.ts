import type { Prediction } from '../prediction/prediction.ts';
import type { SourceState } from './prediction-feed.ts';

/** What a source says as a whole. Forecasts date their sources themselves, and never say the same twice. */
export interface Content {
  readonly newest: number | null;
  /** Changes when any target, its days or its confidence do. */
  readonly digest: string;
}

/** Reads each state of a source once. */
export function createContents(): (state: SourceState) => Content {
  const contents = new WeakMap<ReadonlyMap<string, Prediction>, Content>();
  return (state) => {
    const { source, dated_at } = state.health();
    if (!source.startsWith('file:')) return { newest: dated_at, digest: '' };
    const predictions = state.predictions();
    const known = contents.get(predictions);
    if (known !== undefined) return known;
    let newest: number | null = null;
    let sum = 0;
    for (const [key, { days_until_critical, confidence, observed_at }] of predictions) {
      newest = Math.max(newest ?? observed_at, observed_at);
      const text = `${key} ${days_until_critical} ${confidence}`;
      for (let i = 0; i < text.length; i += 1) sum = (Math.imul(sum, 31) + text.charCodeAt(i)) | 0;
    }
    const content = { newest: newest ?? dated_at, digest: `${predictions.size}:${sum}` };
    contents.set(predictions, content);
    return content;
  };
}

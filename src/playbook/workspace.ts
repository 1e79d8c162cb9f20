import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Prediction } from '../prediction/prediction.ts';

/** Where small files may lie for a while, the usual place first; those in memory have room when the disk is full. */
export function temporaryPlaces(): readonly string[] {
  const places = [tmpdir(), process.env['XDG_RUNTIME_DIR'], '/dev/shm'];
  return [...new Set(places.filter((place) => place !== undefined))];
}

/** A folder of mode 0700 for one phase. */
export interface Workspace {
  readonly folder: string;
  readonly predictionFile: string;
  readonly resultFile: string;
  remove(): Promise<void>;
}

/**
 * Makes the folder and writes the prediction file. When the usual place has no room (a full disk may be what the
 * playbook is to fix), one in memory is taken. Rejects where none can be written.
 */
export async function createWorkspace(prediction: Prediction): Promise<Workspace> {
  let failure: unknown;
  for (const place of temporaryPlaces()) {
    let folder: string | null = null;
    try {
      folder = await mkdtemp(join(place, 'forestall-'));
      const predictionFile = join(folder, 'prediction.json');
      await writeFile(predictionFile, `${JSON.stringify(wirePrediction(prediction))}\n`, { mode: 0o600, flag: 'wx' });
      return workspaceIn(folder, predictionFile);
    } catch (error) {
      failure ??= error;
      if (folder !== null) await rm(folder, { recursive: true, force: true }).catch(() => {});
    }
  }
  throw failure;
}

function workspaceIn(folder: string, predictionFile: string): Workspace {
  return {
    folder,
    predictionFile,
    resultFile: join(folder, 'result.json'),
    async remove() {
      await rm(folder, { recursive: true, force: true, maxRetries: 2 }).catch(() => {});
    },
  };
}

function wirePrediction(prediction: Prediction) {
  const { observed_at } = prediction;
  const time = Math.abs(observed_at) <= 8.64e15 ? new Date(observed_at).toISOString() : null;
  return { ...prediction, observed_at: time };
}

import { access, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { findProgram } from '../demo/programs.ts';
import { mountPoints } from './mounts.ts';

/** What of this machine the files depend on. */
export interface Found {
  readonly mount_points: readonly string[];
  /** Is systemd the manager of this machine? */
  readonly systemd: boolean;
  readonly containers: readonly ('podman' | 'docker')[];
  /** Null where nothing answers as Prometheus or Alertmanager does. */
  readonly prometheus: string | null;
  readonly alertmanager: string | null;
  /** A file with predictions that is there already. */
  readonly predictions: string | null;
}

interface SurveyOptions {
  readonly directory: string;
  /** Where to ask; without a slash at the end. */
  readonly prometheus: string;
  readonly alertmanager: string;
  readonly path: string;
  /** Folder that is taken for `/`. */
  readonly system?: string;
}

const PATIENCE = 2_000;

/** Looks around; what cannot be seen counts as not there. Takes no longer than one silent server, two seconds. */
export async function survey({
  directory,
  prometheus,
  alertmanager,
  path,
  system = '/',
}: SurveyOptions): Promise<Found> {
  const places = ['data/predictions.json', 'predictions.json', 'predictions-cache.json'];
  const [mountinfo, systemd, isPrometheus, isAlertmanager, ...caches] = await Promise.all([
    readFile(join(system, 'proc/self/mountinfo'), 'utf8').catch(() => ''),
    isThere(join(system, 'run/systemd/system')),
    answers(`${prometheus}/api/v1/status/buildinfo`, (document) => typeof document?.data?.version === 'string'),
    answers(`${alertmanager}/api/v2/status`, (document) => typeof document?.versionInfo?.version === 'string'),
    ...places.map((place) => isThere(join(directory, place))),
  ]);
  const cache = places.find((_place, at) => caches[at]);
  return {
    mount_points: mountPoints(mountinfo),
    systemd,
    containers: (['podman', 'docker'] as const).filter((name) => findProgram([name], path) !== null),
    prometheus: isPrometheus ? prometheus : null,
    alertmanager: isAlertmanager ? alertmanager : null,
    predictions: cache === undefined ? null : join(directory, cache),
  };
}

async function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

// biome-ignore lint/suspicious/noExplicitAny: a foreign document, of which one field is looked at.
async function answers(url: string, isExpected: (document: any) => boolean): Promise<boolean> {
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(PATIENCE), redirect: 'error' });
    return answer.ok && isExpected(await answer.json());
  } catch {
    return false;
  }
}

import type { Found } from './survey.ts';

/** What the files are made from: what was found, as the user left it. */
export interface Choices {
  /** Absolute; everything is written below it. */
  readonly directory: string;
  /** Absolute folder of this package or checkout. */
  readonly home: string;
  readonly user: string;
  /** Units for systemd, with the state in its place; else the state lies in `data/` below the directory. */
  readonly systemd: boolean;
  readonly isRoot: boolean;
  readonly mountPoints: readonly string[];
  readonly prometheus: string | null;
  readonly alertmanager: string | null;
  readonly predictions: string | null;
}

export interface Here {
  readonly directory: string;
  readonly home: string;
  readonly user: string;
  readonly isRoot: boolean;
}

/** What was found, taken as it is. */
export function choicesOf(found: Found, here: Here): Choices {
  return {
    ...here,
    // A container has the root file system from elsewhere, and it fills up all the same.
    mountPoints: found.mount_points.length > 0 ? found.mount_points : ['/'],
    systemd: found.systemd,
    prometheus: found.prometheus,
    alertmanager: found.alertmanager,
    predictions: found.predictions,
  };
}

/** As a service of the machine's, state is where systemd puts it. */
export function stateFolder({ systemd, isRoot, directory }: Choices): string {
  return systemd && isRoot ? '/var/lib/forestall' : `${directory}/data`;
}

/** The user that the service runs as: its own, or whoever sets it up without being root. */
export function serviceUser({ isRoot, user }: Choices): string {
  return isRoot ? 'forestall' : user;
}

/**
 * Where Prometheus and Alertmanager read the token: a copy of their own where they are services with users of their own,
 * else the one that is written.
 */
export function monitoringToken({ systemd, isRoot, directory }: Choices): string {
  return systemd && isRoot ? '/etc/prometheus/forestall-token' : `${directory}/config/token`;
}

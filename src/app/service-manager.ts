import type { Logger } from '../logger.ts';
import type { CommandRequest, CommandResult } from '../playbook/command.ts';

/** What `serve` tells whoever started it; nothing where that is not systemd. */
export interface ServiceManager {
  /** It accepts connections. From now on the watchdog is fed, where there is one. */
  ready(): void;
  /** Around a reload, which says whether the new configuration is in force. Rejects as it does. */
  reload(reload: () => Promise<boolean>): Promise<void>;
  /** Nothing is said after this but what is under way; the watchdog is fed until the process ends. */
  stopping(): void;
}

interface ServiceManagerOptions {
  readonly env: NodeJS.ProcessEnv;
  readonly pid: number;
  readonly runCommand: (request: CommandRequest) => Promise<CommandResult>;
  /** CLOCK_MONOTONIC in microseconds. */
  readonly monotonic: () => bigint;
  readonly logger: Logger;
}

/** How long one message may take, milliseconds. Without --no-block the program waits until systemd has read it. */
const PATIENCE = 5_000;

/**
 * systemd's notification protocol (sd_notify(3)) through `systemd-notify`, as Node has no datagram sockets in the file system.
 * The unit needs `NotifyAccess=all`. Messages go out one after the other, in the background; one that cannot be delivered
 * is logged and never holds the service up.
 */
export function createServiceManager({
  env,
  pid,
  runCommand,
  monotonic,
  logger,
}: ServiceManagerOptions): ServiceManager {
  const socket = env['NOTIFY_SOCKET'] ?? '';
  let last = Promise.resolve();
  let feeding = false;
  let phase: 'starting' | 'serving' | 'stopping' = 'starting';

  function send(...assignments: readonly string[]): Promise<void> {
    if (socket === '') return last;
    last = last.then(async () => {
      const { exit_code, could_not_start, stderr, timed_out } = await runCommand({
        argv: ['systemd-notify', ...assignments],
        timeout: PATIENCE,
        maxOutput: 1_024,
        env: { NOTIFY_SOCKET: socket },
      });
      if (exit_code === 0) return;
      const problem = could_not_start ?? (timed_out ? 'no answer in time' : stderr.trim());
      logger.warn({ assignments, problem }, 'systemd could not be told');
    });
    return last;
  }

  function feed(): void {
    const every = watchdogPeriod(env, pid);
    if (every === null) return;
    // On a machine that is too slow for the period, messages must not pile up.
    const once = async (): Promise<void> => {
      if (feeding) return;
      feeding = true;
      await send('WATCHDOG=1');
      feeding = false;
    };
    setInterval(() => void once(), every).unref();
  }

  return {
    ready() {
      phase = 'serving';
      void send('READY=1', 'STATUS=serving');
      feed();
    },
    async reload(reload) {
      if (phase === 'serving') void send('RELOADING=1', `MONOTONIC_USEC=${monotonic()}`);
      const ok = await reload();
      if (phase === 'serving')
        send('READY=1', `STATUS=${ok ? 'serving' : 'serving; the last reload failed, see the log'}`);
    },
    stopping() {
      phase = 'stopping';
      void send('STOPPING=1', 'STATUS=draining');
    },
  };
}

/** Half of `WatchdogSec=`, milliseconds; null where the watchdog is off or means another process. */
function watchdogPeriod(env: NodeJS.ProcessEnv, pid: number): number | null {
  const microseconds = env['WATCHDOG_USEC'] ?? '';
  const meant = env['WATCHDOG_PID'] ?? '';
  if (!/^[1-9]\d{0,15}$/.test(microseconds) || (meant !== '' && meant !== String(pid))) return null;
  return Math.min(2_147_483_647, Math.max(1, Math.floor(Number(microseconds) / 2_000)));
}

import type { Readable } from 'node:stream';

/** A tenth of a second at every start of the service: it is loaded once that listens, and at the latest here. */
const library = () => import('execa');

/** Loads what starting a process needs, so that none waits for it, or for a disk that has no room left. Never rejects. */
export async function prepareToStart(): Promise<void> {
  await library().catch(() => undefined);
}

export interface StartOptions {
  /** Program and arguments; never read by a shell. */
  readonly argv: readonly string[];
  readonly cwd: string;
  /** The whole environment; nothing is inherited. */
  readonly env: Readonly<Record<string, string>>;
  /** A descriptor for standard output and error together, or a pipe for each. */
  readonly output: number | 'pipes';
}

export interface Exit {
  /** Null where a signal ended it. */
  readonly exit_code: number | null;
  readonly signal: string | null;
}

export interface StartedProcess {
  /** Also the id of its process group. */
  readonly pid: number;
  /** Resolves when the program itself has ended, whoever still holds its output. */
  readonly exited: Promise<Exit>;
  /** Null where `output` is a descriptor. */
  readonly stdout: Readable | null;
  readonly stderr: Readable | null;
}

/**
 * Starts a program: directly, without standard input, in a process group of its own, with exactly this environment.
 * The one place where processes are started. Resolves with a sentence where it could not be started; never rejects.
 * The process outlives this one unless it is ended: who starts it supervises it.
 */
export async function startProcess(options: StartOptions): Promise<StartedProcess | { readonly problem: string }> {
  const [file = '', ...args] = options.argv;
  if (file === '') return { problem: 'no program is named' };
  const { output } = options;
  try {
    const { execa } = await library();
    const common = {
      cwd: options.cwd,
      env: { ...options.env },
      extendEnv: false,
      preferLocal: false,
      shell: false,
      detached: true,
      cleanup: false,
      buffer: false,
      reject: false,
    } as const;
    // Any descriptor will do; execa's types only know the numbers of the standard ones.
    const fd = output as 1;
    const subprocess =
      output === 'pipes'
        ? execa(file, args, { ...common, stdio: ['ignore', 'pipe', 'pipe'] })
        : execa(file, args, { ...common, stdio: ['ignore', fd, fd] });
    const { pid } = subprocess;
    if (pid === undefined) return { problem: startProblem(file, await subprocess) };
    const child = subprocess.nodeChildProcess;
    const exited = new Promise<Exit>((resolve) => {
      child.once('exit', (exit_code, signal) => resolve({ exit_code, signal }));
    });
    return { pid, exited, stdout: subprocess.stdout ?? null, stderr: subprocess.stderr ?? null };
  } catch (error) {
    return { problem: startProblem(file, error) };
  }
}

function startProblem(file: string, failure: unknown): string {
  const { code, originalMessage, message } = failure as { code?: string; originalMessage?: string; message?: string };
  switch (code) {
    case 'ENOENT':
      return `${file} was not found, or the folder to start it in, or the interpreter that its first line names`;
    case 'EACCES':
      return `${file} may not be executed by this user`;
    case 'ENOEXEC':
      return `${file} is not a program (does its first line begin with #! ?)`;
    case 'EAGAIN':
    case 'EMFILE':
    case 'ENFILE':
    case 'ENOMEM':
      return `the system has no room for another process (${code})`;
    case 'E2BIG':
      return `its arguments and environment are too long (${code})`;
    default:
      return originalMessage ?? message ?? String(failure);
  }
}

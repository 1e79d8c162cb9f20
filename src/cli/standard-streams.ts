import { NO } from './context.ts';

/**
 * Keeps a command alive when nobody takes what it prints: work under way and its records matter more. A reader that left
 * (`| head`) has what it wanted; results that are lost otherwise (a full disk) are told, and the exit code is 1.
 */
export function surviveLostOutput(): void {
  let told = false;
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (told || error.code === 'EPIPE' || error.code === 'ERR_STREAM_DESTROYED') return;
    told = true;
    process.stderr.write(`forestall: results could not be written to standard output: ${error.message}\n`);
    process.once('exit', (code) => {
      if (code === 0) process.exitCode = NO;
    });
  });
  // Nobody is left to tell.
  process.stderr.on('error', () => undefined);
}

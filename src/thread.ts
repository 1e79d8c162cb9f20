import { setFlagsFromString } from 'node:v8';
import { Worker, type WorkerOptions } from 'node:worker_threads';

/**
 * Runs the module `name` (without its ending) beside the module `beside` (its `import.meta.url`) in a thread of its own.
 *
 * From the sources each thread strips types with WebAssembly. V8 13.6 ends the process now and then (a null NativeModule
 * in FreeCode) when a thread replaces WebAssembly's calls into JavaScript by compiled ones that the end of another thread
 * is about to free; a budget that is never used up keeps threads from replacing any. The package has none to strip.
 */
export function startThread(beside: string, name: string, options: WorkerOptions): Worker {
  const ending = beside.endsWith('.ts') ? 'ts' : 'js';
  if (ending === 'ts') setFlagsFromString('--wasm-wrapper-tiering-budget=2147483647');
  return new Worker(new URL(`./${name}.${ending}`, beside), options);
}

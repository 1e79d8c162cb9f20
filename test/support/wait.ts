/**
 * Polls until `fn` neither throws nor returns false, null or undefined, and resolves with what it returned. Rejects after
 * `timeout` milliseconds (20 s) with the last error.
 */
export async function eventually<T>(
  fn: () => T | Promise<T>,
  { timeout = 20_000, interval = 20 }: { readonly timeout?: number; readonly interval?: number } = {},
): Promise<NonNullable<T>> {
  const deadline = performance.now() + timeout;
  while (true) {
    let problem: unknown;
    try {
      const value = await fn();
      if (value !== false && value !== null && value !== undefined) return value;
      problem = new Error(`still ${String(value)}`);
    } catch (error) {
      problem = error;
    }
    if (performance.now() > deadline) {
      throw new Error(`not within ${timeout} ms: ${problem instanceof Error ? problem.message : String(problem)}`, {
        cause: problem,
      });
    }
    await new Promise((resolve) => setTimeout(resolve, interval));
  }
}

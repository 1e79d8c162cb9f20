const EVERY = 250;

/** What a machine that stands still does to all that runs on it, at once: to each it is as if only the clock had jumped. */
export interface Stalls {
  /** For how long nobody got a turn at most, milliseconds. */
  longest(): number;
  stop(): void;
}

/** Watches from now on. Work of this process itself counts too. */
export function watchForStalls(): Stalls {
  let longest = 0;
  let last = Date.now();
  const timer = setInterval(() => {
    const now = Date.now();
    longest = Math.max(longest, now - last - EVERY);
    last = now;
  }, EVERY);
  timer.unref();
  return { longest: () => longest, stop: () => clearInterval(timer) };
}

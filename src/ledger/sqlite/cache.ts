/** Answers that hold as long as the store did not change. */
export interface Cache {
  /** Forgets everything when the version is another one than before. */
  sync(version: number): void;
  /** The last version that it was told of; null before the first. */
  version(): number | null;
  get<T>(key: string, load: () => T): T;
  /** The same by an object, for as long as it lives. */
  of<T>(key: object, load: () => T): T;
}

/** Holds at most `most` answers; when it is full it starts anew, which costs less than keeping an order. */
export function createCache(most: number): Cache {
  const known = new Map<string, unknown>();
  let byObject = new WeakMap<object, unknown>();
  let version: number | null = null;
  return {
    sync(current) {
      if (current === version) return;
      known.clear();
      byObject = new WeakMap();
      version = current;
    },
    version: () => version,
    get<T>(key: string, load: () => T): T {
      if (known.has(key)) return known.get(key) as T;
      const value = load();
      if (known.size >= most) known.clear();
      known.set(key, value);
      return value;
    },
    of<T>(key: object, load: () => T): T {
      if (byObject.has(key)) return byObject.get(key) as T;
      const value = load();
      byObject.set(key, value);
      return value;
    },
  };
}

/** Asks for many at once what is asked for one at a time: all keys of one turn of the event loop go together. */
export function createCollector<Key, Answer>(
  ask: (keys: readonly Key[]) => Promise<readonly Answer[]>,
  most = 500,
): (key: Key) => Promise<Answer> {
  interface Asked {
    readonly key: Key;
    readonly resolve: (answer: Answer) => void;
    readonly reject: (error: unknown) => void;
  }
  let asked: Asked[] = [];

  async function answer(together: readonly Asked[]): Promise<void> {
    try {
      const answers = await ask(together.map(({ key }) => key));
      together.forEach(({ resolve }, at) => {
        resolve(answers[at]!);
      });
    } catch (error) {
      for (const { reject } of together) reject(error);
    }
  }

  function flush(): void {
    const all = asked;
    asked = [];
    for (let from = 0; from < all.length; from += most) void answer(all.slice(from, from + most));
  }

  return (key) =>
    new Promise((resolve, reject) => {
      if (asked.length === 0) setImmediate(flush);
      asked.push({ key, resolve, reject });
    });
}

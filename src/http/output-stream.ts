/**
 * A body out of pieces. Reading stops when the client goes away. Where a piece cannot be read the text ends with a line
 * that says so: the status is sent by then.
 */
export function streamOf(
  pieces: AsyncIterable<Uint8Array>,
  headOnly: boolean,
  onError: (error: unknown) => void,
): ReadableStream<Uint8Array> {
  const iterator = pieces[Symbol.asyncIterator]();
  return new ReadableStream<Uint8Array>({
    async start(controller) {
      if (!headOnly) return;
      await iterator.return?.();
      controller.close();
    },
    async pull(controller) {
      try {
        const { done, value } = await iterator.next();
        if (done) controller.close();
        else controller.enqueue(value);
      } catch (error) {
        onError(error);
        controller.enqueue(new TextEncoder().encode('\n[the rest of the output cannot be read]\n'));
        controller.close();
      }
    },
    async cancel() {
      await iterator.return?.();
    },
  });
}

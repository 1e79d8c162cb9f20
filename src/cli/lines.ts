import { StringDecoder } from 'node:string_decoder';

/**
 * The lines of a stream, one after the other as they are asked for; the last one needs no line break. A line of more than
 * `most` characters is null: it is not kept in memory.
 */
export async function* readLines(
  stream: AsyncIterable<Buffer | string>,
  most = 32 * 1024 * 1024,
): AsyncGenerator<string | null> {
  const decoder = new StringDecoder('utf8');
  let parts: string[] = [];
  let length = 0;
  const keep = (text: string): void => {
    length += text.length;
    if (length <= most) parts.push(text);
    else parts = [];
  };
  const take = (): string | null => {
    const line = length > most ? null : parts.join('').replace(/\r$/, '');
    parts = [];
    length = 0;
    return line;
  };
  for await (const chunk of stream) {
    const text = typeof chunk === 'string' ? chunk : decoder.write(chunk);
    let from = 0;
    for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', from)) {
      keep(text.slice(from, end));
      yield take();
      from = end + 1;
    }
    if (from < text.length) keep(text.slice(from));
  }
  keep(decoder.end());
  if (length > 0) yield take();
}

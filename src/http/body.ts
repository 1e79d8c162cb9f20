import { isUtf8 } from 'node:buffer';
import type { IncomingMessage } from 'node:http';
import { HttpProblem } from './problem.ts';

/** Deeper than any payload we know by a factor of ten. */
const MAX_DEPTH = 64;

/** The JSON document of a request; rejects with the `HttpProblem` that says what is wrong with it. */
export async function readJson(incoming: IncomingMessage, maxBytes: number): Promise<unknown> {
  checkType(incoming);
  const bytes = await readBytes(incoming, maxBytes);
  return parseJson(bytes);
}

/** Like `readJson`, but no body at all is `undefined`. */
export async function readOptionalJson(incoming: IncomingMessage, maxBytes: number): Promise<unknown> {
  const { 'content-length': length, 'transfer-encoding': encoding, 'content-type': type } = incoming.headers;
  if (encoding === undefined && type === undefined && (length === undefined || Number(length) === 0)) return undefined;
  return await readJson(incoming, maxBytes);
}

const JSON_TYPE = /^application\/json[ \t]*(?:;[ \t]*charset="?utf-8"?[ \t]*)?;?[ \t]*$/i;

function checkType({ headers }: IncomingMessage): void {
  const type = headers['content-type'];
  if (type === undefined || !JSON_TYPE.test(type)) {
    throw new HttpProblem(415, 'unsupported_media_type', 'the content type has to be application/json, in UTF-8');
  }
  if (headers['content-encoding'] !== undefined) {
    throw new HttpProblem(415, 'unsupported_media_type', 'a content encoding is not supported: send the body as it is');
  }
}

/** The whole body; what is over the limit is not kept, and not waited for. */
export function readBytes(incoming: IncomingMessage, maxBytes: number): Promise<Buffer> {
  const tooLarge = () =>
    new HttpProblem(413, 'too_large', `the body is larger than ${maxBytes} bytes (web.max_body_bytes)`);
  if (Number(incoming.headers['content-length'] ?? 0) > maxBytes) return Promise.reject(tooLarge());
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const settle = () => {
      incoming.off('data', onData).off('end', onEnd).off('close', onGone);
    };
    const onData = (chunk: Buffer) => {
      size += chunk.length;
      if (size <= maxBytes) {
        chunks.push(chunk);
        return;
      }
      settle();
      incoming.pause();
      reject(tooLarge());
    };
    const onEnd = () => {
      settle();
      resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks, size));
    };
    const onGone = () => {
      settle();
      reject(new HttpProblem(400, 'bad_request', 'the connection was closed before the body was complete'));
    };
    incoming.on('data', onData).on('end', onEnd).on('close', onGone).on('error', ignore);
  });
}

/** An `error` is followed by `close`, which settles; without a listener it would end the process. */
function ignore(): void {}

/** One JSON document in UTF-8. Where a key comes twice, the last one counts. */
export function parseJson(bytes: Buffer): unknown {
  if (bytes.length === 0) throw notJson('the body is empty');
  if (!isUtf8(bytes)) throw notJson('the body is not valid UTF-8');
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf)
    throw notJson('the body begins with a byte order mark');
  if (isDeeperThan(MAX_DEPTH, bytes)) throw notJson(`the JSON is nested deeper than ${MAX_DEPTH} levels`);
  const text = bytes.toString('utf8');
  try {
    return JSON.parse(text);
  } catch (error) {
    throw notJson(text.trim() === '' ? 'the body is empty' : inWords(error));
  }
}

function notJson(message: string): HttpProblem {
  return new HttpProblem(400, 'bad_request', message);
}

/** What the parser says, without the piece of the body that it quotes. */
function inWords(error: unknown): string {
  const said = error instanceof Error ? error.message : '';
  const position = /at position (\d+)/.exec(said);
  const where = position === null ? '' : ` at position ${position[1]}`;
  if (said.startsWith('Unexpected non-whitespace'))
    return `there is more than one JSON document: text after its end${where}`;
  if (said.startsWith('Unexpected end') || said.startsWith('Unterminated string')) return `the JSON is cut off${where}`;
  return `the body is not valid JSON${where}`;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** Whether there are more than `limit` of these bytes: a search in native code, which most bodies need nothing beside. */
function hasMoreThan(limit: number, bytes: Buffer, values: readonly number[]): boolean {
  let count = 0;
  for (const value of values) {
    for (let at = bytes.indexOf(value); at >= 0; at = bytes.indexOf(value, at + 1)) {
      count += 1;
      if (count > limit) return true;
    }
  }
  return false;
}

/** Counts brackets outside of strings; no byte of a longer UTF-8 sequence looks like one. */
function isDeeperThan(limit: number, bytes: Buffer): boolean {
  if (!hasMoreThan(limit, bytes, [0x7b, 0x5b])) return false;
  const { length } = bytes;
  let depth = 0;
  for (let at = 0; at < length; at++) {
    const byte = bytes[at]!;
    if (byte === QUOTE) {
      at = endOfString(bytes, at + 1);
    } else if (byte === 0x5b || byte === 0x7b) {
      depth += 1;
      if (depth > limit) return true;
    } else if (byte === 0x5d || byte === 0x7d) {
      depth -= 1;
    }
  }
  return false;
}

/** Where the string ends that goes on from there. */
function endOfString(bytes: Buffer, from: number): number {
  const { length } = bytes;
  let at = from;
  for (; at < length && bytes[at] !== QUOTE; at++) if (bytes[at] === BACKSLASH) at++;
  return at;
}

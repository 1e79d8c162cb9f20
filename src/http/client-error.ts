import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { type Refusal, UNAUTHORIZED } from './guard.ts';
import { type ErrorCode, errorBody } from './problem.ts';
import { JSON_HEADERS } from './respond.ts';

/** How long a client may take to read the answer before its connection is cut, milliseconds. */
const LINGER = 500;

/** Answers what never became a request: broken syntax, headers that are too long, clients that are too slow. */
export function answerClientError(error: Error & { code?: string }, socket: Duplex, tokenNeeded: boolean): void {
  const pending = (socket as Duplex & { _httpMessage?: { headersSent: boolean } | null })._httpMessage;
  if (error.code === 'ECONNRESET' || !socket.writable || pending?.headersSent) {
    socket.destroy();
    return;
  }
  const { status, headers, body } = refusalFor(error.code ?? '', tokenNeeded);
  const lines = Object.entries({ ...headers, connection: 'close', 'content-length': String(Buffer.byteLength(body)) });
  const head = lines.map(([name, value]) => `${name}: ${value}\r\n`).join('');
  socket.on('error', () => socket.destroy());
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n${head}\r\n${body}`);
  // What is still on its way is read and dropped: closing on it would take the answer from the client.
  socket.resume();
  setTimeout(() => socket.destroy(), LINGER).unref();
}

function refusalFor(code: string, tokenNeeded: boolean): Refusal {
  switch (code) {
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return refusal(408, 'timeout', 'the request took too long');
    case 'HPE_HEADER_OVERFLOW':
      return tokenNeeded ? UNAUTHORIZED : refusal(431, 'bad_request', 'the headers are too long');
    case 'HPE_INVALID_HEADER_TOKEN':
      return tokenNeeded ? UNAUTHORIZED : refusal(400, 'bad_request', 'a header holds characters that are not allowed');
    case 'HPE_CHUNK_EXTENSIONS_OVERFLOW':
      return refusal(413, 'too_large', 'the chunk extensions are too long');
    default:
      return refusal(400, 'bad_request', 'this is not a valid HTTP request');
  }
}

function refusal(status: number, code: ErrorCode, message: string): Refusal {
  return { status, headers: JSON_HEADERS, body: errorBody(code, message) };
}

/**
 * The load generator, a process of its own: keep-alive connections that each send one request, wait for the whole
 * answer, and send the next. It speaks just enough HTTP/1.1 over raw sockets to cost less than what it measures.
 */
import { connect, type Socket } from 'node:net';
import { isOrder, type Order, type Outcome, PLACEHOLDER } from './load-messages.ts';

/** Longest wait for the answers under way once no more are sent, milliseconds. */
const PATIENCE = 30_000;

function requestsOf(order: Order): (number: number) => Buffer {
  const body = Buffer.from(order.body);
  const head = [
    `${order.method} ${order.path} HTTP/1.1`,
    `host: 127.0.0.1:${order.port}`,
    ...Object.entries(order.headers).map(([name, value]) => `${name}: ${value}`),
    ...(body.length > 0 ? [`content-length: ${body.length}`] : []),
  ];
  const whole = Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`), body]);
  const places: number[] = [];
  for (let at = whole.indexOf(PLACEHOLDER); at >= 0; at = whole.indexOf(PLACEHOLDER, at + 1)) places.push(at);
  if (places.length === 0) return () => whole;
  return (number) => {
    const own = Buffer.from(whole);
    for (const at of places) own.write(String(number).padStart(PLACEHOLDER.length, '0'), at, 'latin1');
    return own;
  };
}

const END_OF_HEAD = '\r\n\r\n';

/** The head of an answer and the length of its body; null while it is not whole. */
function headOf(bytes: Buffer): { readonly text: string; readonly length: number | null } | null {
  const end = bytes.indexOf(END_OF_HEAD);
  if (end < 0) return null;
  const text = bytes.toString('latin1', 0, end);
  const length = /\r\ncontent-length: *(\d+)/i.exec(text)?.[1];
  return { text, length: length === undefined ? null : Number(length) };
}

function run(order: Order): Promise<Outcome> {
  const request = requestsOf(order);
  const latencies: number[] = [];
  const statuses: Record<string, number> = {};
  const sockets: Socket[] = [];
  let sent = 0;
  let last = '';
  let bytes = 0;
  const began = performance.now();
  const until = began + order.milliseconds;
  let ended = began;

  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => fail(new Error('an answer is missing')), order.milliseconds + PATIENCE);
    let open = order.connections;

    function fail(error: Error): void {
      clearTimeout(timer);
      for (const socket of sockets) socket.destroy();
      reject(error);
    }
    function finish(socket: Socket): void {
      socket.removeAllListeners('close').destroy();
      if (--open > 0) return;
      clearTimeout(timer);
      resolve({ requests: latencies.length, seconds: (ended - began) / 1000, latencies, statuses, last, bytes });
    }

    for (let at = 0; at < order.connections; at++) {
      const socket = connect({ host: '127.0.0.1', port: order.port, noDelay: true });
      sockets.push(socket);
      let received: Buffer[] = [];
      let size = 0;
      let expected: number | null = null;
      let sentAt = 0;
      const next = () => {
        sentAt = performance.now();
        if (sent >= order.count || sentAt >= until) return finish(socket);
        socket.write(request(order.first + sent++));
      };
      socket.on('connect', next);
      socket.on('error', fail);
      socket.on('close', () => fail(new Error('the connection was closed')));
      socket.on('data', (chunk) => {
        received.push(chunk);
        size += chunk.length;
        if (expected === null) {
          if (received.length > 1) received = [Buffer.concat(received)];
          const head = headOf(received[0]!);
          if (head === null) return;
          if (head.length === null) return fail(new Error(`an answer without a length: ${head.text}`));
          expected = head.text.length + 4 + head.length;
          const status = head.text.slice(9, 12);
          statuses[status] = (statuses[status] ?? 0) + 1;
        }
        if (size < expected) return;
        ended = performance.now();
        latencies.push(ended - sentAt);
        if (sent >= order.count || ended >= until) {
          const answer = Buffer.concat(received);
          bytes = answer.length;
          last = answer.toString('utf8', answer.indexOf(END_OF_HEAD) + END_OF_HEAD.length);
        }
        received = [];
        size = 0;
        expected = null;
        next();
      });
    }
  });
}

process.on('message', (order) => {
  if (!isOrder(order)) return;
  run(order).then(
    (outcome) => process.send!({ outcome }),
    (error: Error) => process.send!({ error: error.message }),
  );
});
process.on('disconnect', () => process.exit());
console.log('ready');

import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { afterAll } from 'vitest';

/** What becomes of a chunk on its way to the server: passed on, held for ever with all after it, or the end of both sides. */
type Fate = 'pass' | 'hold' | 'cut' | 'pass-then-cut';

export interface Proxy {
  readonly port: number;
  /** Asked for every chunk that a client sends, with the number of its connection; passes everything at first. */
  rule: (chunk: Buffer, connection: number) => Fate;
  /** Takes connections and answers nothing, also on those that are open. */
  hang(yes: boolean): void;
  /** Ends what is open, and every new connection at once. */
  refuse(yes: boolean): void;
  close(): void;
}

const proxies = new Set<Proxy>();

afterAll(() => {
  for (const proxy of proxies) proxy.close();
  proxies.clear();
});

/** A way to a port of this machine that can be cut or made to hang. */
export async function startProxy(target: number): Promise<Proxy> {
  const sockets = new Set<Socket>();
  let hanging = false;
  let refusing = false;
  let connections = 0;
  const server = createServer((client) => {
    if (refusing) {
      client.resetAndDestroy();
      return;
    }
    const connection = connections++;
    const upstream = connect(target, '127.0.0.1');
    let held = false;
    const end = () => {
      client.destroy();
      upstream.destroy();
    };
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', end);
      socket.on('close', () => {
        sockets.delete(socket);
        if (!held && !hanging) end();
      });
    }
    client.on('data', (chunk) => {
      const fate = hanging || held ? 'hold' : proxy.rule(chunk, connection);
      held ||= fate === 'hold';
      if (fate === 'cut') end();
      else if (fate === 'pass') upstream.write(chunk);
      else if (fate === 'pass-then-cut') {
        held = true;
        client.destroy();
        upstream.write(chunk, () => setTimeout(() => upstream.destroy(), 200));
      }
    });
    upstream.on('data', (chunk) => {
      if (!hanging && !held) client.write(chunk);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const proxy: Proxy = {
    port: (server.address() as { port: number }).port,
    rule: () => 'pass',
    hang(yes) {
      hanging = yes;
      // What hung has lost bytes: nobody can go on with it.
      if (!yes) for (const socket of sockets) socket.destroy();
    },
    refuse(yes) {
      refusing = yes;
      if (yes) for (const socket of sockets) socket.destroy();
    },
    close() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
  proxies.add(proxy);
  return proxy;
}

import { createServer } from 'node:http';

/** A local stand-in for Discord that keeps what it gets. */
export interface DiscordReceiver {
  readonly url: string;
  readonly messages: readonly object[];
  close(): Promise<void>;
}

export async function startDiscordReceiver(): Promise<DiscordReceiver> {
  const messages: object[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      messages.push(JSON.parse(Buffer.concat(chunks).toString('utf8')) as object);
      response.writeHead(200, { 'content-type': 'application/json' }).end('{"id":"1"}');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  return {
    url: `http://127.0.0.1:${port}/api/webhooks/1/demo`,
    messages,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

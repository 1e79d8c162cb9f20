import { bodyOf, listen } from './http.ts';

/** Where people, or a dead man's switch, are told: keeps every alert that comes, in their order, and answers as a chat does. */
export async function startReceiver(): Promise<{ readonly url: string; readonly alerts: readonly any[] }> {
  const alerts: any[] = [];
  const { url } = await listen(async (request, response) => {
    alerts.push(...JSON.parse(await bodyOf(request)).alerts);
    response.writeHead(200).end('ok');
  });
  return { url, alerts };
}

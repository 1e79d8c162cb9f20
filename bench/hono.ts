/** The least that a service on `hono` can be that reads notifications as strictly: no token, no decision, no record. */
import { serve } from '@hono/node-server';
import { Hono } from 'hono';
import { readNotification } from '../src/alert/notification.ts';

const app = new Hono();
app.post('/', async (context) => {
  const reading = readNotification(await context.req.json());
  return reading.ok ? context.json({ received: reading.notification.alerts.length }) : context.json(reading, 400);
});
serve({ fetch: app.fetch, hostname: '127.0.0.1', port: 0 }, ({ port }) => console.log(`port ${port}`));

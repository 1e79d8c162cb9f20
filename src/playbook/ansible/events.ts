import { z } from 'zod';

const where = { host: z.string(), task: z.string() };
const counts = z.object({
  ok: z.number(),
  changed: z.number(),
  unreachable: z.number(),
  failures: z.number(),
  skipped: z.number(),
  rescued: z.number(),
  ignored: z.number(),
});

const eventSchema = z.discriminatedUnion('event', [
  z.object({ event: z.literal('task'), task: z.string() }),
  z.object({ event: z.literal('failed'), ...where, message: z.string() }),
  z.object({ event: z.literal('unreachable'), ...where, message: z.string() }),
  z.object({ event: z.literal('unchecked'), ...where }),
  z.object({
    event: z.literal('stats'),
    hosts: z.record(z.string(), counts),
    custom: z.record(z.string(), z.unknown()),
  }),
]);

type AnsibleEvent = z.infer<typeof eventSchema>;
type OfKind<K extends AnsibleEvent['event']> = Extract<AnsibleEvent, { event: K }>;

/** What our callback plugin told of a play, in order. */
export interface PlayEvents {
  /** The task that began last; null before the first. */
  readonly task: string | null;
  readonly failed: readonly OfKind<'failed'>[];
  readonly unreachable: readonly OfKind<'unreachable'>[];
  /** Tasks that cannot tell in check mode what they would do. */
  readonly unchecked: readonly OfKind<'unchecked'>[];
  /** Null where the play did not come to its end. */
  readonly stats: OfKind<'stats'> | null;
}

export type Counts = z.infer<typeof counts>;

/** Reads the lines that the plugin wrote; a last line that was cut off by a kill, and what is not known, are left out. */
export function readEvents(text: string): PlayEvents {
  const events = text.split('\n').flatMap((line): AnsibleEvent[] => {
    const read = parsed(line);
    return read === null ? [] : [read];
  });
  const of = <K extends AnsibleEvent['event']>(kind: K) =>
    events.filter((event): event is OfKind<K> => event.event === kind);
  return {
    task: of('task').at(-1)?.task ?? null,
    failed: of('failed'),
    unreachable: of('unreachable'),
    unchecked: of('unchecked'),
    stats: of('stats').at(-1) ?? null,
  };
}

function parsed(line: string): AnsibleEvent | null {
  try {
    return eventSchema.safeParse(JSON.parse(line)).data ?? null;
  } catch {
    return null;
  }
}

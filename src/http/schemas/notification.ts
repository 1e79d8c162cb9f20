import { z } from 'zod';
import { readTime } from '../../alert/time.ts';

/** Bytes of UTF-8; a code unit is at least one of them. */
const MAX_LABEL_BYTES = 65_536;
const MAX_LABELS = 256;

const wellFormed = (text: string) => text.isWellFormed();
const fits = (text: string) => new TextEncoder().encode(text).length <= MAX_LABEL_BYTES;
const labelText = z.string().max(MAX_LABEL_BYTES).refine(wellFormed).refine(fits);

const labels = z
  .record(labelText, labelText)
  .refine((all) => Object.keys(all).length <= MAX_LABELS)
  .meta({
    description:
      'At most 256, each of at most 65,536 bytes. A firing alert has its `alertname`. `prediction_type`, `resource` and `host` name the prediction.',
    maxProperties: MAX_LABELS,
    examples: [{ alertname: 'DiskExhaustionPredicted', prediction_type: 'disk_exhaustion', resource: '/srv' }],
  });

const annotations = z
  .record(z.string().refine(wellFormed), z.string().refine(wellFormed))
  .nullish()
  .meta({
    description:
      '`days_until_critical` (days) and `confidence` (0 to 1), plain decimals, count where nothing better is known.',
    examples: [{ days_until_critical: '8.2', confidence: '0.85' }],
  });

/** One alert as its reader takes it. */
export const alert = z
  .looseObject({
    status: z.enum(['firing', 'resolved']).meta({ description: 'Its own; the status of the group does not count.' }),
    labels,
    annotations,
    startsAt: z
      .string()
      .refine((text) => readTime(text) !== null)
      .meta({ description: 'RFC 3339.', format: 'date-time', examples: ['2026-03-01T12:00:00Z'] }),
    fingerprint: z
      .unknown()
      .optional()
      .meta({ description: 'A text of printable ASCII; one is made from the labels where it has none.' }),
  })
  .refine(({ status, labels: { alertname } }) => status !== 'firing' || Boolean(alertname))
  .meta({ description: 'An alert of Alertmanager or Grafana. More fields are ignored.' });

const unreadable = z.unknown().meta({ description: 'Anything else is answered `unreadable`.' });
const ANYTHING = { description: 'Of any type.' };

/**
 * The body of `POST /webhook`. It describes what `readNotification` takes and is no part of taking it: that reader is
 * faster and says what is wrong in the words of the senders.
 */
export const notification = z
  .looseObject({
    version: z.enum(['4', '1']).meta({ description: '`4`: Alertmanager, `1`: Grafana.' }),
    status: z.enum(['firing', 'resolved']).optional(),
    receiver: z.unknown().optional().meta({ description: 'Name of the receiver, a text.' }),
    truncatedAlerts: z.unknown().optional().meta({ description: 'How many alerts the sender cut off, a number.' }),
    alerts: z
      .array(z.union([alert, unreadable]))
      .min(1)
      .refine((all) => all.some((one) => alert.safeParse(one).success))
      .meta({
        description:
          'At least one can be read; the others are answered `unreadable`, each in its place. At most 10,000.',
        contains: { $ref: '#/components/schemas/Alert' },
      }),
  })
  .refine((body) => !('evalMatches' in body) && !('ruleId' in body && 'state' in body))
  .meta({
    description: "A notification of Alertmanager or of Grafana's unified alerting. More fields are ignored.",
    not: {
      description: 'Legacy Grafana alerting.',
      anyOf: [
        { properties: { evalMatches: ANYTHING }, required: ['evalMatches'] },
        { properties: { ruleId: ANYTHING, state: ANYTHING }, required: ['ruleId', 'state'] },
      ],
    },
  });

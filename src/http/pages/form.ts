import type { IncomingMessage } from 'node:http';
import { readBytes } from '../body.ts';
import { HttpProblem } from '../problem.ts';

const FORM_TYPE = /^application\/x-www-form-urlencoded[ \t]*(?:;|$)/i;
const LONGEST = 16_384;

/**
 * The fields of a form of ours. The guard has refused what says that it comes from a foreign page; here the sender has to
 * say that it does not: every browser of the last years sends `Origin` or `Sec-Fetch-Site` with a form. What sends
 * neither is an old browser that a foreign page may be using, or a program, which has the API.
 */
export async function readForm(incoming: IncomingMessage): Promise<Readonly<Record<string, string>>> {
  const { origin, 'sec-fetch-site': site, 'content-type': type = '' } = incoming.headers;
  if (origin === undefined && site === undefined) {
    throw new HttpProblem(
      403,
      'forbidden',
      'this form needs a browser that says where it comes from; programs use the API',
    );
  }
  if (!FORM_TYPE.test(type)) throw new HttpProblem(415, 'unsupported_media_type', 'this takes a form');
  const bytes = await readBytes(incoming, LONGEST);
  const fields: Record<string, string> = Object.create(null);
  for (const [name, value] of new URLSearchParams(bytes.toString('utf8'))) {
    if (name in fields)
      throw new HttpProblem(400, 'bad_request', 'a field comes twice', [{ path: name, message: 'comes twice' }]);
    fields[name] = value;
  }
  return { ...fields };
}

import { entityTag, taggedJson } from './etag.ts';
import type { HttpScope, Route } from './route.ts';

interface Made {
  readonly body: string;
  readonly tag: string;
}

/** The API's own description. Its schemas are loaded with the first request for it: most services are never asked. */
export function openapiRoutes({ version, external_url }: HttpScope): readonly Route[] {
  let made: Promise<Made> | null = null;

  async function make(): Promise<Made> {
    const { openapiDocument } = await import('./openapi.ts');
    const { pathname } = new URL(external_url ?? 'http://localhost');
    const body = JSON.stringify(openapiDocument({ version, basePath: pathname.replace(/\/+$/, '') }));
    return { body, tag: entityTag(body) };
  }

  const handle: Route['handle'] = async (context) => {
    made ??= make().catch((error: unknown) => {
      made = null;
      throw error;
    });
    const { body, tag } = await made;
    return taggedJson(context, body, tag);
  };
  return [{ method: 'GET', path: '/openapi.json', handle }];
}

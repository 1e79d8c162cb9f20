import { readJson } from './body.ts';
import { checkQuery } from './input.ts';
import { HttpProblem } from './problem.ts';
import { json } from './respond.ts';
import type { HttpContext, HttpScope, Route } from './route.ts';
import { modeQuery } from './schemas/queries.ts';
import { MAX_ENTRIES, refuseWhenStopping } from './webhook.ts';
import { currentPredictionOnWire, decisionOnWire } from './wire.ts';

/** Predictions by hand, and those known now. */
export function predictionRoutes(scope: HttpScope): readonly Route[] {
  return [
    { method: 'POST', path: '/api/v1/predictions', role: 'webhook', handle: (context) => post(context, scope) },
    {
      method: 'GET',
      path: '/api/v1/predictions',
      handle: async () => {
        const current = await scope.predictions.currentPredictions();
        return json(200, { items: current.map(currentPredictionOnWire), next: null });
      },
    },
  ];
}

async function post({ env, req }: HttpContext, scope: HttpScope): Promise<Response> {
  const { mode } = checkQuery(modeQuery, req.url);
  if (mode !== 'explain') refuseWhenStopping(scope);
  const body = await readJson(env.incoming, scope.max_body_bytes);
  const { predictions, problems } = scope.predictions.readPredictions(body);
  if (predictions.length === 0) {
    throw new HttpProblem(400, 'bad_request', 'there is no usable prediction in this body', problems);
  }
  if (predictions.length > MAX_ENTRIES) {
    const message = `${predictions.length} predictions are more than the ${MAX_ENTRIES} of one body`;
    throw new HttpProblem(413, 'too_large', message);
  }
  const received = predictions.length + problems.length;
  if (mode === 'publish') {
    await scope.predictions.publish(predictions);
    return json(200, { received, decisions: [], problems });
  }
  const decisions = await scope.decisions.decidePredictions(predictions, mode);
  return json(200, { received, decisions: decisions.map(decisionOnWire), problems });
}

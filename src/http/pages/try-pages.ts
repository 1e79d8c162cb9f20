import type { Decision } from '../../decision/decision.ts';
import type { Prediction } from '../../prediction/prediction.ts';
import { HttpProblem } from '../problem.ts';
import type { HttpContext, HttpScope, Route } from '../route.ts';
import { refuseWhenStopping } from '../webhook.ts';
import { readForm } from './form.ts';
import { mayAct } from './handler.ts';
import { shell } from './layout.ts';
import { pageAnswer, seeOther } from './respond.ts';
import { confirmPage, type Typed, tryPage } from './try.ts';

/** A synthetic prediction: explained by a GET, which leaves no trace; dry-run and run by a POST. */
export function tryRoutes(scope: HttpScope): readonly Route[] {
  return [
    { method: 'GET', path: '/try', handle: (context) => explain(context, scope) },
    { method: 'GET', path: '/try/live', handle: (context) => confirm(context, scope) },
    { method: 'POST', path: '/try', handle: (context) => act(context, scope) },
  ];
}

const EXAMPLE: Typed = { type: '', resource: '', host: '', days: '8', confidence: '0.85' };

async function explain(context: HttpContext, scope: HttpScope): Promise<Response> {
  const { req } = context;
  const { pages, predictions } = scope;
  const asked = req.query('type') !== undefined;
  const typed = asked ? typedFrom(req.query()) : EXAMPLE;
  const read = asked ? readTyped(typed, scope) : null;
  const [decision, known, version] = await Promise.all([
    read === null || read.prediction === null ? null : explained(read.prediction, scope),
    predictions.currentPredictions(),
    pages.version(),
  ]);
  const types = [...new Set(known.map(({ prediction }) => prediction.prediction_type))].slice(0, 20);
  const content = tryPage({ typed, decision, problems: read?.problems ?? [], types, acts: mayAct(context, scope) });
  return await pageAnswer(200, shell({ title: 'Try a prediction', version, now: pages.now() }, content));
}

async function confirm({ req }: HttpContext, scope: HttpScope): Promise<Response> {
  const typed = typedFrom(req.query());
  const decision = await explained(usable(typed, scope), scope);
  const [automation, version] = await Promise.all([scope.pages.automation(), scope.pages.version()]);
  const content = confirmPage(typed, decision, automation);
  return await pageAnswer(200, shell({ title: 'Really run it?', version, now: scope.pages.now() }, content));
}

async function act({ env }: HttpContext, scope: HttpScope): Promise<Response> {
  refuseWhenStopping(scope);
  const form = await readForm(env.incoming);
  const mode = form['mode'];
  if (mode !== 'dry-run' && mode !== 'live') {
    throw new HttpProblem(400, 'bad_request', 'the form cannot be used', [
      { path: 'mode', message: 'dry-run or live' },
    ]);
  }
  const decision = only(await scope.decisions.decidePredictions([usable(typedFrom(form), scope)], mode));
  return seeOther(
    decision.execution_id === null ? `/decisions/${decision.id}` : `/executions/${decision.execution_id}`,
  );
}

async function explained(prediction: Prediction, { decisions }: HttpScope): Promise<Decision> {
  return only(await decisions.decidePredictions([prediction], 'explain'));
}

function only([decision]: readonly Decision[]): Decision {
  if (decision === undefined) throw new Error('one prediction got no decision');
  return decision;
}

function typedFrom(fields: Readonly<Record<string, string>>): Typed {
  const { type = '', resource = '', host = '', days = '', confidence = '' } = fields;
  return { type, resource, host: host.trim(), days: days.trim(), confidence: confidence.trim() };
}

/** Read as a document by hand is read, by the same rules. */
function readTyped(
  typed: Typed,
  { predictions }: HttpScope,
): { readonly prediction: Prediction | null; readonly problems: readonly string[] } {
  const { type, resource, host, days, confidence } = typed;
  const read = predictions.readPredictions({
    prediction_type: type,
    resource,
    ...(host === '' ? {} : { host }),
    days_until_critical: days,
    confidence: confidence === '' || !Number.isFinite(Number(confidence)) ? confidence : Number(confidence),
  });
  const problems = read.problems.map(({ path, message }) => (path === '' ? message : `${path}: ${message}`));
  return { prediction: read.predictions[0] ?? null, problems };
}

function usable(typed: Typed, scope: HttpScope): Prediction {
  const { prediction, problems } = readTyped(typed, scope);
  if (prediction !== null) return prediction;
  const issues = problems.map((message) => ({ path: '', message }));
  throw new HttpProblem(400, 'bad_request', 'this is not a usable prediction', issues);
}

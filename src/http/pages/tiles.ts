import { html } from 'hono/html';
import type { Execution } from '../../execution/execution.ts';
import { nextStep, type Situation } from './next-step.ts';
import type { Outlook } from './ports.ts';
import type { Html } from './respond.ts';
import { count, plain, targetName, time } from './words.ts';

export interface TilesView {
  readonly outlook: Outlook;
  readonly situation: Situation;
  /** Newest first. */
  readonly executions: readonly Execution[];
}

/** What happens next, who is waited for, what runs, how the last one went: four boxes that are always there. */
export function tiles(view: TilesView): Html {
  return html`<section class="tiles" aria-label="At a glance">${next(view)}${waiting(view)}${underWay(view)}${last(view)}</section>`;
}

function tile(name: string, big: Html | string, small: Html | string, tone = ''): Html {
  return html`<div class="tile ${tone}"><h2>${name}</h2><p class="big">${big}</p><p class="small">${small}</p></div>`;
}

function next({ outlook, situation }: TilesView): Html {
  const { now } = situation;
  const steps = outlook.items.map((item) => ({ item, step: nextStep(item, situation) }));
  const first = steps.filter(({ step }) => step.at !== null).toSorted((a, b) => (a.step.at ?? 0) - (b.step.at ?? 0))[0];
  if (first === undefined) {
    const words = outlook.items.length === 0 ? 'nothing is predicted' : 'no gate opens by itself';
    return tile('Next', 'Nothing is due', words);
  }
  const { item, step } = first;
  const playbook = item.mapping?.action.playbook ?? item.prediction.prediction_type;
  const alert = step.at !== null && step.at <= now ? ', with its next alert' : '';
  return tile(
    'Next',
    step.words,
    html`${playbook} for <bdi>${targetName(item.prediction)}</bdi>${alert}`,
    `tone-${step.tone}`,
  );
}

function waiting({ outlook, situation }: TilesView): Html {
  const { unfinished, now } = situation;
  const asked = unfinished.filter(isAsked);
  const urgent = outlook.items.filter((item) => nextStep(item, situation).tone === 'people');
  const also = urgent.length === 0 ? '' : `${count(urgent.length)} too urgent for automation`;
  const first = asked[0];
  if (first === undefined) {
    return tile(
      'Needs you',
      urgent.length === 0 ? 'Nothing' : 'Act now',
      also,
      urgent.length === 0 ? '' : 'tone-people',
    );
  }
  const link = html`<a href="/executions/${first.id}">Approve ${first.playbook}?</a>`;
  const more =
    asked.length === 1 ? '' : html`<a href="/executions?state=awaiting_approval">${asked.length - 1} more</a>; `;
  const small = html`${also === '' ? '' : `${also}; `}${more}<bdi>${targetName(first.prediction)}</bdi>, ${time(first.claimed_at, now)}`;
  return tile('Needs you', link, small, 'tone-ask');
}

function isAsked({ state, answered }: Execution): boolean {
  return state === 'awaiting_approval' && answered === null;
}

function underWay({ situation }: TilesView): Html {
  const { unfinished, now } = situation;
  const active = unfinished.filter((execution) => !isAsked(execution));
  const first = active.find(({ state }) => state === 'running') ?? active[0];
  if (first === undefined) return tile('Under way', 'Nothing', 'no playbook runs');
  const { id, playbook, state, prediction, started_at, claimed_at } = first;
  const more = active.length === 1 ? '' : ` and ${active.length - 1} more`;
  return tile(
    'Under way',
    html`<a href="/executions/${id}">${playbook}</a>`,
    html`<bdi>${targetName(prediction)}</bdi>${more}, ${plain(state)}, ${time(started_at ?? claimed_at, now)}`,
    'tone-run',
  );
}

function last({ executions, situation }: TilesView): Html {
  const { now } = situation;
  const ended = executions.find(({ finished_at }) => finished_at !== null);
  if (ended === undefined) return tile('Last', 'None yet', 'nothing has been executed');
  const bad = ended.state === 'failed' || ended.state === 'interrupted' || ended.state === 'dry_run_failed';
  return tile(
    'Last',
    html`<a href="/executions/${ended.id}">${plain(ended.state)}</a>`,
    html`${ended.playbook}, ${time(ended.finished_at, now)}`,
    bad ? 'tone-people' : '',
  );
}

import { html } from 'hono/html';
import type { Decision, GateResult } from '../../decision/decision.ts';
import type { Html } from './respond.ts';
import { plain } from './words.ts';

const SAYS: Readonly<Record<GateResult['outcome'], string>> = { pass: 'passes', stop: 'stops', skip: 'not asked' };

/** Every gate of a decision, in its order, with the values compared. */
export function gates(results: Decision['gates']): Html {
  return html`<table class="gates">
<thead><tr><th scope="col">Gate</th><th scope="col">Answer</th><th scope="col">Because</th></tr></thead>
<tbody>${results.map(
    ({ gate, outcome, message }) =>
      html`<tr class="${outcome}"><th scope="row">${plain(gate)}</th><td><span class="gate ${outcome}">${SAYS[outcome]}</span></td><td>${message}</td></tr>`,
  )}</tbody>
</table>`;
}

import { html } from 'hono/html';
import type { Pause } from '../../decision/decision.ts';
import type { Automation } from './ports.ts';
import type { Html } from './respond.ts';
import { instant, time } from './words.ts';

const MODES: Readonly<Record<Automation['mode'], { readonly name: string; readonly says: string }>> = {
  live: { name: 'Live', says: 'Playbooks run for real when every gate passes.' },
  dry_run: { name: 'Dry run', says: 'Playbooks only show what they would do; nothing is changed.' },
  paused: { name: 'Paused', says: 'Nothing starts. What already runs goes on.' },
  disabled: { name: 'Disabled', says: 'Nothing starts: enable_auto_remediation is false in the mapping.' },
};

/** A different shape for each, so that colour is not the only sign. */
const SHAPES: Readonly<Record<Automation['mode'], Html>> = {
  live: html`<path d="M8 5v14l12-7z"/>`,
  dry_run: html`<circle class="hollow" cx="12" cy="12" r="8"/>`,
  paused: html`<path d="M6 5h4v14H6zM14 5h4v14h-4z"/>`,
  disabled: html`<path d="M6 6h12v12H6z"/>`,
};

export function modeName({ mode }: Automation): string {
  return MODES[mode].name;
}

/** Whether automation is live, who holds it back, and, for who may act, the switch. */
export function banner({ mode, pauses, dry_run_mode }: Automation, acts: boolean, now: number): Html {
  const { name, says } = MODES[mode];
  const also = mode !== 'dry_run' && dry_run_mode ? ' Dry run mode is on as well.' : '';
  return html`<section id="mode" class="banner ${mode}" aria-labelledby="mode-name">
<div class="state">
<svg class="sign" viewBox="0 0 24 24" aria-hidden="true" focusable="false">${SHAPES[mode]}</svg>
<div aria-live="polite">
<h1 id="mode-name"><span class="quiet">Automation: </span>${name}</h1>
<p>${says}${also}</p>
</div>
</div>
<div class="switch">
<ul class="pauses" aria-label="Pauses">${pauses.map((pause) => pauseLine(pause, acts, now))}</ul>
${acts ? pauseForm() : ''}
</div>
</section>`;
}

function pauseLine({ name, reason, since, until }: Pause, acts: boolean, now: number): Html {
  return html`<li data-key="${name}">
<span class="why"><b>${name}</b>: ${reason ?? 'no reason given'} <span class="when">(since ${instant(since)}, ${
    until === null ? 'until it is resumed' : html`ends ${time(until, now)}`
  })</span></span>
${acts ? html`<form method="post" action="/resume"><input type="hidden" name="name" value="${name}"><button>Resume ${name}</button></form>` : ''}
</li>`;
}

const LENGTHS = [
  ['', 'until I resume'],
  ['30m', 'for 30 minutes'],
  ['2h', 'for 2 hours'],
  ['8h', 'for 8 hours'],
  ['1d', 'for a day'],
] as const;

function pauseForm(): Html {
  return html`<form class="pause" method="post" action="/pause" aria-label="Pause automation">
<label>Name<input name="name" value="manual" maxlength="64" required autocomplete="off"></label>
<label>How long<select name="for">${LENGTHS.map(([value, words]) => html`<option value="${value}">${words}</option>`)}</select></label>
<label class="wide">Reason<input name="reason" maxlength="500" placeholder="moving disks" autocomplete="off"></label>
<button class="stop">Pause</button>
</form>`;
}

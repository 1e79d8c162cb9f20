import { html } from 'hono/html';
import { atTime, inWords, isInstant } from '../../decision/words.ts';
import type { Target } from '../../prediction/prediction.ts';
import type { Html } from './respond.ts';

/** An instant with the words for it: the date in UTC is in the element, and shown when it is pointed at. */
export function time(instant: number | null, now: number, empty = '–'): Html {
  if (instant === null || !isInstant(instant)) return html`${empty}`;
  const iso = atTime(instant);
  return html`<time datetime="${iso}" title="${iso}">${relative(instant, now)}</time>`;
}

/** An instant as a date that people read, in UTC, with the words for it. */
export function dateTime(instant: number | null, now: number, empty = '–'): Html {
  if (instant === null || !isInstant(instant)) return html`${empty}`;
  const iso = atTime(instant);
  return html`<time datetime="${iso}">${clock(instant)} (${relative(instant, now)})</time>`;
}

/** An instant as a date that people read, in UTC: it does not change while it is looked at. */
export function instant(at: number): Html {
  return html`<time datetime="${atTime(at)}">${clock(at)}</time>`;
}

/** `2026-11-22 21:45:10 UTC`. */
export function clock(instant: number): string {
  return atTime(instant).replace('T', ' ').replace('Z', ' UTC');
}

function relative(instant: number, now: number): string {
  if (Math.abs(instant - now) < 1_000) return 'now';
  return instant > now ? `in ${inWords(instant - now)}` : `${inWords(now - instant)} ago`;
}

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'] as const;

/** `1.5 GiB`. */
export function bytes(count: number): string {
  let value = Math.abs(count);
  let unit = 0;
  while (value >= 1024 && unit < UNITS.length - 1) {
    value /= 1024;
    unit += 1;
  }
  const digits = unit === 0 || value >= 100 ? 0 : 1;
  return `${count < 0 ? '−' : ''}${value.toFixed(digits)} ${UNITS[unit]}`;
}

export function percent(share: number): string {
  return `${Math.floor(share * 100 + 1e-9)} %`;
}

/** A measured value, three digits of it: `0.872`. */
export function value(number: number): string {
  return String(Number(number.toPrecision(3)));
}

/** `8.2`; no more than the forecast is worth. */
export function days(value: number): string {
  return value >= 100 ? value.toFixed(0) : String(Math.round(value * 10) / 10);
}

export function count(number: number): string {
  return number.toLocaleString('en-US');
}

/** `1 playbook`, `2 playbooks`. */
export function counted(number: number, one: string, many = `${one}s`): string {
  return `${count(number)} ${number === 1 ? one : many}`;
}

/** How long something took, seconds in: `0.4 s`, `12 s`, `3 min`. */
export function took(seconds: number): string {
  return seconds < 10 ? `${seconds.toFixed(1)} s` : inWords(seconds * 1000);
}

/** A resource with its host, as one text. */
export function targetName({ resource, host }: Target): string {
  return host === null ? resource : `${resource} on ${host}`;
}

/** `dry_run_failed` is `dry run failed`. */
export function plain(code: string): string {
  return code.replaceAll('_', ' ');
}

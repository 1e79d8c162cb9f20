import { cutMiddle } from './cut-middle.ts';
import type { Message } from './message-parts.ts';
import { withoutControls } from './one-line.ts';

/** Body of a webhook call. `allowed_mentions` without anything to parse: no text can ping anybody. */
export interface DiscordBody {
  readonly allowed_mentions: { readonly parse: readonly [] };
  readonly embeds: readonly [DiscordEmbed];
}

export interface DiscordEmbed {
  readonly title: string;
  readonly url?: string;
  readonly description: string;
  readonly color: number;
  readonly timestamp?: string;
  readonly fields: readonly { readonly name: string; readonly value: string; readonly inline: boolean }[];
  readonly footer: { readonly text: string };
}

/** Discord's limits, https://discord.com/developers/docs/resources/message#embed-object-embed-limits; UTF-16 units are never fewer than what it counts. */
const LIMIT = {
  title: 256,
  description: 4096,
  fields: 25,
  name: 256,
  value: 1024,
  footer: 2048,
  url: 2048,
  total: 6000,
};

const COLOUR: Readonly<Record<Message['tone'], number>> = {
  good: 0x2e_a0_43,
  bad: 0xda_36_33,
  warning: 0xd2_99_22,
  neutral: 0x6e_76_81,
};

/** The shortest that a part is cut to while others are longer. */
const SHORTEST = 48;

/**
 * The message within every limit: each part within its own, all together within the total, the longest parts cut first and
 * in their middle. `brief` is for a receiver that refused the whole message: no link, no fields, a few lines of text.
 */
export function discordBody(message: Message, externalUrl: string | null, brief = false): DiscordBody {
  const url = brief ? null : linkTo(externalUrl, message.path);
  const details = brief ? [] : message.details.slice(0, LIMIT.fields);
  const parts: Part[] = [
    { text: message.title, most: LIMIT.title, write: escapeMarkdown },
    { text: message.text, most: brief ? 500 : LIMIT.description, write: escapeMarkdown },
    { text: message.footer, most: brief ? 100 : LIMIT.footer, write: (text, most) => cutMiddle(text, most) },
    ...details.flatMap(({ name, value }): Part[] => [
      { text: name, most: LIMIT.name, write: escapeMarkdown },
      { text: value, most: LIMIT.value, write: escapeMarkdown },
    ]),
  ];
  const [title, description, footer, ...rest] = withinTotal(parts);
  return {
    allowed_mentions: { parse: [] },
    embeds: [
      {
        title: title!,
        ...(url === null ? {} : { url }),
        description: description!,
        color: COLOUR[message.tone],
        ...timestamp(message.at),
        fields: details.map((_detail, at) => ({ name: rest[2 * at]!, value: rest[2 * at + 1]!, inline: false })),
        footer: { text: footer! },
      },
    ],
  };
}

interface Part {
  /** One line, or several. */
  readonly text: string | readonly string[];
  readonly most: number;
  readonly write: (text: string, most: number) => string;
}

function withinTotal(parts: readonly Part[]): string[] {
  const most = parts.map((part) => part.most);
  const texts = parts.map((part, at) => writePart(part, most[at]!));
  for (;;) {
    const excess = texts.reduce((sum, text) => sum + text.length, 0) - LIMIT.total;
    if (excess <= 0) return texts;
    const longest = texts.reduce((best, text, at) => (text.length > texts[best]!.length ? at : best), 0);
    most[longest] = Math.max(SHORTEST, texts[longest]!.length - excess);
    texts[longest] = writePart(parts[longest]!, most[longest]!);
  }
}

/** Discord refuses a part that is empty once it has trimmed it. */
function writePart({ text, write }: Part, most: number): string {
  if (typeof text === 'string') return writeLine(text, most, write);
  const whole = text.map((line) => writeLine(line, most, write)).join('\n');
  if (whole.length <= most) return whole;
  const each = Math.floor((most - text.length + 1) / text.length);
  return text.map((line) => writeLine(line, each, write)).join('\n');
}

function writeLine(text: string, most: number, write: Part['write']): string {
  const clean = withoutControls(text).trim();
  return INVISIBLE.test(clean) ? '–' : write(clean, most);
}

const INVISIBLE = /^[\p{White_Space}\p{Cf}\p{Mn}\u2800\u3164\uffa0\u115f\u1160]*$/u;

const MARKDOWN = new Set([...'\\*_~`|<>[]()#:']);

/**
 * Foreign text as text: no emphasis, code, spoiler, heading, quote, list or masked link; `\:` keeps a bare URL from
 * becoming a link, and an invisible space parts every `@` from what it would mention.
 */
export function escapeMarkdown(text: string, most: number): string {
  const listAt = /^(?:\d+(?=\.)|(?=[-+]))/.exec(text)?.[0].length ?? -1;
  return cutMiddle(text, most, (character, at) => {
    if (character === '@') return '@\u200b';
    return at === listAt || MARKDOWN.has(character) ? `\\${character}` : character;
  });
}

function timestamp(at: number): { readonly timestamp?: string } {
  const date = new Date(at);
  return Number.isNaN(date.getTime()) ? {} : { timestamp: date.toISOString() };
}

/** A link for people, of our own making: only http(s), and short enough. */
function linkTo(externalUrl: string | null, path: string): string | null {
  if (externalUrl === null || !URL.canParse(externalUrl)) return null;
  const base = new URL(externalUrl);
  if (base.protocol !== 'http:' && base.protocol !== 'https:') return null;
  const url = new URL(path, base.href.endsWith('/') ? base.href : `${base.href}/`).href;
  return url.length <= LIMIT.url ? url : null;
}

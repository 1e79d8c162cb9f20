/** `text` with the one place that reads `from` reading `to`; throws where there is not exactly one. */
export function replaceOnce(text: string, from: string, to: string): string {
  const parts = text.split(from);
  if (parts.length !== 2)
    throw new Error(`the shipped file has ${parts.length - 1} places that read ${JSON.stringify(from)}, not one`);
  return parts.join(to);
}

/** The same for every place, of which there has to be one. */
export function replaceAll(text: string, from: string, to: string): string {
  if (!text.includes(from)) throw new Error(`the shipped file has no place that reads ${JSON.stringify(from)}`);
  return text.replaceAll(from, to);
}

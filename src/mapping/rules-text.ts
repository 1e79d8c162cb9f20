/** Characters that YAML or PromQL may not hold raw, or that one of YAML's versions takes for a line's end. */
const UNPRINTABLE = /[\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]/;

/** A double-quoted string that YAML, PromQL and JSON read alike. */
function quoted(value: string): string {
  return JSON.stringify(value).replace(
    new RegExp(UNPRINTABLE, 'g'),
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** A PromQL string. */
export const promString = quoted;

/** A YAML scalar that is always a string; single-quoted where quotes are needed, as templates are full of `"`. */
export function yamlString(value: string): string {
  if (UNPRINTABLE.test(value)) return quoted(value);
  const plain = /^[A-Za-z][\w-]*$/.test(value) && !/^(?:y|n|yes|no|on|off|true|false|null)$/i.test(value);
  return plain ? value : `'${value.replaceAll("'", "''")}'`;
}

/** Text for a label or annotation, in which Prometheus looks for templates: `{{` stays `{{`. */
export function templateText(value: string): string {
  return value.replaceAll('{{', '{{"{{"}}');
}

// A value as it stands in a YAML file.

/** Quoted only where YAML would read something else. An empty list is one, and so is an empty section. */
export function plainScalar(value: string | boolean): string {
  const plain =
    typeof value === 'boolean' ||
    value === '[]' ||
    value === '{}' ||
    (/^[\w./][\w./:-]*$/.test(value) && Number.isNaN(Number(value)) && !words.test(value));
  return plain ? String(value) : JSON.stringify(value);
}

/** As text they would be read as something else, by one version of YAML or the other; `off` stands in settings that take it as either. */
const words = /^(?:true|false|null|yes|no|on|~)$/i;

// What the config of an image says: what is run, and which command made each layer (image-spec, config.md).
import { type JsonObject, listOf, objectOf, objectsIn, parsedJson } from './json.ts';

export interface HistoryLine {
  readonly command: string;
  readonly created: string | undefined;
}

export interface ImageConfig {
  readonly facts: readonly (readonly [name: string, value: string])[];
  readonly labels: Readonly<Record<string, string>>;
  /** Of each layer, in their order; fewer where the config says nothing of them. */
  readonly ofLayers: readonly HistoryLine[];
  /** Commands that made no layer. */
  readonly without: number;
}

/** Undefined for what is no config of an image. Whoever made it wrote what they liked: nothing is taken for granted. */
export function parseImageConfig(text: string): ImageConfig | undefined {
  const json = objectOf(parsedJson(text));
  if (json === undefined) return undefined;
  const config = objectOf(json.config) ?? {};
  const history = objectsIn(json.history);
  const ofLayers = history.filter(({ empty_layer }) => empty_layer !== true).map(lineOf);
  const facts: readonly (readonly [string, unknown])[] = [
    ['Platform', [json.os, json.architecture, json.variant].filter((part) => typeof part === 'string').join('/')],
    ['Created', json.created],
    ['Author', json.author],
    ['User', config.User],
    ['Entrypoint', config.Entrypoint],
    ['Command', config.Cmd],
    ['Working directory', config.WorkingDir],
    ['Ports', Object.keys(objectOf(config.ExposedPorts) ?? {})],
    ['Volumes', Object.keys(objectOf(config.Volumes) ?? {})],
    ['Stop signal', config.StopSignal],
    ['Environment', config.Env],
  ];
  return {
    facts: facts.flatMap(([name, value]) => {
      const shown = shownValue(value, name === 'Environment' ? '\n' : ' ');
      return shown === '' ? [] : [[name, shown] as const];
    }),
    labels: Object.fromEntries(
      Object.entries(objectOf(config.Labels) ?? {}).filter((label): label is [string, string] => {
        return typeof label[1] === 'string';
      }),
    ),
    ofLayers,
    without: history.length - ofLayers.length,
  };
}

function lineOf({ created_by: command, created }: JsonObject): HistoryLine {
  return {
    command: typeof command === 'string' ? command.replace(/^\/bin\/sh -c (?:#\(nop\) +)?/, '') : '',
    created: typeof created === 'string' ? created : undefined,
  };
}

function shownValue(value: unknown, between: string): string {
  if (typeof value === 'string') return value;
  return listOf(value)
    .filter((each) => typeof each === 'string')
    .join(between);
}

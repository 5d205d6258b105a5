// The robots of a registry, each a file: what the command line makes and revokes, and servers look at.
import { join, resolve } from 'node:path';
import { PrivateDirectory } from '../../storage/filesystem/private-directory.ts';
import { robotsDirectory } from '../../storage/own-names.ts';
import { isRobotName, parseRobot, type RobotRecord, writtenRobot } from './robot-record.ts';

const suffix = '.json';

/** Of a registry, by its own directory. */
export function robotDirectoryOf(root: string): RobotDirectory {
  return new RobotDirectory(new PrivateDirectory(join(resolve(root), robotsDirectory)));
}

export type FoundRobot =
  | { readonly name: string; readonly record: RobotRecord }
  /** `problem` names the file and says what to do. */
  | { readonly name: string; readonly problem: string };

export class RobotDirectory {
  readonly #files: PrivateDirectory;

  constructor(files: PrivateDirectory) {
    this.#files = files;
  }

  names(): readonly string[] {
    const names = (this.#files.names() ?? []).filter((name) => name.endsWith(suffix));
    return names.map((name) => name.slice(0, -suffix.length)).filter(isRobotName);
  }

  /** Changes with the file, and is undefined without one: one look at the file system. */
  version(name: string): string | undefined {
    return this.#files.version(`${name}${suffix}`);
  }

  /** Undefined when there is none. Throws a StorageError for a file that is not ours alone. */
  read(name: string): FoundRobot | undefined {
    const text = this.#files.read(`${name}${suffix}`);
    if (text === undefined) return undefined;
    const record = parseRobot(name, text);
    if (record !== undefined) return { name, record };
    return { name, problem: `${this.#files.path}/${name}${suffix} is damaged: revoke the token, and create it again` };
  }

  /** False where there is one of that name. */
  create(record: RobotRecord): Promise<boolean> {
    return this.#files.create(`${record.name}${suffix}`, writtenRobot(record));
  }

  /** False where there was none. */
  async remove(name: string): Promise<boolean> {
    const isThere = this.version(name) !== undefined;
    await this.#files.remove(`${name}${suffix}`);
    return isThere;
  }
}

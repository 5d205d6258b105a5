// Names of members as paths below the archive's root: a name that would lead out of it names nothing.

/** Longer than any path a system call takes. */
export const maxPathLength = 4_096;

/** Why no path can be made of a member's name; undefined when one can. */
export function pathRefusal(name: string): string | undefined {
  if (name === '') return 'it has no name';
  if (name.length > maxPathLength) return 'its name is too long';
  if (name.includes('\0')) return 'its name contains a NUL';
  if (name.startsWith('/')) return 'its path is absolute';
  return name.split('/').includes('..') ? 'its path contains `..`' : undefined;
}

const irregular = /(?:^|\/)\.?(?:\/|$)/;

/** Without empty and `.` components; '' is the root itself. For names that were not refused. */
export function memberPath(name: string): string {
  if (!irregular.test(name)) return name;
  const components = name.split('/').filter((component) => component !== '' && component !== '.');
  return components.join('/');
}

/** Where a symbolic link at `path` leads, inside the archive; undefined where it leads out of it. */
export function linkTarget(path: string, target: string): string | undefined {
  if (target.startsWith('/') || target.includes('\0')) return undefined;
  const components = path.split('/').slice(0, -1);
  for (const component of target.split('/')) {
    if (component === '' || component === '.') continue;
    if (component !== '..') components.push(component);
    else if (components.pop() === undefined) return undefined;
  }
  return components.join('/');
}

// Which view an address means. It stands behind the #, so that a view can be linked to and nothing of it is sent to the server.

export type Route =
  | { readonly view: 'repositories'; readonly text: string }
  | { readonly view: 'repository'; readonly name: string; readonly text?: string }
  | { readonly view: 'image'; readonly name: string; readonly reference: string }
  | { readonly view: 'history'; readonly name: string; readonly tag: string }
  | { readonly view: 'disk' };

/** What is none is the list of repositories. */
export function routeOf(hash: string): Route {
  const path = decoded(hash.replace(/^#\/?/, ''));
  if (path === 'disk') return { view: 'disk' };
  const [, kind, rest = ''] = /^(repository|image|history|find)\/(.+)$/s.exec(path) ?? [];
  if (kind === 'find') return { view: 'repositories', text: rest };
  if (kind === 'repository') {
    const [, name = '', text = ''] = /^([^?]*)(?:\?(.*))?$/s.exec(rest) ?? [];
    return text === '' ? { view: 'repository', name } : { view: 'repository', name, text };
  }
  // A name has neither @ nor a colon, a tag neither a slash nor a colon.
  const [, name, digest, tag] = /^([^@:]+)(?:@(.+)|:([^:/@]+))$/s.exec(rest) ?? [];
  if (name === undefined) return { view: 'repositories', text: '' };
  if (kind === 'history' && tag !== undefined) return { view: 'history', name, tag };
  return { view: 'image', name, reference: digest ?? tag ?? '' };
}

export function hrefOf(route: Route): string {
  if (route.view === 'disk') return '#/disk';
  if (route.view === 'repositories') return route.text === '' ? '#/' : `#/find/${encodeURIComponent(route.text)}`;
  if (route.view === 'repository') {
    return `#/repository/${route.name}${route.text ? `?${encodeURIComponent(route.text)}` : ''}`;
  }
  if (route.view === 'history') return `#/history/${route.name}:${route.tag}`;
  return `#/image/${imageName(route.name, route.reference)}`;
}

/** As clients write it. */
export function imageName(name: string, reference: string): string {
  return `${name}${reference.includes(':') ? '@' : ':'}${reference}`;
}

export function titleOf(route: Route): string {
  if (route.view === 'disk') return 'Disk';
  if (route.view === 'repositories') return 'Repositories';
  if (route.view === 'repository') return route.name;
  if (route.view === 'history') return `History of ${imageName(route.name, route.tag)}`;
  return imageName(route.name, route.reference);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return '';
  }
}

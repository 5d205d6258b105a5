// Which view an address means. It stands behind the #, so that a view can be linked to and nothing of it is sent to the server.
import { shortDigest } from './format.ts';

export type Route =
  | { readonly view: 'repositories'; readonly text: string }
  | { readonly view: 'repository'; readonly name: string; readonly text?: string }
  | { readonly view: 'image'; readonly name: string; readonly reference: string }
  | { readonly view: 'history'; readonly name: string; readonly tag: string }
  | {
      readonly view: 'compare';
      readonly name: string;
      readonly from: string;
      readonly to: string;
      /** Of `to`, where it is another one. */
      readonly toRepository?: string | undefined;
      readonly platform?: string | undefined;
    }
  | { readonly view: 'disk' };

/** What is none is the list of repositories. */
export function routeOf(hash: string): Route {
  const compared = comparedIn(hash);
  if (compared !== undefined) return compared;
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

/** `#/compare/NAME?from=REF&to=REF`; undefined for what is none. */
function comparedIn(hash: string): Route | undefined {
  const [, path = '', search = ''] = /^#\/compare\/([^?]+)\?(.*)$/s.exec(hash) ?? [];
  const query = new URLSearchParams(search);
  const [from, to] = [query.get('from'), query.get('to')];
  const name = decoded(path);
  if (name === '' || !from || !to) return undefined;
  const toRepository = query.get('toRepository') ?? undefined;
  return { view: 'compare', name, from, to, toRepository, platform: query.get('platform') ?? undefined };
}

export function hrefOf(route: Route): string {
  if (route.view === 'disk') return '#/disk';
  if (route.view === 'repositories') return route.text === '' ? '#/' : `#/find/${encodeURIComponent(route.text)}`;
  if (route.view === 'repository') {
    return `#/repository/${route.name}${route.text ? `?${encodeURIComponent(route.text)}` : ''}`;
  }
  if (route.view === 'compare') {
    const { name, from, to, toRepository, platform } = route;
    const query = new URLSearchParams({ from, to });
    if (toRepository !== undefined && toRepository !== name) query.set('toRepository', toRepository);
    if (platform !== undefined) query.set('platform', platform);
    return `#/compare/${name}?${query}`;
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
  if (route.view === 'compare') return `Compare ${shortName(route.from)} with ${shortName(route.to)}`;
  if (route.view === 'history') return `History of ${imageName(route.name, route.tag)}`;
  return imageName(route.name, route.reference);
}

/** A digest by its first digits. */
function shortName(reference: string): string {
  return reference.includes(':') ? shortDigest(reference) : reference;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return '';
  }
}

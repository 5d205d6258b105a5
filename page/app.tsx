// The frame around every view: where one is, who one is, and the way to the other views.
import { useEffect, useRef, useState } from 'preact/hooks';
import { api, logOut, onUnauthorized } from './api.ts';
import { useLoaded } from './loaded.ts';
import { LoginForm } from './login-form.tsx';
import { Waiting } from './parts.tsx';
import { hrefOf, type Route, routeOf, titleOf } from './route.ts';
import { CompareView } from './views/compare.tsx';
import { DiskView } from './views/disk.tsx';
import { HistoryView } from './views/history.tsx';
import { ImageView } from './views/image.tsx';
import { RepositoriesView } from './views/repositories.tsx';
import { RepositoryView } from './views/repository.tsx';

export function App() {
  const route = useRoute();
  const [asksLogin, setAsksLogin] = useState(false);
  const { loaded, again } = useLoaded(api.session, []);
  const mustLogIn = loaded.kind === 'refused' && loaded.status === 401;
  const main = useRef<HTMLElement>(null);
  const title = titleOf(route);
  useEffect(() => {
    document.title = `${title} · moorage`;
    main.current?.querySelector('h1')?.focus();
  }, [title]);
  // A password that was changed, or a token that ended: whoever asks next finds out.
  useEffect(() => onUnauthorized(again), []);
  const loggedIn = () => {
    setAsksLogin(false);
    again();
  };
  const leave = () => {
    logOut();
    again();
  };
  const user = loaded.kind === 'here' ? loaded.value.user : undefined;
  return (
    <>
      <button type="button" class="skip" onClick={() => main.current?.focus()}>
        Skip to content
      </button>
      <header>
        <a class="brand" href="#/">
          moorage
        </a>
        <nav aria-label="Views">
          <NavLink route={{ view: 'repositories', text: '' }} current={route.view} label="Repositories" />
          <NavLink route={{ view: 'disk' }} current={route.view} label="Disk" />
        </nav>
        <span class="who">
          {user !== undefined && (
            <>
              {user}{' '}
              <button type="button" onClick={leave}>
                Log out
              </button>
            </>
          )}
          {loaded.kind === 'here' && user === undefined && !loaded.value.everybodySeesAll && (
            <button type="button" onClick={() => setAsksLogin(true)}>
              Log in
            </button>
          )}
        </span>
      </header>
      <main id="main" ref={main} tabIndex={-1}>
        {loaded.kind === 'waiting' && <Waiting />}
        {(mustLogIn || asksLogin) && <LoginForm onLogin={loggedIn} />}
        {loaded.kind === 'refused' && !mustLogIn && <p role="alert">{loaded.message}</p>}
        {loaded.kind === 'here' && !asksLogin && <View key={`${placeOf(route)} ${user ?? ''}`} route={route} />}
      </main>
    </>
  );
}

/** What is searched for is typed in the view itself, which stays. */
function placeOf(route: Route): string {
  if (route.view === 'repositories' || route.view === 'repository') return hrefOf({ ...route, text: '' });
  return hrefOf(route);
}

function View({ route }: { readonly route: Route }) {
  if (route.view === 'disk') return <DiskView />;
  if (route.view === 'compare') return <CompareView compared={route} />;
  if (route.view === 'repository') return <RepositoryView name={route.name} text={route.text ?? ''} />;
  if (route.view === 'image') return <ImageView name={route.name} reference={route.reference} />;
  if (route.view === 'history') return <HistoryView name={route.name} tag={route.tag} />;
  return <RepositoriesView text={route.text} />;
}

interface NavLinkProps {
  readonly route: Route;
  readonly current: Route['view'];
  readonly label: string;
}

function NavLink({ route, current, label }: NavLinkProps) {
  return (
    <a href={hrefOf(route)} aria-current={route.view === current ? 'page' : undefined}>
      {label}
    </a>
  );
}

function useRoute(): Route {
  const [route, setRoute] = useState(() => routeOf(location.hash));
  useEffect(() => {
    const onChange = () => setRoute(routeOf(location.hash));
    addEventListener('hashchange', onChange);
    return () => removeEventListener('hashchange', onChange);
  }, []);
  return route;
}

// Who one is, where the registry asks.
import { useState } from 'preact/hooks';
import { api, logIn, logOut } from './api.ts';
import { refusedBy } from './loaded.ts';

export function LoginForm({ onLogin }: { readonly onLogin: () => void }) {
  const [problem, setProblem] = useState<string>();
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    logIn(String(form.get('user')), String(form.get('password')));
    try {
      await api.session();
    } catch (error) {
      logOut();
      const { status, message } = refusedBy(error);
      return setProblem(status === 401 ? 'There is no such user, or the password is another one.' : message);
    }
    onLogin();
  };
  return (
    <form class="login" onSubmit={submit}>
      <h1 tabIndex={-1}>Log in</h1>
      <p>This registry asks who is looking. Your password is forgotten when you close or reload the page.</p>
      {problem !== undefined && <p role="alert">{problem}</p>}
      <label>
        User
        <input name="user" autoComplete="username" required />
      </label>
      <label>
        Password
        <input name="password" type="password" autoComplete="current-password" required />
      </label>
      <button type="submit" class="main">
        Log in
      </button>
    </form>
  );
}

// How clients are asked who they are.
import { describe, expect, it } from 'vitest';
import { loadSettings } from '../../../src/config/load.ts';

const load = (environment: Readonly<Record<string, string>>) =>
  loadSettings({ flags: [], environment, file: undefined });

describe('auth.scheme', () => {
  it('is bearer unless it is said to be basic', async () => {
    expect((await load({})).auth.scheme).toBe('bearer');
    expect((await load({ MOORAGE_AUTH_SCHEME: 'basic' })).auth.scheme).toBe('basic');
    await expect(load({ MOORAGE_AUTH_SCHEME: 'digest' })).rejects.toThrow('bearer, basic');
  });
});

describe('auth.realm', () => {
  it.each(['https://registry.example/token', 'http://10.0.0.7:5000/token', 'https://[fd00::1]/auth/token'])(
    'is %s',
    async (realm) => {
      expect((await load({ MOORAGE_AUTH_REALM: realm })).auth.realm).toBe(realm);
    },
  );

  it.each([
    'registry.example',
    '/token',
    'ftp://registry.example/token',
    'https://',
    'https://user:password@registry.example/token',
    'https://registry.example/token?service=x',
    'https://registry.example/token#x',
    'https://registry.example/"token',
    'https://registry.example/\\token',
    'https://registry.example/to ken',
    'https://registry.example/\r\nX: y',
  ])('is not %j', async (realm) => {
    await expect(load({ MOORAGE_AUTH_REALM: realm })).rejects.toThrow('is no URL of a token endpoint');
  });
});

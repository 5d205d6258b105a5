// What is at `/`: a page for browsers, text for everybody else, and nothing that could be used.
import { describe, expect, it } from 'vitest';
import { takesGzip } from '../../src/http/handlers/page-file.ts';
import { registryApp } from './support/registry-app.ts';

const browser = 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8';

describe('the front page', () => {
  it('is HTML for a browser, and says what this is and how to pull', async () => {
    const { app } = registryApp();
    const answer = await app.inject({ url: '/', headers: { accept: browser, host: 'localhost:5000' } });
    expect(answer.statusCode).toBe(200);
    expect(answer.headers).toMatchObject({
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': "sandbox; default-src 'none'",
      vary: 'Accept',
    });
    expect(answer.body).toContain('This is a registry of OCI images');
    expect(answer.body).toContain('docker pull localhost:5000/NAME:TAG');
    expect(answer.body).toContain('href="/v2/_catalog"');
    expect(answer.body).not.toMatch(/<script|<style|<link|<img|src=|https?:/);
  });

  it.each([undefined, '*/*', 'application/json', 'text/html;q=0', 'text/plain, text/html; q=0.0'])(
    'is plain text for Accept: %s',
    async (accept) => {
      const { app } = registryApp();
      const answer = await app.inject({ url: '/', headers: accept === undefined ? {} : { accept } });
      expect(answer.statusCode).toBe(200);
      expect(answer.headers['content-type']).toBe('text/plain; charset=utf-8');
      expect(answer.body).toMatch(/^moorage\n\nThis is a registry/);
    },
  );

  it('is HTML for the ways in which browsers ask', async () => {
    const { app } = registryApp();
    for (const accept of [
      'text/html',
      'text/plain;q=0.5, text/html;q=0.9',
      'text/html;charset=utf-8',
      '*/*,TEXT/HTML',
    ]) {
      expect((await app.inject({ url: '/', headers: { accept } })).headers['content-type']).toMatch(/^text\/html/);
    }
  });

  it('is the same for HEAD, without the bytes', async () => {
    const { app } = registryApp();
    const [get, head] = await Promise.all(
      (['GET', 'HEAD'] as const).map((method) => app.inject({ method, url: '/', headers: { accept: browser } })),
    );
    expect(head?.statusCode).toBe(200);
    expect(head?.body).toBe('');
    expect(head?.headers['content-length']).toBe(get?.headers['content-length']);
  });

  it('repeats no Host that is none, and answers below any name', async () => {
    const { app } = registryApp();
    for (const host of ['<script>alert(1)</script>', 'a"b', 'x&y']) {
      const answer = await app.inject({ url: '/', headers: { accept: browser, host } });
      expect(answer.body).toContain('docker pull HOST/NAME:TAG');
      expect(answer.body).not.toContain('<script');
    }
    expect((await app.inject({ url: '/', headers: { host: 'evil.example' } })).statusCode).toBe(200);
  });

  it('takes nothing: other methods are 405, other paths 404', async () => {
    const { app } = registryApp();
    const answer = await app.inject({ method: 'POST', url: '/' });
    expect(answer.statusCode).toBe(405);
    expect(answer.headers.allow).toBe('GET, HEAD');
    expect((await app.inject('/index.html')).statusCode).toBe(404);
  });
});

describe('compression of the page', () => {
  it.each([
    ['gzip, deflate, br', true],
    ['GZIP;q=0.5', true],
    ['br, gzip', true],
    ['gzip;q=0', false],
    ['gzip; q=0.000', false],
    ['gzip;level=1;q=0', false],
    ['br;q=1.0, x-gzip', false],
    ['', false],
  ])('for Accept-Encoding: %s', (accepted, isTaken) => {
    expect(takesGzip(accepted)).toBe(isTaken);
  });
});

// Small GETs with wrk: 64 keep-alive connections of one thread that go round over a list of paths.

import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { LoadResult } from './load-result.ts';

export interface WrkLoad {
  readonly port: number;
  readonly paths: readonly string[];
  readonly accept: string;
  /** The Authorization header of every request; none unless given. */
  readonly authorization?: string;
  readonly connections: number;
  readonly seconds: number;
  /** The length of every body asked for: answers that are shorter on the whole are an error. */
  readonly bodyBytes: number;
}

interface WrkSummary {
  readonly requests: number;
  readonly bytes: number;
  readonly durationUs: number;
  readonly p50Us: number;
  readonly p99Us: number;
  readonly maxUs: number;
  readonly errors: {
    readonly connect: number;
    readonly read: number;
    readonly write: number;
    readonly status: number;
    readonly timeout: number;
  };
}

const MARK = 'SUMMARY ';

// A server with many tags may take seconds for an answer: wrk's own limit of 2 s would count that as an error.
const TIMEOUT_SECONDS = 30;

/** Undefined when wrk can be started, else why not. */
export async function wrkMissing(): Promise<string | undefined> {
  return new Promise((resolve) => {
    // `wrk -v` prints its version and ends with 1.
    execFile('wrk', ['-v'], (error) => {
      resolve(error !== null && error.code === 'ENOENT' ? 'wrk is not installed (Debian package wrk)' : undefined);
    });
  });
}

export async function runWrk(load: WrkLoad, scratch: string): Promise<LoadResult> {
  const script = join(scratch, 'wrk.lua');
  writeFileSync(script, luaScript(load));
  const args = ['-t1', `-c${load.connections}`, `-d${load.seconds}s`, `--timeout`, `${TIMEOUT_SECONDS}s`, '-s', script];
  const output = await new Promise<string>((resolve, reject) => {
    const timeout = (load.seconds + TIMEOUT_SECONDS) * 1000;
    execFile(
      'wrk',
      [...args, `http://127.0.0.1:${load.port}`],
      { timeout, killSignal: 'SIGKILL' },
      (error, stdout, stderr) => {
        if (error === null) resolve(stdout);
        else reject(new Error(`wrk failed: ${stderr.trim() || error.message}`));
      },
    );
  });
  return resultOf(output, load);
}

function resultOf(output: string, load: WrkLoad): LoadResult {
  const line = output.split('\n').find((candidate) => candidate.startsWith(MARK));
  if (line === undefined) throw new Error(`wrk printed no summary:\n${output}`);
  const summary = JSON.parse(line.slice(MARK.length)) as WrkSummary;
  const errors = Object.entries(summary.errors).filter(([, count]) => count > 0);
  if (errors.length > 0)
    throw new Error(`wrk saw errors: ${errors.map(([kind, count]) => `${count} ${kind}`).join(', ')}`);
  if (summary.requests === 0) throw new Error('wrk saw no answer within the turn');
  const bytesEach = summary.bytes / summary.requests;
  if (bytesEach < load.bodyBytes)
    throw new Error(`answers of ${bytesEach} bytes instead of more than ${load.bodyBytes}`);
  return {
    operations: summary.requests,
    seconds: summary.durationUs / 1e6,
    p50Ms: summary.p50Us / 1000,
    p99Ms: summary.p99Us / 1000,
    maxMs: summary.maxUs / 1000,
  };
}

function luaScript(load: WrkLoad): string {
  const authorization =
    load.authorization === undefined ? '' : `, Authorization = ${JSON.stringify(load.authorization)}`;
  return `local requests = {}
local at = 0
local paths = {${load.paths.map((path) => JSON.stringify(path)).join(',')}}
function init(args)
  for i, path in ipairs(paths) do
    requests[i] = wrk.format("GET", path, {Host = "127.0.0.1:${load.port}", Accept = "${load.accept}"${authorization}})
  end
end
function request()
  at = at % #requests + 1
  return requests[at]
end
function done(summary, latency)
  local e = summary.errors
  io.write(string.format(
    '${MARK}{"requests":%d,"bytes":%d,"durationUs":%d,"p50Us":%d,"p99Us":%d,"maxUs":%d,"errors":{"connect":%d,"read":%d,"write":%d,"status":%d,"timeout":%d}}\\n',
    summary.requests, summary.bytes, summary.duration, latency:percentile(50), latency:percentile(99), latency.max,
    e.connect, e.read, e.write, e.status, e.timeout))
end
`;
}

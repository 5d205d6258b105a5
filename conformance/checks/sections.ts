// All sections in the order in which they run and are shown.
import type { Section } from '../check/check.ts';
import { badHttp } from './bad-http.ts';
import { blobChunks } from './blob-chunks.ts';
import { blobDigests } from './blob-digests.ts';
import { blobRange } from './blob-range.ts';
import { blobUpload } from './blob-upload.ts';
import { catalog } from './catalog.ts';
import { concurrency } from './concurrency.ts';
import { conditional } from './conditional.ts';
import { deletes } from './deletes.ts';
import { errors } from './errors.ts';
import { everyAnswer } from './every-answer.ts';
import { general } from './general.ts';
import { manifestContent } from './manifest-content.ts';
import { manifestInput } from './manifest-input.ts';
import { manifests } from './manifests.ts';
import { mounts } from './mount.ts';
import { names } from './names.ts';
import { newSuiteBlobs } from './new-suite-blobs.ts';
import { newSuiteData } from './new-suite-data.ts';
import { pull } from './pull.ts';
import { pullBlobs } from './pull-blobs.ts';
import { referrerFilters } from './referrer-filters.ts';
import { referrers } from './referrers.ts';
import { settings } from './settings.ts';
import { stalls } from './stalls.ts';
import { suiteV1Discovery } from './suite-v1-discovery.ts';
import { suiteV1Management } from './suite-v1-management.ts';
import { suiteV1Pull } from './suite-v1-pull.ts';
import { suiteV1Push } from './suite-v1-push.ts';
import { tagParameters } from './tag-parameters.ts';
import { tags } from './tags.ts';
import { uploadSessions } from './upload-sessions.ts';

export const allSections: readonly Section[] = [
  general,
  names,
  pull,
  pullBlobs,
  blobRange,
  conditional,
  blobUpload,
  blobDigests,
  blobChunks,
  uploadSessions,
  mounts,
  manifests,
  manifestContent,
  manifestInput,
  tagParameters,
  tags,
  referrers,
  referrerFilters,
  deletes,
  catalog,
  settings,
  errors,
  badHttp,
  stalls,
  concurrency,
  newSuiteBlobs,
  newSuiteData,
  suiteV1Pull,
  suiteV1Push,
  suiteV1Discovery,
  suiteV1Management,
  everyAnswer,
];

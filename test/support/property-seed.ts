// Property tests draw new cases on every run, except where a run decides whether a change may land: there the same ones each time,
// so that it fails for the change and not for the draw. MOORAGE_TEST_SEED repeats a run that failed elsewhere.
import fc from 'fast-check';

const seed = process.env.MOORAGE_TEST_SEED ?? (process.env.CI === undefined ? undefined : '20261121');
if (seed !== undefined) fc.configureGlobal({ seed: Number(seed) });

// The rules of layouts where nobody has set anything, as the schema of settings has them.
import { defaultSettings } from '../../src/config/load.ts';
import { layoutRulesOf } from '../../src/config/schema.ts';
import type { LayoutRules } from '../../src/registry/layout-rules.ts';

export const defaultRules: LayoutRules = layoutRulesOf(defaultSettings());

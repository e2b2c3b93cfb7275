import type { Builder } from './builder';
import type { StrategyName } from './builder-settings';
import { buildkit } from './buildkit';
import { kaniko } from './kaniko';
import { makisu } from './makisu';

/** Every builder there is. A new one is one file, and one line here. */
export const builders: Readonly<Record<StrategyName, Builder>> = { buildkit, kaniko, makisu };

import { ServedRepositories } from './served-repositories';
import { remove } from './test-repository';

/** Gives every test of a suite served repositories of its own, and a user without proxies or a git configuration of theirs. */
export function servedForEach(take: (served: ServedRepositories) => void): void {
  let template: string;
  let served: ServedRepositories;
  beforeAll(() => {
    process.env['NO_PROXY'] = '*';
    template = ServedRepositories.template();
  });
  afterAll(() => remove(template));
  beforeEach(() => {
    served = ServedRepositories.copy(template);
    process.env['GIT_CONFIG_GLOBAL'] = served.gitConfig;
    take(served);
  });
  afterEach(() => served.remove());
}

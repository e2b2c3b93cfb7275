import { describeFaults } from './fault';
import { parsePipeline } from './parse-pipeline';

describe('the faults of how an image is made', () => {
  it.each([
    [
      'a strategy misspelt',
      'build: { strategy: kanko }\ntest: none',
      'f:1:20: build.strategy must be append, buildkit, kaniko, makisu or template, not "kanko" (did you mean kaniko?)',
    ],
    [
      'a Dockerfile that nobody reads',
      'build: { dockerfile: D }\ntest: none',
      'f:1:10: build.dockerfile is not read by the strategy append (it belongs to build.strategy: buildkit, kaniko, makisu)',
    ],
    [
      'a base beside a Dockerfile',
      'image: { base: debian:12 }\nbuild: { strategy: kaniko }\ntest: none',
      'f:1:10: image.base is not read by the strategy kaniko (the Dockerfile says it, by FROM)',
    ],
    [
      'what Makisu cannot do',
      'build: { strategy: makisu, labels: { a: b } }\ntest: none',
      'f:1:28: build.labels is not read by the strategy makisu (it belongs to build.strategy: buildkit, kaniko)',
    ],
    [
      'a destination without a tag',
      'build: { strategy: buildkit, push: [quay.io/team/widget] }\ntest: none',
      'f:1:37: build.push[0] must be an image with registry and tag, like quay.io/team/widget:1.2',
    ],
    [
      'a cache that Kaniko has not',
      'build: { strategy: kaniko, cache: { mode: inline } }\ntest: none',
      'f:1:37: build.cache.mode: inline is not read by the strategy kaniko (it belongs to build.strategy: buildkit)',
    ],
    ['no template to render', 'build: { strategy: template }\ntest: none', 'f:1:10: build.template is missing'],
    [
      'a build argument that no shell could read',
      'build: { strategy: kaniko, args: { "A-B": c } }\ntest: none',
      'f:1:36: the name "A-B" in build.args must be letters, digits and _',
    ],
    [
      'a build argument that Makisu cannot read',
      'build: { strategy: makisu, args: { FLAGS: a=b } }\ntest: none',
      'f:1:36: build.args.FLAGS holds an =, which the strategy makisu cannot read',
    ],
    [
      'a Dockerfile outside the source',
      'build: { strategy: kaniko, dockerfile: ../Dockerfile }\ntest: none',
      'f:1:40: build.dockerfile must be the path of a file in the source, like ci/build.yaml: relative, without ..',
    ],
    [
      'a template that says where an image goes',
      'build: { strategy: kaniko, push: ["quay.io/{{ .Env.TEAM }}/widget:1"] }\ntest: none',
      'f:1:35: build.push[0] must be an image with registry and tag, like quay.io/team/widget:1.2',
    ],
    [
      'a tag of several lines',
      'build: { strategy: kaniko, push: ["quay.io/team/widget:{{ .x }}\\n"] }\ntest: none',
      'f:1:35: build.push[0] must be an image with registry and tag, like quay.io/team/widget:1.2',
    ],
    [
      'a part of builds that is more than all',
      'build: { strategy: kaniko, cache: { verify: 2 } }\ntest: none',
      'f:1:45: build.cache.verify ',
    ],
    [
      'a comparison of what has no cache',
      'build: { strategy: kaniko, cache: { mode: none, verify: 1 } }\ntest: none',
      'f:1:49: build.cache.verify is not read beside build.cache.mode: none (there is no cache to find wrong)',
    ],
  ])('name %s', (_what, text, expected) => {
    const result = parsePipeline(text);
    const [first] = result.ok ? ['none'] : describeFaults(result.faults, 'f').split('\n');
    expect(first?.slice(0, expected.length)).toBe(expected);
  });

  it.each([
    ['a version', 'quay.io/team/widget:{{ .duat.version }}'],
    ['text around it', 'localhost:5000/widget:v{{ .duat.version }}-{{ .Commit | trunc 7 }}'],
    ['a plain tag', 'quay.io/team/widget:1.2'],
  ])('are none where a tag is %s', (_what, name) => {
    const parsed = parsePipeline(`build: { strategy: kaniko, push: ['${name}'] }\ntest: none`);
    expect(parsed.ok && parsed.pipeline.build.push).toEqual([name]);
  });
});

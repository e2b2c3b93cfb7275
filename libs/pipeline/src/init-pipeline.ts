import { pipelineFile } from './file-text';
import { packageJsonTest } from './package-json-test';
import { byPresence, ciScript, makeRule, shell } from './test-finders';
import type { FoundTest, TestFinder } from './test-finders';

const pytest = ['python3', '-m', 'pytest'];

/** What was made for continuous integration first, then each language's own way, then makefiles, which often only wrap it. */
const finders: readonly TestFinder[] = [
  ciScript,
  packageJsonTest,
  byPresence('go.mod', ['go', 'test', './...']),
  byPresence('Cargo.toml', ['cargo', 'test']),
  byPresence('pyproject.toml', pytest),
  byPresence('setup.py', pytest),
  byPresence('pytest.ini', pytest),
  byPresence('mvnw', ['./mvnw', '-B', 'test']),
  byPresence('pom.xml', ['mvn', '-B', 'test']),
  byPresence('gradlew', ['./gradlew', 'test']),
  byPresence('build.gradle', ['gradle', 'test']),
  byPresence('build.gradle.kts', ['gradle', 'test']),
  makeRule,
  // Without --no-tests=error a build that registers no test would be green.
  byPresence(
    'CMakeLists.txt',
    shell('cmake -S . -B build && cmake --build build && cd build && ctest --output-on-failure --no-tests=error'),
  ),
];

/** Red until somebody says what to do: a green that tested nothing would be worse. */
const placeholder: FoundTest = {
  because: 'nothing that says how this repository is tested: put the command below',
  command: shell(`echo "${pipelineFile} does not say yet how to test this repository" >&2; exit 1`),
};

/**
 * The text of a pipeline file that fits a repository, with comments for its reader.
 * @param read a file of the repository's top directory, or undefined when there is none
 * @param listing the names in that directory
 */
export async function initPipeline(
  read: (name: string) => Promise<string | undefined>,
  listing: readonly string[],
): Promise<string> {
  const found: FoundTest[] = [];
  for (const find of finders) {
    const test = await find({ read, listing });
    if (test !== undefined && !found.some(({ command }) => inYaml(command) === inYaml(test.command))) found.push(test);
  }
  const [first = placeholder, ...others] = found;
  return textWith(first, others);
}

// JSON is YAML, and keeps what a command holds from being taken for anything else.
const inYaml = (command: readonly string[]): string => `[${command.map((word) => JSON.stringify(word)).join(', ')}]`;

function textWith(test: FoundTest, others: readonly FoundTest[]): string {
  const alternatives = others.map(
    ({ because, command }) => `  # Or, for ${because}:\n  # command: ${inYaml(command)}\n`,
  );
  return `# What Keelson does with every commit of this repository. \`keelson check\` finds mistakes in this file.

image:
  # The source of a commit is put on this image; scratch is an empty one. On a cluster the test runs inside:
  # choose one that has what the test needs, debian:12 for instance.
  base: scratch
  # Where the source lies in the image.
  workdir: /src

test:
  # Found: ${test.because}.
  # Runs in a fresh copy of the commit; nothing that git does not hold is there. On one machine it runs on the machine
  # itself, the base image is not entered: the programs it calls must be installed there.
  # Program and arguments, without a shell; with one: ["sh", "-c", "make && make test"]
  command: ${inYaml(test.command)}
${alternatives.join('')}  # Environment variables.
  # env: { LEVEL: debug }
  # The test is ended by force after this time.
  timeout: 30m
  # Files to keep with the run.
  # artifacts: ["dist/*"]
`;
}

import { isMap, isScalar, visit } from 'yaml';
import type { Document, Node } from 'yaml';
import { parseDocuments } from './manifest-documents';

/** What stands where a secret stood. */
const mask = '(masked)';
/** Shorter ones are also parts of ordinary words: masked only in the Secret itself. */
const leastFound = 8;
const leastKnown = 4;
/** Each costs a look at the whole text. */
const maxForms = 5_000;

/**
 * A rendered manifest for people: values of Secrets, and other texts that are secret, are masked wherever they stand.
 * @param secrets known to be secret, from wherever the template may have had them
 */
export function maskedManifest(text: string, secrets: readonly string[]): string {
  const found: string[] = [];
  const documents = parseDocuments(text.replace(/^\ufeff/, ''));
  for (const document of documents) if (document.errors.length === 0) maskSecret(document, found);
  const shown = found.length === 0 ? text : documents.map(written).join('');
  return maskedText(maskAll(shown, found, leastFound), secrets);
}

/** A text for people in which these stand nowhere, nor their lines, nor their base64. */
export const maskedText = (text: string, secrets: readonly string[]): string => maskAll(text, secrets, leastKnown);

function maskAll(text: string, secrets: readonly string[], least: number): string {
  const sought = [...new Set(secrets.flatMap(forms))].filter((form) => form.length >= least);
  if (sought.length > maxForms) return `${mask} as a whole: it holds more than ${maxForms} lines that are secret\n`;
  return sought.sort((a, b) => b.length - a.length).reduce((masked, form) => masked.replaceAll(form, mask), text);
}

/** What of a Secret is none. All else is masked, however it is called: a refused one may have its values anywhere. */
const openSections: ReadonlySet<string> = new Set(['apiVersion', 'kind', 'metadata', 'type', 'immutable']);

export const isSecret = (document: Document.Parsed): boolean =>
  isMap(document.contents) && document.getIn(['kind']) === 'Secret';

/** Masks the values of a Secret, and adds them to those found. */
function maskSecret(document: Document.Parsed, found: string[]): void {
  const root = document.contents;
  if (!isSecret(document) || !isMap(root)) return;
  for (const pair of root.items) {
    const section = isScalar(pair.key) ? String(pair.key.value) : '';
    if (openSections.has(section) || pair.value === null) continue;
    visit(pair.value as Node, {
      Scalar(key, node) {
        if (key === 'key' || node.value === null) return;
        const value = String(node.value);
        found.push(value);
        if (section === 'data') found.push(Buffer.from(value, 'base64').toString());
        Object.assign(node, { value: mask, type: 'PLAIN' });
        delete node.source;
      },
    });
  }
}

/** A document as it stands among others. */
function written(document: Document.Parsed, index: number): string {
  const text = document.toString({ lineWidth: 0 });
  return index === 0 || text.startsWith('---') ? text : `---\n${text}`;
}

/** A text as it may stand elsewhere: each of its lines by itself, what it calls a password, and in base64. */
function forms(secret: string): readonly string[] {
  const lines = secret.split('\n').map((line) => line.trim());
  const base64 = Buffer.from(secret).toString('base64');
  return [secret.trim(), ...lines, ...passwordsIn(secret), base64];
}

/** What stands behind a word like `password:` in a text. */
export const passwordsIn = (text: string): readonly string[] =>
  // With bounds: of many such words in a row each would be looked at to the end.
  [...text.matchAll(/(?:pass\w{0,20}|token|secret|auth|key)["']?[ \t]{0,20}[:=][ \t]{0,20}["']?([^\s"',}]+)/gi)].map(
    ([, value = '']) => value,
  );
